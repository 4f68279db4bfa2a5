"""A record of any of the six kinds."""

from .v1.recorder_pb2 import (
    Interception,
    InterceptionEnded,
    ModelThought,
    PromptUsage,
    Record,
    TokenUsage,
    ToolUsage,
)

AnyRecord = Interception | InterceptionEnded | TokenUsage | PromptUsage | ToolUsage | ModelThought
"""A record of one of the six kinds."""


def content_of(record: Record) -> AnyRecord | None:
    """Take a record out of its place in a stream; None if it is of a kind that a later version brought."""
    kind = record.WhichOneof("record")
    return None if kind is None else getattr(record, kind)
