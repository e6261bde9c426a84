"""A snapshot in memory: its records by kind. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from provision.snapshot.records import (
    VERSION,
    Account,
    AnyRecord,
    Boundary,
    BoundaryBinding,
    Caller,
    Container,
    DenyPolicy,
    Group,
    Header,
    Key,
    Policy,
    Role,
    Tags,
    Target,
    Unread,
)


@dataclass
class Snapshot:
    """All records, by kind, in the order in which they were read.

    Args:
        header: what was read, when, and how.
        others: the lists, one a kind of record.
    """

    header: Header
    containers: list[Container] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    policies: list[Policy] = field(default_factory=list)
    deny_policies: list[DenyPolicy] = field(default_factory=list)
    boundaries: list[Boundary] = field(default_factory=list)
    boundary_bindings: list[BoundaryBinding] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    callers: list[Caller] = field(default_factory=list)
    tags: list[Tags] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    @classmethod
    def of(cls, records: Iterable[AnyRecord], header: Header | None = None) -> "Snapshot":
        """A snapshot of those records.

        Args:
            records: in any order; a header among them counts.
            header: where there is none among them.
        """
        found = cls(header or Header(VERSION, "", datetime.fromtimestamp(0, UTC)))
        adds = found._appending()
        for record in records:
            if isinstance(record, Header):
                found.header = record
            else:
                adds[type(record)](record)
        return found

    @property
    def taken(self) -> datetime:
        """The time at which it counts: when reading ended, or began if it never did."""
        return self.header.ended or self.header.begun

    def __iter__(self) -> Iterator[AnyRecord]:
        """All records, the header first."""
        yield self.header
        for name in _LISTS.values():
            yield from getattr(self, name)

    def __len__(self) -> int:
        """How many records, the header aside."""
        return sum(len(getattr(self, name)) for name in _LISTS.values())

    def _appending(self) -> dict[type[Any], Any]:
        return {kind: getattr(self, name).append for kind, name in _LISTS.items()}


_LISTS: dict[type[Any], str] = {
    Container: "containers",
    Target: "targets",
    Policy: "policies",
    DenyPolicy: "deny_policies",
    Boundary: "boundaries",
    BoundaryBinding: "boundary_bindings",
    Role: "roles",
    Group: "groups",
    Account: "accounts",
    Key: "keys",
    Caller: "callers",
    Tags: "tags",
    Unread: "unread",
}
