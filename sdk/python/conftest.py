from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from aibridge_host import BatchRecorder, Recorder, RecorderServer
from host_client import GATEWAY_KEY, HostClient, Serve, connect


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serves a recorder on a free port and connects to it."""
    async with AsyncExitStack() as stack:

        async def serve_recorder(recorder: Recorder | BatchRecorder) -> HostClient:
            server = RecorderServer(recorder, gateway_keys=[GATEWAY_KEY])
            port = await server.start("127.0.0.1:0")
            stack.push_async_callback(server.stop, 0)
            return await stack.enter_async_context(connect(port))

        yield serve_recorder
