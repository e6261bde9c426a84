"""What the operators of expressions do with values.

Source: https://cloud.google.com/workflows/docs/reference/syntax/datatypes and …/expressions. Seen:
the words about ``in``. Assumed: that overflow of an integer is a `ValueError`.
"""

import operator
from collections.abc import Callable
from typing import Any, Final

from provision.emulator.language.faults import (
    Raised,
    division_fault,
    index_fault,
    key_fault,
    limit_fault,
    type_fault,
    value_fault,
)
from provision.emulator.language.values import (
    GREATEST_INTEGER,
    LEAST_INTEGER,
    Value,
    equal,
    is_number,
    spoken_type,
)

LONGEST_TEXT: Final = 256 * 1024
"""Bytes of a string. Source: https://cloud.google.com/workflows/quotas."""
_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
_ORDER: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def binary(sign: str, left: Value, right: Value) -> Value:
    """Two values with an operator between them, other than ``and`` and ``or``. Raises `Raised`."""
    if sign in ("==", "!="):
        return equal(left, right) is (sign == "==")
    if sign == "in":
        return _contains(left, right)
    if sign in _ORDER:
        return _compared(sign, left, right)
    return _calculated(sign, left, right)


def _contains(wanted: Value, within: Value) -> bool:
    if isinstance(within, dict):
        return isinstance(wanted, str) and wanted in within
    if isinstance(within, list):
        return any(equal(wanted, item) for item in within)
    raise type_fault(f"the argument of 'in' must be a dict or an array; got: {spoken_type(within)}")


def _compared(sign: str, left: Value, right: Value) -> bool:
    alike = isinstance(left, str) and isinstance(right, str)
    if alike or (is_number(left) and is_number(right)):
        return _ORDER[sign](left, right)
    raise _unsupported(sign, left, right)


def _calculated(sign: str, left: Value, right: Value) -> Value:
    if is_number(left) and is_number(right):
        return _number(sign, left, right)
    if sign == "+" and isinstance(left, str) and isinstance(right, str):
        return text(left + right)
    raise _unsupported(sign, left, right)


def _number(sign: str, left: Value, right: Value) -> Value:
    if sign in ("/", "//", "%") and right == 0:
        raise division_fault()
    try:
        result = _ARITHMETIC[sign](left, right)
    except OverflowError as error:
        raise value_fault("the result is out of range") from error
    return bounded(result)


def bounded(number: float) -> int | float:
    """The same. Raises `Raised` for an integer beyond 64 bits."""
    if isinstance(number, int) and not LEAST_INTEGER <= number <= GREATEST_INTEGER:
        raise value_fault("the result is out of the range of a 64-bit integer")
    return number


def text(joined: str) -> str:
    """The same. Raises `Raised` for a string that is too long."""
    if len(joined) > LONGEST_TEXT or len(joined.encode("utf-8", "replace")) > LONGEST_TEXT:
        raise limit_fault("a string is longer than 256 KB")
    return joined


def negative(value: Value) -> Value:
    """A number with the other sign. Raises `Raised`."""
    if not is_number(value):
        raise type_fault(f"unsupported operand type for -: '{spoken_type(value)}'")
    return bounded(-value)


def truth(value: Value, sign: str) -> bool:
    """A boolean, as ``and``, ``or``, ``not`` and conditions need one. Raises `Raised`."""
    if not isinstance(value, bool):
        raise type_fault(f"unsupported operand type for {sign}: '{spoken_type(value)}'")
    return value


def item(of: Value, index: Value) -> Value:
    """What stands at a key or place. Raises `Raised`."""
    if isinstance(of, dict):
        if not isinstance(index, str):
            raise type_fault(f"a key must be a string; got: {spoken_type(index)}")
        if index not in of:
            raise key_fault(index)
        return of[index]
    if isinstance(of, list):
        return of[place(of, index)]
    raise type_fault(f"a value of type '{spoken_type(of)}' has no items")


def place(of: list[Value], index: Value) -> int:
    """An index that a list has. Raises `Raised`."""
    if isinstance(index, bool) or not isinstance(index, int):
        raise type_fault(f"an index must be an integer; got: {spoken_type(index)}")
    if not 0 <= index < len(of):
        raise index_fault(index, len(of))
    return index


def field(of: Value, name: str) -> Value:
    """``value.name``. Raises `Raised`."""
    if not isinstance(of, dict):
        raise type_fault(f"a value of type '{spoken_type(of)}' has no field '{name}'")
    return item(of, name)


def _unsupported(sign: str, left: Value, right: Value) -> Raised:
    kinds = f"'{spoken_type(left)}' and '{spoken_type(right)}'"
    return type_fault(f"unsupported operand types for {sign}: {kinds}")
