"""Between the service and the host's recorder: many records in, an outcome for each of them out."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .any_record import AnyRecord
from .call_failure import CallFailure
from .call_host import call_host
from .recorder import BatchRecorder, Recorder
from .reject_record import RejectRecord
from .v1.recorder_pb2 import Interception, InterceptionEnded, PromptUsage, TokenUsage, ToolUsage

Outcome = RejectRecord | None
"""What became of a record: None if it is durable."""

_CALLS_AT_ONCE = 16
_RECORDS_OF_A_BATCH = 1024
_NOT_STORED = "the records could not be stored: send them again later"


class RecordStore(Protocol):
    """Where the service puts records."""

    async def store(self, records: Sequence[AnyRecord]) -> list[Outcome]:
        """Store records and say what became of each, in order.

        :raises CallFailure: UNAVAILABLE if any of them is in doubt
        """


def store_of(recorder: Recorder | BatchRecorder) -> RecordStore:
    """Make the store for a host's recorder."""
    return GroupedStore(recorder) if isinstance(recorder, BatchRecorder) else SingleStore(recorder)


class SingleStore:
    """Calls one method for each record, some of them at once."""

    def __init__(self, recorder: Recorder) -> None:
        """Take the host's recorder."""
        self._recorder = recorder
        self._slots = asyncio.Semaphore(_CALLS_AT_ONCE)

    async def store(self, records: Sequence[AnyRecord]) -> list[Outcome]:
        """See :class:`RecordStore`."""
        # All of them come to an end before a failure is reported: none may still run when it is sent again.
        results = await asyncio.gather(*map(self._store_one, records), return_exceptions=True)
        outcomes: list[Outcome] = []
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, RejectRecord):
                raise result
            outcomes.append(result)
        return outcomes

    async def _store_one(self, record: AnyRecord) -> Outcome:
        async with self._slots:
            try:
                await call_host(lambda: self._call(record), _NOT_STORED)
            except RejectRecord as rejection:
                return rejection
        return None

    async def _call(self, record: AnyRecord) -> None:
        if isinstance(record, Interception):
            await self._recorder.record_interception(record)
        elif isinstance(record, InterceptionEnded):
            await self._recorder.record_interception_ended(record)
        elif isinstance(record, TokenUsage):
            await self._recorder.record_token_usage(record)
        elif isinstance(record, PromptUsage):
            await self._recorder.record_prompt_usage(record)
        elif isinstance(record, ToolUsage):
            await self._recorder.record_tool_usage(record)
        else:
            await self._recorder.record_model_thought(record)


@dataclass(frozen=True)
class _Job:
    records: Sequence[AnyRecord]
    done: asyncio.Future[list[Outcome]]


class GroupedStore:
    """Has one batch under way; what comes meanwhile, from all callers, goes into the next one."""

    def __init__(self, recorder: BatchRecorder) -> None:
        """Take the host's recorder."""
        self._recorder = recorder
        self._waiting: deque[_Job] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def store(self, records: Sequence[AnyRecord]) -> list[Outcome]:
        """See :class:`RecordStore`."""
        if not records:
            return []
        job = _Job(records, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await job.done

    async def _work(self) -> None:
        while self._waiting:
            jobs = self._next_jobs()
            records = [record for job in jobs for record in job.records]
            try:
                outcomes = await self._outcomes(records)
            except CallFailure as failure:
                _fail(jobs, failure)
            else:
                _finish(jobs, outcomes)

    def _next_jobs(self) -> list[_Job]:
        jobs = [self._waiting.popleft()]
        count = len(jobs[0].records)
        while self._waiting and count + len(self._waiting[0].records) <= _RECORDS_OF_A_BATCH:
            jobs.append(self._waiting.popleft())
            count += len(jobs[-1].records)
        return jobs

    async def _outcomes(self, records: Sequence[AnyRecord]) -> list[Outcome]:
        try:
            await call_host(lambda: self._recorder.record_batch(records), _NOT_STORED)
        except RejectRecord as rejection:
            if len(records) == 1:
                return [rejection]
            middle = len(records) // 2
            return await self._outcomes(records[:middle]) + await self._outcomes(records[middle:])
        return [None] * len(records)


def _finish(jobs: Sequence[_Job], outcomes: list[Outcome]) -> None:
    start = 0
    for job in jobs:
        end = start + len(job.records)
        # A caller that is gone has cancelled its future.
        if not job.done.done():
            job.done.set_result(outcomes[start:end])
        start = end


def _fail(jobs: Sequence[_Job], failure: CallFailure) -> None:
    for job in jobs:
        if not job.done.done():
            job.done.set_exception(failure)
