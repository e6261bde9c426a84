"""Which service accounts can invoke what, by the bindings that name them or sets of them. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from provision.audit.findings.members import account_member, parsed
from provision.audit.findings.places import joined

if TYPE_CHECKING:
    from provision.audit.findings.holds import Hold
    from provision.audit.findings.scene import Scene


class Invokers:
    """Accounts of a snapshot that open something.

    Args:
        scene: the bindings.
    """

    def __init__(self, scene: "Scene") -> None:
        self._scene = scene
        self._reached: dict[str, tuple[str, ...]] = {}
        self._holds: dict[str, tuple[Hold, ...]] = {}
        self._able: dict[str, list[str]] = {}
        self._sets_around: dict[str, tuple[str, ...]] = {}

    def reached_by(self, members: Iterable[str]) -> tuple[str, ...]:
        """The targets that accounts open between them, sorted.

        Args:
            members: as ``serviceAccount:EMAIL``.
        """
        return joined(hold.opened for member in members for hold in self.holds(member))

    def reached(self, member: str) -> tuple[str, ...]:
        """The targets that one account opens, sorted."""
        found = self._reached.get(member)
        if found is None:
            found = self._reached[member] = self.reached_by([member])
        return found

    def reached_below(self, container: str) -> tuple[str, ...]:
        """The targets that accounts of the projects at or below a container open, sorted."""
        found = self._reached.get(container)
        if found is None:
            projects = self._projects.get(container, ())
            members = (member for name in projects for member in self._invoking(name))
            found = self._reached[container] = self.reached_by(members)
        return found

    def below(self, container: str) -> int:
        """How many accounts of the projects at or below a container open something."""
        return sum(len(self._invoking(project)) for project in self._projects.get(container, ()))

    def holds(self, member: str) -> tuple["Hold", ...]:
        """Live bindings that open something for an account, by a group or set as well."""
        found = self._holds.get(member)
        if found is None:
            opening = self._opening
            named = (member, *sorted(self._scene.kin.groups(member)), *self._sets(member))
            holds = chain.from_iterable(opening[name] for name in named if name in opening)
            touched = self._scene.touched
            found = tuple(
                hold
                for hold in holds
                if id(hold) not in touched or not self._scene.denied(member, hold)
            )
            self._holds[member] = found
        return found

    @cached_property
    def _opening(self) -> dict[str, list["Hold"]]:
        """Live bindings of targets that are there, by the member that they name."""
        return {
            name: opening
            for name, holds in self._scene.live.items()
            if (opening := [hold for hold in holds if hold.opened])
        }

    def _invoking(self, project: str) -> list[str]:
        found = self._able.get(project)
        if found is None:
            found = [member for member in self._accounts[project] if self.holds(member)]
            self._able[project] = found
        return found

    @cached_property
    def _accounts(self) -> dict[str, list[str]]:
        """Accounts that are not disabled, by project."""
        found = defaultdict[str, list[str]](list)
        for account in self._scene.snapshot.accounts:
            if not account.disabled:
                found[self._scene.places.project(account.name)].append(
                    account_member(account.email)
                )
        return found

    @cached_property
    def _projects(self) -> dict[str, list[str]]:
        """Projects with accounts, by every container that they are in."""
        found = defaultdict[str, list[str]](list)
        for project in self._accounts:
            for above in self._scene.index.lineage(project).containers:
                found[above].append(project)
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

    def _sets(self, member: str) -> Iterable[str]:
        if not self._sets_of:
            return ()
        project = self._scene.places.project(self._scene.index.account_name(parsed(member).email))
        found = self._sets_around.get(project)
        if found is None:
            containers = self._scene.index.lineage(project).containers
            found = tuple(text for one in containers for text in self._sets_of.get(one, ()))
            self._sets_around[project] = found
        return found
