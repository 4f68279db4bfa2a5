"""The data plane's side of a recorder, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import cast

import grpc

from aibridge_host import AnyRecord, BatchRecorder, Recorder
from aibridge_host.v1 import recorder_pb2 as pb
from aibridge_host.v1.recorder_pb2_grpc import RecorderServiceStub
from sample_records import batch, member_of

GATEWAY_KEY = "aibgw_0123456789abcdef0123456789abcdef"
HEADERS = (("authorization", f"Bearer {GATEWAY_KEY}"), ("x-aibridge-api-version", "1.0"))
PATIENCE = 10.0
"""Seconds after which a call that should have been answered counts as hanging."""

Headers = Sequence[tuple[str, str]]


@asynccontextmanager
async def connect(port: int, authority: bytes | None = None) -> AsyncIterator[HostClient]:
    """A client with a connection of its own to a recorder on this machine.

    :param authority: certificate (PEM) to trust; speaks TLS then
    """
    address, options = f"127.0.0.1:{port}", [("grpc.use_local_subchannel_pool", 1)]
    if authority is None:
        channel = grpc.aio.insecure_channel(address, options=options)
    else:
        channel = grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(authority), options=options)
    async with channel:
        yield HostClient(channel)


class HostClient:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.channel = channel
        self._stub = RecorderServiceStub(channel)

    async def record(self, record: AnyRecord, headers: Headers = HEADERS) -> None:
        """Record by the unary method for the record's kind."""
        member = member_of(record)
        name = "".join(word.capitalize() for word in member.split("_"))
        request = getattr(pb, f"Record{name}Request")(**{member: record})
        await getattr(self._stub, f"Record{name}")(request, metadata=headers, timeout=PATIENCE)

    async def record_nothing(self) -> None:
        """Call a unary method without its record."""
        await self._stub.RecordPromptUsage(pb.RecordPromptUsageRequest(), metadata=HEADERS, timeout=PATIENCE)

    async def find_last_message(self, message_id: str, headers: Headers = HEADERS) -> pb.FindLastMessageResponse:
        """Look a message of alice at openai up."""
        request = pb.FindLastMessageRequest(initiator_id="alice", provider_name="openai", message_id=message_id)
        return await self._stub.FindLastMessage(request, metadata=headers, timeout=PATIENCE)

    def stream(self, headers: Headers = HEADERS) -> RecordStream:
        return RecordStream(self._stub.StreamRecords(metadata=headers, timeout=PATIENCE))


Serve = Callable[[Recorder | BatchRecorder], Awaitable[HostClient]]
"""Serves a recorder and connects to it."""


class RecordStream:
    """One StreamRecords call, its records numbered."""

    def __init__(self, call: grpc.aio.StreamStreamCall[pb.StreamRecordsRequest, pb.StreamRecordsResponse]) -> None:
        self._call = call
        self._next = 1

    async def send(self, *records: AnyRecord) -> None:
        await self.send_batch(batch(self._next, records))
        self._next += len(records)

    async def send_batch(self, request: pb.StreamRecordsRequest) -> None:
        await self._call.write(request)

    async def answer(self) -> pb.StreamRecordsResponse:
        """The next answer. Raises `grpc.aio.AioRpcError` if the stream has failed."""
        answer = await self._call.read()
        assert answer is not grpc.aio.EOF, "the stream has ended"
        return cast(pb.StreamRecordsResponse, answer)

    async def finish(self) -> list[pb.StreamRecordsResponse]:
        """Send no more; the answers that were not read yet."""
        await self._call.done_writing()
        answers: list[pb.StreamRecordsResponse] = []
        while (answer := await self._call.read()) is not grpc.aio.EOF:
            answers.append(cast(pb.StreamRecordsResponse, answer))
        return answers

    async def failure(self) -> tuple[grpc.StatusCode, str]:
        """Status and message with which the stream ends."""
        return await self._call.code(), await self._call.details()

    def cancel(self) -> None:
        self._call.cancel()
