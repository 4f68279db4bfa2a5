"""One JSON text for one value, so that equal metadata are equal texts, whichever program wrote them."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal

from google.protobuf.struct_pb2 import Struct, Value


def json_of_struct(struct: Struct) -> str:
    """JSON text of a Struct: keys sorted, no white space, integral numbers without fraction, non-ASCII as it is."""
    members = (f"{_text(name)}:{_json_of_value(struct.fields[name])}" for name in sorted(struct.fields))
    return "{" + ",".join(members) + "}"


def json_of_integers(integers: Mapping[str, int]) -> str:
    """JSON text of integers by name, in the same form, with every digit."""
    return "{" + ",".join(f"{_text(name)}:{integers[name]}" for name in sorted(integers)) + "}"


def _json_of_value(value: Value) -> str:
    match value.WhichOneof("kind"):
        case "struct_value":
            return json_of_struct(value.struct_value)
        case "list_value":
            return "[" + ",".join(map(_json_of_value, value.list_value.values)) + "]"
        case "string_value":
            return _text(value.string_value)
        case "number_value":
            return _number(value.number_value)
        case "bool_value":
            return "true" if value.bool_value else "false"
        case _:
            return "null"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _number(number: float) -> str:
    """The shortest digits that read back as the same number, with an exponent where JavaScript writes one too."""
    if number.is_integer() and abs(number) < 1e21:
        return str(int(number))
    digits = repr(number)
    if abs(number) >= 1e21:
        return digits
    if abs(number) >= 1e-6:
        return format(Decimal(digits), "f")
    return re.sub(r"e-0", "e-", digits)
