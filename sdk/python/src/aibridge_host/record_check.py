"""What every record must have, whoever stores it."""

import math
import re
from collections.abc import Iterable

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Value
from google.protobuf.timestamp_pb2 import Timestamp

from .any_record import AnyRecord
from .reject_record import RejectRecord
from .v1.recorder_pb2 import (
    Interception,
    InterceptionEnded,
    InterceptionOutcome,
    ModelThought,
    ThoughtSource,
    TokenUsage,
    ToolUsage,
    UsageSource,
)

MAX_RECORD_BYTES = 2 * 1024 * 1024
"""Largest single record, encoded."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LAST_SECOND = 253_402_300_799
"""9999-12-31T23:59:59Z, the last second a Timestamp may name."""
_LONGEST_SECONDS = 315_576_000_000
"""10,000 years, the longest a Duration may be."""
_NANOS_PER_SECOND = 1_000_000_000
_OUTCOMES = frozenset[int](InterceptionOutcome.values())
_USAGE_SOURCES = frozenset[int](UsageSource.values())
_THOUGHT_SOURCES = frozenset[int](ThoughtSource.values())


def check_record(record: AnyRecord) -> None:
    """Check size, ids, times, enums, counts and metadata of a record.

    :raises RejectRecord: if it can never be stored
    """
    _check_size(record.ByteSize())
    _check_id("id", record.id)
    if isinstance(record, Interception):
        _check_time("started_at", record.started_at if record.HasField("started_at") else None)
        _check_metadata(record.metadata.fields.values())
        return
    _check_id("interception_id", record.interception_id)
    if isinstance(record, InterceptionEnded):
        _check_time("ended_at", record.ended_at if record.HasField("ended_at") else None)
        _check_enum("outcome", record.outcome, _OUTCOMES)
        _check_span("time_to_first_byte", record.time_to_first_byte)
        return
    _check_time("created_at", record.created_at if record.HasField("created_at") else None)
    _check_metadata(record.metadata.fields.values())
    if isinstance(record, TokenUsage):
        _check_enum("source", record.source, _USAGE_SOURCES)
        _check_counts(record)
    elif isinstance(record, ModelThought):
        _check_enum("source", record.source, _THOUGHT_SOURCES)
    elif isinstance(record, ToolUsage):
        _check_span("duration", record.duration)


def _check_size(size: int) -> None:
    if size > MAX_RECORD_BYTES:
        raise RejectRecord(
            f"the record has {size} bytes, at most {MAX_RECORD_BYTES} are stored", code=grpc.StatusCode.OUT_OF_RANGE
        )


def _check_id(member: str, value: str) -> None:
    if _UUID.fullmatch(value) is None:
        raise RejectRecord(f"{member} must be a lower-case hyphenated UUID")


def _check_time(member: str, value: Timestamp | None) -> None:
    if value is None:
        raise RejectRecord(f"{member} is missing")
    if not (0 <= value.seconds <= _LAST_SECOND and 0 <= value.nanos < _NANOS_PER_SECOND):
        raise RejectRecord(f"{member} must be a time from 1970 to 9999")


def _check_span(member: str, value: Duration) -> None:
    """An absent span reads as 0, which is fine."""
    if not (0 <= value.seconds <= _LONGEST_SECONDS and 0 <= value.nanos < _NANOS_PER_SECOND):
        raise RejectRecord(f"{member} must be a span of time that is not negative")


def _check_counts(usage: TokenUsage) -> None:
    counts = (
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_input_tokens,
        usage.cache_write_input_tokens,
    )
    if min(counts) < 0:
        raise RejectRecord("token counts must not be negative")


def _check_enum(member: str, value: int, known: frozenset[int]) -> None:
    if value == 0:
        raise RejectRecord(f"{member} is missing")
    if value not in known:
        raise RejectRecord(f"{member} has the unknown value {value}")


def _check_metadata(values: Iterable[Value]) -> None:
    """A number that is not finite has no JSON form, so that many stores would fail at it for ever."""
    for value in values:
        match value.WhichOneof("kind"):
            case "number_value" if not math.isfinite(value.number_value):
                raise RejectRecord("metadata has a number that is not finite")
            case "struct_value":
                _check_metadata(value.struct_value.fields.values())
            case "list_value":
                _check_metadata(value.list_value.values)
