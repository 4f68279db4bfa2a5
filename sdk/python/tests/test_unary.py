from collections.abc import Awaitable

import grpc
import pytest

from aibridge_host import RejectRecord
from host_client import Serve
from memory_recorders import MemoryBatchRecorder, MemoryRecorder
from sample_records import interception, one_of_each, prompt_usage


async def failure_of(call: Awaitable[None]) -> tuple[grpc.StatusCode, str | None]:
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await call
    return failure.value.code(), failure.value.details()


async def test_each_of_the_six_methods_stores_its_record_as_often_as_it_comes(serve: Serve) -> None:
    recorder = MemoryRecorder()
    client = await serve(recorder)
    records = one_of_each()
    for record in records * 2:
        await client.record(record)
    assert [record_id for _, record_id in recorder.calls] == [record.id for record in records] * 2


async def test_a_record_that_can_never_be_stored_is_refused_with_its_reason(serve: Serve) -> None:
    recorder = MemoryBatchRecorder()
    client = await serve(recorder)
    too_long = interception()
    recorder.rejects[too_long.id] = RejectRecord("too long", code=grpc.StatusCode.OUT_OF_RANGE)
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    wrong_id = "interception_id must be a lower-case hyphenated UUID"
    assert await failure_of(client.record(prompt_usage("x"))) == (invalid, wrong_id)
    assert await failure_of(client.record_nothing()) == (invalid, "the request has no record")
    assert await failure_of(client.record(too_long)) == (grpc.StatusCode.OUT_OF_RANGE, "too long")
    assert recorder.ids == []


async def test_a_failing_recorder_is_unavailable_and_its_reason_stays_here(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = MemoryBatchRecorder()
    recorder.failure = ValueError("my secret prompt")
    code, message = await failure_of((await serve(recorder)).record(interception()))
    assert code == grpc.StatusCode.UNAVAILABLE
    assert "secret" not in f"{message} {caplog.text}"
    assert "ValueError" in caplog.text


def test_a_record_is_not_rejected_with_a_status_that_means_again() -> None:
    with pytest.raises(ValueError, match="not UNAVAILABLE"):
        RejectRecord("later", code=grpc.StatusCode.UNAVAILABLE)
