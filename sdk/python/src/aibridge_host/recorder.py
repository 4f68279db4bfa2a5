"""What a host platform writes: where records go."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from .any_record import AnyRecord
from .v1.recorder_pb2 import (
    FindLastMessageRequest,
    FindLastMessageResponse,
    Interception,
    InterceptionEnded,
    ModelThought,
    PromptUsage,
    TokenUsage,
    ToolUsage,
)


class Recorder(ABC):
    """Stores records one at a time: six methods, one for each kind.

    Each method must

    - return only when the record would survive a power cut of this machine;
    - take the same record (the same ``id``) twice without harm: ``INSERT … ON CONFLICT DO NOTHING``;
    - take records in any order, children before their interception too; up to 16 calls run at once;
    - raise :class:`~aibridge_host.RejectRecord` for a record that can never be stored, anything else for "not now":
      then nothing later is acknowledged and the data plane sends the record again.
    """

    @abstractmethod
    async def record_interception(self, interception: Interception) -> None:
        """Store the start of an interception."""

    @abstractmethod
    async def record_interception_ended(self, ended: InterceptionEnded) -> None:
        """Store the end of an interception; a real end replaces a provisional one, never the reverse."""

    @abstractmethod
    async def record_token_usage(self, usage: TokenUsage) -> None:
        """Store the token counts of one upstream response."""

    @abstractmethod
    async def record_prompt_usage(self, usage: PromptUsage) -> None:
        """Store what the user asked."""

    @abstractmethod
    async def record_tool_usage(self, usage: ToolUsage) -> None:
        """Store one tool call of the model."""

    @abstractmethod
    async def record_model_thought(self, thought: ModelThought) -> None:
        """Store one thought of the model."""


class BatchRecorder(ABC):
    """Stores records a batch at a time, so that many share one transaction. The rules of :class:`Recorder` hold."""

    @abstractmethod
    async def record_batch(self, records: Sequence[AnyRecord]) -> None:
        """Store all of these, or raise and store none.

        It is never called while it runs: what comes meanwhile, on all streams and calls, makes the next batch, of
        about 1,024 records at most. After :class:`~aibridge_host.RejectRecord` it is called again with each half, until
        the one record that is meant is alone.
        """


class MessageFinder(ABC):
    """What a recorder may be beside: ``class MyRecorder(BatchRecorder, MessageFinder)``.

    Without it a conversation that goes on through another data plane goes on without the model's memory of its central
    tool calls.
    """

    @abstractmethod
    async def find_last_message(self, request: FindLastMessageRequest) -> FindLastMessageResponse | None:
        """Look up how the answer with this ``message_id`` went on.

        Take the newest interception of that ``initiator_id`` and ``provider_name`` that has a TokenUsage with this
        ``message_id`` and has ended; None if there is none. Return the ``message_id`` of its last TokenUsage, and the
        ``tool_call_id`` of each of its injected ToolUsages with that one that was not run: its ``invocation_error``
        begins with ``not_run_``.
        """
