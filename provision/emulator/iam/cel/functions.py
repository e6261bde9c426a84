"""Operators and functions: which types they take, and what they give."""

import datetime as dt
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provision.emulator.iam.cel.values import (
    CelError,
    Duration,
    Timestamp,
    Unknown,
    duration,
    timestamp,
)

DYN: Final = "dyn"
_MIN, _MAX = -(2**63), 2**63 - 1
_NANO = 1_000_000_000


@dataclass(frozen=True)
class Overload:
    """One way to call a function.

    Args:
        parameters: types of the arguments, the receiver's first; ``dyn`` takes any.
        result: type of what it gives.
        apply: does it. Raises `CelError`.
    """

    parameters: tuple[str, ...]
    result: str
    apply: Callable[..., Any]


Functions = Mapping[str, Sequence[Overload]]


def type_of(value: object) -> str:
    """The language's name for the type of a value."""
    if value is None:
        return "null_type"
    names = {
        bool: "bool",
        int: "int",
        float: "double",
        str: "string",
        Timestamp: "timestamp",
        Duration: "duration",
        tuple: "list",
        dict: "map",
        Unknown: DYN,
    }
    return names[type(value)]


def fits(parameter: str, argument: str) -> bool:
    """Whether an argument of a type may stand for a parameter."""
    return parameter == argument or DYN in (parameter, argument)


def is_key(value: object) -> bool:
    """Whether a value may be the key of a map."""
    return isinstance(value, bool | int | str)


def _int(value: int) -> int:
    if not _MIN <= value <= _MAX:
        raise CelError("integer overflow")
    return value


def _divided(left: int, right: int) -> int:
    if right == 0:
        raise CelError("divide by zero")
    quotient = abs(left) // abs(right)
    return _int(quotient if (left < 0) == (right < 0) else -quotient)


def _rest(left: int, right: int) -> int:
    if right == 0:
        raise CelError("modulus by zero")
    return left - right * _divided(left, right)


def _quotient(left: float, right: float) -> float:
    if right == 0:
        return (
            math.nan
            if left == 0 or math.isnan(left)
            else math.copysign(math.inf, left) * (math.copysign(1, right))
        )
    return left / right


def _item(items: tuple[Any, ...], index: int) -> Any:  # noqa: ANN401 - any value
    if not 0 <= index < len(items):
        raise CelError("index out of bounds")
    return items[index]


def _entry(entries: dict[Any, Any], key: object) -> Any:  # noqa: ANN401 - any value
    if not is_key(key) or key not in entries:
        raise CelError(f"no such key: {key}")
    return entries[key]


def equal(left: object, right: object) -> bool:
    """Whether two values are the same, those of different types never being so."""
    if type(left) is not type(right):
        return False
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(equal, left, right))
    return left == right


def _extract(text: str, template: str) -> str:
    """The part of a text that a template's ``{name}`` stands for; empty when it does not fit.

    As documented for IAM: what stands before the braces is looked for anywhere, the extracted part
    ends before what stands behind them, or with the text when nothing does.
    """
    before, opened, rest = template.partition("{")
    name, closed, after = rest.partition("}")
    if not opened or not closed or not name:
        raise CelError("the template of extract() needs one {name}")
    start = text.find(before)
    if start < 0:
        return ""
    start += len(before)
    end = text.find(after, start) if after else len(text)
    return text[start:end] if end >= 0 else ""


def _getter(take: Callable[[dt.datetime], int]) -> tuple[Overload, ...]:
    return (
        Overload(("timestamp",), "int", lambda moment: take(moment.local("UTC"))),
        Overload(("timestamp", "string"), "int", lambda moment, zone: take(moment.local(zone))),
    )


def _span(unit: int) -> Overload:
    return Overload(
        ("duration",),
        "int",
        lambda span: int(math.copysign(1, span.nanos)) * (abs(span.nanos) // unit),
    )


def _both(kind: str, result: str, apply: Callable[..., Any]) -> Overload:
    return Overload((kind, kind), result, apply)


def _ordered(compare: Callable[[Any, Any], bool]) -> tuple[Overload, ...]:
    kinds = ("bool", "int", "double", "string", "timestamp", "duration")
    return tuple(_both(kind, "bool", compare) for kind in kinds)


STANDARD: Final[Functions] = {
    "_+_": (
        _both("int", "int", lambda left, right: _int(left + right)),
        _both("double", "double", operator.add),
        _both("string", "string", operator.add),
        Overload(("timestamp", "duration"), "timestamp", lambda a, b: Timestamp(a.nanos + b.nanos)),
        Overload(("duration", "timestamp"), "timestamp", lambda a, b: Timestamp(a.nanos + b.nanos)),
        _both("duration", "duration", lambda a, b: Duration(a.nanos + b.nanos)),
        _both("list", "list", operator.add),
    ),
    "_-_": (
        _both("int", "int", lambda left, right: _int(left - right)),
        _both("double", "double", operator.sub),
        _both("timestamp", "duration", lambda a, b: Duration(a.nanos - b.nanos)),
        Overload(("timestamp", "duration"), "timestamp", lambda a, b: Timestamp(a.nanos - b.nanos)),
        _both("duration", "duration", lambda a, b: Duration(a.nanos - b.nanos)),
    ),
    "_*_": (
        _both("int", "int", lambda left, right: _int(left * right)),
        _both("double", "double", operator.mul),
    ),
    "_/_": (_both("int", "int", _divided), _both("double", "double", _quotient)),
    "_%_": (_both("int", "int", _rest),),
    "-_": (
        Overload(("int",), "int", lambda value: _int(-value)),
        Overload(("double",), "double", operator.neg),
    ),
    "!_": (Overload(("bool",), "bool", operator.not_),),
    "_<_": _ordered(operator.lt),
    "_<=_": _ordered(operator.le),
    "_>_": _ordered(operator.gt),
    "_>=_": _ordered(operator.ge),
    "@in": (
        Overload((DYN, "list"), "bool", lambda one, items: any(equal(one, item) for item in items)),
        Overload((DYN, "map"), "bool", lambda key, entries: is_key(key) and key in entries),
    ),
    "_[_]": (
        Overload(("list", "int"), DYN, _item),
        Overload(("map", DYN), DYN, _entry),
    ),
    "timestamp": (Overload(("string",), "timestamp", timestamp),),
    "duration": (Overload(("string",), "duration", duration),),
    "startsWith": (_both("string", "bool", str.startswith),),
    "endsWith": (_both("string", "bool", str.endswith),),
    "extract": (_both("string", "string", _extract),),
    "getFullYear": _getter(lambda day: day.year),
    "getMonth": _getter(lambda day: day.month - 1),
    "getDate": _getter(lambda day: day.day),
    "getDayOfMonth": _getter(lambda day: day.day - 1),
    "getDayOfWeek": _getter(lambda day: day.isoweekday() % 7),
    "getDayOfYear": _getter(lambda day: day.timetuple().tm_yday - 1),
    "getHours": (*_getter(lambda day: day.hour), _span(3600 * _NANO)),
    "getMinutes": (*_getter(lambda day: day.minute), _span(60 * _NANO)),
    "getSeconds": (*_getter(lambda day: day.second), _span(_NANO)),
    "getMilliseconds": _getter(lambda day: day.microsecond // 1000),
}
"""Operators, and those functions of the language that IAM's documentation names.

``==``, ``!=``, ``&&``, ``||`` and ``?:`` are no functions: they can be told without all operands.
"""
