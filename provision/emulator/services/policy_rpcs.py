"""GetIamPolicy, SetIamPolicy and TestIamPermissions, written once for every kind of resource."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from google.iam.v1 import iam_policy_pb2
from google.rpc import error_details_pb2

from provision.emulator.iam.members import PUBLIC, domain_of, email_of, is_well_formed
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.permissions import Refusal, require
from provision.emulator.world import World

MAX_PRINCIPALS = 1500
MAX_GROUPS = 250
_AGENT = re.compile(r"service-\d+@[a-z0-9.-]+\.gserviceaccount\.com$")
DOMAIN_CONSTRAINT = "iam.allowedPolicyMemberDomains"


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
    """

    service: str
    permission: str
    check: Callable[[str], None]
    refusal: Refusal
    public: bool = True
    conditions: bool = True


class PolicyRpcs:
    """The three RPCs of one kind of resource."""

    def __init__(self, world: World, kind: PolicyKind) -> None:
        self._world = world
        self._kind = kind

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        service = self._kind.service
        return {
            f"{service}/GetIamPolicy": self._get,
            f"{service}/SetIamPolicy": self._set,
            f"{service}/TestIamPermissions": self._test,
        }

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Policy
        resource = self._allowed(call, "getIamPolicy")
        version = call.request.options.requested_policy_version
        if version not in (0, 1, 3):
            raise invalid(f"Invalid requested policy version {version}: allowed are 0, 1 and 3.")
        return self._world.policies.get(resource, version)

    async def _set(self, call: Call) -> Any:  # noqa: ANN401 - Policy
        resource = self._allowed(call, "setIamPolicy")
        policy = call.request.policy
        self._check(policy.bindings)
        return self._world.policies.set(resource, policy, list(call.request.update_mask.paths))

    async def _test(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        resource = self._world.hierarchy.canonical(call.request.resource)
        asked = list(call.request.permissions)
        if any("*" in one for one in asked):
            raise invalid("Wildcards are not allowed in permissions.")
        held = self._world.access.held(call.principal, asked, resource)
        return iam_policy_pb2.TestIamPermissionsResponse(permissions=held)

    def _allowed(self, call: Call, verb: str) -> str:
        kind = self._kind
        resource = self._world.hierarchy.canonical(call.request.resource)
        require(self._world, call, f"{kind.permission}.{verb}", resource, kind.refusal)
        kind.check(resource)
        return resource

    def _check(self, bindings: Sequence[Any]) -> None:
        members = [member for binding in bindings for member in binding.members]
        for binding in bindings:
            self._check_binding(binding)
        for member in members:
            self._check_member(member)
        groups = sum(member.startswith(("group:", "domain:")) for member in members)
        if len(members) > MAX_PRINCIPALS or groups > MAX_GROUPS:
            raise invalid(
                f"The number of members in the policy ({len(members)}) is larger than the maximum "
                f"allowed size {MAX_PRINCIPALS}."
                if len(members) > MAX_PRINCIPALS
                else f"The number of groups in the policy ({groups}) is larger than the maximum "
                f"allowed size {MAX_GROUPS}."
            )
        self._check_organization(members)

    def _check_binding(self, binding: Any) -> None:  # noqa: ANN401 - Binding
        if self._world.roles.permissions(binding.role) is None:
            raise invalid(f"Role {binding.role} is not supported for this resource.")
        if not binding.HasField("condition"):
            return
        if not self._kind.conditions:
            raise invalid("Conditions are not supported on this resource.")
        if set(PUBLIC) & set(binding.members) or binding.role in (
            "roles/owner",
            "roles/editor",
            "roles/viewer",
        ):
            raise invalid("Conditions can't be set on public members or basic roles.")

    def _check_member(self, member: str) -> None:
        if not is_well_formed(member):
            raise invalid(f"Invalid member: {member}")
        if member in PUBLIC and not self._kind.public:
            raise invalid(
                f"Member {member} is invalid due to membership type restrictions on the resource"
            )
        email = email_of(member)
        if member.startswith("serviceAccount:") and not self._world.account_exists(email):
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
