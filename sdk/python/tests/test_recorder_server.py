import asyncio
import socket
import subprocess
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from aibridge_host import RecorderServer
from host_client import GATEWAY_KEY, connect
from memory_recorders import MemoryBatchRecorder
from sample_records import interception


def server_of(recorder: MemoryBatchRecorder) -> RecorderServer:
    return RecorderServer(recorder, gateway_keys=[GATEWAY_KEY])


async def test_stopping_acknowledges_what_was_read_and_ends_open_streams() -> None:
    recorder = MemoryBatchRecorder()
    recorder.free.clear()
    server = server_of(recorder)
    async with connect(await server.start("127.0.0.1:0")) as client:
        idle, busy = client.stream(), client.stream()
        await idle.send()
        await idle.answer()
        await busy.send(interception())
        await recorder.begun.wait()
        stopping = asyncio.create_task(server.stop(grace=30))
        assert (await idle.failure())[0] == grpc.StatusCode.UNAVAILABLE
        recorder.free.set()
        assert (await busy.answer()).acknowledged_sequence == 1
        assert await busy.failure() == (grpc.StatusCode.UNAVAILABLE, "the recorder is shutting down")
        async with asyncio.timeout(10):
            await stopping


async def test_health_says_that_it_is_stopping() -> None:
    recorder = MemoryBatchRecorder()
    server = server_of(recorder)
    async with connect(await server.start("127.0.0.1:0")) as client:
        watch = health_pb2_grpc.HealthStub(client.channel).Watch(health_pb2.HealthCheckRequest())
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
        stopping = asyncio.create_task(server.stop(grace=0.2))
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        await stopping


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "example.com:0", ":0"])
async def test_plaintext_off_loopback_is_refused(listen: str) -> None:
    with pytest.raises(ValueError, match="not a loopback address"):
        await server_of(MemoryBatchRecorder()).start(listen)


async def test_plaintext_off_loopback_can_be_allowed() -> None:
    server = RecorderServer(MemoryBatchRecorder(), gateway_keys=[GATEWAY_KEY], insecure_plaintext=True)
    assert await server.start("0.0.0.0:0") > 0
    await server.stop()


def self_signed(folder: Path) -> tuple[bytes, bytes]:
    """Key and certificate (PEM) of 127.0.0.1."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=recorder"
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", *request.split(), *files], check=True, capture_output=True)
    return key.read_bytes(), certificate.read_bytes()


async def test_it_speaks_tls(tmp_path: Path) -> None:
    key, certificate = self_signed(tmp_path)
    recorder = MemoryBatchRecorder()
    credentials = grpc.ssl_server_credentials([(key, certificate)])
    server = RecorderServer(recorder, gateway_keys=[GATEWAY_KEY], credentials=credentials)
    port = await server.start("127.0.0.1:0")
    async with connect(port, certificate) as client, connect(port) as plaintext:
        await client.record(interception())
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await plaintext.record(interception())
        assert failure.value.code() == grpc.StatusCode.UNAVAILABLE
    await server.stop()
    assert len(recorder.ids) == 1


async def test_a_port_that_is_taken_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(RuntimeError, match="bind"):
        await server_of(MemoryBatchRecorder()).start(f"127.0.0.1:{taken.getsockname()[1]}")


async def test_two_servers_do_not_share_a_port() -> None:
    first = server_of(MemoryBatchRecorder())
    port = await first.start("127.0.0.1:0")
    with pytest.raises(RuntimeError, match="bind"):
        await server_of(MemoryBatchRecorder()).start(f"127.0.0.1:{port}")
    await first.stop()
