"""What variables hold, and what is said of it: names of types, equality, sizes, JSON."""

import json
import math
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard

LEAST_INTEGER = -(2**63)
GREATEST_INTEGER = 2**63 - 1
_MOST_DIGITS = 20
_BASE = 8


@dataclass(frozen=True)
class Function:
    """A function of the library or a subworkflow, as a value: what a retry policy names.

    Args:
        name: as the source names it.
    """

    name: str


Value: TypeAlias = (
    bool | int | float | str | bytes | list["Value"] | dict[str, "Value"] | Function | None
)
_TYPES = {
    bool: "boolean",
    int: "integer",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
    type(None): "null",
    Function: "function",
}
_SPOKEN = {"integer": "int", "double": "float", "map": "dict", "boolean": "bool"}


def type_name(value: Value) -> str:
    """What ``get_type`` answers.

    Source: https://cloud.google.com/workflows/docs/reference/stdlib/expression-helpers.
    """
    return _TYPES[type(value)]


def spoken_type(value: Value) -> str:
    """How messages of errors name a type; ``dict`` and ``null`` are seen, the rest is assumed."""
    name = type_name(value)
    return _SPOKEN.get(name, name)


def is_number(value: Value) -> TypeGuard[int | float]:
    """Whether it is an integer or a double; a boolean is neither."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(left: Value, right: Value) -> bool:
    """Whether two values are the same, deeply; integers and doubles are both numbers."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    return left == right


def measure(value: Value, limit: int) -> tuple[int, int]:
    """How many bytes a value takes, and how deeply it is nested.

    Args:
        value: any.
        limit: no further is counted than this.

    Source: https://cloud.google.com/workflows/docs/reference/syntax/variables; null is assumed.
    """
    total, depth = 0, 0
    waiting: list[tuple[Value, int]] = [(value, 1)]
    while waiting and total <= limit:
        one, level = waiting.pop()
        depth = max(depth, level)
        total += _own_size(one)
        if isinstance(one, list):
            waiting.extend((item, level + 1) for item in one)
        elif isinstance(one, dict):
            total += sum(map(_own_size, one))
            waiting.extend((item, level + 1) for item in one.values())
    return total, depth


def _own_size(value: Value) -> int:
    if isinstance(value, str):
        return _BASE + (len(value) if value.isascii() else len(value.encode("utf-8", "replace")))
    return _BASE + (len(value) if isinstance(value, bytes) else 0)


def holds_function(value: Value) -> bool:
    """Whether there is a function in a value, which cannot leave the workflow."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Function):
            return True
        if isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict):
            waiting.extend(one.values())
    return False


def encoded(value: Value, indent: str | None = None) -> str:
    """A value as JSON, keys in order.

    Raises:
        TypeError: for bytes and functions.
        ValueError: for numbers that are not finite.
    """
    return json.dumps(
        value,
        ensure_ascii=False,
        indent=indent,
        separators=(",", ":" if indent is None else ": "),
        sort_keys=True,
        default=_refused,
        allow_nan=False,
    )


def _refused(value: Value) -> None:
    raise TypeError(spoken_type(value))


def decoded(text: str) -> Value:
    """The value that a JSON text stands for. Raises `ValueError`, `RecursionError`."""
    found: Value = json.loads(text, parse_constant=_no_constant, parse_int=integer)
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def integer(digits: str) -> int | float:
    """The number that digits stand for: an integer, or a double beyond 64 bits."""
    number = int(digits) if len(digits) <= _MOST_DIGITS else None
    if number is None or not LEAST_INTEGER <= number <= GREATEST_INTEGER:
        return float(digits)
    return number


def is_whole(number: float) -> bool:
    """Whether a double is an integer that 64 bits hold."""
    return math.isfinite(number) and number.is_integer() and abs(number) < GREATEST_INTEGER
