import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from aibridge_host import AnyRecord
from sample_records import (
    NOON_MICROS,
    ended,
    interception,
    model_thought,
    new_id,
    one_of_each,
    prompt_usage,
    token_usage,
    tool_usage,
)
from sqlite_recorder import SqliteRecorder
from stored_rows import rows_of, table_names


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "records.db"


@pytest.fixture
async def recorder(file: Path) -> AsyncIterator[SqliteRecorder]:
    recorder = SqliteRecorder(str(file))
    yield recorder
    recorder.close()


async def test_an_interception_is_one_row(recorder: SqliteRecorder, file: Path) -> None:
    record = interception()
    bare = interception()
    bare.ClearField("client_session_id")
    bare.ClearField("metadata")
    bare.correlating_tool_call_id = ""
    await recorder.record_batch([record, bare])
    start = ("alice", "019ab3f0-6c1e-7a55-8b9f-0d6c7f1a2b3c", "anthropic", "anthropic-eu", "claude-sonnet-4-5")
    agent = "claude-cli/2.1.330 (external, sdk-cli)"
    common = (*start, "/v1/messages", 1, NOON_MICROS, "Claude Code")
    paid = ("CREDENTIAL_KIND_CENTRALIZED", "sk-a…4f2c", "eu-1")
    assert rows_of(file, "interceptions") == [
        (record.id, *common, "8f6a1c9e", agent, None, *paid, '{"floor":3,"team":"billing"}'),
        (bare.id, *common, None, agent, "", *paid, "{}"),
    ]


async def test_records_of_an_interception_are_rows(recorder: SqliteRecorder, file: Path) -> None:
    of = new_id()
    end, usage, prompt, tool, thought = (
        ended(of),
        token_usage(of),
        prompt_usage(of, "Grüße\n日本"),
        tool_usage(of),
        model_thought(of),
    )
    bare = tool_usage(of)
    for member in ("server_url", "invocation_error", "duration"):
        bare.ClearField(member)
    await recorder.record_batch([end, usage, prompt, tool, bare, thought])
    assert rows_of(file, "interception_ends") == [
        (of, end.id, NOON_MICROS, "INTERCEPTION_OUTCOME_COMPLETED", 0, 200, "", "", 250_000, "", 1)
    ]
    extra = '{"a":1152921504606846976,"output_tokens_details.reasoning_tokens":320}'
    counts = (2095, 503, 2**53 + 1, 0)
    assert rows_of(file, "token_usages") == [
        (usage.id, of, "msg_1", *counts, extra, "USAGE_SOURCE_REPORTED", "standard", NOON_MICROS, "{}")
    ]
    assert rows_of(file, "prompt_usages") == [(prompt.id, of, "msg_1", "Grüße\n日本", NOON_MICROS, "{}")]
    call = (of, "msg_1", "toolu_1", "read_wiki")
    raw = '{"page": "\ufffd\x00"}'
    assert rows_of(file, "tool_usages") == [
        (tool.id, *call, "https://mcp.example.com/mcp", raw, 1, "timeout", 1_500_000, NOON_MICROS, "{}"),
        (bare.id, *call, None, raw, 1, None, None, NOON_MICROS, "{}"),
    ]
    assert rows_of(file, "model_thoughts") == [
        (thought.id, of, "msg_1", "Let me see…", "THOUGHT_SOURCE_THINKING", NOON_MICROS, "{}")
    ]


async def test_the_same_records_again_change_nothing(recorder: SqliteRecorder, file: Path) -> None:
    records = one_of_each()
    await recorder.record_batch([*records, *records])
    before = {table: rows_of(file, table) for table in table_names(file)}
    assert {table: len(rows) for table, rows in before.items()} == dict.fromkeys(before, 1)
    await recorder.record_batch(records)
    assert {table: rows_of(file, table) for table in before} == before


@pytest.mark.parametrize(
    ("provisional", "kept"),
    [((True, False), 1), ((False, True), 0), ((False, False), 0), ((True, True), 0), ((True, False, True), 1)],
)
async def test_a_real_end_replaces_a_provisional_one_and_nothing_else_does(
    recorder: SqliteRecorder, file: Path, provisional: tuple[bool, ...], kept: int
) -> None:
    of = new_id()
    ends = [ended(of, provisional=made_up) for made_up in provisional]
    for end in ends:
        await recorder.record_batch([end])
    [(_, stored_id, *_)] = rows_of(file, "interception_ends")
    assert stored_id == ends[kept].id


async def test_a_batch_that_fails_is_not_stored_in_part(recorder: SqliteRecorder, file: Path) -> None:
    good: list[AnyRecord] = [interception()]
    # Too large for SQLite; the service would have rejected it.
    bad = interception()
    bad.started_at.seconds = 2**62
    with pytest.raises(OverflowError):
        await recorder.record_batch([*good, bad])
    assert rows_of(file, "interceptions") == []
    await recorder.record_batch(good)
    assert len(rows_of(file, "interceptions")) == 1


async def test_a_database_that_cannot_be_written_is_an_error_and_works_again_afterwards(
    recorder: SqliteRecorder, file: Path
) -> None:
    record = interception()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await recorder.record_batch([record])
    await recorder.record_batch([record])
    assert [row[0] for row in rows_of(file, "interceptions")] == [record.id]


async def test_each_commit_is_synced_to_disk(recorder: SqliteRecorder) -> None:
    # Nothing outside of the connection tells: without a sync only a power cut shows the difference.
    pragma = recorder._connection.execute
    assert pragma("PRAGMA journal_mode").fetchone() == ("wal",)
    assert pragma("PRAGMA synchronous").fetchone() == (2,)
