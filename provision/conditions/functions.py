"""The functions and operators of the condition language, on known values. Pure.

CEL's own, and IAM's ``date``, ``extract`` and ``hasOnly``
(iam/docs/conditions-attribute-reference). Those that ask about the request are in `evaluate`.
"""

import operator
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from provision.conditions import times
from provision.conditions.tokens import MAX_INT
from provision.conditions.values import (
    Failed,
    Instant,
    Map,
    Range,
    Span,
    Type,
    Unknown,
    Value,
    shown,
    type_of,
)

B, I, D, S = Type.BOOL, Type.INT, Type.DOUBLE, Type.STRING  # noqa: E741 - one letter a column below
T, P, L, M = Type.TIMESTAMP, Type.DURATION, Type.LIST, Type.MAP
TIME = frozenset({"request.time"})


class Overload(NamedTuple):
    """A function for arguments of certain types.

    Args:
        arguments: their types, that of the target first.
        result: the type of what it answers.
        apply: what it does with known values.
        between: what it does when one or more of them is a `Range`; None: nothing can be told.
    """

    arguments: tuple[Type, ...]
    result: Type
    apply: Callable[..., Any]
    between: Callable[..., Value] | None = None

    def takes(self, types: tuple[Type, ...]) -> bool:
        """Whether arguments of these types fit; what is not known fits anything."""
        if len(types) != len(self.arguments):
            return False
        for given, wanted in zip(types, self.arguments, strict=True):
            if given is not wanted and given is not Type.ANY and wanted is not Type.ANY:
                return False
        return True


def overloads(name: str) -> tuple[Overload, ...]:
    """All that a name can mean; empty for what is no function of the language."""
    return _TABLE.get(name, ())


