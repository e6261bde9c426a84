"""Who can make something that runs as a service account, given that they may act as it. Pure.

`actAs` alone is no token: it takes a place for code to run in, or something that calls with a token
of the account. Where that place is does not matter here; the organisation policy
``iam.disableCrossProjectServiceAccountUsage``, which is not read, may want it in the project of the
account.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from provision.audit.answers import Verdict
from provision.audit.asking import Asking
from provision.audit.makers import Makers
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

    @cached_property
    def code(self) -> Makers:
        """Those who can have code, or Google's APIs, used as an account."""
        return Makers(self.asking, CODE, _UPDATES)

    @cached_property
    def calls(self) -> Makers:
        """Those who can have requests sent as an account, with its ID token."""
        return Makers(self.asking, CALLS)

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
        for project in dict.fromkeys((near, *self.code.projects)):
            yield from ((permission, project) for permission in permissions)
        for name, target in self.code.changed.items():
            yield _UPDATES[target.kind], name
