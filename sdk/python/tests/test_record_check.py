from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from aibridge_host import AnyRecord, RejectRecord
from aibridge_host.record_check import MAX_RECORD_BYTES, check_record
from aibridge_host.v1 import recorder_pb2 as pb
from sample_records import (
    ended,
    interception,
    model_thought,
    new_id,
    one_of_each,
    prompt_usage,
    token_usage,
    tool_usage,
)


@pytest.mark.parametrize("record", one_of_each(), ids=lambda record: type(record).__name__)
def test_records_as_data_planes_send_them_pass(record: AnyRecord) -> None:
    check_record(record)


ID = new_id()
UUID_FORM = "must be a lower-case hyphenated UUID"
TIME_RANGE = "must be a time from 1970 to 9999"
SPAN_RANGE = "must be a span of time that is not negative"


@pytest.mark.parametrize(
    ("record", "member", "value", "problem"),
    [
        (interception(), "id", "", f"id {UUID_FORM}"),
        (interception(), "id", ID.upper(), f"id {UUID_FORM}"),
        (interception(), "id", ID + "\n", f"id {UUID_FORM}"),
        (interception(), "started_at", None, "started_at is missing"),
        (interception(), "started_at", Timestamp(seconds=-1), f"started_at {TIME_RANGE}"),
        (ended(ID), "id", ID.replace("-", ""), f"id {UUID_FORM}"),
        (ended(ID), "interception_id", "x", f"interception_id {UUID_FORM}"),
        (ended(ID), "ended_at", None, "ended_at is missing"),
        (ended(ID), "outcome", 0, "outcome is missing"),
        (ended(ID), "outcome", 99, "outcome has the unknown value 99"),
        (ended(ID), "time_to_first_byte", Duration(seconds=-1), f"time_to_first_byte {SPAN_RANGE}"),
        (token_usage(ID), "source", 0, "source is missing"),
        (token_usage(ID), "cache_read_input_tokens", -1, "token counts must not be negative"),
        (token_usage(ID), "created_at", None, "created_at is missing"),
        (prompt_usage(ID), "interception_id", "", f"interception_id {UUID_FORM}"),
        (prompt_usage(ID), "created_at", Timestamp(seconds=2**62), f"created_at {TIME_RANGE}"),
        (prompt_usage(ID), "created_at", Timestamp(nanos=10**9), f"created_at {TIME_RANGE}"),
        (tool_usage(ID), "created_at", None, "created_at is missing"),
        (tool_usage(ID), "duration", Duration(seconds=2**62), f"duration {SPAN_RANGE}"),
        (model_thought(ID), "source", 0, "source is missing"),
        (model_thought(ID), "created_at", None, "created_at is missing"),
    ],
)
def test_a_record_that_can_never_be_stored_is_rejected(
    record: AnyRecord, member: str, value: Any, problem: str
) -> None:
    if value is None:
        record.ClearField(member)  # type: ignore[arg-type]
    elif isinstance(value, Timestamp | Duration):
        getattr(record, member).CopyFrom(value)
    else:
        setattr(record, member, value)
    with pytest.raises(RejectRecord) as rejection:
        check_record(record)
    assert rejection.value.message == problem


def test_a_record_may_have_2_mib_and_no_more() -> None:
    record = prompt_usage(ID, "x" * (MAX_RECORD_BYTES - 1000))
    record.metadata["padding"] = ""
    record.metadata["padding"] = "x" * (MAX_RECORD_BYTES - record.ByteSize() - 4)
    assert record.ByteSize() == MAX_RECORD_BYTES
    check_record(record)
    record.prompt += "x"
    with pytest.raises(RejectRecord) as rejection:
        check_record(record)
    assert rejection.value.code == grpc.StatusCode.OUT_OF_RANGE


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("record", [interception(), prompt_usage(ID)], ids=lambda record: type(record).__name__)
def test_metadata_without_a_json_form_are_rejected(record: pb.Interception | pb.PromptUsage, number: float) -> None:
    record.metadata.update({"deep": {"list": [1, {"number": number}]}})
    with pytest.raises(RejectRecord, match="not finite"):
        check_record(record)


def test_a_span_that_is_absent_passes() -> None:
    record = tool_usage(ID)
    record.ClearField("duration")
    check_record(record)
