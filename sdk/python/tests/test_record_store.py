import asyncio

import grpc
import pytest

from aibridge_host import RejectRecord
from aibridge_host.call_failure import CallFailure
from aibridge_host.record_store import GroupedStore, SingleStore
from aibridge_host.v1 import recorder_pb2 as pb
from memory_recorders import MemoryBatchRecorder, MemoryRecorder
from sample_records import interception


class SlowRecorder(MemoryRecorder):
    """Fails or rejects some; the others are under way until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.failure: BaseException = OSError()
        self.under_way = 0
        self.most_under_way = 0
        self.arrived = asyncio.Semaphore(0)
        self.free = asyncio.Event()

    async def record_interception(self, interception: pb.Interception) -> None:
        if interception.model == "reject":
            raise RejectRecord("no")
        if interception.model == "fail":
            raise self.failure
        self.arrived.release()
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await self.free.wait()
        self.under_way -= 1
        await super().record_interception(interception)


def interceptions(count: int) -> list[pb.Interception]:
    return [interception() for _ in range(count)]


async def test_what_comes_while_a_batch_is_stored_makes_the_next_one() -> None:
    recorder = MemoryBatchRecorder()
    recorder.free.clear()
    store = GroupedStore(recorder)
    records = interceptions(5)
    first = asyncio.create_task(store.store(records[:1]))
    await recorder.begun.wait()
    later = [asyncio.create_task(store.store(records[1:3])), asyncio.create_task(store.store(records[3:]))]
    # One turn of the event loop: both have asked.
    await asyncio.sleep(0)
    recorder.free.set()
    assert await asyncio.gather(first, *later) == [[None], [None, None], [None, None]]
    assert recorder.batches == [[records[0].id], [record.id for record in records[1:]]]


async def test_each_record_has_its_own_outcome_wherever_the_rejected_ones_are() -> None:
    recorder = MemoryBatchRecorder()
    records = interceptions(7)
    for index in (0, 3, 6):
        recorder.rejects[records[index].id] = RejectRecord(f"no {index}")
    outcomes = await GroupedStore(recorder).store(records)
    assert [outcome and outcome.message for outcome in outcomes] == ["no 0", None, None, "no 3", None, None, "no 6"]
    assert recorder.ids == [records[index].id for index in (1, 2, 4, 5)]


async def test_a_failure_is_for_the_batch_alone() -> None:
    recorder = MemoryBatchRecorder()
    recorder.failure = RuntimeError()
    store = GroupedStore(recorder)
    with pytest.raises(CallFailure) as failure:
        await store.store(interceptions(2))
    assert failure.value.code == grpc.StatusCode.UNAVAILABLE
    recorder.failure = None
    assert await store.store(interceptions(1)) == [None]


async def test_something_cancelled_inside_the_recorder_is_a_failure_like_any_other() -> None:
    grouped, single = MemoryBatchRecorder(), SlowRecorder()
    grouped.failure = asyncio.CancelledError()
    single.failure = asyncio.CancelledError()
    record = interception()
    record.model = "fail"
    for store in (GroupedStore(grouped), SingleStore(single)):
        with pytest.raises(CallFailure):
            async with asyncio.timeout(10):
                await store.store([record])


async def test_a_caller_that_is_gone_does_not_keep_the_others_from_their_outcome() -> None:
    recorder = MemoryBatchRecorder()
    recorder.free.clear()
    store = GroupedStore(recorder)
    gone, there = (asyncio.create_task(store.store(interceptions(1))) for _ in range(2))
    await recorder.begun.wait()
    gone.cancel()
    recorder.free.set()
    assert await there == [None]


async def test_nothing_to_store_is_stored_without_the_recorder() -> None:
    recorder = MemoryBatchRecorder()
    recorder.failure = RuntimeError()
    assert await GroupedStore(recorder).store([]) == []


async def test_methods_run_at_once_within_bounds() -> None:
    recorder = SlowRecorder()
    stored = asyncio.create_task(SingleStore(recorder).store(interceptions(40)))
    for _ in range(16):
        await recorder.arrived.acquire()
    recorder.free.set()
    assert await stored == [None] * 40
    assert recorder.most_under_way == 16


async def test_a_failing_method_is_reported_only_when_the_others_have_ended() -> None:
    recorder = SlowRecorder()
    records = interceptions(3)
    records[0].model = "fail"
    stored = asyncio.create_task(SingleStore(recorder).store(records))
    for _ in range(2):
        await recorder.arrived.acquire()
    assert not stored.done()
    recorder.free.set()
    with pytest.raises(CallFailure):
        await stored
    assert len(recorder.calls) == 2


async def test_a_rejecting_method_is_that_records_outcome() -> None:
    recorder = SlowRecorder()
    recorder.free.set()
    records = interceptions(2)
    records[1].model = "reject"
    [first, second] = await SingleStore(recorder).store(records)
    assert first is None
    assert second is not None
    assert second.message == "no"
