"""A host platform in small: it takes a data plane's records and keeps them in a SQLite file.

    AIBRIDGE_GATEWAY_KEY=… python recorder_host.py --listen 127.0.0.1:9095 --database records.db

It prints one line when it serves and ends in order on SIGTERM or SIGINT.
"""

import argparse
import asyncio
import logging
import os
import signal
import sqlite3
import sys

from aibridge_host import MIN_KEY_LENGTH, RecorderServer
from sqlite_recorder import SqliteRecorder


async def serve(server: RecorderServer, listen: str) -> None:
    """Serve until a signal says to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    port = await server.start(listen)
    print(f"recorder serves on {listen.rpartition(':')[0]}:{port}", flush=True)
    await stop.wait()
    await server.stop()


async def run(listen: str, database: str, gateway_key: str) -> None:
    """Open the database and serve it."""
    recorder = SqliteRecorder(database)
    try:
        await serve(RecorderServer(recorder, gateway_keys=[gateway_key]), listen)
    finally:
        recorder.close()


def main() -> int:
    """Read the command line and run; 2 for a wrong one."""
    parser = argparse.ArgumentParser(description="Keeps the records of aibridge data planes in a SQLite file.")
    parser.add_argument("--listen", required=True, metavar="HOST:PORT", help="where to serve; port 0: any free one")
    parser.add_argument("--database", required=True, metavar="FILE", help="SQLite file, made if it is not there")
    arguments = parser.parse_args()
    gateway_key = os.environ.get("AIBRIDGE_GATEWAY_KEY", "")
    if len(gateway_key) < MIN_KEY_LENGTH:
        parser.error(f"AIBRIDGE_GATEWAY_KEY must be set to a gateway key of at least {MIN_KEY_LENGTH} characters")
    logging.basicConfig(format="%(levelname)s %(message)s")
    try:
        asyncio.run(run(arguments.listen, arguments.database, gateway_key))
    except (ValueError, RuntimeError, sqlite3.Error) as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
