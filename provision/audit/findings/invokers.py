"""Which service accounts can invoke what, by the bindings that name them or sets of them. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from provision.audit.findings.members import account_member, parsed
from provision.audit.findings.places import joined

if TYPE_CHECKING:
    from provision.audit.findings.scene import Hold, Scene


class Invokers:
    """Accounts of a snapshot that open something.

    Args:
        scene: the bindings.
    """

    def __init__(self, scene: "Scene") -> None:
        self._scene = scene
        self._holds: dict[str, tuple[Hold, ...]] = {}

    def reached_by(self, members: Iterable[str]) -> tuple[str, ...]:
        """The targets that accounts open between them, sorted.

        Args:
            members: as ``serviceAccount:EMAIL``.
        """
        holds = {id(hold): hold for member in members for hold in self.holds(member)}
        return joined(self._scene.opened(hold) for hold in holds.values())

    def holds(self, member: str) -> tuple["Hold", ...]:
        """Live bindings that open something for an account, by a group or set as well."""
        found = self._holds.get(member)
        if found is None:
            named = [member, *sorted(self._scene.kin.groups(member)), *self._sets(member)]
            found = self._holds[member] = tuple(
                hold
                for hold in self._scene.opened_by(named)
                if self._scene.opened(hold) and not self._scene.denied(member, hold)
            )
        return found

    def below(self, container: str) -> tuple[str, ...]:
        """Accounts of the projects at or below a container that open something, sorted."""
        return tuple(member for member in self._below.get(container, ()) if self.holds(member))

    @cached_property
    def _below(self) -> dict[str, list[str]]:
        found = defaultdict[str, list[str]](list)
        for account in sorted(self._scene.snapshot.accounts, key=lambda one: one.email):
            if not account.disabled:
                for above in self._scene.index.lineage(account.name).containers:
                    found[above].append(account_member(account.email))
        return found

    @cached_property
    def _sets_of(self) -> dict[str, tuple[str, ...]]:
        """Account sets that bindings name, by the container whose accounts they are."""
        found = defaultdict[str, list[str]](list)
        for text in self._scene.named_sets:
            where, mark, kind = text.rpartition("/type/")
            if mark and kind == "ServiceAccount":
                found[self._scene.index.short("/".join(where.rsplit("/", 2)[-2:]))].append(text)
        return {name: tuple(texts) for name, texts in found.items()}

    def _sets(self, member: str) -> Iterator[str]:
        if self._sets_of:
            name = self._scene.index.account_name(parsed(member).email)
            for above in self._scene.index.lineage(name).containers:
                yield from self._sets_of.get(above, ())
