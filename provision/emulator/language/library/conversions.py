"""Functions without a module: conversions, lengths, conditions.

Source: https://cloud.google.com/workflows/docs/reference/stdlib/expression-helpers.
"""

import math
import re
from typing import Final

from provision.emulator.language.faults import value_fault
from provision.emulator.language.library.signature import Entry, plain, table, wrong_type
from provision.emulator.language.values import (
    GREATEST_INTEGER,
    LEAST_INTEGER,
    Value,
    encoded,
    is_number,
    type_name,
)

_INTEGER = re.compile(r"\s*[-+]?[0-9]{1,30}\s*", re.ASCII)
_DOUBLE = re.compile(r"\s*[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,4})?\s*", re.ASCII)


def _double(x: Value) -> Value:
    if is_number(x):
        return float(x)
    if not isinstance(x, str):
        raise wrong_type("double", x, "number or string")
    if not _DOUBLE.fullmatch(x):
        raise value_fault(f"could not convert '{x[:100]}' to double")
    return float(x)


def _int(x: Value) -> Value:
    if isinstance(x, float) and math.isfinite(x):
        return _within(int(x))
    if is_number(x) and not isinstance(x, float):
        return x
    if not isinstance(x, str):
        raise wrong_type("int", x, "number or string")
    if not _INTEGER.fullmatch(x):
        raise value_fault(f"could not convert '{x[:100]}' to int")
    return _within(int(x))


def _within(whole: int) -> int:
    if not LEAST_INTEGER <= whole <= GREATEST_INTEGER:
        raise value_fault(f"{whole} is out of the range of int")
    return whole


def _string(x: Value) -> Value:
    if isinstance(x, str):
        return x
    if isinstance(x, bool) or is_number(x):
        return encoded(x) if not isinstance(x, float) or math.isfinite(x) else str(x)
    raise wrong_type("string", x, "number, string, or boolean")


def _keys(table_: Value) -> Value:
    return list(table(table_, "keys"))


def _len(value: Value) -> Value:
    if isinstance(value, str | list | dict):
        return len(value)
    raise wrong_type("len", value, "list, map, or string")


def _default(value: Value, instead: Value) -> Value:
    return instead if value is None else value


def _if(condition: Value, then: Value, otherwise: Value) -> Value:
    if condition is not None and not isinstance(condition, bool):
        raise wrong_type("if", condition, "boolean")
    return then if condition else otherwise


def _get_type(value: Value) -> Value:
    return type_name(value)


FUNCTIONS: Final[dict[str, Entry]] = {
    "double": plain(_double, "x"),
    "int": plain(_int, "x"),
    "string": plain(_string, "x"),
    "keys": plain(_keys, "map"),
    "len": plain(_len, "value"),
    "default": plain(_default, "value", "default_value"),
    "if": plain(_if, "condition", "ifTrue", "ifFalse"),
    "get_type": plain(_get_type, "value"),
}
