"""Serve aibridge's RecorderService from a Python host platform.

Write a :class:`Recorder` (six async methods) or a :class:`BatchRecorder` (one, for a transaction per batch) and give it
to a :class:`RecorderServer`, or to :func:`add_recorder_service` if you have a ``grpc.aio`` server already.

Layout, in the order of a call: ``gateway_interceptor`` (key and version) > ``recorder_servicer`` >
``acknowledge_stream`` > ``record_check`` > ``record_store`` > ``call_host`` > ``recorder`` (yours).
``recorder_server`` puts them together. ``v1`` holds the generated messages and stubs of the whole contract.
"""

from .any_record import AnyRecord
from .api_version import API_VERSION, API_VERSION_HEADER
from .gateway_interceptor import MIN_KEY_LENGTH, GatewayInterceptor
from .recorder import BatchRecorder, MessageFinder, Recorder
from .recorder_server import SERVER_OPTIONS, RecorderServer, add_recorder_service
from .recorder_servicer import RecorderServicer
from .reject_record import RejectRecord

__all__ = [
    "API_VERSION",
    "API_VERSION_HEADER",
    "MIN_KEY_LENGTH",
    "SERVER_OPTIONS",
    "AnyRecord",
    "BatchRecorder",
    "GatewayInterceptor",
    "MessageFinder",
    "Recorder",
    "RecorderServer",
    "RecorderServicer",
    "RejectRecord",
    "add_recorder_service",
]