def equal(left: Value, right: Value) -> bool:
    """Whether two known values are the same; those of two types never are."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, Map) and isinstance(right, Map):
        return len(left.entries) == len(right.entries) and all(
            (found := entry(right, key)) is not None and equal(value, found[0])
            for key, value in left.entries
        )
    return type_of(left) is type_of(right) and left == right


def entry(entries: Map, key: Value) -> tuple[Value] | None:
    """What stands under `key`, if anything does."""
    return next(((value,) for name, value in entries.entries if equal(name, key)), None)


def extract(text: str, template: str) -> str | Failed:
    """What stands in `text` where the braces of `template` are, ``before{name}after``.

    Args:
        text: any.
        template: one name in braces; what is around it is looked for as it stands.
    """
    found = re.fullmatch(r"([^{}]*)\{[A-Za-z0-9_]+\}([^{}]*)", template)
    if found is None:
        return Failed(f"extract({shown(template)!r}) has no single name in braces")
    before, after = found.groups()
    start = text.find(before)
    if start < 0:
        return ""
    start += len(before)
    end = text.find(after, start) if after else len(text)
    return text[start:end] if end >= 0 else ""


def _whole(value: int) -> Value:
    return (
        value if -MAX_INT - 1 <= value <= MAX_INT else Failed("a number that 64 bits cannot hold")
    )


def _divided(left: int, right: int) -> Value:
    if right == 0:
        return Failed("a division by zero")
    found = abs(left) // abs(right)
    return _whole(found if (left < 0) is (right < 0) else -found)


def _remainder(left: int, right: int) -> Value:
    if right == 0:
        return Failed("a division by zero")
    if (left, right) == (-MAX_INT - 1, -1):
        return Failed("a number that 64 bits cannot hold")
    found = abs(left) % abs(right)
    return -found if left < 0 else found


def _quotient(left: float, right: float) -> float:
    if right:
        return left / right
    same_sign = (str(left)[0] == "-") is (str(right)[0] == "-")
    return float("nan") if left in (0, float("nan")) else float("inf" if same_sign else "-inf")


def _ends(value: Value) -> tuple[int, int]:
    match value:
        case Range(_, low, high):
            return low, high
        case Instant(nanos) | Span(nanos):
            return nanos, nanos
    return value, value  # type: ignore[return-value] # an int, by the overload


def _untold(result: Type = B) -> Unknown:
    return Unknown(result, "it depends on the time", TIME)


def _compared(sign: str, left: Value, right: Value) -> Value:
    """Two values of which one or both lie between bounds."""
    test: Callable[[int, int], bool] = getattr(operator, _COMPARISONS[sign])
    (low, high), (least, most) = _ends(left), _ends(right)
    found = {test(low, most), test(high, least)}
    return found.pop() if len(found) == 1 else _untold()


def equal_between(left: Value, right: Value) -> Value:
    """Whether two values, of which one or both lie between bounds, are the same."""
    (low, high), (least, most) = _ends(left), _ends(right)
    if high < least or most < low:
        return False
    return low == high == least == most or _untold()


def _found_between(item: Value, items: tuple[Value, ...]) -> Value:
    alike = [other for other in items if type_of(other) is type_of(item)]
    found = [equal_between(item, other) for other in alike]
    return _untold() if any(isinstance(one, Unknown) for one in found) else True in found


def _shifted(sign: int, left: Value, right: Value) -> Value:
    """A timestamp or duration that lies between bounds, moved; at most to the year 9999."""
    low, high = _ends(left)
    least, most = _ends(right)
    ends = (low + sign * (least if sign > 0 else most), high + sign * (most if sign > 0 else least))
    types = (type_of(left), type_of(right))
    result = P if types[0] is types[1] else T
    if result is T:
        first, last = times.FIRST.nanos, times.LAST.nanos
        return Range(T, min(max(ends[0], first), last), min(max(ends[1], first), last))
    told = [times.reckoned(end) for end in ends]
    if all(isinstance(end, Span) for end in told):
        return Range(P, *ends)
    # Where part of it is too long, `window` looks at the rest apart.
    beyond = ends[0] > MAX_INT or ends[1] < -MAX_INT - 1
    return next(end for end in told if isinstance(end, Failed)) if beyond else _untold(P)


_COMPARISONS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def _comparing() -> Iterator[tuple[str, Overload]]:
    for sign, name in _COMPARISONS.items():
        for kind in (B, I, D, S, T, P):
            between = partial(_compared, sign) if kind in (I, T, P) else None
            yield sign, Overload((kind, kind), B, getattr(operator, name), between)


def _reading() -> Iterator[tuple[str, Overload]]:
    for getter in times.GETTERS:
        read, between = partial(times.read_off, getter), partial(times.read_off_range, getter)
        yield getter, Overload((T,), I, read, between)
        yield getter, Overload((T, S), I, read, between)
    for getter in times.SPANS:
        yield getter, Overload((P,), I, partial(times.read_off_span, getter))


def _summing() -> Iterator[tuple[str, Overload]]:
    def spans(sign: int) -> Callable[[Span, Span], Value]:
        return lambda left, right: times.reckoned(left.nanos + sign * right.nanos)

    later, earlier = partial(_shifted, 1), partial(_shifted, -1)
    yield "+", Overload((T, P), T, times.moved, later)
    yield "+", Overload((P, T), T, lambda span, moment: times.moved(moment, span), later)
    yield "+", Overload((P, P), P, spans(1), later)
    yield "-", Overload((P, P), P, spans(-1), earlier)
    yield (
        "-",
        Overload((T, P), T, lambda moment, span: times.moved(moment, Span(-span.nanos)), earlier),
    )
    yield (
        "-",
        Overload((T, T), P, lambda left, right: times.reckoned(left.nanos - right.nanos), earlier),
    )


_ARITHMETIC = (
    ("+", Overload((I, I), I, lambda left, right: _whole(left + right))),
    ("-", Overload((I, I), I, lambda left, right: _whole(left - right))),
    ("*", Overload((I, I), I, lambda left, right: _whole(left * right))),
    ("/", Overload((I, I), I, _divided)),
    ("%", Overload((I, I), I, _remainder)),
    ("neg", Overload((I,), I, lambda value: _whole(-value))),
    ("+", Overload((D, D), D, operator.add)),
    ("-", Overload((D, D), D, operator.sub)),
    ("*", Overload((D, D), D, operator.mul)),
    ("/", Overload((D, D), D, _quotient)),
    ("neg", Overload((D,), D, operator.neg)),
)
_WORDS = (
    ("+", Overload((S, S), S, operator.add)),
    ("+", Overload((L, L), L, operator.add)),
    ("startsWith", Overload((S, S), B, str.startswith)),
    ("endsWith", Overload((S, S), B, str.endswith)),
    ("contains", Overload((S, S), B, str.__contains__)),
    ("extract", Overload((S, S), S, extract)),
    ("size", Overload((S,), I, len)),
    ("size", Overload((L,), I, len)),
    ("size", Overload((M,), I, lambda entries: len(entries.entries))),
    ("in", Overload((Type.ANY, M), B, lambda key, entries: entry(entries, key) is not None)),
    (
        "in",
        Overload(
            (Type.ANY, L),
            B,
            lambda item, items: any(equal(item, one) for one in items),
            _found_between,
        ),
    ),
    (
        "hasOnly",
        Overload(
            (L, L),
            B,
            lambda items, allowed: all(
                any(equal(one, other) for other in allowed) for one in items
            ),
        ),
    ),
    ("timestamp", Overload((S,), T, times.timestamp)),
    ("timestamp", Overload((T,), T, lambda moment: moment)),
    ("duration", Overload((S,), P, times.duration)),
    ("duration", Overload((P,), P, lambda span: span)),
    ("date", Overload((S,), T, times.day)),
)


def _table() -> dict[str, tuple[Overload, ...]]:
    found: dict[str, tuple[Overload, ...]] = {}
    for name, overload in (*_comparing(), *_reading(), *_summing(), *_ARITHMETIC, *_WORDS):
        found[name] = (*found.get(name, ()), overload)
    return found


_TABLE = _table()
