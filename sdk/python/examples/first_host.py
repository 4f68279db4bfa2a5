"""The smallest host: each record as JSON in one table."""

import asyncio
import os
import sqlite3
from collections.abc import Sequence

from google.protobuf.json_format import MessageToJson

from aibridge_host import AnyRecord, BatchRecorder, RecorderServer


class OneTable(BatchRecorder):
    """Keeps records in a SQLite file."""

    def __init__(self, file: str) -> None:
        """Open the file."""
        self._db = sqlite3.connect(file, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = wal")
        self._db.execute("PRAGMA synchronous = full")  # an acknowledged record survives a power cut
        self._db.execute("CREATE TABLE IF NOT EXISTS records (id TEXT PRIMARY KEY, kind TEXT, record TEXT)")

    async def record_batch(self, records: Sequence[AnyRecord]) -> None:
        """Store all of these, or raise and store none."""
        rows = [(record.id, type(record).__name__, MessageToJson(record, indent=None)) for record in records]
        await asyncio.to_thread(self._insert, rows)  # SQLite blocks

    def _insert(self, rows: list[tuple[str, str, str]]) -> None:
        with self._db:  # one transaction
            self._db.executemany("INSERT INTO records VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING", rows)


async def main() -> None:
    """Serve until the process is stopped."""
    server = RecorderServer(OneTable("records.db"), gateway_keys=[os.environ["AIBRIDGE_GATEWAY_KEY"]])
    print("recorder serves on port", await server.start("127.0.0.1:9095"))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
