"""Where everybody stands with each target in two audits, and who moved. Pure."""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from provision.audit import Audit
from provision.audit.answers import Verdict
from provision.audit.forms import ANYBODY
from provision.audit.holding import NONE
from provision.snapshot import Snapshot
from provision.snapshot.records import Group, Membership

EVERYBODY_ELSE = "everybody else"
"""All whom neither snapshot names: when it is not known of them what was, or the reverse."""

_BEARER = "group:named-by-the-other@snapshot.invalid"
_DEGREES = (Verdict.CAN, Verdict.WHILE, Verdict.UNKNOWN)


class Move(NamedTuple):
    """One whose verdict changed; `causes` are places in the list of changes."""

    principal: str
    before: Verdict
    after: Verdict
    position: int
    members: int = 0
    causes: tuple[int, ...] = ()

    @property
    def gained(self) -> bool:
        """Whether it is a stronger verdict than before."""
        return self.after.rank < self.before.rank


Moves: TypeAlias = tuple[Move, ...]
_Bits: TypeAlias = tuple[int, int, int]


class Stand(NamedTuple):
    """Where everybody stands with one target, in bits of the universe.

    Args:
        bits: who can, who can while something holds, who perhaps can.
        via: who can as somebody else.
        rest: those of whom it is not known for a reason that is the same for all.
        unnamed: what is so of all whom no snapshot names.
    """

    bits: _Bits = (0, 0, 0)
    via: int = 0
    rest: int = 0
    unnamed: Verdict = Verdict.CANNOT

    @property
    def any(self) -> int:
        """Whoever gets in, or may."""
        can, while_, unknown = self.bits
        return can | while_ | unknown


class Standings:
    """Both audits with one universe: whoever either snapshot names is asked about in both.

    Args:
        old: the earlier.
        new: the later.
    """

    def __init__(self, old: Audit, new: Audit) -> None:
        self.old, self.new = _alike(old, new)
        self.universe = self.new.judge.universe
        self._everybody = self.universe.all & ~self.universe.mask(_BEARER)
        self._extents: dict[tuple[bool, str], int] = {}
        self._stands: dict[tuple[bool, str], Stand] = {}
        self._moves: dict[tuple[Stand, Stand], Moves] = {}

    def stand(self, target: str, *, later: bool) -> Stand:
        """Where everybody stands with a target; with one that is not there nobody does."""
        key = (later, target)
        if key not in self._stands:
            self._stands[key] = self._stand(target, later=later)
        return self._stands[key]

    def _stand(self, target: str, *, later: bool) -> Stand:
        audit = self.new if later else self.old
        found = audit.find_target(target)
        if found is None:
            return Stand()
        direct = NONE
        for entrance in audit.gates.entrances(found):
            direct = direct.joined(entrance.holders)
        every = direct.joined(audit.indirect.impersonating(found))
        can, while_ = every.can, every.while_
        rest = every.rest_mask & ~can & ~while_ & ~every.unknown & ~audit.judge.inert
        unnamed = Verdict.UNKNOWN if every.rest else Verdict.CANNOT
        if direct.can & self.universe.mask(ANYBODY):
            unnamed = Verdict.CAN
        via = every.any & ~direct.any
        return Stand((can, while_, every.unknown | rest), via, rest, unnamed)

    def extent(self, member: str, *, later: bool) -> int:
        """Everybody who is in a member of a policy, or may be, itself with them."""
        key = (later, member)
        if key not in self._extents:
            found = (self.new if later else self.old).judge.members(member)
            self._extents[key] = found.sure | found.maybe | self.universe.mask(member)
        return self._extents[key]

    def moves(self, target: str) -> Moves | None:
        """Whose verdict on a target changed, sets before others; None for nobody's."""
        before, after = self.stand(target, later=False), self.stand(target, later=True)
        if before.bits == after.bits and before.unnamed is after.unnamed:
            return None
        key = (before, after)
        if key not in self._moves:
            self._moves[key] = tuple(self._between(before, after))
        return self._moves[key] or None

    def _between(self, before: Stand, after: Stand) -> Iterator[Move]:
        was, is_ = self._by_verdict(before), self._by_verdict(after)
        apart = self._everybody
        unnamed = before.unnamed, after.unnamed
        if unnamed[0] is not unnamed[1] and Verdict.CAN not in unnamed:  # which `allUsers` tells
            others = (before.rest | after.rest) & was[unnamed[0]] & is_[unnamed[1]] & apart
            apart &= ~others
            yield Move(EVERYBODY_ELSE, *unnamed, -1, self._count(others))
        for first, some in was.items():
            for second, others in is_.items():
                moved = some & others & apart
                if first is not second and moved:
                    yield from self._told(moved, first, second)

    def _by_verdict(self, stand: Stand) -> dict[Verdict, int]:
        found = dict(zip(_DEGREES, stand.bits, strict=True))
        return {**found, Verdict.CANNOT: self._everybody & ~stand.any}

    def _count(self, bits: int) -> int:
        """How many of them are no sets."""
        return (bits & ~self.universe.sets).bit_count()

    def _told(self, moved: int, before: Verdict, after: Verdict) -> Iterator[Move]:
        """Sets that moved, the largest first, and those who moved and are in none of them."""
        later = after.rank < before.rank
        sets = list(self.universe.members(moved & self.universe.sets))
        within = {one: self.extent(one, later=later) & moved for one in sets}
        folded = 0
        for one in sorted(sets, key=lambda name: (-within[name].bit_count(), name)):
            own = self.universe.mask(one)
            if not own & folded:
                inside = within[one] & ~own
                folded |= inside
                yield Move(one, before, after, _position(own), self._count(inside))
        for one in self.universe.members(moved & ~self.universe.sets & ~folded):
            yield Move(one, before, after, _position(self.universe.mask(one)))


def _position(mask: int) -> int:
    return mask.bit_length() - 1


def _alike(old: Audit, new: Audit) -> tuple[Audit, Audit]:
    """Both with the same universe; anew where one snapshot names somebody whom the other does not.

    A group that nothing binds bears the names that are missing.
    """
    before, after = set(old.judge.universe.names), set(new.judge.universe.names)
    if before == after:
        return old, new
    every = before | after
    return _bearing(old, every - before), _bearing(new, every - after)


def _bearing(audit: Audit, missing: set[str]) -> Audit:
    members = tuple(Membership(name) for name in sorted(missing))
    records = (*audit.snapshot, Group(_BEARER, members))
    return Audit(Snapshot.of(records), audit.at)
