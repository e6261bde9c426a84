"""When a condition can hold: from when, until when. Pure.

Between two of the times that an expression names nothing changes but what depends on the hour, day
or month, so it is asked once for every stretch between them.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from provision.conditions.evaluation import Evaluation
from provision.conditions.request import Request, context_of
from provision.conditions.syntax import Call, Literal, Node, parse
from provision.conditions.times import FIRST, LAST, datetime_of, instant_of, year_begins
from provision.conditions.tokens import MAX_INT
from provision.conditions.truth import HOLDS, Truth
from provision.conditions.values import Instant, Range, Span, Type

_MAX_POINTS = 100
"""Times that are looked at; a condition of 12 logical operators names far fewer."""

_COMPARING = frozenset({"<", "<=", ">", ">=", "==", "!=", "in"})


class Stretch(NamedTuple):
    """What a condition comes to between two moments, both included."""

    first: Instant
    last: Instant
    truth: Truth

    @property
    def open(self) -> bool:
        """Whether the condition can hold at all."""
        return bool(self.truth.possible & HOLDS)


class Window(NamedTuple):
    """When a condition can hold; None is no bound.

    Args:
        since: the first moment.
        until: the first moment after the last one; later it never holds again.
    """

    since: datetime | None
    until: datetime | None


@lru_cache(maxsize=1024)
def stretches(expression: str, kind: str = "service") -> tuple[Stretch, ...]:
    """What it comes to at any time, from the year 1 to 9999, all else of the request unknown.

    Args:
        expression: that can be read.
        kind: of the target.

    Raises:
        ConditionSyntaxError: if it cannot be read.
    """
    tree = parse(expression)
    context = context_of(Request(kind=kind))
    found = []
    for first, last in _cuts(_points(tree)):
        moment = Instant(first) if first == last else Range(Type.TIMESTAMP, first, last)
        there = context._replace(attributes={**context.attributes, "request.time": moment})
        found.append(Stretch(Instant(first), Instant(last), Evaluation(there).truth(tree)))
    return tuple(found)


def window(expression: str, kind: str = "service") -> Window | None:
    """When it can hold; None when it never can.

    Raises:
        ConditionSyntaxError: if it cannot be read.
    """
    held = [one for one in stretches(expression, kind) if one.open]
    if not held:
        return None
    since, until = held[0].first, held[-1].last
    return Window(
        None if since == FIRST else datetime_of(since),
        None if until == LAST else datetime_of(Instant(until.nanos + 1)),
    )


def remaining(expression: str, now: datetime, kind: str = "service") -> tuple[Stretch, ...]:
    """The stretches from the one with `now` in it.

    Raises:
        ConditionSyntaxError: if it cannot be read.
    """
    moment = instant_of(now)
    return tuple(one for one in stretches(expression, kind) if moment <= one.last)


def _points(tree: Node) -> list[int]:
    """Moments at which something may change: those it names, moved by durations beside them."""
    found = set(_years(tree))
    for node in tree.walk():
        if isinstance(node.form, Call) and node.form.function in _COMPARING:
            found.update(_named(node))
    inside = (point for point in found if FIRST.nanos <= point <= LAST.nanos)
    return sorted(inside)[:_MAX_POINTS]


def _named(comparison: Node) -> Iterator[int]:
    nothing = Evaluation(context_of(Request()))
    instants, spans = set[int](), {0}
    for node in comparison.walk():
        if not isinstance(node.form, Call):
            continue
        if node.form.function == "-":  # where the difference of two times becomes too large
            spans.update((MAX_INT, -MAX_INT - 1))
        match nothing.value(node):
            case Instant(nanos):
                instants.add(nanos)
            case Span(nanos):
                spans.update((nanos, -nanos))
    yield from (moment + span for moment in instants for span in spans)


def _years(tree: Node) -> Iterator[int]:
    """The moments at which the years that it names begin, in the time zones that it names."""
    zones, years = set[str](), set[int]()
    for node in tree.walk():
        match node.form:
            case Call("getFullYear", _, ()):
                zones.add("UTC")
            case Call("getFullYear", _, (Node(Literal(str(zone))),)):
                zones.add(zone)
            case Literal(value) if type(value) is int:
                years.update((value, value + 1))
    for zone in zones:
        begun = (year_begins(year, zone) for year in years)
        yield from (moment.nanos for moment in begun if moment is not None)


def _cuts(points: list[int]) -> Iterator[tuple[int, int]]:
    """From the first to the last moment, cut before, at and after each point."""
    start = FIRST.nanos
    for point in points:
        if start < point:
            yield start, point - 1
        yield point, point
        start = point + 1
    if start <= LAST.nanos:
        yield start, LAST.nanos
