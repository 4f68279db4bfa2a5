import grpc
import pytest

from aibridge_host import MessageFinder
from aibridge_host.v1 import recorder_pb2 as pb
from host_client import HostClient, Serve
from memory_recorders import MemoryBatchRecorder, MemoryRecorder

LAST = pb.FindLastMessageResponse(message_id="resp_3", pending_call_ids=["call_1"])


class Finder(MessageFinder):
    """Finds resp_1 alone, and fails for resp_broken."""

    asked: pb.FindLastMessageRequest

    async def find_last_message(self, request: pb.FindLastMessageRequest) -> pb.FindLastMessageResponse | None:
        self.asked = request
        if request.message_id == "resp_broken":
            raise ValueError("my secret prompt")
        return LAST if request.message_id == "resp_1" else None


class FindingRecorder(MemoryRecorder, Finder):
    pass


class FindingBatchRecorder(MemoryBatchRecorder, Finder):
    pass


async def failure_of(client: HostClient, message_id: str) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await client.find_last_message(message_id)
    assert "secret" not in str(failure.value.details())
    return failure.value.code()


@pytest.mark.parametrize("recorder", [FindingRecorder(), FindingBatchRecorder()])
async def test_the_recorder_is_asked(serve: Serve, recorder: FindingRecorder | FindingBatchRecorder) -> None:
    client = await serve(recorder)
    assert await client.find_last_message("resp_1") == LAST
    asked = recorder.asked
    assert (asked.initiator_id, asked.provider_name, asked.message_id) == ("alice", "openai", "resp_1")


async def test_what_is_not_found_and_what_cannot_be_looked_for(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    client = await serve(FindingBatchRecorder())
    assert await failure_of(client, "resp_2") == grpc.StatusCode.NOT_FOUND
    assert await failure_of(client, "") == grpc.StatusCode.INVALID_ARGUMENT
    assert await failure_of(client, "resp_broken") == grpc.StatusCode.UNAVAILABLE
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


async def test_a_recorder_that_finds_nothing_says_so(serve: Serve) -> None:
    client = await serve(MemoryBatchRecorder())
    assert await failure_of(client, "resp_1") == grpc.StatusCode.UNIMPLEMENTED


async def test_the_key_is_needed(serve: Serve) -> None:
    client = await serve(FindingRecorder())
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await client.find_last_message("resp_1", headers=())
    assert failure.value.code() == grpc.StatusCode.UNAUTHENTICATED
