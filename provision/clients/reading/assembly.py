"""From what single calls brought to a snapshot's records: each once, and put together. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from provision.snapshot.records import (
    Account,
    AnyRecord,
    Boundary,
    BoundaryBinding,
    Caller,
    Container,
    DenyPolicy,
    Group,
    Key,
    Part,
    Policy,
    Role,
    Tags,
    Target,
    Unread,
)

_NAMED: dict[type[Any], Any] = {
    Target: lambda one: one.name,
    Policy: lambda one: one.resource,
    DenyPolicy: lambda one: (one.resource, one.name),
    Boundary: lambda one: one.name,
    BoundaryBinding: lambda one: one.name,
    Role: lambda one: one.name,
    Account: lambda one: one.name,
    Key: lambda one: (one.account, one.id),
    Caller: lambda one: one.name,
    Tags: lambda one: one.resource,
}
"""What tells two records of a kind apart: a list that changes while it is read repeats some."""


@dataclass
class Assembly:
    """Records as they come, to records as they stay.

    Containers, groups and what could not be read are held back until all is there.
    """

    counts: Counter[str] = field(default_factory=Counter)
    unread: list[Unread] = field(default_factory=list)
    _seen: set[tuple[str, Any]] = field(default_factory=set)
    _containers: dict[str, Container] = field(default_factory=dict)
    _groups: dict[str, Group] = field(default_factory=dict)
    _unread: dict[Unread, None] = field(default_factory=dict)

    def take(self, record: AnyRecord) -> Iterator[AnyRecord]:
        """The record, when it is new and can be written at once."""
        match record:
            case Container():
                self._take_container(record)
            case Group():
                before = self._groups.get(record.member)
                members = (*before.members, *record.members) if before else record.members
                self._groups[record.member] = Group(record.member, members)
            case Unread():
                self._unread[record] = None
            case _:
                kind = type(record)
                name = (kind.__name__, _NAMED[kind](record))
                if name not in self._seen:
                    self._seen.add(name)
                    yield self._counted(record)

    def rest(self) -> Iterator[AnyRecord]:
        """Those that were held back."""
        self._add_unseen_parents()
        held: tuple[AnyRecord, ...] = (*self._containers.values(), *self._groups.values())
        for record in held:
            yield self._counted(record)
        for one in merged(self._without_found(self._unread)):
            self.unread.append(one)
            yield self._counted(one)

    def _counted(self, record: AnyRecord) -> AnyRecord:
        self.counts[type(record).__name__.lower()] += 1
        return record

    def _take_container(self, record: Container) -> None:
        """Keep what tells more: what only an ancestry told has neither title nor customer."""
        before = self._containers.get(record.name)
        if (
            before is None
            or (before.parent is None and record.parent is not None)
            or record.number
            or record.title
            or record.customer
        ):
            self._containers[record.name] = record

    def _add_unseen_parents(self) -> None:
        for one in tuple(self._unread):
            if one.part is Part.PARENT:
                self._containers.setdefault(one.of, Container(one.of, parent=None))

    def _without_found(self, unread: dict[Unread, None]) -> Iterator[Unread]:
        """Without parents that became known in another way."""
        for one in unread:
            found = self._containers.get(one.of)
            if one.part is Part.PARENT and found is not None and found.parent is not None:
                continue
            yield one


def merged(unread: Iterator[Unread]) -> Iterator[Unread]:
    """One for many regions that were refused in the same words, but for the region's name."""
    together: dict[tuple[str, str, str, str], list[Unread]] = {}
    for one in unread:
        what, _, region = one.detail.partition(" in ")
        why = one.why.replace(region, "*") if region else one.why
        together.setdefault((one.of, one.part, why, what), []).append(one)
    for (of, _, why, what), same in together.items():
        if len(same) == 1:
            yield same[0]
            continue
        regions = sorted({one.detail.partition(" in ")[2] for one in same})
        detail = f"{what} in {', '.join(regions)}" if any(regions) else what
        yield Unread(of, same[0].part, why, detail)
