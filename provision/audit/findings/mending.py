"""The commands that mend a finding: such as exist, ready to paste. Pure."""

import re
import shlex
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from provision.audit.findings.holds import Hold
from provision.principals import Principal
from provision.resources import InvalidNameError
from provision.snapshot.records import Kind, Target

_REVOCABLE = re.compile(
    r"//(?:run|cloudfunctions)\.googleapis\.com/.*/(?:services|jobs|functions)/", re.DOTALL
)
_UNCONDITIONAL = ("/jobs/", "/functions/")
"""Whose policies take no conditions, and whose commands no such option."""
_ACCOUNT = "/serviceAccounts/"
_IAP = "//iap.googleapis.com/"
_REMOVE = "remove-iam-policy-binding"
_CONTAINERS = {
    "projects": ["projects"],
    "folders": ["resource-manager", "folders"],
    "organizations": ["organizations"],
}
_TARGETS = {
    "/services/": ["run", "services"],
    "/jobs/": ["run", "jobs"],
    "/functions/": ["functions"],
}
"""The words of gcloud for each kind of place."""


class Place(NamedTuple):
    """What a full resource name says.

    Args:
        project: its id.
        region: where it is; empty for what is in none.
        name: its own.
    """

    project: str
    region: str
    name: str


@lru_cache(maxsize=1 << 14)
def place(resource: str) -> Place:
    """The project, region and name in a full resource name."""
    parts = resource.split("/")
    told = dict(pairwise(parts))
    return Place(told.get("projects", ""), told.get("locations", ""), parts[-1])


def command(*words: str) -> str:
    """A line that a shell takes as those words."""
    return " ".join(map(_quoted, words))


_quoted = lru_cache(maxsize=1 << 14)(shlex.quote)


def revoke(members: Iterable[str], resources: Iterable[str], role: str = "") -> str:
    """Take members out of targets by this program; of one role, or of all that open them."""
    on = [word for resource in resources for word in ("--on", resource)]
    return command("provision", "revoke", *members, *on, *(("--role", role) if role else ()))


def can_revoke(resource: str, member: str) -> bool:
    """Whether `provision revoke` takes that member and resource."""
    return _REVOCABLE.match(resource) is not None and _is_principal(member)


@lru_cache(maxsize=1 << 16)
def _is_principal(member: str) -> bool:
    try:
        Principal.parse(member)
    except InvalidNameError:
        return False
    return True


def unbind(hold: Hold, member: str) -> tuple[str, ...]:
    """Take a member out of a role where it stands, by gcloud; none where gcloud cannot."""
    where = _where(hold.resource)
    if not where:
        return ()
    which = ["--all"] if hold.condition else ["--condition=None"]
    if any(kind in hold.resource for kind in _UNCONDITIONAL):
        which = []
    return (command("gcloud", *where, f"--member={member}", f"--role={hold.role}", *which),)


def taken_out(member: str, holds: Sequence[Hold]) -> tuple[str, ...]:
    """Take a member out of several bindings of one resource."""
    if can_revoke(holds[0].resource, member):
        return (revoke([member], [holds[0].resource]),)
    return tuple(dict.fromkeys(line for hold in holds for line in unbind(hold, member)))


def _where(resource: str) -> list[str]:
    """The words of gcloud that take a member out of a policy."""
    at = place(resource)
    scope = [f"--region={at.region}", f"--project={at.project}"]
    kind, _, number = resource.partition("/")
    if kind in _CONTAINERS:
        return [*_CONTAINERS[kind], _REMOVE, number]
    if _ACCOUNT in resource:
        return ["iam", "service-accounts", _REMOVE, at.name, scope[1]]
    if resource.startswith(_IAP):
        return _iap(resource, at)
    named = next((words for mark, words in _TARGETS.items() if mark in resource), None)
    return [*named, _REMOVE, at.name, *scope] if named else []


def _iap(resource: str, at: Place) -> list[str]:
    """Of IAP, for Cloud Run's services alone: gcloud names no region without a service."""
    region, _, name = resource.partition("/iap_web/cloud_run-")[2].partition("/services/")
    if not name:
        return []
    words = ["beta", "iap", "web", _REMOVE, "--resource-type=cloud-run", f"--service={name}"]
    return [*words, f"--region={region}", f"--project={at.project}"]


def update(target: Target, *flags: str) -> tuple[str, ...]:
    """Change a service or job; nothing for what gcloud deploys anew to change."""
    kinds = {Kind.SERVICE: "services", Kind.JOB: "jobs"}
    name = target.name
    kind = kinds.get(target.kind)
    if target.kind is Kind.FUNCTION and target.service:
        kind, name = kinds[Kind.SERVICE], target.service
    if kind is None:
        return ()
    at = place(name)
    scope = (f"--region={at.region}", f"--project={at.project}")
    return (command("gcloud", "run", kind, "update", at.name, *scope, *flags),)
