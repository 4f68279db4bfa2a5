"""Records as a data plane sends them."""

import uuid
from collections.abc import Sequence

from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from aibridge_host import AnyRecord
from aibridge_host.v1 import recorder_pb2 as pb

NOON = Timestamp(seconds=1_763_812_800, nanos=123_456_789)
NOON_MICROS = 1_763_812_800_123_456


def new_id() -> str:
    return str(uuid.uuid4())


def struct(**members: str | int) -> Struct:
    made = Struct()
    made.update(members)
    return made


def interception(record_id: str | None = None) -> pb.Interception:
    return pb.Interception(
        id=record_id or new_id(),
        initiator_id="alice",
        api_key_id="019ab3f0-6c1e-7a55-8b9f-0d6c7f1a2b3c",
        provider="anthropic",
        provider_name="anthropic-eu",
        model="claude-sonnet-4-5",
        route="/v1/messages",
        streaming=True,
        started_at=NOON,
        client="Claude Code",
        client_session_id="8f6a1c9e",
        user_agent="claude-cli/2.1.330 (external, sdk-cli)",
        credential_kind=pb.CREDENTIAL_KIND_CENTRALIZED,
        credential_hint="sk-a…4f2c",
        gateway_id="eu-1",
        metadata=struct(team="billing", floor=3),
    )


def ended(interception_id: str, *, provisional: bool = False) -> pb.InterceptionEnded:
    return pb.InterceptionEnded(
        id=new_id(),
        interception_id=interception_id,
        ended_at=NOON,
        outcome=pb.INTERCEPTION_OUTCOME_FAILED if provisional else pb.INTERCEPTION_OUTCOME_COMPLETED,
        provisional=provisional,
        http_status=200,
        time_to_first_byte=Duration(nanos=250_000_999),
        upstream_turns=1,
    )


def token_usage(interception_id: str) -> pb.TokenUsage:
    return pb.TokenUsage(
        id=new_id(),
        interception_id=interception_id,
        message_id="msg_1",
        input_tokens=2095,
        output_tokens=503,
        cache_read_input_tokens=2**53 + 1,
        extra_token_types={"output_tokens_details.reasoning_tokens": 320, "a": 2**60},
        source=pb.USAGE_SOURCE_REPORTED,
        service_tier="standard",
        created_at=NOON,
    )


def prompt_usage(interception_id: str, prompt: str = "What is new?") -> pb.PromptUsage:
    return pb.PromptUsage(
        id=new_id(), interception_id=interception_id, message_id="msg_1", prompt=prompt, created_at=NOON
    )


def tool_usage(interception_id: str) -> pb.ToolUsage:
    return pb.ToolUsage(
        id=new_id(),
        interception_id=interception_id,
        message_id="msg_1",
        tool_call_id="toolu_1",
        tool="read_wiki",
        server_url="https://mcp.example.com/mcp",
        input='{"page": "\ufffd\x00"}',
        injected=True,
        invocation_error="timeout",
        duration=Duration(seconds=1, nanos=500_000_000),
        created_at=NOON,
    )


def model_thought(interception_id: str) -> pb.ModelThought:
    return pb.ModelThought(
        id=new_id(),
        interception_id=interception_id,
        message_id="msg_1",
        content="Let me see…",
        source=pb.THOUGHT_SOURCE_THINKING,
        created_at=NOON,
    )


def one_of_each() -> list[AnyRecord]:
    """An interception and a record of each other kind that belongs to it."""
    start = interception()
    return [
        start,
        ended(start.id),
        token_usage(start.id),
        prompt_usage(start.id),
        tool_usage(start.id),
        model_thought(start.id),
    ]


_MEMBERS = {
    pb.Interception: "interception",
    pb.InterceptionEnded: "interception_ended",
    pb.TokenUsage: "token_usage",
    pb.PromptUsage: "prompt_usage",
    pb.ToolUsage: "tool_usage",
    pb.ModelThought: "model_thought",
}


def member_of(record: AnyRecord) -> str:
    """Name of the member that holds such a record, in `Record` and in the unary requests."""
    return _MEMBERS[type(record)]


def batch(first: int, records: Sequence[AnyRecord]) -> pb.StreamRecordsRequest:
    """A batch whose records are numbered from `first`."""
    return pb.StreamRecordsRequest(
        records=[
            pb.Record(sequence=first + index, **{member_of(record): record})  # type: ignore[arg-type]
            for index, record in enumerate(records)
        ]
    )
