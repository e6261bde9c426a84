"""Sets of principals by how sure it is that they may: four of them, each within the next. Pure.

What somebody may is as sure as the least sure step to it, and of several ways the surest counts. On
nested sets, "at least so sure", that is an intersection and a union for each degree.
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

DEGREES = 4
"""Yes; while something of the request holds; perhaps; perhaps, as it is with a great many."""


class Held(Protocol):
    """What `Judge.holders` answers: bitsets that share no bit."""

    @property
    def can(self) -> int:
        """Who may."""

    @property
    def while_(self) -> int:
        """Who may while something of the request holds."""

    @property
    def unknown(self) -> int:
        """Of whom it is not known."""

    @property
    def rest(self) -> tuple[str, ...]:
        """Why it is not known of others either."""

    @property
    def rest_mask(self) -> int:
        """Those others."""


class Degrees(NamedTuple):
    """Bitsets of principals, the surest first, each within the next."""

    can: int = 0
    while_: int = 0
    unknown: int = 0
    rest: int = 0

    def either(self, other: "Degrees") -> "Degrees":
        """Who is in one of them, or both."""
        if other is NOBODY or self is other:
            return self
        if self is NOBODY:
            return other
        can = self[0] | other[0]
        # Large sets that are equal stay one object.
        plain = self[1] is self[0] and other[1] is other[0]
        while_ = can if plain else self[1] | other[1]
        known = self[2] is self[1] and other[2] is other[1]
        unknown = while_ if known else self[2] | other[2]
        told = self[3] is self[2] and other[3] is other[2]
        return Degrees(can, while_, unknown, unknown if told else self[3] | other[3])

    def both(self, other: "Degrees") -> "Degrees":
        """Who is in both; as sure as the less sure of the two."""
        can = self[0] & other[0]
        plain = self[1] is self[0] and other[1] is other[0]
        while_ = can if plain else self[1] & other[1]
        known = self[2] is self[1] and other[2] is other[1]
        unknown = while_ if known else self[2] & other[2]
        told = self[3] is self[2] and other[3] is other[2]
        return Degrees(can, while_, unknown, unknown if told else self[3] & other[3])

    def within(self, some: int) -> "Degrees":
        """Those of them that are among some."""
        can = self[0] & some
        while_ = can if self[1] is self[0] else self[1] & some
        unknown = while_ if self[2] is self[1] else self[2] & some
        return Degrees(can, while_, unknown, unknown if self[3] is self[2] else self[3] & some)

    @property
    def named(self) -> "Degrees":
        """Without those of whom nothing is known but what is not known of a great many."""
        return self if self[3] is self[2] else Degrees(self[0], self[1], self[2], self[2])

    def doubted(self) -> "Degrees":
        """The same principals, of all of whom it is not known."""
        return Degrees(0, 0, self.unknown, self.rest)


NOBODY = Degrees()


def nested(held: Held) -> Degrees:
    """The holders of a permission."""
    can = held.can
    while_ = can | held.while_ if held.while_ else can
    unknown = while_ | held.unknown if held.unknown else while_
    rest = unknown | held.rest_mask if held.rest_mask else unknown
    return Degrees(can, while_, unknown, rest) if rest else NOBODY


def union(some: Iterable[Degrees]) -> Degrees:
    """Who is in any of them."""
    found = NOBODY
    for one in some:
        found = found.either(one)
    return found
