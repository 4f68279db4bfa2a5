import asyncio
from pathlib import Path

import grpc
import pytest

from aibridge_host.v1 import recorder_pb2 as pb
from host_client import RecordStream, connect
from host_process import HostProcess, spawn
from sample_records import interception, new_id, prompt_usage
from stored_rows import rows_of

BATCH_SIZE = 10


def batches(records: list[pb.PromptUsage]) -> list[list[pb.PromptUsage]]:
    return [records[start : start + BATCH_SIZE] for start in range(0, len(records), BATCH_SIZE)]


async def send_until_killed(stream: RecordStream, records: list[pb.PromptUsage]) -> None:
    try:
        for batch in batches(records):
            await stream.send(*batch)
    except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
        return


async def acknowledged_until_killed(stream: RecordStream) -> int:
    """The last acknowledgement that arrived."""
    sequence = 0
    try:
        while True:
            sequence = (await stream.answer()).acknowledged_sequence
    except grpc.aio.AioRpcError:
        return sequence


async def test_what_was_acknowledged_before_a_crash_is_there_and_what_is_sent_again_is_there_once(
    tmp_path: Path,
) -> None:
    database = tmp_path / "records.db"
    records = [prompt_usage(new_id(), "x" * 1000) for _ in range(5000)]
    host = await HostProcess.start(database)
    async with connect(host.port) as client:
        stream = client.stream()
        sending = asyncio.create_task(send_until_killed(stream, records))
        sequence = (await stream.answer()).acknowledged_sequence
        await host.kill()
        sequence = max(sequence, await acknowledged_until_killed(stream))
        await sending

    host = await HostProcess.start(database)
    stored = {row[0] for row in rows_of(database, "prompt_usages")}
    assert 0 < sequence < len(records)
    assert {record.id for record in records[:sequence]} <= stored

    async with connect(host.port) as client:
        stream = client.stream()
        async with asyncio.TaskGroup() as group:
            group.create_task(send_until_killed(stream, records))
            while (await stream.answer()).acknowledged_sequence < len(records):
                pass
    assert await host.terminate() == 0
    assert sorted(row[0] for row in rows_of(database, "prompt_usages")) == sorted(record.id for record in records)


async def test_a_signal_ends_it_in_order_while_a_stream_is_open(tmp_path: Path) -> None:
    host = await HostProcess.start(tmp_path / "records.db")
    async with connect(host.port) as client:
        stream = client.stream()
        await stream.send(interception())
        await stream.answer()
        assert await host.terminate() == 0
        assert (await stream.failure())[0] == grpc.StatusCode.UNAVAILABLE
    assert len(rows_of(tmp_path / "records.db", "interceptions")) == 1


@pytest.mark.parametrize(
    ("listen", "gateway_key", "problem"),
    [
        ("127.0.0.1:0", None, "AIBRIDGE_GATEWAY_KEY must be set to a gateway key of at least 32 characters"),
        ("127.0.0.1:0", "x" * 31, "AIBRIDGE_GATEWAY_KEY must be set to a gateway key of at least 32 characters"),
        ("0.0.0.0:0", "x" * 32, "0.0.0.0:0 is not a loopback address"),
    ],
)
async def test_a_wrong_start_is_told_with_exit_code_2(
    tmp_path: Path, listen: str, gateway_key: str | None, problem: str
) -> None:
    process = await spawn("--listen", listen, "--database", str(tmp_path / "records.db"), gateway_key=gateway_key)
    output, _ = await process.communicate()
    assert process.returncode == 2
    assert problem in output.decode()
