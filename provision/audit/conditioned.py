"""What conditions come to at one time, asked once for each kind of target and its tags. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
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

_TOLD_BY_REQUESTS = frozenset({"request.path", "request.host"})
_RUN_KINDS = {"services": "service", "jobs": "job", "instances": "instance"}
_MANAGED = {
    "projects": "cloudresourcemanager.googleapis.com/Project",
    "folders": "cloudresourcemanager.googleapis.com/Folder",
    "organizations": "cloudresourcemanager.googleapis.com/Organization",
}


class View(NamedTuple):
    """What conditions may know of what is asked for: equal views, equal conditions.

    Args:
        kind: of target, as `provision.conditions.Request` has it.
        tags: of the resource; None when not known; empty where no condition asks.
        granting: the roles one of which a change of a policy would grant; empty: no change.
        type: of a container, as conditions name it.
        apart: whether "anybody" is left one name, and not everybody's.
    """

    kind: str
    tags: frozenset[Tag] | None = frozenset()
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
    _denying: dict[tuple[str, frozenset[Tag] | None], bool | None] = field(default_factory=dict)
    _tags: dict[str, frozenset[Tag] | None] = field(default_factory=dict)

    def tags(self, resource: str) -> frozenset[Tag] | None:
        """All tags of a resource; None when they are not known."""
        if not self._any_tags:
            return frozenset()
        if resource not in self._tags:
            found = self.index.tags_of(resource)
            self._tags[resource] = (
                found
                if found is None
                else frozenset(Tag(tag.key, tag.value, tag.key_id, tag.value_id) for tag in found)
            )
        return self._tags[resource]

    @property
    def _any_tags(self) -> bool:
        return self.index.asks_for_tags

    def view(self, permission: str, resource: str) -> View:
        """What conditions may know when that permission is asked on that resource."""
        kind = kind_of(permission, resource)
        granting = _grantable(permission)
        managed = _MANAGED.get(resource.partition("/")[0], "") if kind == RESOURCE_MANAGER else ""
        return View(kind, self.tags(resource), granting, managed)

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
                self.at, tags=view.tags, kind=view.kind, resource=told, changed_roles=roles
            )
            truth = evaluate(expression, request)
            if truth.value is None and truth.undecided <= _TOLD_BY_REQUESTS:
                answers.append(Held(Verdict.WHILE, truth.why))
            else:
                answers.append(Held(_VERDICTS[truth.value], truth.why))
        return min(answers, key=lambda one: one.verdict.rank)

    def denies(self, expression: str, tags: frozenset[Tag] | None) -> bool | None:
        """Whether a condition of a deny rule lets the rule apply; None when that is not known.

        It applies when the condition holds or cannot be evaluated, and nothing but tags can be.
        """
        if not expression:
            return True
        key = (expression, tags)
        if key not in self._denying:
            self._denying[key] = _denies(expression, tags)
        return self._denying[key]


_VERDICTS = {True: Verdict.CAN, False: Verdict.CANNOT, None: Verdict.UNKNOWN}

_UNREADABLE = Failed("a deny condition asks for tags alone")


def _denies(expression: str, tags: frozenset[Tag] | None) -> bool | None:
    try:
        tree = parse(expression)
    except ConditionSyntaxError:
        return None  # Google keeps no text that it cannot read: the gap is ours.
    context = Context(dict.fromkeys(ATTRIBUTES, _UNREADABLE), tags, None)
    truth = Evaluation(context).truth(tree)
    if truth.possible is FAILS:
        return False
    if not truth.possible & FAILS:
        return True
    untold = truth.undecided & TAGS.keys() if tags is None else frozenset()
    return None if untold else bool(truth.possible & (HOLDS | BREAKS))


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


def _grantable(permission: str) -> tuple[str, ...]:
    if not permission.endswith(".setIamPolicy"):
        return ()
    service = permission.partition(".")[0]
    return _GRANTED.get(service, (*_GRANTED["run"], *_GRANTED["cloudfunctions"], "roles/owner"))
