"""Who may do what: allow policies of a resource and all above it, as far as they are in effect.

Rule: "Policy evaluation" on the policy types page of IAM's documentation, the allow step. Deny
policies and principal access boundaries are not emulated.
"""

import datetime as dt

from provision.emulator.iam.conditions import holds
from provision.emulator.iam.hierarchy import Hierarchy
from provision.emulator.iam.members import Membership
from provision.emulator.iam.policies import Policies
from provision.emulator.iam.roles import Roles
from provision.emulator.seams import RequestAttributes

_BASIC = {
    "projectOwner": "roles/owner",
    "projectEditor": "roles/editor",
    "projectViewer": "roles/viewer",
}


class PolicyAccess:
    """Evaluates policies (`provision.emulator.seams.Access`)."""

    def __init__(
        self, hierarchy: Hierarchy, policies: Policies, roles: Roles, membership: Membership
    ) -> None:
        self._hierarchy = hierarchy
        self._policies = policies
        self._roles = roles
        self._membership = membership

    def allowed(
        self,
        member: str,
        permission: str,
        resource: str,
        attributes: RequestAttributes | None = None,
    ) -> bool:
        """Whether `member` holds `permission` on the resource or inherits it."""
        now = (attributes.time if attributes else None) or dt.datetime.now(dt.UTC)
        return any(
            self._granted_by(one, member, permission, now)
            for one in self._hierarchy.chain(resource)
        )

    def held(self, member: str, permissions: list[str], resource: str) -> list[str]:
        """Those of the permissions that the member holds, in their order."""
        return [one for one in permissions if self.allowed(member, one, resource)]

    def _granted_by(self, resource: str, member: str, permission: str, now: dt.datetime) -> bool:
        policy = self._policies.in_effect(resource)
        if policy is None:
            return False
        for binding in policy.bindings:
            if permission not in (self._roles.permissions(binding.role) or ()):
                continue
            # A condition that cannot be evaluated never grants.
            if binding.condition.expression and not holds(binding.condition.expression, now):
                continue
            if any(self._includes(listed, member) for listed in binding.members):
                return True
        return False

    def _includes(self, listed: str, member: str) -> bool:
        kind, _, project = listed.partition(":")
        role = _BASIC.get(kind)
        if role is None:
            return self._membership.includes(listed, member)
        policy = self._policies.in_effect(f"projects/{project}")
        return policy is not None and any(
            self._membership.includes(one, member)
            for binding in policy.bindings
            if binding.role == role
            for one in binding.members
        )
