"""What conditions come to at one time, asked once for each kind of target and its tags. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import NamedTuple

from provision.audit.answers import Verdict
from provision.audit.index import Index
from provision.conditions import ConditionSyntaxError, Request, Tag, evaluate
from provision.conditions.asking import TAGS
from provision.conditions.attributes import ATTRIBUTES, IAP, OTHER, RESOURCE_MANAGER
from provision.conditions.evaluation import Evaluation
from provision.conditions.request import Context
from provision.conditions.syntax import parse
from provision.conditions.truth import BREAKS, FAILS, HOLDS
from provision.conditions.values import Failed

_TOLD_BY_REQUESTS = frozenset({"request.path", "request.host", "request.auth.access_levels"})
"""What a request alone tells; access levels where IAP stands before it."""

_RUN_KINDS = {"services": "service", "jobs": "job", "instances": "instance"}
_MANAGED = {
    "projects": "cloudresourcemanager.googleapis.com/Project",
    "folders": "cloudresourcemanager.googleapis.com/Folder",
    "organizations": "cloudresourcemanager.googleapis.com/Organization",
}


class Tagged(NamedTuple):
    """The tags of a resource.

    Args:
        tags: those that are known, inherited ones with them.
        more: why there may be others; empty when there are none.
    """

    tags: frozenset[Tag] = frozenset()
    more: str = ""


UNTAGGED = Tagged()


class View(NamedTuple):
    """What conditions may know of what is asked for: equal views, equal conditions.

    Args:
        kind: of target, as `provision.conditions.Request` has it.
        tagged: the tags of the resource; none where no condition asks.
        granting: the roles one of which a change of a policy would grant; empty: no change.
        type: of a container, as conditions name it.
        apart: whether "anybody" is left one name, and not everybody's.
    """

    kind: str
    tagged: Tagged = UNTAGGED
    granting: tuple[str, ...] = ()
    type: str = ""
    apart: bool = False


class Held(NamedTuple):
    """What a condition comes to, and why."""

    verdict: Verdict
    why: str = ""


_HELD = Held(Verdict.CAN)


@dataclass
class Conditions:
    """Conditions of allow and deny policies at a time.

    Args:
        index: of the snapshot.
        at: when.
    """

    index: Index
    at: datetime
    _held: dict[tuple[str, View], Held] = field(default_factory=dict)
    _denying: dict[tuple[str, Tagged], bool | None] = field(default_factory=dict)
    _views: dict[str, View] = field(default_factory=dict)
    _tags: dict[str, Tagged] = field(default_factory=dict)

    def tags(self, resource: str) -> Tagged:
        """The tags of a resource; none where no condition asks for any."""
        if not self.index.asks_for_tags:
            return UNTAGGED
        if resource not in self._tags:
            self._tags[resource] = self._read_tags(resource)
        return self._tags[resource]

    def _read_tags(self, resource: str) -> Tagged:
        container = self.index.lineage(resource).containers[0]
        if resource != container and not self.index.has_own_tags(resource):
            return self.tags(container)
        tags, more = self.index.tags_of(resource)
        told = (Tag(one.key, one.value, one.key_id, one.value_id) for one in tags.values())
        return Tagged(frozenset(told), more)

    def view(self, permission: str, resource: str) -> View:
        """What conditions may know when that permission is asked on that resource."""
        granting = _grantable(permission)
        if resource.startswith("//"):
            view = self._views.get(resource)
            if view is None:
                kind = kind_of(permission, resource)
                view = self._views[resource] = View(kind, self.tags(resource))
            return view._replace(granting=granting) if granting else view
        kind = kind_of(permission, resource)
        managed = _MANAGED.get(resource.partition("/")[0], "") if kind == RESOURCE_MANAGER else ""
        return View(kind, self.tags(resource), granting, managed)

    def of_account(self, permission: str, tagged: Tagged) -> View:
        """The same for a service account with these tags."""
        return View(OTHER, tagged, _grantable(permission))

    def held(self, expression: str, view: View) -> Held:
        """Whether a condition of an allow policy lets its members have the role."""
        if not expression:
            return _HELD
        key = (expression, view)
        if key not in self._held:
            self._held[key] = self._ask(expression, view)
        return self._held[key]

    def _ask(self, expression: str, view: View) -> Held:
        service = {"resource.service": "cloudresourcemanager.googleapis.com"}
        told = {"resource.type": view.type, **service} if view.type else {}
        changes: tuple[tuple[str, ...], ...] = tuple((role,) for role in view.granting) or ((),)
        answers = []
        for roles in changes:
            request = Request(
                self.at,
                tags=view.tagged.tags,
                kind=view.kind,
                resource=told,
                changed_roles=roles,
                more_tags=view.tagged.more,
            )
            truth = evaluate(expression, request)
            if truth.value is None and truth.undecided <= _TOLD_BY_REQUESTS:
                answers.append(Held(Verdict.WHILE, truth.why))
            else:
                answers.append(Held(_VERDICTS[truth.value], truth.why))
        return min(answers, key=lambda one: one.verdict.rank)

    def denies(self, expression: str, tagged: Tagged) -> bool | None:
        """Whether a condition of a deny rule lets the rule apply; None when that is not known.

        It applies when the condition holds or cannot be evaluated, and nothing but tags can be.
        """
        if not expression:
            return True
        key = (expression, tagged)
        if key not in self._denying:
            self._denying[key] = _denies(expression, tagged)
        return self._denying[key]


_VERDICTS = {True: Verdict.CAN, False: Verdict.CANNOT, None: Verdict.UNKNOWN}

_UNREADABLE = Failed("a deny condition asks for tags alone")


def _denies(expression: str, tagged: Tagged) -> bool | None:
    try:
        tree = parse(expression)
    except ConditionSyntaxError:
        return None  # Google keeps no text that it cannot read: the gap is ours.
    context = Context(dict.fromkeys(ATTRIBUTES, _UNREADABLE), tagged.tags, None, tagged.more)
    truth = Evaluation(context).truth(tree)
    if truth.possible is FAILS:
        return False
    if not truth.possible & FAILS:
        return True
    return None if truth.undecided & TAGS.keys() else bool(truth.possible & (HOLDS | BREAKS))


def kind_of(permission: str, resource: str) -> str:
    """The kind of a resource, as conditions see it."""
    if not resource.startswith("//"):
        return RESOURCE_MANAGER if permission.startswith("resourcemanager.") else OTHER
    parts = resource.split("/")
    host = parts[2].partition(".")[0]
    if host == "run":
        return _RUN_KINDS.get(parts[-2], OTHER)
    if host == "cloudfunctions":
        return "function"
    return IAP if host == "iap" else OTHER


_GRANTED = {
    "run": ("roles/run.servicesInvoker", "roles/run.invoker", "roles/run.admin"),
    "cloudfunctions": ("roles/cloudfunctions.invoker", "roles/cloudfunctions.admin"),
    "iap": ("roles/iap.httpsResourceAccessor",),
    "iam": (
        "roles/iam.serviceAccountOpenIdTokenCreator",
        "roles/iam.serviceAccountTokenCreator",
        "roles/iam.workloadIdentityUser",
    ),
    "pubsub": ("roles/pubsub.publisher",),
    "cloudtasks": ("roles/cloudtasks.enqueuer",),
}
"""Roles that somebody who may change a policy would grant itself to get in."""


@cache
def _grantable(permission: str) -> tuple[str, ...]:
    if not permission.endswith(".setIamPolicy"):
        return ()
    service = permission.partition(".")[0]
    return _GRANTED.get(service, (*_GRANTED["run"], *_GRANTED["cloudfunctions"], "roles/owner"))
