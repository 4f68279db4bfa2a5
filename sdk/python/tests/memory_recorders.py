"""Recorders that keep what they are given."""

import asyncio
from collections.abc import Sequence

from aibridge_host import AnyRecord, BatchRecorder, Recorder, RejectRecord
from aibridge_host.v1 import recorder_pb2 as pb


class MemoryRecorder(Recorder):
    """Notes which method was called with what."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []

    async def record_interception(self, interception: pb.Interception) -> None:
        self.calls.append(("interception", interception.id))

    async def record_interception_ended(self, ended: pb.InterceptionEnded) -> None:
        self.calls.append(("interception_ended", ended.id))

    async def record_token_usage(self, usage: pb.TokenUsage) -> None:
        self.calls.append(("token_usage", usage.id))

    async def record_prompt_usage(self, usage: pb.PromptUsage) -> None:
        self.calls.append(("prompt_usage", usage.id))

    async def record_tool_usage(self, usage: pb.ToolUsage) -> None:
        self.calls.append(("tool_usage", usage.id))

    async def record_model_thought(self, thought: pb.ModelThought) -> None:
        self.calls.append(("model_thought", thought.id))


class MemoryBatchRecorder(BatchRecorder):
    """Notes each batch; can be held up, told to fail, and told which records to reject."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.rejects: dict[str, RejectRecord] = {}
        self.failure: BaseException | None = None
        self.begun = asyncio.Event()
        self.free = asyncio.Event()
        self.free.set()

    @property
    def ids(self) -> list[str]:
        return [record_id for batch in self.batches for record_id in batch]

    async def record_batch(self, records: Sequence[AnyRecord]) -> None:
        self.begun.set()
        await self.free.wait()
        if self.failure is not None:
            raise self.failure
        for record in records:
            if record.id in self.rejects:
                raise self.rejects[record.id]
        self.batches.append([record.id for record in records])
