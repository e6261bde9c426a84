"""How large a made-up organisation is, and what its bindings are made of."""

from dataclasses import dataclass

from provision.snapshot.records import Kind, Target

Weighted = tuple[tuple[str, int], ...]
"""Choices, each with how often it is made."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large, and how odd; shares are of 1.

    Args:
        services: Cloud Run services.
        jobs: Cloud Run jobs.
        functions: functions; half are of each generation, the second with a service each.
        accounts: service accounts that somebody made.
        users: people who are named in bindings or groups.
        groups: groups, nested.
        bindings: in all allow policies together.
        per_project: services in a project, about.
        conditional: share of bindings under a condition.
        impersonation: share of bindings on service accounts.
        outside: share of people from another domain.
        custom_roles: custom roles, of projects and of the organisation.
        deny: deny policies.
        boundaries: principal access boundaries, each bound once.
        callers: share of services that something calls.
        keys: share of accounts with a key.
        iap: share of services behind Identity-Aware Proxy.
        unchecked: share of services without the invoker check.
        disabled: share of accounts that are disabled.
        unread: share of groups, accounts and projects of which something could not be read.
    """

    services: int = 200
    jobs: int = 20
    functions: int = 20
    accounts: int = 100
    users: int = 200
    groups: int = 40
    bindings: int = 880
    per_project: int = 25
    conditional: float = 0.06
    impersonation: float = 0.08
    outside: float = 0.03
    custom_roles: int = 12
    deny: int = 4
    boundaries: int = 3
    callers: float = 0.08
    keys: float = 0.04
    iap: float = 0.02
    unchecked: float = 0.01
    disabled: float = 0.02
    unread: float = 0.005


LARGE = Size(
    services=10_000,
    jobs=500,
    functions=500,
    accounts=5_000,
    users=10_000,
    groups=2_000,
    bindings=44_000,
    custom_roles=200,
    deny=60,
    boundaries=20,
)
"""What `audit report` has three seconds for."""
HUGE = Size(
    services=100_000,
    jobs=5_000,
    functions=5_000,
    accounts=50_000,
    users=50_000,
    groups=10_000,
    bindings=1_000_000,
    custom_roles=2_000,
    deny=500,
    boundaries=100,
)
"""What has to be judged within a minute."""

FAR = 0.04
"""Share of members that are of another team than what they are named on."""
ON_TARGETS: dict[Kind, Weighted] = {
    Kind.SERVICE: (
        ("roles/run.invoker", 70),
        ("roles/run.servicesInvoker", 10),
        ("roles/run.developer", 6),
        ("roles/run.admin", 4),
        ("roles/run.viewer", 10),
    ),
    Kind.JOB: (
        ("roles/run.jobsExecutor", 40),
        ("roles/run.jobsExecutorWithOverrides", 10),
        ("roles/run.invoker", 40),
        ("roles/run.viewer", 10),
    ),
    Kind.FUNCTION: (("roles/cloudfunctions.invoker", 90), ("roles/cloudfunctions.viewer", 10)),
}
ON_PROJECTS: Weighted = (
    ("roles/viewer", 30),
    ("roles/logging.viewer", 16),
    ("roles/pubsub.publisher", 10),
    ("roles/run.viewer", 8),
    ("roles/editor", 7),
    ("roles/run.developer", 6),
    ("roles/iam.serviceAccountUser", 5),
    ("roles/run.invoker", 5),
    ("roles/cloudscheduler.admin", 3),
    ("roles/owner", 3),
    ("roles/run.admin", 2),
    ("roles/cloudbuild.builds.editor", 2),
    ("roles/workflows.invoker", 1),
    ("roles/iam.serviceAccountTokenCreator", 1),
    ("roles/iam.securityAdmin", 1),
)
ABOVE: Weighted = (
    ("roles/viewer", 30),
    ("roles/browser", 30),
    ("roles/iam.securityReviewer", 20),
    ("roles/run.viewer", 8),
    ("roles/run.admin", 4),
    ("roles/run.invoker", 3),
    ("roles/owner", 2),
    ("roles/editor", 2),
    ("roles/iam.serviceAccountTokenCreator", 1),
)
ON_ACCOUNTS: Weighted = (
    ("roles/iam.serviceAccountUser", 40),
    ("roles/iam.serviceAccountTokenCreator", 22),
    ("roles/iam.workloadIdentityUser", 20),
    ("roles/iam.serviceAccountOpenIdTokenCreator", 8),
    ("roles/iam.serviceAccountKeyAdmin", 5),
    ("roles/iam.serviceAccountAdmin", 5),
)
ON_TOPICS: Weighted = (
    ("roles/pubsub.publisher", 80),
    ("roles/pubsub.viewer", 15),
    ("roles/pubsub.admin", 5),
)
MEMBERS: Weighted = (
    ("account", 46),
    ("group", 27),
    ("user", 20),
    ("pool", 3),
    ("deleted", 1),
    ("accounts", 1),
    ("public", 1),
    ("domain", 1),
)
"""The first three are what a binding has several of."""
IN_CUSTOM_ROLES = (
    "run.routes.invoke",
    "run.jobs.run",
    "run.services.get",
    "run.services.update",
    "run.services.setIamPolicy",
    "iam.serviceAccounts.getOpenIdToken",
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.actAs",
    "iam.roles.update",
    "pubsub.topics.publish",
    "logging.logEntries.list",
    "storage.objects.get",
)
DENIED = (
    ("run.googleapis.com/routes.invoke",),
    ("run.googleapis.com/jobs.run", "run.googleapis.com/jobs.runWithOverrides"),
    ("iam.googleapis.com/serviceAccounts.*",),
    ("iam.googleapis.com/serviceAccounts.getOpenIdToken",),
    ("cloudresourcemanager.googleapis.com/projects.setIamPolicy",),
)


def usual_on(name: str, target: Target | None) -> Weighted:
    """The roles that are bound on such a thing."""
    if target is not None:
        return ON_TARGETS[target.kind]
    if name.startswith("projects/"):
        return ON_PROJECTS
    if "/serviceAccounts/" in name:
        return ON_ACCOUNTS
    return ON_TOPICS if "/topics/" in name else ABOVE
