import json

import pytest
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from canonical_json import json_of_integers, json_of_struct


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("{}", "{}"),
        ('{"b": 1, "a": {"d": [true, false, null], "c": "x"}}', '{"a":{"c":"x","d":[true,false,null]},"b":1}'),
        ('{"é": "日本 \U0001f600", "z": ""}', '{"z":"","é":"日本 \U0001f600"}'),
        (r'{"a": "\"\\\n\u0001/\u007f"}', '{"a":"\\"\\\\\\n\\u0001/\x7f"}'),
        ('{"list": [], "object": {}}', '{"list":[],"object":{}}'),
        ('{"n": [3.0, -0.5, 9007199254740993, 1e20]}', '{"n":[3,-0.5,9007199254740992,100000000000000000000]}'),
        ('{"n": [1e21, 0.1, 0.00001, 1.5e-7, -0.0]}', '{"n":[1e+21,0.1,0.00001,1.5e-7,0]}'),
    ],
)
def test_equal_values_have_one_text(sent: str, stored: str) -> None:
    struct = json_format.Parse(sent, Struct())
    assert json_of_struct(struct) == stored
    assert json.loads(stored) == json_format.MessageToDict(struct)


def test_integers_keep_every_digit() -> None:
    assert json_of_integers({"b": 2**60 + 1, "a": -1}) == '{"a":-1,"b":1152921504606846977}'
    assert json_of_integers({}) == "{}"
