"""A recorder that keeps records in a SQLite file."""

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from aibridge_host import AnyRecord, BatchRecorder
from record_tables import CREATE_TABLES, insert_of


class SqliteRecorder(BatchRecorder):
    """One transaction for each batch, synced to disk before it is acknowledged.

    SQLite blocks, so all of it happens on one thread of its own and the event loop goes on meanwhile.
    """

    def __init__(self, file: str) -> None:
        """Open the file, made if it is not there, with its tables.

        :raises sqlite3.Error: if that cannot be done
        """
        # A file that another program has locked is an error after a second: the data plane sends again.
        self._connection = sqlite3.connect(file, timeout=1.0, isolation_level=None, check_same_thread=False)
        # With a write-ahead log, `full` syncs at each commit: an acknowledgement must survive a power cut.
        self._connection.execute("PRAGMA journal_mode = wal")
        self._connection.execute("PRAGMA synchronous = full")
        self._connection.executescript(CREATE_TABLES)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")

    async def record_batch(self, records: Sequence[AnyRecord]) -> None:
        """Store all of these, or raise and store none."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._insert, records)

    def close(self) -> None:
        """Finish what is under way and close the file."""
        self._thread.shutdown()
        self._connection.close()

    def _insert(self, records: Sequence[AnyRecord]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for record in records:
                self._connection.execute(*insert_of(record))
            self._connection.execute("COMMIT")
        except BaseException:
            # SQLite has ended the transaction itself after some errors, a full disk for one.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
