"""The example as a process of its own."""

import asyncio
import os
import sys
from pathlib import Path

from host_client import GATEWAY_KEY

PROGRAM = Path(__file__).parent.parent / "recorder_host.py"


class HostProcess:
    """A started host; `port` is there once it serves."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.port = port

    @classmethod
    async def start(cls, database: Path) -> "HostProcess":
        process = await spawn("--listen", "127.0.0.1:0", "--database", str(database))
        assert process.stdout is not None
        async with asyncio.timeout(20):
            line = (await process.stdout.readline()).decode()
        assert line.startswith("recorder serves on 127.0.0.1:"), line
        return cls(process, int(line.rpartition(":")[2]))

    async def kill(self) -> None:
        """As a crash does: nothing of the process runs any more."""
        self._process.kill()
        await self._process.wait()

    async def terminate(self) -> int:
        """Ask it to end; its exit code."""
        self._process.terminate()
        async with asyncio.timeout(20):
            return await self._process.wait()


async def spawn(*arguments: str, gateway_key: str | None = GATEWAY_KEY) -> asyncio.subprocess.Process:
    environment = {name: value for name, value in os.environ.items() if name != "AIBRIDGE_GATEWAY_KEY"}
    if gateway_key is not None:
        environment["AIBRIDGE_GATEWAY_KEY"] = gateway_key
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROGRAM),
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
