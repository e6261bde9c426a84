"""Who is in which group, by the records alone: for rules about the groups themselves. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cached_property

from provision.snapshot.records import Group


class Kin:
    """Memberships that count at a time.

    Args:
        groups: as read.
        at: the time; memberships that ended by then do not count.
    """

    def __init__(self, groups: Iterable[Group], at: datetime) -> None:
        self._groups = tuple(groups)
        self._at = at
        self._above: dict[str, frozenset[str]] = {}

    @cached_property
    def _parents(self) -> dict[str, set[str]]:
        found = defaultdict[str, set[str]](set)
        for group in self._groups:
            for one in group.members:
                if one.expires is None or one.expires > self._at:
                    found[one.member].add(group.member)
        return found

    def direct(self, member: str) -> frozenset[str]:
        """The groups that have it as a member themselves."""
        return frozenset(self._parents.get(member, ()))

    def groups(self, member: str) -> frozenset[str]:
        """The groups that it is in, through others as well; groups may contain each other."""
        found = self._above.get(member)
        if found is None:
            seen, left = set[str](), [member]
            while left:
                for group in self._parents.get(left.pop(), ()):
                    if group not in seen:
                        seen.add(group)
                        left.append(group)
            found = self._above[member] = frozenset(seen)
        return found

    def within(self, wanted: Callable[[str], bool]) -> dict[str, frozenset[str]]:
        """Members of groups that are `wanted`, by name, with all the groups they are in."""
        return {name: self.groups(name) for name in sorted(self._parents) if wanted(name)}
