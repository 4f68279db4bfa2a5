"""A running RecorderService: your own ``grpc.aio`` server with it, or a server of its own."""

import ipaddress
from collections.abc import Iterable, Sequence

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from .gateway_interceptor import GatewayInterceptor, KeyCheck
from .recorder import BatchRecorder, Recorder
from .recorder_servicer import RecorderServicer
from .v1.recorder_pb2 import DESCRIPTOR
from .v1.recorder_pb2_grpc import add_RecorderServiceServicer_to_server

SERVER_OPTIONS: Sequence[tuple[str, int]] = (
    # Data planes ping each second to notice a dead recorder; by default gRPC takes that for an attack and hangs up.
    ("grpc.http2.min_ping_interval_without_data_ms", 500),
    ("grpc.keepalive_permit_without_calls", 1),
    # A second process on the same port is an error, not a silent half of the calls.
    ("grpc.so_reuseport", 0),
)
"""Options that a server for data planes needs: ``grpc.aio.server(options=[*SERVER_OPTIONS, …])``."""

_SERVICE_NAME = DESCRIPTOR.services_by_name["RecorderService"].full_name


def add_recorder_service(server: grpc.aio.Server, recorder: Recorder | BatchRecorder) -> RecorderServicer:
    """Add RecorderService to a server that was made with :data:`SERVER_OPTIONS` and a :class:`GatewayInterceptor`.

    Call ``close()`` of what it returns before ``server.stop()``: data planes keep their streams open.
    """
    servicer = RecorderServicer(recorder)
    add_RecorderServiceServicer_to_server(servicer, server)
    return servicer


class RecorderServer:
    """Serves a host's recorder and grpc.health.v1.Health on one port."""

    def __init__(
        self,
        recorder: Recorder | BatchRecorder,
        *,
        gateway_keys: Iterable[str] | KeyCheck,
        credentials: grpc.ServerCredentials | None = None,
        insecure_plaintext: bool = False,
    ) -> None:
        """Make a server that does not listen yet. A server belongs to the event loop it was made in.

        :param gateway_keys: the keys that are good, each of at least 32 characters, or a function that checks one
        :param credentials: TLS; see ``grpc.ssl_server_credentials``. Default: plaintext
        :param insecure_plaintext: listen in plaintext on other addresses than loopback too. Default: False
        :raises ValueError: for keys that are missing or too short
        """
        self._credentials = credentials
        self._insecure_plaintext = insecure_plaintext
        self._server = grpc.aio.server(interceptors=[GatewayInterceptor(gateway_keys)], options=list(SERVER_OPTIONS))
        self._servicer = add_recorder_service(self._server, recorder)
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)

    async def start(self, listen: str) -> int:
        """Listen on ``HOST:PORT`` and serve.

        :returns: the port, which was chosen if PORT is 0
        :raises ValueError: for plaintext off loopback
        :raises RuntimeError: if the address cannot be listened on
        """
        port = self._bind(listen)
        await self._server.start()
        for name in ("", _SERVICE_NAME):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        return port

    async def stop(self, grace: float = 5.0) -> None:
        """Stop in order: what was read is stored and acknowledged, for at most ``grace`` seconds."""
        await self._health.enter_graceful_shutdown()
        self._servicer.close()
        await self._server.stop(grace)

    def _bind(self, listen: str) -> int:
        if self._credentials is not None:
            return self._server.add_secure_port(listen, self._credentials)
        if not self._insecure_plaintext and not _is_loopback(listen):
            raise ValueError(f"{listen} is not a loopback address: give TLS credentials, or allow plaintext")
        return self._server.add_insecure_port(listen)


def _is_loopback(listen: str) -> bool:
    host = listen.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
