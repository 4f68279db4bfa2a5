"""One StreamRecords stream: batches in, cumulative acknowledgements out."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

import grpc

from .any_record import AnyRecord, content_of
from .call_failure import CallFailure
from .record_check import check_record
from .record_store import Outcome, RecordStore
from .reject_record import RejectRecord
from .v1.recorder_pb2 import Record, RejectedRecord, StreamRecordsRequest, StreamRecordsResponse

_BATCHES_IN_FLIGHT = 16
"""Batches of one stream that are read before the oldest is stored; the data plane waits beyond them."""


class OpenStreams:
    """The streams that are being read, so that a shutdown can end them."""

    def __init__(self) -> None:
        """Start without any."""
        self._readers: set[asyncio.Task[None]] = set()
        self._closed = False

    def add(self, reader: asyncio.Task[None]) -> None:
        """Keep a task that reads a stream until it is done."""
        self._readers.add(reader)
        reader.add_done_callback(self._readers.discard)
        reader.add_done_callback(_seen)
        if self._closed:
            reader.cancel()

    def close(self) -> None:
        """Read no more. What was read is stored and acknowledged, then the streams end."""
        self._closed = True
        for reader in self._readers:
            reader.cancel()


_Answers = asyncio.Queue[asyncio.Task[StreamRecordsResponse] | None]


async def acknowledge_stream(
    requests: AsyncIterator[StreamRecordsRequest], store: RecordStore, streams: OpenStreams
) -> AsyncGenerator[StreamRecordsResponse, None]:
    """Store the batches of one stream and acknowledge them in order.

    Reading goes on while earlier batches are stored, within bounds.

    :raises CallFailure: INVALID_ARGUMENT for a sequence with a gap, UNAVAILABLE if records could not be stored or the
        streams were closed
    """
    answers: _Answers = asyncio.Queue()
    slots = asyncio.Semaphore(_BATCHES_IN_FLIGHT)
    reader = asyncio.create_task(_read(requests, store, answers, slots))
    reader.add_done_callback(lambda _: answers.put_nowait(None))
    streams.add(reader)
    try:
        while (answer := await answers.get()) is not None:
            yield await answer
            slots.release()
        if reader.cancelled():
            raise CallFailure(grpc.StatusCode.UNAVAILABLE, "the recorder is shutting down")
        reader.result()
    finally:
        reader.cancel()


async def _read(
    requests: AsyncIterator[StreamRecordsRequest],
    store: RecordStore,
    answers: _Answers,
    slots: asyncio.Semaphore,
) -> None:
    last = 0
    async for request in requests:
        _check_sequences(request.records, last + 1)
        last += len(request.records)
        answer = asyncio.create_task(_answer(request.records, last, store))
        answer.add_done_callback(_seen)
        answers.put_nowait(answer)
        await slots.acquire()


def _seen(task: asyncio.Task[Any]) -> None:
    """Take note of a task's failure. Once its stream has ended nobody waits for it, and asyncio would log its text."""
    if not task.cancelled():
        task.exception()


def _check_sequences(records: Sequence[Record], expected: int) -> None:
    """A gap would make a cumulative acknowledgement claim records that never came."""
    for offset, record in enumerate(records):
        if record.sequence != expected + offset:
            raise CallFailure(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"expected sequence {expected + offset}, found {record.sequence}: "
                "sequences start at 1 in each stream and grow by 1",
            )


async def _answer(records: Sequence[Record], last: int, store: RecordStore) -> StreamRecordsResponse:
    """Store one batch. An empty one is answered too: a data plane opens its stream with it."""
    valid: list[tuple[int, AnyRecord]] = []
    rejected: list[RejectedRecord] = []
    for record in records:
        content = content_of(record)
        if content is None:
            rejected.append(_unknown_kind(record.sequence))
            continue
        try:
            check_record(content)
        except RejectRecord as rejection:
            rejected.append(_rejected(record.sequence, content, rejection))
        else:
            valid.append((record.sequence, content))
    outcomes: list[Outcome] = await store.store([content for _, content in valid])
    for (sequence, content), outcome in zip(valid, outcomes, strict=True):
        if outcome is not None:
            rejected.append(_rejected(sequence, content, outcome))
    return StreamRecordsResponse(acknowledged_sequence=last, rejected=rejected)


def _unknown_kind(sequence: int) -> RejectedRecord:
    return RejectedRecord(
        sequence=sequence,
        code=grpc.StatusCode.UNIMPLEMENTED.value[0],
        message="the kind of the record is not known to this recorder",
    )


def _rejected(sequence: int, record: AnyRecord, rejection: RejectRecord) -> RejectedRecord:
    return RejectedRecord(
        sequence=sequence, record_id=record.id, code=rejection.code.value[0], message=rejection.message
    )
