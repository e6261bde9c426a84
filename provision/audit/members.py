"""Who is in what: groups within groups, and sets by what somebody is; both ways round. Pure.

Downward (`extent`) for everybody at once, in bits; upward (`belonging`) for one, with the way.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from provision.audit.forms import Sort, form, normal
from provision.audit.index import Index
from provision.audit.kinship import Kinship
from provision.audit.universe import Universe, named
from provision.snapshot.records import Group, Part


class Extent(NamedTuple):
    """Who is in a member of a policy, as bits.

    Args:
        sure: in it, its own bit with them.
        maybe: perhaps in it, each for a reason of their own.
        vague: perhaps in it, for a reason that is the same for all: `rest`.
        rest: those reasons.
    """

    sure: int
    maybe: int = 0
    vague: int = 0
    rest: tuple[str, ...] = ()

    def joined(self, other: "Extent") -> "Extent":
        """Whoever is in one or the other."""
        if self is NOBODY:
            return other
        rest = self.rest if not other.rest else tuple(dict.fromkeys((*self.rest, *other.rest)))
        return Extent(
            self.sure | other.sure, self.maybe | other.maybe, self.vague | other.vague, rest
        )


NOBODY = Extent(0)


class Belonging(NamedTuple):
    """That somebody is in a set, or may be.

    Args:
        way: the sets from the innermost on, the last one being it; empty for oneself.
        doubts: why it is not known; empty when it is.
        expired: the group whose membership has ended; empty for none.
    """

    way: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    expired: str = ""

    @property
    def sure(self) -> bool:
        """Whether it is known, and has not ended."""
        return not self.doubts and not self.expired


@dataclass
class Members:
    """Membership at a time.

    Args:
        index: of the snapshot.
        at: when; memberships that ended by then do not count.
    """

    index: Index
    at: datetime
    _spelled: dict[str, Extent | int | None] = field(default_factory=dict)
    _belongings: dict[str, dict[str, Belonging]] = field(default_factory=dict)

    @cached_property
    def universe(self) -> Universe:
        """Everybody whom the snapshot names."""
        return Universe(named(self.index.snapshot))

    @cached_property
    def kinship(self) -> Kinship:
        """Sets by what somebody is."""
        return Kinship(self.index, tuple(self.universe.members(self.universe.sets)))

    @cached_property
    def _groups(self) -> dict[str, Group]:
        return {normal(group.member): group for group in self.index.snapshot.groups}

    @cached_property
    def unread_groups(self) -> dict[str, str]:
        """Groups of which not all members could be read, and why."""
        found = {}
        for name in self.universe.members(self.universe.sort(Sort.GROUP)):
            why = self.index.unread.get((name, Part.MEMBERS))
            if why is not None or name not in self._groups:
                found[name] = f"the members of {name} could not be read: {why or 'not read'}"
        return found

    @cached_property
    def joinable(self) -> int:
        """Whoever can be in a group: Google accounts, service accounts, other groups."""
        sorts = (Sort.USER, Sort.ACCOUNT, Sort.AGENT, Sort.GROUP)
        return self.universe.sort(*sorts)

    def extent(self, member: str) -> Extent:
        """Who is in a member of a policy, itself with them; nobody in a deleted one."""
        found = self._extents.get(member)
        return Extent(self.universe.mask(member)) if found is None else found

    def spelled(self, member: str) -> Extent | int | None:
        """The same of a member as policies spell it; of one who is not many, the position."""
        try:
            return self._spelled[member]
        except KeyError:
            name = normal(member)
            found: Extent | int | None = self._extents.get(name)
            if found is None:
                found = self.universe.bit(name)
            return self._spelled.setdefault(member, found)

    @cached_property
    def _extents(self) -> dict[str, Extent]:
        found = self._kin_extents()
        for name in self.universe.members(self.universe.sort(Sort.DELETED)):
            found[name] = NOBODY
        self._join_groups(found)
        self._join_basic(found)
        return found

    def _kin_extents(self) -> dict[str, Extent]:
        """The extents of all sets but groups."""
        universe, kinship = self.universe, self.kinship
        kinds: dict[object, list[str]] = {}
        for name in universe.names:
            kinds.setdefault(kinship.kind(name), []).append(name)
        sure: dict[str, int] = {}
        maybe: dict[str, int] = {}
        vague: dict[str, int] = {}
        rest: dict[str, dict[str, None]] = {}
        for names in kinds.values():
            bits = universe.masks(names)
            for kin in kinship.of(names[0]):
                into = vague if kin.general else maybe if kin.doubt else sure
                into[kin.set] = into.get(kin.set, 0) | bits
                if kin.general:
                    rest.setdefault(kin.set, {})[kin.doubt] = None
        sets = {*sure, *maybe, *vague}
        return {
            name: Extent(
                sure.get(name, 0) | universe.mask(name),
                maybe.get(name, 0),
                vague.get(name, 0),
                _few(rest.get(name, ())),
            )
            for name in sets
        }

    def _join_groups(self, found: dict[str, Extent]) -> None:
        """Fill in the groups: again and again until nothing is added, so that circles end."""
        universe = self.universe
        gone = universe.sort(Sort.DELETED)
        many = universe.sort(Sort.GROUP) | universe.masks(found)
        nested: dict[str, list[str]] = {}
        for name in universe.members(universe.sort(Sort.GROUP)):
            direct = universe.masks(self._current(name)) & ~gone
            nested[name] = list(universe.members(direct & many))
            unread = self.unread_groups.get(name)
            vague = (self.joinable, (unread,)) if unread else (0, ())
            found[name] = Extent(direct & ~many | universe.mask(name), 0, *vague)
        order = _innermost_first(nested)
        changed = True
        while changed:
            changed = False
            for name in order:
                grown = found[name]
                for one in nested[name]:
                    grown = grown.joined(found[one])
                if grown != found[name]:
                    found[name], changed = grown, True

    def _current(self, group: str) -> Iterator[str]:
        read = self._groups.get(group)
        if read is not None:
            yield from (normal(one.member) for one in read.members if self._lasts(one.expires))

    def _lasts(self, expires: datetime | None) -> bool:
        return expires is None or expires > self.at

    def _join_basic(self, found: dict[str, Extent]) -> None:
        """``projectEditor:ID`` and its like: documented for Cloud Storage alone."""
        for name in self.universe.members(self.universe.sort(Sort.BASIC)):
            inside, whole = 0, NOBODY
            for member in self._basic_members(name):
                one = found.get(member) or Extent(self.universe.mask(member))
                inside |= one.sure | one.maybe
                whole = whole.joined(one)
            home = f"projects/{form(name).home}"
            unread = self.index.unread_policy(home)
            vague = self.universe.all if unread else whole.vague
            rest = (*whole.rest, unread) if unread else whole.rest
            found[name] = Extent(self.universe.mask(name), inside, vague, rest)

    def _basic_members(self, name: str) -> Iterator[str]:
        told = form(name)
        for binding in self.index.policies.get(f"projects/{told.home}", ()):
            if binding.role == told.value:
                yield from map(normal, binding.members)

    @cached_property
    def _groups_of(self) -> dict[str, list[tuple[str, datetime | None]]]:
        """The groups that a name is directly in."""
        found: dict[str, list[tuple[str, datetime | None]]] = {}
        for name, group in self._groups.items():
            for one in group.members:
                found.setdefault(normal(one.member), []).append((name, one.expires))
        return found

    def belonging(self, principal: str) -> dict[str, Belonging]:
        """All that a principal is in or may be in, itself among them.

        Args:
            principal: in its normal spelling; named in the snapshot or not.
        """
        if principal not in self._belongings:
            self._belongings[principal] = self._climb(principal)
        return self._belongings[principal]

    def _climb(self, principal: str) -> dict[str, Belonging]:
        if form(principal).sort is Sort.DELETED:
            return {}
        found = {principal: Belonging()}
        for kin in self.kinship.of(principal):
            found[kin.set] = Belonging((kin.set,), (kin.doubt,) if kin.doubt else ())
        unread = self._unread_above(principal)
        found.update((name, one) for name, one in unread.items() if name not in found)
        # What is sure first: nothing then hides a surer way to the same set.
        for passing in (_is_sure, _is_live, _is_any):
            self._spread(found, passing)
        self._add_basic(found)
        return found

    def _unread_above(self, principal: str) -> dict[str, Belonging]:
        """Groups whose members are not known, so that anybody with a Google account may be one."""
        if form(principal).sort not in _JOINING:
            return {}
        return {name: Belonging((name,), (why,)) for name, why in self.unread_groups.items()}

    def _spread(self, found: dict[str, Belonging], passing: Callable[[Belonging], bool]) -> None:
        """Follow groups upward, by ways that pass a test, the shortest first."""
        queue = deque(
            sorted(
                (name for name in found if passing(found[name])),
                key=lambda name: len(found[name].way),
            )
        )
        while queue:
            name = queue.popleft()
            for group, expires in self._groups_of.get(name, ()):
                one = found[name]
                expired = one.expired or ("" if self._lasts(expires) else group)
                through = Belonging((*one.way, group), one.doubts, expired)
                known = found.get(group)
                if passing(through) and (known is None or _rank(through) < _rank(known)):
                    found[group] = through
                    queue.append(group)

    def _add_basic(self, found: dict[str, Belonging]) -> None:
        for name in self.universe.members(self.universe.sort(Sort.BASIC)):
            unread = self.index.unread_policy(f"projects/{form(name).home}")
            if unread:
                found.setdefault(name, Belonging((name,), (unread,)))
            for member in self._basic_members(name):
                one = found.get(member)
                if name not in found and one is not None and not one.expired:
                    why = f"{name} is documented for Cloud Storage alone"
                    found[name] = Belonging((*one.way, name), (*one.doubts, why))


def _innermost_first(nested: Mapping[str, Iterable[str]]) -> list[str]:
    """Groups after those within them, as far as there is no circle.

    Args:
        nested: by group the sets directly in it.
    """
    seen: set[str] = set()
    found: list[str] = []
    for start in nested:
        stack = [(start, False)]
        while stack:
            name, done = stack.pop()
            if done:
                found.append(name)
            elif name not in seen:
                seen.add(name)
                stack.append((name, True))
                stack.extend((one, False) for one in nested[name] if one in nested)
    return found


_JOINING = frozenset({Sort.USER, Sort.ACCOUNT, Sort.AGENT, Sort.GROUP})


def _is_sure(one: Belonging) -> bool:
    return one.sure


def _is_live(one: Belonging) -> bool:
    return not one.expired


def _is_any(one: Belonging) -> bool:  # noqa: ARG001 - one of three tests
    return True


def _rank(one: Belonging) -> tuple[bool, bool]:
    return (bool(one.expired), bool(one.doubts))


_SHOWN = 5


def _few(reasons: Iterable[str]) -> tuple[str, ...]:
    told = sorted(reasons)
    more = len(told) - _SHOWN
    return (*told[:_SHOWN], f"and {more} more such reasons") if more > 0 else tuple(told)
