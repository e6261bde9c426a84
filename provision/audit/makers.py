"""Who can make one of several things anywhere in a snapshot: everybody at once, or a few. Pure."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from provision.audit.asking import Asking
from provision.audit.blockable import NEWEST, blocks
from provision.audit.degrees import NOBODY, Degrees, union
from provision.audit.denied import names, permission_name
from provision.audit.forms import normal
from provision.audit.index import Index
from provision.snapshot.records import Kind, Target

_OFTEN, _FEW = 64, 256
"""How often, and how many at once, are looked for by themselves; then everybody is, at once."""


@dataclass
class Makers:
    """Those who have any of some permissions, wherever it is.

    Args:
        asking: of the snapshot.
        permissions: on a project.
        updates: by kind those that are asked of a target by itself as well.
    """

    asking: Asking
    permissions: tuple[str, ...]
    updates: Mapping[Kind, str] = field(default_factory=dict)
    _looked_for: int = 0
    _found: Degrees = NOBODY
    _times: int = 0

    @cached_property
    def everybody(self) -> Degrees:
        """All who can make anything."""
        found = [self._anywhere(alike, self.projects) for alike in self._alike]
        return union((*found, *self._changing(self.changed)))

    def among(self, some: Degrees) -> Degrees:
        """Those of some who can, as sure as the less sure of the two; quick where they are few."""
        if "everybody" in vars(self):
            return some.both(self.everybody)
        new = some.rest & ~self._looked_for
        if new:
            self._times += 1
            if self._times > _OFTEN or new.bit_count() > _FEW:
                return some.both(self.everybody)
            self._found = self._found.either(self._those(new))
            self._looked_for |= new
        return some.both(self._found)

    def _those(self, some: int) -> Degrees:
        """Of some whoever can, and of others perhaps less than there is.

        Only what may give it to somebody who was not found to have it for sure is looked at.
        """
        found = NOBODY
        for alike in self._alike:
            if left := some & ~found.can:
                projects = self._giving(left, self._projects_below)
                found = found.either(self._anywhere(alike, projects))
        left = some & ~found.can
        if left and self.updates:
            found = union((found, *self._changing(self._giving(left, self._changed_below))))
        return found

    def _changing(self, names: Iterable[str]) -> Iterator[Degrees]:
        """Who can change some targets."""
        for kind, permission in self.updates.items():
            alike = [name for name in names if self.changed[name].kind is kind]
            yield self._anywhere((permission,), alike)

    def _giving(self, some: int, below: Mapping[str, list[str]]) -> Iterable[str]:
        """The resources by whose policies any of some may have any of the permissions.

        Args:
            some: who.
            below: resources by each level whose policy counts for them.
        """
        judge = self.asking.judge
        names = set(judge.universe.members(some))
        names.update(*map(judge.sets_of, tuple(names)))
        levels = [level for name in names for level in self._bound.get(name, ())]
        found = dict.fromkeys(below.get("", ()))
        for level in dict.fromkeys(levels):
            found.update(dict.fromkeys(below.get(level, ())))
        return found

    @cached_property
    def _bound(self) -> dict[str, list[str]]:
        """Of each member where a role is bound that includes any of the permissions, or may."""
        roles = self._index.including(*self.permissions, *self.updates.values())
        found: dict[str, list[str]] = {}
        for level, bindings in self._index.policies.items():
            for binding in bindings:
                if binding.role in roles:
                    for member in binding.members:
                        found.setdefault(normal(member), []).append(level)
        return found

    @cached_property
    def _projects_below(self) -> dict[str, list[str]]:
        return self._by_level(self.projects)

    @cached_property
    def _changed_below(self) -> dict[str, list[str]]:
        return self._by_level(self.changed)

    def _by_level(self, resources: Iterable[str]) -> dict[str, list[str]]:
        """Resources by what counts for them; by nothing, those of which that is not known."""
        index = self._index
        found: dict[str, list[str]] = {}
        for resource in resources:
            levels = tuple(index.holders_of_policies(resource))
            if index.lineage(resource).gap or any(map(index.unread_policy, levels)):
                levels = ("",)
            for level in levels:
                found.setdefault(level, []).append(resource)
        return found

    @cached_property
    def changed(self) -> dict[str, Target]:
        """Targets that some may change who cannot change all around."""
        return {
            target.name: target
            for target in self._index.snapshot.targets
            if target.kind in self.updates
            and self._index.grants_below(self.updates[target.kind], target.name)
        }

    @cached_property
    def projects(self) -> tuple[str, ...]:
        """All that were read."""
        names = (container.name for container in self._index.snapshot.containers)
        return tuple(name for name in names if name.startswith("projects/"))

    @property
    def _index(self) -> Index:
        return self.asking.judge.index

    def _anywhere(self, permissions: tuple[str, ...], resources: Iterable[str]) -> Degrees:
        return union(map(self.asking.named, self.asking.judge.anywhere(permissions, resources)))

    @cached_property
    def _alike(self) -> tuple[tuple[str, ...], ...]:
        """The permissions, those together that the same rules take away."""
        found: dict[Hashable, list[str]] = {}
        for permission in self.permissions:
            found.setdefault(self._taking(permission), []).append(permission)
        return tuple(map(tuple, found.values()))

    def _taking(self, permission: str) -> Hashable:
        wanted = permission_name(permission)
        return (
            tuple(names(listed, wanted) and not names(but, wanted) for listed, but in self._denied),
            tuple(blocks(permission, version) for version in range(1, NEWEST + 2)),
        )

    @cached_property
    def _denied(self) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
        """Of what permissions deny rules tell, each only once."""
        return tuple(
            dict.fromkeys(
                (rule.permissions, rule.except_permissions)
                for deny in self._index.snapshot.deny_policies
                for rule in deny.rules
            )
        )
