"""RecorderService: six unary methods and one stream over the same path into the host's recorder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc

from .acknowledge_stream import OpenStreams, acknowledge_stream
from .any_record import AnyRecord
from .call_failure import CallFailure
from .call_host import call_host
from .record_check import check_record
from .record_store import store_of
from .recorder import BatchRecorder, MessageFinder, Recorder
from .reject_record import RejectRecord
from .v1 import recorder_pb2 as pb
from .v1.recorder_pb2_grpc import RecorderServiceServicer

if TYPE_CHECKING:
    # Generic in the type stubs only.
    _Context = grpc.aio.ServicerContext[Any, Any]


class RecorderServicer(RecorderServiceServicer):
    """Serves a host's recorder: checks records, batches and acknowledges them, and maps what goes wrong to statuses."""

    def __init__(self, recorder: Recorder | BatchRecorder) -> None:
        """Take the host's recorder."""
        self._store = store_of(recorder)
        self._finder = recorder if isinstance(recorder, MessageFinder) else None
        self._streams = OpenStreams()

    def close(self) -> None:
        """End the streams once what was read of them is acknowledged; data planes would hold them open for ever."""
        self._streams.close()

    async def RecordInterception(
        self, request: pb.RecordInterceptionRequest, context: _Context
    ) -> pb.RecordInterceptionResponse:
        """Store the start of an interception."""
        await self._record(request.interception if request.HasField("interception") else None, context)
        return pb.RecordInterceptionResponse()

    async def RecordInterceptionEnded(
        self, request: pb.RecordInterceptionEndedRequest, context: _Context
    ) -> pb.RecordInterceptionEndedResponse:
        """Store the end of an interception."""
        ended = request.interception_ended if request.HasField("interception_ended") else None
        await self._record(ended, context)
        return pb.RecordInterceptionEndedResponse()

    async def RecordTokenUsage(
        self, request: pb.RecordTokenUsageRequest, context: _Context
    ) -> pb.RecordTokenUsageResponse:
        """Store the token counts of one upstream response."""
        await self._record(request.token_usage if request.HasField("token_usage") else None, context)
        return pb.RecordTokenUsageResponse()

    async def RecordPromptUsage(
        self, request: pb.RecordPromptUsageRequest, context: _Context
    ) -> pb.RecordPromptUsageResponse:
        """Store what the user asked."""
        await self._record(request.prompt_usage if request.HasField("prompt_usage") else None, context)
        return pb.RecordPromptUsageResponse()

    async def RecordToolUsage(
        self, request: pb.RecordToolUsageRequest, context: _Context
    ) -> pb.RecordToolUsageResponse:
        """Store one tool call of the model."""
        await self._record(request.tool_usage if request.HasField("tool_usage") else None, context)
        return pb.RecordToolUsageResponse()

    async def RecordModelThought(
        self, request: pb.RecordModelThoughtRequest, context: _Context
    ) -> pb.RecordModelThoughtResponse:
        """Store one thought of the model."""
        await self._record(request.model_thought if request.HasField("model_thought") else None, context)
        return pb.RecordModelThoughtResponse()

    async def StreamRecords(
        self, request_iterator: AsyncIterator[pb.StreamRecordsRequest], context: _Context
    ) -> AsyncIterator[pb.StreamRecordsResponse]:
        """Store batches of records and acknowledge them."""
        answers = acknowledge_stream(request_iterator, self._store, self._streams)
        try:
            async with aclosing(answers):
                async for answer in answers:
                    yield answer
        except CallFailure as failure:
            await context.abort(failure.code, failure.message)

    async def FindLastMessage(
        self, request: pb.FindLastMessageRequest, context: _Context
    ) -> pb.FindLastMessageResponse:
        """Look up how an answer went on."""
        try:
            return await self._find(request)
        except (RejectRecord, CallFailure) as failure:
            await context.abort(failure.code, failure.message)

    async def _find(self, request: pb.FindLastMessageRequest) -> pb.FindLastMessageResponse:
        finder = self._finder
        if finder is None:
            raise CallFailure(grpc.StatusCode.UNIMPLEMENTED, "this recorder does not look messages up")
        if not request.message_id:
            raise CallFailure(grpc.StatusCode.INVALID_ARGUMENT, "message_id is missing")
        found = await call_host(lambda: finder.find_last_message(request), "messages cannot be looked up now")
        if found is None:
            raise CallFailure(grpc.StatusCode.NOT_FOUND, "the actor has no answer with this message_id that has ended")
        return found

    async def _record(self, record: AnyRecord | None, context: _Context) -> None:
        try:
            if record is None:
                raise RejectRecord("the request has no record")
            check_record(record)
            [outcome] = await self._store.store([record])
            if outcome is not None:
                raise outcome
        except (RejectRecord, CallFailure) as failure:
            await context.abort(failure.code, failure.message)
