"""The tables of the example and a row for each record.

Times are integer microseconds since 1970, durations integer microseconds, enums their full names, booleans 0 and 1.
"""

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from aibridge_host import AnyRecord
from aibridge_host.v1.recorder_pb2 import (
    CredentialKind,
    Interception,
    InterceptionEnded,
    InterceptionOutcome,
    ModelThought,
    PromptUsage,
    ThoughtSource,
    TokenUsage,
    ToolUsage,
    UsageSource,
)
from canonical_json import json_of_integers, json_of_struct

Row = tuple[str | int | None, ...]

CREATE_TABLES = """
CREATE TABLE IF NOT EXISTS interceptions (
  id TEXT PRIMARY KEY, initiator_id TEXT, api_key_id TEXT, provider TEXT, provider_name TEXT, model TEXT, route TEXT,
  streaming INTEGER, started_at INTEGER, client TEXT, client_session_id TEXT, user_agent TEXT,
  correlating_tool_call_id TEXT, credential_kind TEXT, credential_hint TEXT, gateway_id TEXT, metadata TEXT
);
CREATE TABLE IF NOT EXISTS interception_ends (
  interception_id TEXT PRIMARY KEY, id TEXT, ended_at INTEGER, outcome TEXT, provisional INTEGER, http_status INTEGER,
  error_type TEXT, error_message TEXT, time_to_first_byte INTEGER, credential_hint TEXT, upstream_turns INTEGER
);
CREATE TABLE IF NOT EXISTS token_usages (
  id TEXT PRIMARY KEY, interception_id TEXT, message_id TEXT, input_tokens INTEGER, output_tokens INTEGER,
  cache_read_input_tokens INTEGER, cache_write_input_tokens INTEGER, extra_token_types TEXT, source TEXT,
  service_tier TEXT, created_at INTEGER, metadata TEXT
);
CREATE TABLE IF NOT EXISTS prompt_usages (
  id TEXT PRIMARY KEY, interception_id TEXT, message_id TEXT, prompt TEXT, created_at INTEGER, metadata TEXT
);
CREATE TABLE IF NOT EXISTS tool_usages (
  id TEXT PRIMARY KEY, interception_id TEXT, message_id TEXT, tool_call_id TEXT, tool TEXT, server_url TEXT,
  input TEXT, injected INTEGER, invocation_error TEXT, duration INTEGER, created_at INTEGER, metadata TEXT
);
CREATE TABLE IF NOT EXISTS model_thoughts (
  id TEXT PRIMARY KEY, interception_id TEXT, message_id TEXT, content TEXT, source TEXT, created_at INTEGER,
  metadata TEXT
);
"""

# A real end replaces a provisional one, never the reverse; of two real ends the first stays.
_INSERT_END = """
INSERT INTO interception_ends VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (interception_id) DO UPDATE SET
  id = excluded.id, ended_at = excluded.ended_at, outcome = excluded.outcome, provisional = excluded.provisional,
  http_status = excluded.http_status, error_type = excluded.error_type, error_message = excluded.error_message,
  time_to_first_byte = excluded.time_to_first_byte, credential_hint = excluded.credential_hint,
  upstream_turns = excluded.upstream_turns
WHERE interception_ends.provisional = 1 AND excluded.provisional = 0
"""


def insert_of(record: AnyRecord) -> tuple[str, Row]:
    """The statement that stores a record once, however often it comes, and its row."""
    if isinstance(record, InterceptionEnded):
        return _INSERT_END, _end_row(record)
    if isinstance(record, Interception):
        table, row = "interceptions", _interception_row(record)
    elif isinstance(record, TokenUsage):
        table, row = "token_usages", _token_usage_row(record)
    elif isinstance(record, PromptUsage):
        table, row = "prompt_usages", _prompt_usage_row(record)
    elif isinstance(record, ToolUsage):
        table, row = "tool_usages", _tool_usage_row(record)
    else:
        table, row = "model_thoughts", _model_thought_row(record)
    places = ", ".join("?" * len(row))
    return f"INSERT INTO {table} VALUES ({places}) ON CONFLICT (id) DO NOTHING", row


def _interception_row(record: Interception) -> Row:
    return (
        record.id,
        record.initiator_id,
        record.api_key_id,
        record.provider,
        record.provider_name,
        record.model,
        record.route,
        int(record.streaming),
        _micros(record.started_at),
        record.client,
        record.client_session_id if record.HasField("client_session_id") else None,
        record.user_agent,
        record.correlating_tool_call_id if record.HasField("correlating_tool_call_id") else None,
        _credential_kind(record.credential_kind),
        record.credential_hint,
        record.gateway_id,
        json_of_struct(record.metadata),
    )


def _end_row(record: InterceptionEnded) -> Row:
    return (
        record.interception_id,
        record.id,
        _micros(record.ended_at),
        InterceptionOutcome.Name(record.outcome),
        int(record.provisional),
        record.http_status,
        record.error_type,
        record.error_message,
        _micros(record.time_to_first_byte) if record.HasField("time_to_first_byte") else None,
        record.credential_hint,
        record.upstream_turns,
    )


def _token_usage_row(record: TokenUsage) -> Row:
    return (
        record.id,
        record.interception_id,
        record.message_id,
        record.input_tokens,
        record.output_tokens,
        record.cache_read_input_tokens,
        record.cache_write_input_tokens,
        json_of_integers(record.extra_token_types),
        UsageSource.Name(record.source),
        record.service_tier,
        _micros(record.created_at),
        json_of_struct(record.metadata),
    )


def _prompt_usage_row(record: PromptUsage) -> Row:
    return (
        record.id,
        record.interception_id,
        record.message_id,
        record.prompt,
        _micros(record.created_at),
        json_of_struct(record.metadata),
    )


def _tool_usage_row(record: ToolUsage) -> Row:
    return (
        record.id,
        record.interception_id,
        record.message_id,
        record.tool_call_id,
        record.tool,
        record.server_url if record.HasField("server_url") else None,
        record.input,
        int(record.injected),
        record.invocation_error if record.HasField("invocation_error") else None,
        _micros(record.duration) if record.HasField("duration") else None,
        _micros(record.created_at),
        json_of_struct(record.metadata),
    )


def _model_thought_row(record: ModelThought) -> Row:
    return (
        record.id,
        record.interception_id,
        record.message_id,
        record.content,
        ThoughtSource.Name(record.source),
        _micros(record.created_at),
        json_of_struct(record.metadata),
    )


def _credential_kind(kind: CredentialKind.ValueType) -> str:
    """The one enum that nobody checks: a kind without a name is stored as its number."""
    return CredentialKind.Name(kind) if kind in CredentialKind.values() else str(kind)


def _micros(time: Timestamp | Duration) -> int:
    """Whole microseconds; what is finer is cut off."""
    return time.seconds * 1_000_000 + time.nanos // 1000
