import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from aibridge_host import GatewayInterceptor, RecorderServer
from host_client import GATEWAY_KEY, HEADERS, Headers, HostClient, Serve, connect
from memory_recorders import MemoryBatchRecorder
from sample_records import interception

AUTHORIZED = HEADERS[0]
OTHER_KEY = "aibgw_fedcba9876543210fedcba9876543210"


async def unary_code(client: HostClient, headers: Headers) -> grpc.StatusCode:
    try:
        await client.record(interception(), headers)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("authorization", GATEWAY_KEY)],
        [("authorization", "Bearer ")],
        [("authorization", f"Bearer {OTHER_KEY}")],
        [("authorization", f"Basic {GATEWAY_KEY}")],
        [("authorization", f"Bearer {GATEWAY_KEY}x")],
    ],
)
async def test_calls_without_the_gateway_key_are_refused(serve: Serve, headers: Headers) -> None:
    recorder = MemoryBatchRecorder()
    client = await serve(recorder)
    assert await unary_code(client, headers) == grpc.StatusCode.UNAUTHENTICATED
    # A stream is refused before it has sent anything.
    assert await client.stream(headers).failure() == (
        grpc.StatusCode.UNAUTHENTICATED,
        "a valid gateway key is needed",
    )
    assert recorder.ids == []


@pytest.mark.parametrize("version", ["1.0", None])
async def test_versions_that_are_served(serve: Serve, version: str | None) -> None:
    headers = [AUTHORIZED] if version is None else [AUTHORIZED, ("x-aibridge-api-version", version)]
    assert await unary_code(await serve(MemoryBatchRecorder()), headers) == grpc.StatusCode.OK


@pytest.mark.parametrize("version", ["2.0", "0.9", "1.1", "1", "one", "1.0.0"])
async def test_other_versions_are_refused_naming_this_one(serve: Serve, version: str) -> None:
    client = await serve(MemoryBatchRecorder())
    headers = [AUTHORIZED, ("x-aibridge-api-version", version)]
    assert await unary_code(client, headers) == grpc.StatusCode.FAILED_PRECONDITION
    code, message = await client.stream(headers).failure()
    assert code == grpc.StatusCode.FAILED_PRECONDITION
    assert "1.0" in message


async def test_health_needs_no_key(serve: Serve) -> None:
    client = await serve(MemoryBatchRecorder())
    health = health_pb2_grpc.HealthStub(client.channel)
    for service in ("", "aibridge.v1.RecorderService"):
        answer = await health.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_keys_can_be_checked_by_a_function() -> None:
    asked: list[str] = []

    async def is_good(key: str) -> bool:
        asked.append(key)
        return key == OTHER_KEY

    server = RecorderServer(MemoryBatchRecorder(), gateway_keys=is_good)
    async with connect(await server.start("127.0.0.1:0")) as client:
        assert await unary_code(client, [("authorization", f"bearer {OTHER_KEY}")]) == grpc.StatusCode.OK
        assert await unary_code(client, HEADERS) == grpc.StatusCode.UNAUTHENTICATED
    await server.stop()
    assert asked == [OTHER_KEY, GATEWAY_KEY]


async def test_each_of_several_keys_opens() -> None:
    server = RecorderServer(MemoryBatchRecorder(), gateway_keys=[OTHER_KEY, GATEWAY_KEY])
    async with connect(await server.start("127.0.0.1:0")) as client:
        assert await unary_code(client, HEADERS) == grpc.StatusCode.OK
        assert await unary_code(client, [("authorization", f"Bearer {OTHER_KEY}")]) == grpc.StatusCode.OK
    await server.stop()


@pytest.mark.parametrize("keys", [[], [""], ["x" * 31], [GATEWAY_KEY, "short"]])
def test_missing_and_short_keys_are_errors(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="key"):
        GatewayInterceptor(keys)
