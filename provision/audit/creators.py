"""Who can make something that runs as a service account, given that they may act as it. Pure.

`actAs` alone is no token: it takes a place for code to run in, or something that calls with a token
of the account. Where that place is does not matter here; the organisation policy
``iam.disableCrossProjectServiceAccountUsage``, which is not read, may want it in the project of the
account.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from provision.audit.answers import Verdict
from provision.audit.asking import Asking
from provision.audit.degrees import Degrees, union
from provision.snapshot.records import Kind, Target

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

    @cached_property
    def code(self) -> Degrees:
        """Who can have code, or Google's APIs, used as an account."""
        updating = (self.asking.who(_UPDATES[target.kind], target.name) for target in self._updated)
        return union((self._in_projects(CODE), *updating))

    @cached_property
    def calls(self) -> Degrees:
        """Who can have requests sent as an account, with its ID token."""
        return self._in_projects(CALLS)

    def place(self, principal: str, near: str, *, calls: bool = False) -> Place | None:
        """Where somebody can make such a thing: the surest, then in the account's own project.

        Args:
            principal: of whom it is asked.
            near: the project of the account, as ``projects/ID``.
            calls: whether something that only calls will do.
        """
        judge = self.asking.judge
        position = judge.universe.bit(principal)
        if position is None:
            return None
        found: list[Place] = []
        for permission, resource in self._asked((*CODE, *CALLS) if calls else CODE, near):
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
            yield _UPDATES[target.kind], target.name

    @cached_property
    def _updated(self) -> tuple[Target, ...]:
        """Targets that somebody may change who may not change everything around them."""
        return tuple(filter(self._may_be_updated, self.asking.judge.index.snapshot.targets))

    def _may_be_updated(self, target: Target) -> bool:
        index = self.asking.judge.index
        roles = {binding.role for binding in index.policies.get(target.name, ())}
        if any(index.includes(role, _UPDATES[target.kind]) is not False for role in roles):
            return True
        return bool(index.unread_policy(target.name))

    @cached_property
    def _projects(self) -> tuple[str, ...]:
        names = (container.name for container in self.asking.judge.index.snapshot.containers)
        return tuple(name for name in names if name.startswith("projects/"))

    def _in_projects(self, permissions: Iterable[str]) -> Degrees:
        return union(
            self.asking.who(permission, project)
            for permission in permissions
            for project in self._projects
        )
