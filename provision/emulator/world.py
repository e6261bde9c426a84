"""The control side's state, put together: projects, accounts, groups, policies, tokens."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.iam.v1 import policy_pb2

from provision.emulator.iam.access import PolicyAccess
from provision.emulator.iam.boundaries import Boundaries
from provision.emulator.iam.deny import DenyPolicies
from provision.emulator.iam.groups import Groups
from provision.emulator.iam.hierarchy import FOLDER, ORGANIZATION, Hierarchy, Project
from provision.emulator.iam.identities import ID_TOKEN_LIFETIME, TokenIssuer, subject
from provision.emulator.iam.members import Membership
from provision.emulator.iam.policies import Policies
from provision.emulator.iam.principals import Principals
from provision.emulator.iam.roles import Roles
from provision.emulator.rpc import faults
from provision.emulator.store import Store, Table
from provision.emulator.tags import TagState

DEVELOPER = "user:developer@example.com"
"""The default identity: owner of every project and token creator on its accounts."""

_PROJECT_ROLES = ("roles/owner", "roles/iam.serviceAccountTokenCreator")
_ORGANIZATION_ROLES = (
    "roles/resourcemanager.organizationViewer",
    "roles/resourcemanager.folderViewer",
    "roles/iam.securityReviewer",
)


@dataclass
class Settings:
    """What tests may turn.

    Args:
        iam_delay: seconds until a policy takes effect.
        operation_delay: seconds that each step of a long-running operation takes.
        org_policies: allowed values by constraint, as in ``iam.allowedPolicyMemberDomains``.
        identity_premium: whether the customer's edition has transitive memberships.
        asset_delay: seconds that the asset inventory is behind.
        function_asset_delay: seconds that it is behind with functions.
    """

    iam_delay: float = 0.0
    operation_delay: float = 0.3
    org_policies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    identity_premium: bool = False
    asset_delay: float = 0.0
    function_asset_delay: float = 0.0


class World:
    """Everything the services of the control side share.

    Args:
        folder: where state survives a restart; None for memory only.
        settings: what tests may turn.
        projects: ids of the projects there are from the start.
    """

    def __init__(self, folder: Path | None, settings: Settings, projects: tuple[str, ...]) -> None:
        self.settings = settings
        self.store = Store(folder)
        self._first_projects = projects
        self.hierarchy = Hierarchy(self.store)
        self.tags = TagState(self.store, self.hierarchy)
        self.roles = Roles(self.store)
        self.accounts: Table[dict[str, Any]] = self.store.table("accounts")
        self.deleted_accounts: Table[dict[str, Any]] = self.store.table("deletedAccounts")
        self.groups = Groups(self.store, lambda: self.settings.iam_delay + faults.iam_delay())
        self.policies = Policies(self.store, lambda: self.settings.iam_delay + faults.iam_delay())
        membership = Membership(
            self.groups.members,
            self._account_is_below,
            lambda number, above: self.hierarchy.contains(above, number),
            self._holders,
        )
        self.denials = DenyPolicies(
            self.store,
            lambda: self.settings.iam_delay + faults.iam_delay(),
            Principals(membership, self.hierarchy.domains),
        )
        self.boundaries = Boundaries(
            self.store,
            lambda: self.settings.iam_delay + faults.iam_delay(),
            self.hierarchy,
            membership,
        )
        self.access = PolicyAccess(
            self.hierarchy, self.policies, self.denials, self.boundaries, self.roles, membership
        )
        self.access.use_tags(self.tags)
        self.identities = TokenIssuer(self.store, self._may_not_act, self._unique_id)
        self.populate()

    def populate(self) -> None:
        """Make what is there from the start, where it is missing."""
        self.hierarchy.populate()
        if self.policies.in_effect(ORGANIZATION) is None:
            self.grant_at_once(ORGANIZATION, DEVELOPER, _ORGANIZATION_ROLES)
            self.grant_at_once(FOLDER, DEVELOPER, ("roles/resourcemanager.folderViewer",))
        for project_id in self._first_projects:
            self.add_project(project_id)

    def reset(self) -> None:
        """Back to the start; tokens stay valid."""
        self.store.reset()
        self.settings.org_policies.clear()
        self.settings.identity_premium = False
        self.settings.asset_delay = self.settings.function_asset_delay = 0.0
        self.identities.id_token_lifetime = ID_TOKEN_LIFETIME
        self.populate()

    def add_project(self, project_id: str) -> Project:
        """The project of that id, with its default compute account, owned by the developer."""
        project = self.hierarchy.add(project_id)
        return self.furnish(project, DEVELOPER, _PROJECT_ROLES)

    def furnish(self, project: Project, owner: str, roles: tuple[str, ...]) -> Project:
        """Give a new project its owner, its service agent and its compute account."""
        if self.policies.in_effect(project.name) is None:
            self.grant_at_once(project.name, owner, roles)
            agent = f"service-{project.number}@serverless-robot-prod.iam.gserviceaccount.com"
            self.grant_at_once(project.name, f"serviceAccount:{agent}", ("roles/run.serviceAgent",))
        if project.compute_account not in self.accounts:
            self.add_account(
                project, project.compute_account, displayName="Default compute service account"
            )
        return project

    def add_account(self, project: Project, email: str, **fields: str) -> dict[str, Any]:
        """A new service account, as the JSON form of ``google.iam.admin.v1.ServiceAccount``."""
        unique_id = fields.pop("uniqueId", "") or subject(f"serviceAccount:{email}")
        account = {
            "name": f"projects/{project.project_id}/serviceAccounts/{email}",
            "projectId": project.project_id,
            "uniqueId": unique_id,
            "email": email,
            "oauth2ClientId": unique_id,
            "etag": "MDEwMjE5MjA=",
            **{key: value for key, value in fields.items() if value},
        }
        return self.accounts.put(email, account)

    def grant_at_once(self, resource: str, member: str, roles: tuple[str, ...]) -> None:
        """Add bindings that take effect without delay (the world as it was found)."""
        delay, self.settings.iam_delay = self.settings.iam_delay, 0.0
        policy = self.policies.get(resource, 3)
        for role in roles:
            policy.bindings.append(policy_pb2.Binding(role=role, members=[member]))
        self.policies.set(resource, policy)
        self.settings.iam_delay = delay

    def account_exists(self, email: str) -> bool:
        """Whether a service account exists. Those outside of our projects are taken on trust."""
        if email in self.accounts:
            return True
        name, _, domain = email.rpartition("@")
        if domain == "developer.gserviceaccount.com":
            return False
        project = domain.removesuffix(".iam.gserviceaccount.com")
        return not (project != domain and name and self.hierarchy.find(project))

    def _holders(self, project: str, role: str) -> tuple[str, ...]:
        """Whom a project's own policy grants a role, without conditions."""
        name = self.hierarchy.canonical(f"projects/{project}")
        found = (one for one in self.policies.grants(name) if one.role == role)
        return tuple(member for one in found for member in (*one.named, *one.indirect))

    def _may_not_act(self, member: str) -> bool:
        if not member.startswith("serviceAccount:"):
            return False
        email = member.partition(":")[2]
        account = self.accounts.get(email)
        if account is None:
            return not self.account_exists(email)
        return bool(account.get("disabled")) or self.hierarchy.awaits_deletion(account["name"])

    def _unique_id(self, email: str) -> str:
        account = self.accounts.get(email)
        return str(account["uniqueId"]) if account else ""

    def _account_is_below(self, email: str, ancestor: str) -> bool:
        account = self.accounts.get(email)
        return account is not None and self.hierarchy.contains(ancestor, account["projectId"])
