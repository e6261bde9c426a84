"""``math``. Source: https://cloud.google.com/workflows/docs/reference/stdlib/math."""

import math
from typing import Final

from provision.emulator.language.faults import value_fault
from provision.emulator.language.library.signature import Entry, number, plain
from provision.emulator.language.values import GREATEST_INTEGER, LEAST_INTEGER, Value


def _abs(x: Value) -> Value:
    return _bounded(abs(number(x, "math.abs")))


def _floor(x: Value) -> Value:
    given = number(x, "math.floor")
    if not math.isfinite(given):
        raise value_fault("math.floor() of a number that is not finite")
    return _bounded(math.floor(given))


def _max(x: Value, y: Value) -> Value:
    left, right = number(x, "math.max"), number(y, "math.max")
    return max(left, right)


def _min(x: Value, y: Value) -> Value:
    left, right = number(x, "math.min"), number(y, "math.min")
    return min(left, right)


def _bounded(given: float) -> int | float:
    if isinstance(given, int) and not LEAST_INTEGER <= given <= GREATEST_INTEGER:
        raise value_fault("the result is out of the range of int")
    return given


FUNCTIONS: Final[dict[str, Entry]] = {
    "math.abs": plain(_abs, "x"),
    "math.floor": plain(_floor, "x"),
    "math.max": plain(_max, "x", "y"),
    "math.min": plain(_min, "x", "y"),
}
