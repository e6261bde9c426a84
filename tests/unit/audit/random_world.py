"""Small organisations made by a seed: a little of everything that decides who can invoke what."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from provision.snapshot import Snapshot
from provision.snapshot import records as r
from tests.unit.audit.plain_rules import (
    NO_TAGS,
    NOW_ON,
    OVER,
    PATH,
    TAGGED,
    UNDOCUMENTED,
    UNTAGGED,
    iap_levels,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
_ORGANISATION, _FOLDER, _P, _Q = "organizations/1", "folders/2", "projects/p", "projects/q"
_RUN = "//run.googleapis.com/{}/locations/europe-west1/{}/{}"
WEB = _RUN.format(_P, "services", "web")
API = _RUN.format(_Q, "services", "api")
NIGHTLY = _RUN.format(_P, "jobs", "nightly")
OLD = "//cloudfunctions.googleapis.com/projects/p/locations/europe-west1/functions/old"
NEW = "//cloudfunctions.googleapis.com/projects/q/locations/europe-west1/functions/new"

NEWS = "//pubsub.googleapis.com/projects/p/topics/news"
PUSH = "//pubsub.googleapis.com/projects/p/subscriptions/push"
HOURLY = "//cloudscheduler.googleapis.com/projects/q/locations/europe-west1/jobs/hourly"
FLOW = "//workflows.googleapis.com/projects/p/locations/europe-west1/workflows/flow"

ANN, BOB, EVE = "user:ann@example.com", "user:bob@example.org", "user:eve@gmail.com"
ONE = "serviceAccount:one@p.iam.gserviceaccount.com"
TWO = "serviceAccount:two@q.iam.gserviceaccount.com"
STRANGER = "serviceAccount:far@stranger.iam.gserviceaccount.com"
AGENT = "serviceAccount:service-100@gcp-sa-iap.iam.gserviceaccount.com"
GROUPS = tuple(f"group:{name}@example.com" for name in ("a", "b", "c"))
_POOL = "//iam.googleapis.com/locations/global/workforcePools/staff"
SUBJECT = f"principal:{_POOL}/subject/sue"
_SETS = "principalSet://cloudresourcemanager.googleapis.com"
PRINCIPALS = (ANN, BOB, EVE, ONE, TWO, AGENT, SUBJECT, GROUPS[0], "allUsers")
"""Who is asked about."""

_NAMED = r.Group("group:named@example.com", tuple(map(r.Membership, PRINCIPALS[:-1])))
"""So that everybody who is asked about is named somewhere; no policy names the group."""

_MEMBERS = (
    *(ANN, ANN, BOB, EVE, ONE, ONE, TWO, TWO, *GROUPS, *GROUPS, SUBJECT),
    *("domain:example.com", "allUsers", "allAuthenticatedUsers", AGENT, STRANGER),
    *(f"principalSet:{_POOL}/*", f"principalSet:{_POOL}/group/admins"),
    *(f"{_SETS}/projects/200/type/ServiceAccount", f"{_SETS}/organizations/1/type/ServiceAccount"),
    *(f"{_SETS}/folders/2/type/ServiceAccount", "deleted:user:ann@example.com?uid=1"),
)
_INVOKING = (
    *("roles/run.invoker", "roles/run.invoker", "roles/run.servicesInvoker", "roles/editor"),
    *("roles/viewer", "roles/cloudfunctions.invoker", "roles/iap.httpsResourceAccessor"),
    *("roles/pubsub.publisher", "roles/cloudscheduler.jobRunner", "roles/workflows.invoker"),
    *("roles/cloudbuild.builds.editor", "projects/p/roles/caller", "projects/p/roles/unread"),
)
_MINTING = (
    *("roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountOpenIdTokenCreator"),
    *("roles/iam.serviceAccountUser", "roles/iam.serviceAccountKeyAdmin"),
    *("projects/p/roles/minter", "projects/p/roles/delegator", "projects/p/roles/gone"),
)
_ROLES = (
    r.Role("projects/p/roles/caller", ("run.routes.invoke", "cloudfunctions.functions.call")),
    r.Role("projects/p/roles/minter", ("iam.serviceAccounts.getAccessToken",)),
    r.Role("projects/p/roles/delegator", ("iam.serviceAccounts.implicitDelegation",)),
    r.Role("projects/p/roles/gone", ("run.routes.invoke",), deleted=True),
)
_DENIABLE = (
    *("run.googleapis.com/routes.invoke", "run.googleapis.com/*.*", "run.googleapis.com/jobs.run"),
    *("iam.googleapis.com/serviceAccounts.*", "iap.googleapis.com/*.accessViaIAP"),
    *("cloudfunctions.googleapis.com/functions.invoke", "cloudbuild.googleapis.com/*.create"),
)
_DENIED = (
    *("principalSet://goog/public:all", "principal://goog/subject/ann@example.com"),
    *("principalSet://goog/group/a@example.com", "principalSet://goog/group/b@example.com"),
    *(
        ONE.replace(
            "serviceAccount:", "principal://iam.googleapis.com/projects/-/serviceAccounts/"
        ),
    ),
    *("principalSet://goog/cloudIdentityCustomerId/C01", f"principalSet:{_POOL}/*"),
    *(f"{_SETS}/projects/200/type/ServiceAccount", f"{_SETS}/projects/100/type/ServiceAgent"),
)
_BOUND = (
    *(_ORGANISATION, _FOLDER, _P, _Q, "//iam.googleapis.com/locations/global/workspace/C01"),
    _POOL,
)
_CONDITIONS = ("", "", "", "", NOW_ON, OVER, PATH, UNDOCUMENTED, TAGGED, UNTAGGED)


class World:
    """One organisation.

    Args:
        seed: the same seed, the same organisation.
        named: whether a group names all who are asked about; else only what decides does.
    """

    def __init__(self, seed: int, *, named: bool = True) -> None:
        self._draw = random.Random(seed)  # noqa: S311 - nothing secret
        self.records = [*self._made(), *([_NAMED] if named else [])]

    def snapshot(self) -> Snapshot:
        """As it is read."""
        return Snapshot.of(self.records, r.Header(r.VERSION, _ORGANISATION, NOON, NOON))

    def _made(self) -> Iterator[r.AnyRecord]:
        yield from self._containers()
        targets = list(self._targets())
        yield from targets
        yield from _ROLES
        for email, project in (("one@p", "p"), ("two@q", "q")):
            address = f"{email}.iam.gserviceaccount.com"
            name = f"//iam.googleapis.com/projects/{project}/serviceAccounts/{address}"
            yield r.Account(name, address, disabled=self._chance(0.08))
        unread = list(self._unread(targets))
        yield from unread
        yield from self._policies(targets, {one.of for one in unread if one.part is r.Part.POLICY})
        yield from self._groups()
        yield from self._deny()
        yield from self._boundaries()
        yield from self._tags({one.of for one in unread if one.part is r.Part.TAGS})
        yield from self._callers()

    def _chance(self, share: float) -> bool:
        return self._draw.random() < share

    def _containers(self) -> Iterator[r.Container]:
        title = "example.com" if self._chance(0.5) else ""
        yield r.Container(_ORGANISATION, customer="C01", title=title)
        yield r.Container(_FOLDER, _ORGANISATION)
        for name, number in ((_P, "100"), (_Q, "200")):
            parents = (_FOLDER, _FOLDER, _ORGANISATION, "")
            parent = None if self._chance(0.04) else self._draw.choice(parents)
            yield r.Container(name, parent, number)

    def _targets(self) -> Iterator[r.Target]:
        check, iap = not self._chance(0.1), self._chance(0.2)
        yield r.Target(WEB, r.Kind.SERVICE, "all", invoker_check=check, iap=iap)
        yield r.Target(API, r.Kind.SERVICE, "all")
        yield r.Target(NIGHTLY, r.Kind.JOB)
        yield r.Target(OLD, r.Kind.FUNCTION, "all", generation=1)
        yield r.Target(NEW, r.Kind.FUNCTION, "all", generation=2, service=API)

    def _resources(self, targets: list[r.Target]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Where invoking is granted, and where minting is."""
        named = tuple(one.name for one in targets if one.generation != 2)
        above = (_ORGANISATION, _FOLDER, _P, _Q)
        gates = iap_levels(WEB)[:2] if targets[0].iap else ()
        accounts = tuple(
            f"//iam.googleapis.com/projects/{who[-1]}/serviceAccounts/{who}.iam.gserviceaccount.com"
            for who in ("one@p", "two@q")
        )
        return (*named, *named, *above, *gates, NEWS), (*accounts, *accounts, *above)

    def _policies(self, targets: list[r.Target], hidden: set[str]) -> Iterator[r.Policy]:
        invoking, minting = self._resources(targets)
        bindings: dict[str, list[r.Binding]] = {}
        names = (*invoking, *minting, NEW, *iap_levels(WEB), HOURLY, FLOW)
        for _ in range(self._draw.randint(1, 5)):
            place = self._draw.choice(invoking)
            bindings.setdefault(place, []).append(self._binding(_INVOKING))
        for _ in range(self._draw.randint(0, 4)):
            place = self._draw.choice(minting)
            bindings.setdefault(place, []).append(self._binding(_MINTING))
        if targets[0].iap and self._chance(0.8):
            bindings.setdefault(WEB, []).append(r.Binding("roles/run.invoker", (AGENT,)))
        for name in dict.fromkeys(names):
            if name not in hidden:
                yield r.Policy(name, tuple(bindings.get(name, ())))

    def _binding(self, roles: tuple[str, ...]) -> r.Binding:
        role = self._draw.choice(roles)
        gate = "iap." in role
        members = tuple(self._draw.sample(_MEMBERS, self._draw.randint(1, 3)))
        condition = self._draw.choice((NOW_ON, OVER, "", PATH) if gate else _CONDITIONS)
        return r.Binding(role, members, condition)

    def _groups(self) -> Iterator[r.Group | r.Unread]:
        inside = (ANN, BOB, EVE, ONE, TWO, *GROUPS, "deleted:user:ann@example.com?uid=1")
        for group in GROUPS:
            if self._chance(0.12):
                yield r.Unread(group, r.Part.MEMBERS, "forbidden")
                if self._chance(0.5):
                    continue
            members = self._draw.sample(inside, self._draw.randint(0, 3))
            yield r.Group(group, tuple(self._membership(one) for one in members))

    def _membership(self, member: str) -> r.Membership:
        expiry = self._draw.choice((None, None, None, timedelta(days=-1), timedelta(days=1)))
        return r.Membership(member, NOON + expiry if expiry else None)

    def _deny(self) -> Iterator[r.DenyPolicy]:
        for number in range(self._draw.choice((0, 0, 1, 1, 2))):
            rule = r.DenyRule(
                tuple(self._draw.sample(_DENIED, self._draw.randint(1, 2))),
                tuple(self._draw.sample(_DENIABLE, self._draw.randint(1, 2))),
                tuple(self._draw.sample(_DENIED[1:], self._draw.choice((0, 0, 1)))),
                tuple(self._draw.sample(_DENIABLE, self._draw.choice((0, 0, 1)))),
                self._draw.choice(("", "", "", TAGGED, UNTAGGED, NO_TAGS)),
            )
            place = self._draw.choice((_ORGANISATION, _FOLDER, _P, _Q))
            yield r.DenyPolicy(place, f"lock-{number}", (rule,))

    def _boundaries(self) -> Iterator[r.Boundary | r.BoundaryBinding]:
        above = f"{_ORGANISATION}/locations/global"
        manager = "//cloudresourcemanager.googleapis.com/"
        only = "principal.type == 'iam.googleapis.com/ServiceAccount'"
        for number in range(self._draw.choice((0, 0, 0, 1, 2))):
            name = f"{above}/principalAccessBoundaryPolicies/fence-{number}"
            listed = self._draw.sample((_ORGANISATION, _FOLDER, _P, _Q), self._draw.randint(1, 2))
            version = self._draw.choice(("1", "2", "3", "4", "latest"))
            if not self._chance(0.1):
                yield r.Boundary(name, tuple(f"{manager}{one}" for one in listed), version)
            bound = self._draw.choice(_BOUND)
            bound = bound if bound.startswith("//") else f"{manager}{bound}"
            condition = self._draw.choice(("", "", only))
            binding = f"{above}/policyBindings/fence-{number}"
            yield r.BoundaryBinding(binding, name, bound, condition)

    def _tags(self, hidden: set[str]) -> Iterator[r.Tags]:
        for place in (_ORGANISATION, _FOLDER, _P, _Q, WEB, NIGHTLY):
            if place not in hidden and self._chance(0.25):
                value = self._draw.choice(("prod", "prod", "dev"))
                tag = r.Tag("1/env", "tagKeys/1", value, f"tagValues/{value}")
                yield r.Tags(place, (tag,))

    def _callers(self) -> Iterator[r.Caller]:
        """A few; their accounts are often those that get in."""
        drawn = (
            (r.CallerKind.PUSH, PUSH, WEB, NEWS),
            (r.CallerKind.SCHEDULER, HOURLY, self._draw.choice((API, NIGHTLY)), ""),
            (r.CallerKind.WORKFLOW, FLOW, "", ""),
        )
        for kind, name, calls, by in drawn:
            if self._chance(0.15):
                account = self._draw.choice((ONE, TWO)).removeprefix("serviceAccount:")
                yield r.Caller(name, kind, account, calls, by, paused=self._chance(0.2))

    def _unread(self, targets: list[r.Target]) -> Iterator[r.Unread]:
        invoking, minting = self._resources(targets)
        for _ in range(self._draw.choice((0, 0, 0, 1, 2))):
            part = self._draw.choice(
                (r.Part.POLICY, r.Part.POLICY, r.Part.DENY, r.Part.TAGS, r.Part.BOUNDARIES)
            )
            place = self._draw.choice((*invoking, *minting))
            if part is r.Part.DENY:
                place = self._draw.choice((_ORGANISATION, _FOLDER, _P, _Q))
            if part is r.Part.BOUNDARIES:
                place = _ORGANISATION
            yield r.Unread(place, part, "forbidden")
