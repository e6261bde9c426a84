"""Who can make something that runs as a service account, given that they may act as it. Pure.

`actAs` alone is no token: it takes a place for code to run in, or something that calls with a token
of the account. Where that place is does not matter here; the organisation policy
``iam.disableCrossProjectServiceAccountUsage``, which is not read, may want it in the project of the
account.
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_
from typing import NamedTuple

from provision.audit.answers import Verdict
from provision.audit.asking import Asking
from provision.audit.blockable import NEWEST, blocks
from provision.audit.degrees import Degrees, union
from provision.audit.denied import names, permission_name
from provision.audit.index import Index
from provision.snapshot.records import Kind

CODE = (
    "run.services.create",
    "run.jobs.create",
    "run.instances.create",
    "run.workerpools.create",
    "cloudfunctions.functions.create",
    "cloudbuild.builds.create",
    "workflows.workflows.create",
    "cloudscheduler.jobs.create",
    "cloudtasks.tasks.create",
    "run.services.update",
    "run.jobs.update",
    "run.instances.update",
    "run.workerpools.update",
    "cloudfunctions.functions.update",
    "workflows.workflows.update",
    "cloudscheduler.jobs.update",
)
"""What gives code, or a call to Google's APIs, a token of either kind."""
CALLS = (
    "pubsub.subscriptions.create",
    "eventarc.triggers.create",
    "pubsub.subscriptions.update",
    "eventarc.triggers.update",
)
"""What sends requests with ID tokens only."""
_UPDATES = {
    Kind.SERVICE: "run.services.update",
    Kind.JOB: "run.jobs.update",
    Kind.INSTANCE: "run.instances.update",
    Kind.FUNCTION: "cloudfunctions.functions.update",
}

_LOOKS = 32
"""Questions after which all targets are looked at, once: many are being asked."""


class Place(NamedTuple):
    """What somebody can make, and where.

    Args:
        permission: to make it.
        resource: a project, or a target that is changed.
        verdict: how sure that is.
    """

    permission: str
    resource: str
    verdict: Verdict


@dataclass
class Creators:
    """Those who can, anywhere in the snapshot.

    Args:
        asking: of the snapshot.
    """

    asking: Asking
    _places: dict[tuple[str, str, bool], Place | None] = field(default_factory=dict)
    _looks: int = 0
    _updating: set[str] = field(default_factory=set)
    _conditional: dict[tuple[str, str], int] = field(default_factory=dict)

    def code(self, who: Degrees) -> Degrees:
        """Those who can have code, or Google's APIs, used as an account."""
        found = self._code
        left = who.rest & ~found.can & self._updaters
        if left and self._looks < _LOOKS:
            self._looks += 1
            self._look_at_updates(left if self._looks < _LOOKS else self._updaters)
        return who.both(self._code)

    def calls(self, who: Degrees) -> Degrees:
        """Those who can have requests sent as an account, with its ID token."""
        return who.both(self._calls)

    @cached_property
    def _calls(self) -> Degrees:
        return self._in_projects(CALLS)

    def _look_at_updates(self, left: int) -> None:
        """Take targets into account that any of these principals may perhaps change."""
        found = self._code
        for target, bound in self._updated.items():
            if bound & left and target not in self._updating:
                self._updating.add(target)
                permission = _UPDATES[self._index.targets[target].kind]
                found = found.either(self.asking.who(permission, target))
        self._code = found

    def place(self, principal: str, near: str, *, calls: bool = False) -> Place | None:
        """Where somebody can make such a thing: the surest, then in the account's own project.

        Args:
            principal: of whom it is asked.
            near: the project of the account, as ``projects/ID``.
            calls: whether something that only calls will do.
        """
        key = (principal, near, calls)
        if key not in self._places:
            self._places[key] = self._place(principal, near, calls=calls)
        return self._places[key]

    def _place(self, principal: str, near: str, *, calls: bool) -> Place | None:
        judge = self.asking.judge
        position = judge.universe.bit(principal)
        found: list[Place] = []
        for permission, resource in self._asked((*CODE, *CALLS) if calls else CODE, near):
            if position is None:
                verdict = judge.judge(principal, permission, resource).verdict
            else:
                verdict = judge.holders(permission, resource).verdict(position)
            if verdict is Verdict.CAN:
                return Place(permission, resource, verdict)
            if verdict is not Verdict.CANNOT:
                found.append(Place(permission, resource, verdict))
        return min(found, key=lambda place: place.verdict.rank, default=None)

    def _asked(self, permissions: Iterable[str], near: str) -> Iterator[tuple[str, str]]:
        for project in dict.fromkeys((near, *self._projects)):
            yield from ((permission, project) for permission in permissions)
        for target in self._updated:
            yield _UPDATES[self._index.targets[target].kind], target

    @cached_property
    def _code(self) -> Degrees:
        """What is known so far: whoever can in a project, and on targets that were looked at."""
        return self._in_projects(CODE)

    @cached_property
    def _updated(self) -> dict[str, int]:
        """Targets that some may change who cannot change all around; at most who, as bits."""
        return {
            target.name: self._at_most(target.name, _UPDATES[target.kind])
            for target in self._index.snapshot.targets
            if self._index.grants_below(_UPDATES[target.kind], target.name)
        }

    @cached_property
    def _updaters(self) -> int:
        found = 0
        for bound in self._updated.values():
            found |= bound
        return found

    def _at_most(self, target: str, permission: str) -> int:
        """Whoever changes a target by its own policy, or by a condition on one above."""
        lineage = self._index.lineage(target)
        if self._index.unread_policy(target) or lineage.gap:
            return self.asking.judge.universe.all
        key = (lineage.containers[0], permission)
        if key not in self._conditional:
            levels = lineage.containers
            bound = (self._members_at(level, permission, plain=False) for level in levels)
            self._conditional[key] = reduce(or_, bound, 0)
        return self._conditional[key] | self._members_at(target, permission, plain=True)

    def _members_at(self, level: str, permission: str, *, plain: bool) -> int:
        found = 0
        including = self._index.including(permission)
        for binding in self._index.policies.get(level, ()):
            if binding.role in including and (plain or binding.condition):
                for member in binding.members:
                    extent = self.asking.judge.members(member)
                    found |= extent.sure | extent.maybe | extent.vague
        return found

    @property
    def _index(self) -> Index:
        return self.asking.judge.index

    @cached_property
    def _projects(self) -> tuple[str, ...]:
        names = (container.name for container in self._index.snapshot.containers)
        return tuple(name for name in names if name.startswith("projects/"))

    def _in_projects(self, permissions: Iterable[str]) -> Degrees:
        return union(
            self.asking.who(permission, project)
            for permission in self._different(permissions)
            for project in self._projects
        )

    def _different(self, permissions: Iterable[str]) -> Iterable[str]:
        """One of each sort that the same roles include and the same rules take away."""
        return {self._sort(permission): permission for permission in permissions}.values()

    def _sort(self, permission: str) -> Hashable:
        wanted = permission_name(permission)
        return (
            frozenset(self._index.including(permission).items()),
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
