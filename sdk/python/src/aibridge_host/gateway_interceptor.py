"""Who may call: a gateway key and a version of the contract, checked before a call is served."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

import grpc

from .api_version import API_VERSION_HEADER, version_problem

MIN_KEY_LENGTH = 32
"""Shortest gateway key that is accepted, in characters."""

KeyCheck = Callable[[str], Awaitable[bool]]
"""Says whether a gateway key is good. It must compare digests, or in constant time."""

_SERVICES = "/aibridge.v1."
_BEARER = re.compile(r"bearer +(\S+)\s*", re.IGNORECASE)

if TYPE_CHECKING:
    # Generic in the type stubs only.
    _Handler = grpc.RpcMethodHandler[Any, Any]
    _Context = grpc.aio.ServicerContext[Any, Any]
    _Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[_Handler | None]]


class GatewayInterceptor(grpc.aio.ServerInterceptor):
    """Refuses calls without a good gateway key (UNAUTHENTICATED) or of a version that cannot be served
    (FAILED_PRECONDITION). It guards aibridge's services; others of the same server, health among them, need no key.
    """

    def __init__(self, gateway_keys: Iterable[str] | KeyCheck) -> None:
        """Take the keys that are good, or a function that checks one.

        :raises ValueError: if there is no key, or one is shorter than 32 characters
        """
        self._is_good = gateway_keys if callable(gateway_keys) else _check_against(gateway_keys)

    async def intercept_service(
        self, continuation: _Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> _Handler | None:
        """Serve a call, or refuse it."""
        handler = await continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith(_SERVICES):
            return handler
        headers = {name: value for name, value in handler_call_details.invocation_metadata or ()}
        if not await self._is_good(_bearer(headers.get("authorization"))):
            return _refuse(handler, grpc.StatusCode.UNAUTHENTICATED, "a valid gateway key is needed")
        problem = version_problem(_text(headers.get(API_VERSION_HEADER)))
        if problem is not None:
            return _refuse(handler, grpc.StatusCode.FAILED_PRECONDITION, problem)
        return handler


def _check_against(keys: Iterable[str]) -> KeyCheck:
    digests = [_digest(key) for key in _long_enough(keys)]

    async def is_good(key: str) -> bool:
        digest = _digest(key)
        # Every key is compared, so that the time does not tell which one was near.
        return any([hmac.compare_digest(digest, known) for known in digests])

    return is_good


def _long_enough(keys: Iterable[str]) -> list[str]:
    # A lone text would be taken for keys of one character each.
    found = [keys] if isinstance(keys, str) else list(keys)
    if not found:
        raise ValueError("at least one gateway key is needed")
    if any(len(key) < MIN_KEY_LENGTH for key in found):
        raise ValueError(f"a gateway key has at least {MIN_KEY_LENGTH} characters")
    return found


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _bearer(header: str | bytes | None) -> str:
    """The secret of an `authorization: Bearer` header; empty, which no key is, for anything else."""
    match = _BEARER.fullmatch(_text(header) or "")
    return "" if match is None else match[1]


def _text(header: str | bytes | None) -> str | None:
    return header.decode(errors="replace") if isinstance(header, bytes) else header


def _refuse(handler: _Handler, code: grpc.StatusCode, message: str) -> _Handler:
    """A handler of the same shape as the one it stands for: another shape would wait for a message first."""

    async def refuse(_request: object, context: _Context) -> None:
        await context.abort(code, message)

    shapes = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    shape: Callable[..., _Handler] = shapes[bool(handler.request_streaming), bool(handler.response_streaming)]
    # Without a deserializer: what a stranger has sent is not even parsed.
    return shape(refuse)
