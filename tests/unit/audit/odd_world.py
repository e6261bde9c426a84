"""Small organisations in which everything that is hard to judge is frequent."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from provision.snapshot import Snapshot
from provision.snapshot.records import (
    Account,
    AnyRecord,
    Binding,
    Boundary,
    BoundaryBinding,
    Container,
    DenyPolicy,
    DenyRule,
    Group,
    Header,
    Kind,
    Membership,
    Part,
    Policy,
    Role,
    Tag,
    Tags,
    Target,
    Unread,
)

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
POOL = "//iam.googleapis.com/locations/global/workforcePools/staff"
WORKLOADS = "//iam.googleapis.com/projects/101/locations/global/workloadIdentityPools/ci"
_CONTAINERS = ("organizations/1", "folders/2", "projects/one", "projects/two")
_CUSTOM = "organizations/1/roles/caller"
_ROLES = (
    "roles/run.invoker",
    "roles/run.servicesInvoker",
    "roles/viewer",
    "roles/owner",
    _CUSTOM,
    "roles/nobody.knows",
    "roles/iap.httpsResourceAccessor",
    "roles/iam.serviceAccountTokenCreator",
    "roles/editor",
)
_CONDITIONS = (
    "request.time < timestamp('2027-01-01T00:00:00Z')",
    "request.time < timestamp('2026-01-01T00:00:00Z')",
    "request.path.startsWith('/open')",
    "resource.matchTag('1/env', 'prod')",
    "!resource.matchTag('1/env', 'prod')",
    "resource.name.startsWith('x')",
    "resource.type == 'x' || request.host == 'example.com'",
    "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []) == ['roles/owner']",
)
_ACCOUNTS = (
    "app@one.iam.gserviceaccount.com",
    "app@two.iam.gserviceaccount.com",
    "101-compute@developer.gserviceaccount.com",
    "far@elsewhere.iam.gserviceaccount.com",
)
_GROUPS = tuple(f"group:g{number}@example.com" for number in range(5))
_ONES = (
    "user:ann@example.com",
    "user:Bob@Example.com",
    "user:eve@other.example",
    "user:joe@gmail.com",
    *(f"serviceAccount:{email}" for email in _ACCOUNTS),
    "serviceAccount:service-101@gcp-sa-iap.iam.gserviceaccount.com",
    "serviceAccount:one.svc.id.goog[space/web]",
    f"principal:{POOL}/subject/ann",
    f"principal:{WORKLOADS}/subject/build",
    "deleted:user:gone@example.com?uid=123",
)
_SETS = (
    "domain:example.com",
    "domain:other.example",
    "allUsers",
    "allAuthenticatedUsers",
    f"principalSet:{POOL}/*",
    f"principalSet:{POOL}/group/devs",
    f"principalSet:{WORKLOADS}/*",
    "principalSet://cloudresourcemanager.googleapis.com/projects/101/type/ServiceAccount",
    "principalSet://cloudresourcemanager.googleapis.com/organizations/1/type/ServiceAccount",
    "principalSet://cloudresourcemanager.googleapis.com/projects/101/type/ServiceAgent",
    "projectEditor:one",
    "odd:thing",
)
_DENIED = (
    "principalSet://goog/public:all",
    "principal://goog/subject/ann@example.com",
    "principalSet://goog/group/g1@example.com",
    "principalSet://goog/group/g3@example.com",
    "principal://iam.googleapis.com/projects/-/serviceAccounts/app@one.iam.gserviceaccount.com",
    "principalSet://goog/cloudIdentityCustomerId/C01",
    f"principalSet:{POOL}/group/devs",
)
_PERMISSIONS = (
    "run.googleapis.com/routes.invoke",
    "run.googleapis.com/*.*",
    "iam.googleapis.com/serviceAccounts.*",
    "run.googleapis.com/*.run",
)
_BOUND = (
    "//cloudresourcemanager.googleapis.com/organizations/1",
    "//cloudresourcemanager.googleapis.com/projects/one",
    "//cloudresourcemanager.googleapis.com/projects/102",
    "//iam.googleapis.com/locations/global/workspace/C01",
    POOL,
    WORKLOADS,
)
_BOUND_CONDITIONS = (
    "",
    "",
    "principal.type == 'iam.googleapis.com/ServiceAccount'",
    "principal.subject.endsWith('@example.com')",
    "request.time > 1",
)
_TAGS = (
    Tag("1/env", "tagKeys/1", "prod", "tagValues/1"),
    Tag("1/env", "tagKeys/1", "test", "tagValues/2"),
)

SERVICE = "//run.googleapis.com/projects/one/locations/r/services/web"
JOB = "//run.googleapis.com/projects/two/locations/r/jobs/batch"
PROXIED = "//run.googleapis.com/projects/one/locations/r/services/proxied"
PROJECTS = {"projects/one": "101", "projects/two": "102"}


def odd_world(seed: int) -> Snapshot:
    """One of them; the same seed makes the same."""
    return Snapshot.of(_records(random.Random(seed)))  # noqa: S311 - made up, not secret


def _records(dice: random.Random) -> Iterator[AnyRecord]:
    yield Header(1, "organizations/1", AT)
    yield from _hierarchy(dice)
    yield Target(SERVICE, Kind.SERVICE, invoker_check=dice.random() < 0.9)
    yield Target(JOB, Kind.JOB)
    yield Target(PROXIED, Kind.SERVICE, iap=True)
    for email in _ACCOUNTS[:3]:
        project = "two" if "@two" in email else "one"
        name = f"//iam.googleapis.com/projects/{project}/serviceAccounts/{email}"
        yield Account(name, email, disabled=dice.random() < 0.1)
        yield from _policy(dice, name, 1)
    for resource in (SERVICE, JOB, PROXIED, *_CONTAINERS):
        yield from _policy(dice, resource, 3)
    for level in ("", "/cloud_run-r", "/cloud_run-r/services/proxied"):
        yield from _policy(dice, f"//iap.googleapis.com/projects/one/iap_web{level}", 1)
    yield from _groups(dice)
    yield from _restrictions(dice)
    if dice.random() < 0.7:
        yield Role(_CUSTOM, ("run.routes.invoke", "run.jobs.run"), deleted=dice.random() < 0.2)
    for resource in (SERVICE, "projects/one", "folders/2"):
        if dice.random() < 0.4:
            yield Tags(resource, (dice.choice(_TAGS),))
    if dice.random() < 0.15:
        yield Unread(dice.choice((SERVICE, "folders/2")), Part.TAGS, "it was refused")


def _hierarchy(dice: random.Random) -> Iterator[AnyRecord]:
    title = dice.choice(("example.com", ""))
    yield Container("organizations/1", title=title, customer="C01")
    yield Container("folders/2", dice.choice(("organizations/1",) * 12 + (None,)))
    for name, number in PROJECTS.items():
        told = dice.random() < 0.9
        yield Container(name, dice.choice(("folders/2", "organizations/1")), number * told)


def _policy(dice: random.Random, resource: str, most: int) -> Iterator[AnyRecord]:
    if dice.random() < 0.03:
        return
    members = (*_ONES, *_GROUPS, *_SETS)
    bindings = tuple(
        Binding(
            dice.choice(_ROLES),
            tuple(dice.sample(members, dice.randint(1, 3))),
            dice.choice(("", "", *_CONDITIONS)),
        )
        for _ in range(dice.randint(0, most))
    )
    yield Policy(resource, bindings)


def _groups(dice: random.Random) -> Iterator[AnyRecord]:
    inside = (*_ONES[:8], *_GROUPS, "cloudIdentityCustomerId:C01")
    for name in _GROUPS:
        chosen = dice.sample(inside, dice.randint(0, 4))
        days = dice.choice((-1, 1))
        ends = (None, None, AT + timedelta(days=days))
        members = tuple(Membership(one, dice.choice(ends)) for one in chosen)
        if dice.random() < 0.93:
            yield Group(name, members)
        if dice.random() < 0.1:
            yield Unread(name, Part.MEMBERS, "it is external")


def _restrictions(dice: random.Random) -> Iterator[AnyRecord]:
    for number in range(dice.randint(0, 2)):
        rule = DenyRule(
            tuple(dice.sample(_DENIED, 2)),
            tuple(dice.sample(_PERMISSIONS, 2)),
            tuple(dice.sample(_DENIED[1:], dice.randint(0, 1))),
            condition=dice.choice(("", "", *_CONDITIONS[2:5])),
        )
        yield DenyPolicy(dice.choice(_CONTAINERS), f"deny{number}", (rule,))
    for number in range(dice.randint(0, 3)):
        name = f"organizations/1/locations/global/principalAccessBoundaryPolicies/b{number}"
        named = "//cloudresourcemanager.googleapis.com/"
        named += dice.choice((*_CONTAINERS, "projects/102"))
        if dice.random() < 0.9:
            yield Boundary(name, (named,), dice.choice(("1", "2", "3", "latest", "9")))
        condition = dice.choice(_BOUND_CONDITIONS)
        yield BoundaryBinding(f"bind{number}", name, dice.choice(_BOUND), condition)
    if dice.random() < 0.05:
        yield Unread("organizations/1", Part.BOUNDARIES, "it was refused")
    if dice.random() < 0.05:
        yield Unread(dice.choice(_CONTAINERS), Part.DENY, "it was refused")
