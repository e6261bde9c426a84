"""What a policy must be before it is kept: roles, members, conditions and limits."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from google.rpc import error_details_pb2

from provision.emulator.iam import conditions
from provision.emulator.iam.members import (
    PUBLIC,
    domain_of,
    email_of,
    is_legacy,
    is_well_formed,
    kind_of_address,
    project_of,
)
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.permissions import Refusal
from provision.emulator.world import World

MAX_PRINCIPALS = 1500
MAX_GROUPS = 250
MAX_SAME_GRANTS = 20
DOMAIN_CONSTRAINT = "iam.allowedPolicyMemberDomains"
_BASIC_ROLES = ("roles/owner", "roles/editor", "roles/viewer")
_AGENT = re.compile(r"service-\d+@[a-z0-9.-]+\.gserviceaccount\.com$")
_HELP = "https://cloud.google.com/iam/help/members/types"


@dataclass(frozen=True)
class PolicyKind:
    """A kind of resource that has a policy.

    Args:
        service: the gRPC service that offers the three RPCs.
        permission: what the permissions begin with, as in ``run.services``.
        check: raises `ApiError` when the resource (canonical name) does not exist.
        refusal: how a caller is refused.
        public: whether allUsers and allAuthenticatedUsers may be members.
        conditions: whether bindings may have conditions.
        own_name: tells the name under which a policy is kept, where a resource has several.
        basic: whether ``projectOwner:`` and the like may be members (Cloud Storage's alone).
    """

    service: str
    permission: str
    check: Callable[[str], None]
    refusal: Refusal
    public: bool = True
    conditions: bool = True
    own_name: Callable[[str], str] | None = None
    basic: bool = False

    def check_name(self, resource: str) -> None:
        """Raise `ApiError` (INVALID_ARGUMENT) for the name of something else."""
        shape = _SHAPES.get(self.permission)
        if shape is not None and not shape.fullmatch(resource):
            raise invalid("Request contains an invalid argument.")

    @property
    def audited(self) -> bool:
        """Whether its policies hold audit configurations (Resource Manager's do)."""
        return self.permission in _HIGHER_ROLES


class PolicyChecks:
    """Refuses what Google refuses at SetIamPolicy.

    Args:
        world: roles, accounts, organisation policies.
        kind: the kind of resource.
    """

    def __init__(self, world: World, kind: PolicyKind) -> None:
        self._world = world
        self._kind = kind

    def check(self, resource: str, bindings: Sequence[Any]) -> None:
        """Raise `ApiError` (INVALID_ARGUMENT or FAILED_PRECONDITION) for what cannot be set."""
        for binding in bindings:
            self._check_role(resource, binding.role)
            self._check_condition(binding)
        members = [member for binding in bindings for member in binding.members]
        for member in members:
            self._check_member(member)
        _check_limits(bindings, members)
        self._check_organization(members)

    def _check_role(self, resource: str, role: str) -> None:
        held = self._world.roles.permissions(role)
        owner = role.rpartition("/roles/")[0]
        # A custom role serves its own project, or all that is beneath its organisation.
        foreign = bool(owner) and owner not in self._world.hierarchy.chain(resource)
        if held is None or foreign:
            raise invalid(f"Role ({role}) does not exist in the resource's hierarchy.")
        if not owner and not is_grantable(role, held, self._kind.permission):
            raise invalid(f"Role {role} is not supported for this resource.")

    def _check_condition(self, binding: Any) -> None:  # noqa: ANN401 - Binding
        if not binding.HasField("condition"):
            return
        if not self._kind.conditions:
            raise invalid("Conditions are not supported on this resource.")
        if set(PUBLIC) & set(binding.members) or binding.role in _BASIC_ROLES:
            raise invalid("Conditions can't be set on public members or basic roles.")
        refused = conditions.refusal(binding.condition)
        if refused:
            raise invalid(refused)

    def _check_member(self, member: str) -> None:
        if self._kind.basic and is_legacy(member):
            if self._world.hierarchy.find(project_of(member)) is None:
                raise invalid(f"Invalid member: {member}")
            return
        public = member in PUBLIC
        if (public and not self._kind.public) or is_legacy(member):
            raise invalid(
                f"Member {member} is invalid due to membership type restrictions on the resource"
            )
        if not is_well_formed(member):
            raise invalid(f"Invalid member: {member}")
        email = email_of(member)
        if email:
            self._check_address(member.partition(":")[0], email)

    def _check_address(self, kind: str, email: str) -> None:
        is_group = f"group:{email.lower()}" in self._world.groups
        actual = "group" if is_group else kind_of_address(email)
        if actual != kind and (kind != "group" or actual == "serviceAccount"):
            if "[" in email:  # a Kubernetes account
                return
            raise invalid(
                f'Principal {email} is of type "{actual}". The principal should appear as '
                f'"{actual}:{email}". See {_HELP} for additional information.'
            )
        if kind == "serviceAccount" and not self._world.account_exists(email.lower()):
            raise invalid(f"Service account {email} does not exist.")

    def _check_organization(self, members: Sequence[str]) -> None:
        allowed = self._world.settings.org_policies.get(DOMAIN_CONSTRAINT)
        if allowed is None:
            return
        for member in members:
            email = email_of(member)
            ours = email in self._world.accounts or _AGENT.match(email)
            if domain_of(member) not in allowed and not ours:
                raise _outsider(member)


def is_grantable(role: str, held: frozenset[str], kind: str) -> bool:
    """Whether a predefined role may be granted on a kind of resource.

    Below a project: one that holds a permission on the resource itself or on what it contains.
    Above: any, but for those that administer what stands higher.

    Args:
        role: its name.
        held: its permissions, as far as the table knows them.
        kind: what the resource's permissions begin with, as in ``run.services``.
    """
    higher = _HIGHER_ROLES.get(kind)
    if higher is not None:
        return not role.startswith(higher)
    return any(permission.startswith(WITHIN.get(kind, (kind,))) for permission in held)


_HIGHER_ROLES: dict[str, tuple[str, ...]] = {
    "resourcemanager.projects": (
        "roles/iam.denyAdmin",
        "roles/resourcemanager.folder",
        "roles/resourcemanager.organization",
    ),
    "resourcemanager.folders": ("roles/resourcemanager.organization",),
    "resourcemanager.organizations": (),
}
_SHAPES: dict[str, re.Pattern[str]] = {
    "run.services": re.compile(r"projects/[^/]+/locations/[^/]+/services/[^/]+"),
    "run.jobs": re.compile(r"projects/[^/]+/locations/[^/]+/jobs/[^/]+"),
    "run.instances": re.compile(r"projects/[^/]+/locations/[^/]+/instances/[^/]+"),
    "cloudfunctions.functions": re.compile(r"projects/[^/]+/locations/[^/]+/functions/[^/]+"),
    "artifactregistry.repositories": re.compile(
        r"projects/[^/]+/locations/[^/]+/repositories/[^/]+"
    ),
    "iam.serviceAccounts": re.compile(r"projects/[^/]+/serviceAccounts/[^/]+"),
    "pubsub.topics": re.compile(r"projects/[^/]+/topics/[^/]+"),
    "pubsub.subscriptions": re.compile(r"projects/[^/]+/subscriptions/[^/]+"),
    "eventarc.triggers": re.compile(r"projects/[^/]+/locations/[^/]+/triggers/[^/]+"),
    "cloudtasks.queues": re.compile(r"projects/[^/]+/locations/[^/]+/queues/[^/]+"),
    "storage.buckets": re.compile(r"projects/[^/]+/buckets/[^/]+"),
    "iap.web": re.compile(r"projects/[^/]+/iap_web"),
    "iap.webTypes": re.compile(r"projects/[^/]+/iap_web/[^/]+"),
    "iap.webServices": re.compile(r"projects/[^/]+/iap_web/[^/]+/services/[^/]+"),
    "iap.webServiceVersions": re.compile(
        r"projects/[^/]+/iap_web/[^/]+/services/[^/]+/versions/[^/]+"
    ),
    "resourcemanager.projects": re.compile(r"projects/[^/]+"),
    "resourcemanager.folders": re.compile(r"folders/[^/]+"),
    "resourcemanager.organizations": re.compile(r"organizations/[^/]+"),
}
WITHIN: dict[str, tuple[str, ...]] = {
    "run.services": ("run.services.", "run.routes.", "run.revisions.", "run.configurations."),
    "run.jobs": ("run.jobs.", "run.executions.", "run.tasks."),
    "cloudfunctions.functions": ("cloudfunctions.functions.",),
    "artifactregistry.repositories": ("artifactregistry.",),
    "iam.serviceAccounts": ("iam.serviceAccounts.", "iam.serviceAccountKeys."),
    "iap.web": ("iap.web",),
    "iap.webTypes": ("iap.webTypes.", "iap.webServices.", "iap.webServiceVersions."),
    "iap.webServices": ("iap.webServices.", "iap.webServiceVersions."),
    "cloudtasks.queues": ("cloudtasks.queues.", "cloudtasks.tasks."),
    "storage.buckets": ("storage.buckets.", "storage.objects."),
}
"""Beginnings of the permissions that can be asked about on a kind of resource below a project."""


def _check_limits(bindings: Sequence[Any], members: Sequence[str]) -> None:
    groups = sum(member.startswith(("group:", "domain:")) for member in members)
    for what, count, most in (
        ("members", len(members), MAX_PRINCIPALS),
        ("groups", groups, MAX_GROUPS),
    ):
        if count > most:
            raise invalid(
                f"The number of {what} in the policy ({count}) is larger than the maximum allowed "
                f"size {most}."
            )
    same: Counter[tuple[str, str]] = Counter()
    for binding in bindings:
        same.update({(binding.role, member) for member in binding.members})
    if any(count > MAX_SAME_GRANTS for count in same.values()):
        raise invalid(
            f"The policy has more than {MAX_SAME_GRANTS} bindings of the same role and principal."
        )


def _outsider(member: str) -> ApiError:
    constraint = f"constraints/{DOMAIN_CONSTRAINT}"
    detail = error_details_pb2.PreconditionFailure(
        violations=[
            error_details_pb2.PreconditionFailure.Violation(
                type=constraint,
                subject=member,
                description=f"User {member} is not in permitted organization.",
            )
        ]
    )
    return ApiError(
        "FAILED_PRECONDITION",
        "One or more users named in the policy do not belong to a permitted customer, perhaps due "
        "to an organization policy.",
        detail,
    )
