"""Calls of the host's code: what goes wrong in it is for the log."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import TypeVar

import grpc

from .call_failure import CallFailure
from .reject_record import RejectRecord

_T = TypeVar("_T")

_log = logging.getLogger("aibridge_host")


async def call_host(call: Callable[[], Awaitable[_T]], told: str) -> _T:
    """Call the host's recorder.

    :param told: what the data plane learns of a failure
    :raises RejectRecord: as the host did
    :raises CallFailure: UNAVAILABLE for anything else that the host raised
    """
    try:
        return await call()
    except RejectRecord:
        raise
    except Exception as error:
        raise _unavailable(error, told) from None
    except asyncio.CancelledError as error:
        # Either this call was given up, or something that the host waits for was.
        task = asyncio.current_task()
        if task is not None and task.cancelling() > 0:
            raise
        raise _unavailable(error, told) from None


def _unavailable(error: BaseException, told: str) -> CallFailure:
    """Log the kind and place of a failure, never its text: that may hold a prompt or a token."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    _log.error("the recorder failed: %s at %s:%s", type(error).__name__, place.filename, place.lineno)
    return CallFailure(grpc.StatusCode.UNAVAILABLE, told)
