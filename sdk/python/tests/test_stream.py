import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest

from aibridge_host import RejectRecord
from aibridge_host.acknowledge_stream import OpenStreams, acknowledge_stream
from aibridge_host.call_failure import CallFailure
from aibridge_host.record_store import GroupedStore
from aibridge_host.v1 import recorder_pb2 as pb
from host_client import RecordStream, Serve
from memory_recorders import MemoryBatchRecorder, MemoryRecorder
from sample_records import batch, interception, new_id, one_of_each, prompt_usage

INVALID_ARGUMENT, OUT_OF_RANGE, UNIMPLEMENTED = 3, 11, 12


async def test_an_empty_first_batch_is_answered(serve: Serve) -> None:
    stream = (await serve(MemoryBatchRecorder())).stream()
    await stream.send()
    assert (await stream.answer()).acknowledged_sequence == 0


async def test_acknowledgements_are_cumulative_and_come_while_the_stream_is_open(serve: Serve) -> None:
    recorder = MemoryBatchRecorder()
    stream = (await serve(recorder)).stream()
    records = one_of_each()
    await stream.send(*records[:2])
    assert (await stream.answer()).acknowledged_sequence == 2
    await stream.send(*records[2:])
    assert (await stream.answer()).acknowledged_sequence == 6
    await stream.send()
    assert (await stream.answer()).acknowledged_sequence == 6
    assert await stream.finish() == []
    assert recorder.ids == [record.id for record in records]


async def test_nothing_is_acknowledged_before_it_is_stored(serve: Serve) -> None:
    recorder = MemoryBatchRecorder()
    recorder.free.clear()
    stream = (await serve(recorder)).stream()
    await stream.send(interception())
    answer = asyncio.create_task(stream.answer())
    await recorder.begun.wait()
    assert not answer.done()
    assert recorder.ids == []
    recorder.free.set()
    assert (await answer).acknowledged_sequence == 1


async def test_rejected_records_do_not_block_the_others(serve: Serve) -> None:
    recorder = MemoryBatchRecorder()
    stream = (await serve(recorder)).stream()
    records = [prompt_usage(new_id()) for _ in range(5)]
    records[1].id = "not-a-uuid"
    recorder.rejects[records[3].id] = RejectRecord("too long", code=grpc.StatusCode.OUT_OF_RANGE)
    await stream.send(*records)
    answer = await stream.answer()
    assert answer.acknowledged_sequence == 5
    assert list(answer.rejected) == [
        pb.RejectedRecord(
            sequence=2,
            record_id="not-a-uuid",
            code=INVALID_ARGUMENT,
            message="id must be a lower-case hyphenated UUID",
        ),
        pb.RejectedRecord(sequence=4, record_id=records[3].id, code=OUT_OF_RANGE, message="too long"),
    ]
    assert recorder.ids == [records[index].id for index in (0, 2, 4)]


async def test_a_record_of_an_unknown_kind_is_rejected(serve: Serve) -> None:
    stream = (await serve(MemoryBatchRecorder())).stream()
    # Field 15 of Record, empty, beside its sequence: a kind of a later version.
    await stream.send_batch(pb.StreamRecordsRequest.FromString(b"\x0a\x04\x08\x01\x7a\x00"))
    answer = await stream.answer()
    assert answer.acknowledged_sequence == 1
    assert [(rejected.sequence, rejected.code) for rejected in answer.rejected] == [(1, UNIMPLEMENTED)]


@pytest.mark.parametrize("first", [0, 2])
async def test_a_stream_whose_sequences_do_not_start_at_1_fails(serve: Serve, first: int) -> None:
    recorder = MemoryBatchRecorder()
    stream = (await serve(recorder)).stream()
    await stream.send_batch(batch(first, [interception()]))
    assert await stream.failure() == (
        grpc.StatusCode.INVALID_ARGUMENT,
        f"expected sequence 1, found {first}: sequences start at 1 in each stream and grow by 1",
    )
    assert recorder.ids == []


async def test_a_gap_fails_the_stream_after_what_was_before_it_is_acknowledged(serve: Serve) -> None:
    stream = (await serve(MemoryBatchRecorder())).stream()
    await stream.send(interception(), interception())
    await stream.send_batch(batch(4, [interception()]))
    assert (await stream.answer()).acknowledged_sequence == 2
    assert (await stream.failure())[0] == grpc.StatusCode.INVALID_ARGUMENT


async def test_a_failing_recorder_ends_the_stream_unavailable_and_what_was_sent_can_be_sent_again(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = MemoryBatchRecorder()
    recorder.failure = OSError("disk full while writing: my secret prompt")
    client = await serve(recorder)
    record = interception()
    stream = client.stream()
    await stream.send(record)
    code, message = await stream.failure()
    assert code == grpc.StatusCode.UNAVAILABLE
    assert "secret" not in message
    assert "OSError" in caplog.text
    assert "secret" not in caplog.text

    recorder.failure = None
    stream = client.stream()
    await stream.send(record)
    assert (await stream.answer()).acknowledged_sequence == 1
    assert recorder.ids == [record.id]


async def test_a_stream_that_is_given_up_leaves_the_others_alone(serve: Serve) -> None:
    recorder = MemoryBatchRecorder()
    recorder.free.clear()
    client = await serve(recorder)
    given_up, other = client.stream(), client.stream()
    await given_up.send(interception())
    await recorder.begun.wait()
    await other.send(interception())
    given_up.cancel()
    recorder.free.set()
    assert (await other.answer()).acknowledged_sequence == 1


async def test_more_batches_than_may_be_in_flight_are_all_acknowledged(serve: Serve) -> None:
    recorder = MemoryBatchRecorder()
    stream = (await serve(recorder)).stream()
    records = [interception() for _ in range(100)]
    async with asyncio.TaskGroup() as group:
        group.create_task(send_each(stream, records))
        sequences = [(await stream.answer()).acknowledged_sequence for _ in records]
    assert sequences == list(range(1, 101))
    assert recorder.ids == [record.id for record in records]


async def send_each(stream: RecordStream, records: list[pb.Interception]) -> None:
    for record in records:
        await stream.send(record)


async def test_a_stream_that_begins_while_streams_are_closed_ends_at_once() -> None:
    async def requests() -> AsyncIterator[pb.StreamRecordsRequest]:
        await asyncio.Event().wait()
        yield pb.StreamRecordsRequest()

    streams = OpenStreams()
    streams.close()
    with pytest.raises(CallFailure, match="shutting down"):
        async with asyncio.timeout(10):
            await anext(acknowledge_stream(requests(), GroupedStore(MemoryBatchRecorder()), streams))


async def test_six_methods_are_called_by_kind(serve: Serve) -> None:
    recorder = MemoryRecorder()
    stream = (await serve(recorder)).stream()
    records = one_of_each()
    await stream.send(*records)
    assert (await stream.answer()).acknowledged_sequence == 6
    kinds = ["interception", "interception_ended", "token_usage", "prompt_usage", "tool_usage", "model_thought"]
    assert sorted(recorder.calls) == sorted(zip(kinds, (record.id for record in records), strict=True))
