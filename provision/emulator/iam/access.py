"""Who may do what: the policies of a resource and all above it, as far as they are in effect.

Rule: "Policy evaluation" on the policy types page of IAM's documentation. A principal access
boundary ends it, or a deny policy that matches; else one grant anywhere is enough.
"""

import datetime as dt
from collections.abc import Iterable

from provision.emulator import history
from provision.emulator.iam.boundaries import Boundaries
from provision.emulator.iam.conditions import Context, holds
from provision.emulator.iam.deny import DenyPolicies
from provision.emulator.iam.grants import Grant
from provision.emulator.iam.hierarchy import Hierarchy
from provision.emulator.iam.members import PUBLIC, Membership
from provision.emulator.iam.policies import Policies
from provision.emulator.iam.roles import Roles
from provision.emulator.seams import RequestAttributes, Tags

_RESOURCE_MANAGER = "cloudresourcemanager.googleapis.com"
_KINDS = {"projects": "Project", "folders": "Folder", "organizations": "Organization"}


class PolicyAccess:
    """Evaluates policies (`provision.emulator.seams.Access`).

    Args:
        hierarchy: who inherits from whom.
        policies: allow policies.
        denials: deny policies.
        boundaries: principal access boundaries.
        roles: what roles grant.
        membership: whom members of bindings stand for.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - one collaborator each
        self,
        hierarchy: Hierarchy,
        policies: Policies,
        denials: DenyPolicies,
        boundaries: Boundaries,
        roles: Roles,
        membership: Membership,
    ) -> None:
        self._hierarchy = hierarchy
        self._policies = policies
        self._denials = denials
        self._boundaries = boundaries
        self._roles = roles
        self._membership = membership
        self._tags: Tags | None = None

    def use_tags(self, tags: Tags) -> None:
        """Let conditions ask for tags; until then there are none."""
        self._tags = tags

    def allowed(
        self,
        member: str,
        permission: str,
        resource: str,
        attributes: RequestAttributes | None = None,
    ) -> bool:
        """Whether `member` holds `permission` on the resource or inherits it."""
        # A read that is played stale is still authorised by what is true now.
        with history.reading_as_of(None):
            chain = self._hierarchy.chain(resource)
            managed = permission.startswith("resourcemanager.")
            if not managed and self._hierarchy.awaits_deletion(resource):
                return False  # nothing goes on in a deleted project until it is restored
            if self._boundaries.blocks(member, permission, chain):
                return False
            check = _Check(self, member, permission, chain, attributes or RequestAttributes())
            if self._denials.denies(member, permission, chain, check.context):
                return False
            return any(check.granted(self._policies.grants(one)) for one in chain)

    def held(self, member: str, permissions: list[str], resource: str) -> list[str]:
        """Those of the permissions that the member holds, in their order."""
        return [one for one in permissions if self.allowed(member, one, resource)]

    def grants_permission(self, role: str, permission: str) -> bool:
        """Whether a role has a permission."""
        return permission in (self._roles.permissions(role) or ())

    def includes(self, listed: str, member: str) -> bool:
        """Whether a member that stands for others stands for this one."""
        return self._membership.includes(listed, member)

    def context(
        self, permission: str, chain: tuple[str, ...], attributes: RequestAttributes
    ) -> Context:
        """What conditions may know of a check."""
        return Context(
            attributes.time or dt.datetime.now(dt.UTC),
            path=attributes.path,
            host=attributes.host,
            modified_roles=attributes.modified_roles,
            resource=attributes.resource or self._resource(permission, chain[0]),
            tags=self._tags.effective(chain[0]) if self._tags else (),
        )

    def _resource(self, permission: str, resource: str) -> tuple[str, str, str] | None:
        """Name, type and service of what Resource Manager checks; others tell them themselves."""
        collection, _, key = resource.partition("/")
        if not permission.startswith("resourcemanager.") or collection not in _KINDS or "/" in key:
            return None
        project = self._hierarchy.find(key) if collection == "projects" else None
        name = f"projects/{project.number}" if project else resource
        return name, f"{_RESOURCE_MANAGER}/{_KINDS[collection]}", _RESOURCE_MANAGER


class _Check:
    """One question; what its conditions ask for is put together when the first one asks."""

    def __init__(
        self,
        access: PolicyAccess,
        member: str,
        permission: str,
        chain: tuple[str, ...],
        attributes: RequestAttributes,
    ) -> None:
        self._access = access
        self._member = member
        self._permission = permission
        self._chain = chain
        self._attributes = attributes
        self._known: Context | None = None
        lowered = member.lower()
        # Whoever is authenticated is one of allUsers and of allAuthenticatedUsers too.
        names = {lowered, *(one.lower() for one in PUBLIC)}
        self._names = {lowered} if member == "allUsers" else names

    def context(self) -> Context:
        """What conditions may know of this check."""
        if self._known is None:
            self._known = self._access.context(self._permission, self._chain, self._attributes)
        return self._known

    def granted(self, grants: Iterable[Grant]) -> bool:
        """Whether a policy grants what is asked."""
        return any(self._grants(grant) for grant in grants)

    def _grants(self, grant: Grant) -> bool:
        if not self._access.grants_permission(grant.role, self._permission):
            return False
        if self._names.isdisjoint(grant.named) and not any(
            self._access.includes(one, self._member) for one in grant.indirect
        ):
            return False
        # A condition that cannot be evaluated never grants.
        return not grant.condition or holds(grant.condition, self.context()) is True
