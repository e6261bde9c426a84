"""Sets of principals as few places, or as bits of which there are few different ones. Pure.

Of tens of thousands of accounts most have a handful of principals of their own: as bits of an
integer each would take as much as everybody.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import NamedTuple

from provision.audit.closure import positions
from provision.audit.degrees import DEGREES, NOBODY, Degrees


class Few(NamedTuple):
    """A set of principals.

    Args:
        ones: places of some.
        bulks: numbers of `Bulks.bits` that hold others.
    """

    ones: tuple[int, ...] = ()
    bulks: tuple[int, ...] = ()

    def joined(self, other: "Few") -> "Few":
        """With those of another."""
        if not self.ones and not self.bulks:
            return other
        return Few((*self.ones, *other.ones), (*self.bulks, *other.bulks))


Share = tuple[Few, ...]
"""One for each degree, each with all of those before."""

_NONE = Few()
_TRIED = 32
"""Bulks with which another is compared, before it counts as one of its own."""
NO_SHARE: Share = (_NONE,) * DEGREES


def joined(one: Share, other: Share) -> Share:
    """Both, degree by degree."""
    if other is NO_SHARE:
        return one
    if one is NO_SHARE:
        return other
    found: list[Few] = []
    for degree in range(DEGREES):
        same = degree and one[degree] is one[degree - 1] and other[degree] is other[degree - 1]
        found.append(found[-1] if same else one[degree].joined(other[degree]))
    return tuple(found)


def at_rest(ones: Collection[int]) -> Share:
    """Places that are in the last degree alone."""
    return (*NO_SHARE[1:], Few(tuple(ones))) if ones else NO_SHARE


Taken = tuple[tuple[int, int], ...]
"""Of each permission, from whom it is surely taken away, and from whom perhaps."""


class Parts(NamedTuple):
    """What leads onto an account.

    Args:
        access: who comes by its access tokens.
        ids: who comes by its ID tokens.
        last_access: who does as the last of a chain of delegates.
        last_ids: likewise.
        link: who may name it as a delegate.
    """

    access: Share = NO_SHARE
    ids: Share = NO_SHARE
    last_access: Share = NO_SHARE
    last_ids: Share = NO_SHARE
    link: Share = NO_SHARE

    def differs(self, degree: int) -> bool:
        """Whether a degree has anybody whom the one before has not."""
        return any(share[degree] is not share[degree - 1] for share in self)

    def with_more(self, more: Share) -> "Parts":
        """With others who come by either token."""
        if more is NO_SHARE:
            return self
        return self._replace(access=joined(self.access, more), ids=joined(self.ids, more))


NO_PARTS = Parts()


@dataclass
class Bulks:
    """Large sets; those that differ by few are one.

    Args:
        most: how many places are few.
    """

    most: int
    bits: list[int] = field(default_factory=list)

    def share(self, who: Degrees) -> Share:
        """The same principals."""
        if who is NOBODY:
            return NO_SHARE
        found: list[Few] = []
        before, few = 0, _NONE
        for bits in who:
            if bits is not before and bits != before:
                few = few.joined(self._few(bits ^ before, bits))
                before = bits
            found.append(few)
        return tuple(found)

    def holds(self, one: Few, other: Few) -> bool:
        """Whether all of the other are in one."""
        if one is other:
            return True
        more = set(other.ones).difference(one.ones)
        bulks = reduce(or_, (self.bits[number] for number in one.bulks), 0)
        if not all(bulks >> place & 1 for place in more):
            return False
        for place in one.ones if other.bulks else ():
            bulks |= 1 << place
        return not any(self.bits[number] & ~bulks for number in other.bulks)

    def _few(self, bits: int, whole: int) -> Few:
        """Bits of a set, of which those that it has anyway may be told again."""
        if bits.bit_count() <= self.most:
            return Few(tuple(positions(bits)))
        for number in range(max(0, len(self.bits) - _TRIED), len(self.bits)):
            if not self.bits[number] & ~whole:
                more = bits & ~self.bits[number]
                if more.bit_count() <= self.most:
                    return Few(tuple(positions(more)), (number,))
        self.bits.append(bits)
        return Few((), (len(self.bits) - 1,))
