"""Whether somebody has one permission, reckoned from the rules: the half of `enumerator` about it.

Every answer is a verdict; ``yes``, ``no`` and ``not known`` are CAN, CANNOT and UNKNOWN. Conditions
are a list of known ones.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import product

from provision.audit.answers import Verdict
from provision.roles import included
from provision.snapshot import Snapshot
from provision.snapshot.records import DenyRule, Part
from tests.unit.audit.plain_members import MANAGER, Membership, best, worst

CAN, WHILE, UNKNOWN, CANNOT = Verdict

NOW_ON = 'request.time < timestamp("2026-12-01T00:00:00Z")'
OVER = 'request.time < timestamp("2026-11-01T00:00:00Z")'
PATH = 'request.path.startsWith("/open")'
UNDOCUMENTED = "!resource.name.startsWith('x')"
TAGGED = 'resource.matchTag("1/env", "prod")'
UNTAGGED = '!resource.matchTag("1/env", "prod")'
NO_TAGS = "request.time < timestamp('2026-11-01T00:00:00Z')"

BLOCKED_FROM = {
    "run.jobs.run": 1,
    "run.jobs.create": 1,
    "run.services.create": 1,
    "run.services.update": 1,
    "pubsub.subscriptions.create": 1,
    "pubsub.subscriptions.update": 1,
}
BLOCKED_SERVICES = {"iap": 2, "cloudbuild": 2, "cloudfunctions": 3, "iam": 3}
NEWEST = 4


def turned(verdict: Verdict) -> Verdict:
    """Not: yes for no, no for yes, not known for not known."""
    return {CAN: CANNOT, CANNOT: CAN, UNKNOWN: UNKNOWN}[verdict]


class Rules:
    """Boundaries, deny policies and allow policies of one snapshot.

    Args:
        snapshot: small.
        at: when.
    """

    def __init__(self, snapshot: Snapshot, at: datetime) -> None:
        self.snapshot = snapshot
        self.members = Membership(snapshot, at)
        self.policies = {one.resource: one.bindings for one in snapshot.policies}
        self.unread = {(one.of, one.part) for one in snapshot.unread}
        self.roles = {one.name: one for one in snapshot.roles}
        self.disabled = {f"serviceAccount:{one.email}" for one in snapshot.accounts if one.disabled}
        self.tags = {one.resource: one.tags for one in snapshot.tags}
        self._may: dict[tuple[str, str, str], Verdict] = {}

    def may(self, principal: str, permission: str, resource: str) -> Verdict:
        """Boundaries, deny policies, allow policies."""
        key = (principal, permission, resource)
        if key not in self._may:
            self._may[key] = (
                CANNOT
                if self.inert(principal)
                else worst(
                    self.eligible(principal, permission, resource),
                    turned(self.denied(principal, permission, resource)),
                    self.granted(principal, permission, resource),
                )
            )
        return self._may[key]

    def inert(self, principal: str) -> bool:
        """Whether it can do nothing at all."""
        return principal.startswith("deleted:") or principal in self.disabled

    def granted(self, principal: str, permission: str, resource: str) -> Verdict:
        """The union of what the resource's policy and all above it grant."""
        above, whole = self.members.above(resource)
        found = [] if whole else [UNKNOWN]
        for level in (*own_levels(resource), *above):
            if level not in self.policies or (level, Part.POLICY) in self.unread:
                nameless = principal in {"allUsers", "allAuthenticatedUsers"}
                found.append(CANNOT if nameless and level.startswith("projects/") else UNKNOWN)
            for binding in self.policies.get(level, ()):
                holds = self.holds(binding.condition, permission, resource)
                inside = best(self.members.inside(principal, member) for member in binding.members)
                found.append(worst(self.includes(binding.role, permission), holds, inside))
        return best(found)

    def includes(self, role: str, permission: str) -> Verdict:
        """Whether a role includes a permission."""
        if (role, Part.ROLE) in self.unread:
            return UNKNOWN
        table, described = included(role), self.roles.get(role)
        if table is not None:
            return CAN if permission in table else CANNOT
        if described is None:
            return UNKNOWN
        return CAN if permission in described.permissions and not described.deleted else CANNOT

    def holds(self, condition: str, permission: str, resource: str) -> Verdict:
        """What a condition of an allow policy comes to."""
        if condition in {TAGGED, UNTAGGED}:
            found = self.tagged(resource)
            return found if condition == TAGGED else turned(found)
        told = permission in {"run.routes.invoke", "iap.webServiceVersions.accessViaIAP"}
        answers = {"": CAN, NOW_ON: CAN, OVER: CANNOT, UNDOCUMENTED: UNKNOWN}
        return {**answers, PATH: WHILE if told else CANNOT}[condition]

    def tagged(self, resource: str) -> Verdict:
        """Whether it bears env=prod; the nearest value of the key counts."""
        above, whole = self.members.above(resource)
        for level in (resource, *above):
            if (level, Part.TAGS) in self.unread:
                return UNKNOWN
            for tag in self.tags.get(level, ()):
                if tag.key == "1/env":
                    return CAN if tag.value == "prod" else CANNOT
        return CANNOT if whole else UNKNOWN

    def denied(self, principal: str, permission: str, resource: str) -> Verdict:
        """Whether any rule above denies it."""
        above, whole = self.members.above(resource)
        found = [] if whole else [UNKNOWN]
        found += [UNKNOWN for container in above if (container, Part.DENY) in self.unread]
        rules = (
            rule
            for one in self.snapshot.deny_policies
            if one.resource in above
            for rule in one.rules
        )
        found += [self.applies(rule, principal, permission, resource) for rule in rules]
        return best(found)

    def applies(self, rule: DenyRule, principal: str, permission: str, resource: str) -> Verdict:
        """Whether one rule denies it."""
        if not matches(permission, rule.permissions) or matches(
            permission, rule.except_permissions
        ):
            return CANNOT
        condition = CAN
        if rule.condition in {TAGGED, UNTAGGED}:
            condition = self.holds(rule.condition, permission, resource)
        named = best(self.members.inside(principal, one) for one in rule.principals)
        spared = best(self.members.inside(principal, one) for one in rule.except_principals)
        return worst(condition, named, turned(spared))

    def eligible(self, principal: str, permission: str, resource: str) -> Verdict:
        """Whether boundaries leave it, in every world that is possible."""
        service = permission.partition(".")[0]
        first = BLOCKED_FROM.get(permission) or BLOCKED_SERVICES.get(service)
        if first is None:
            return CAN
        policies = {one.name: one for one in self.snapshot.boundaries}
        bound: list[tuple[bool, list[bool], list[bool]]] = []
        for binding in self.snapshot.boundary_bindings:
            if binding.boundary not in policies:
                continue
            policy = policies[binding.boundary]
            subject = self.subject(principal, binding.principals, binding.condition)
            version = NEWEST if policy.version == "latest" else int(policy.version)
            lists = self.listed(policy.resources, resource)
            bound.append((version >= first, worlds(subject), worlds(lists)))
        outcomes = set()
        if any(part is Part.BOUNDARIES for _, part in self.unread):
            bound.append((True, [True, False], [True, False]))
        for world in product(*(product(subject, lists) for _, subject, lists in bound)):
            held = [
                (blocks, lists)
                for (blocks, _, _), (subject, lists) in zip(bound, world, strict=True)
                if subject
            ]
            relevant = [lists for blocks, lists in held if blocks]
            outcomes.add(not relevant or any(relevant))  # policy-types
            outcomes.add(not relevant or any(lists for _, lists in held))  # the overview
        return UNKNOWN if len(outcomes) > 1 else CAN if outcomes.pop() else CANNOT

    def subject(self, principal: str, bound_to: str, condition: str) -> Verdict:
        """Whether a binding binds a principal."""
        found = self.members.inside(principal, bound_to)
        if condition == "principal.type == 'iam.googleapis.com/ServiceAccount'":
            single = principal.startswith(("user:", "serviceAccount:", "principal:"))
            account = CAN if principal.startswith("serviceAccount:") else CANNOT
            return worst(found, account if single else UNKNOWN)
        return found

    def listed(self, resources: tuple[str, ...], resource: str) -> Verdict:
        """Whether a boundary's resources take a resource in."""
        above, whole = self.members.above(resource)
        names = {self.members.short(one.removeprefix(MANAGER)) for one in resources}
        if names & set(above):
            return CAN
        known = whole or all(name.startswith("projects/") for name in names)
        return CANNOT if known else UNKNOWN


def worlds(verdict: Verdict) -> list[bool]:
    """What may be so."""
    return {CAN: [True], CANNOT: [False], UNKNOWN: [True, False]}[verdict]


def matches(permission: str, listed: Iterable[str]) -> bool:
    """Whether deny policies' names mean a permission of allow policies."""
    service, kind, verb = permission.split(".")
    full = f"{service}.googleapis.com"
    meant = {f"{full}/{kind}.{verb}", f"{full}/*.*", f"{full}/{kind}.*", f"{full}/*.{verb}"}
    return bool(meant & set(listed))


def own_levels(resource: str) -> tuple[str, ...]:
    """A resource whose policy counts beside those of containers; of IAP, what is within."""
    if not resource.startswith("//"):
        return ()
    return iap_levels(resource) if "/iap_web" in resource else (resource,)


def iap_levels(name: str) -> tuple[str, str, str]:
    """Where Identity-Aware Proxy keeps policies for a service: the service, its region, all."""
    parts = name.split("/")
    project, service = parts[4], parts[-1]
    region = parts[6].removeprefix("cloud_run-")
    every = f"//iap.googleapis.com/projects/{project}/iap_web"
    return f"{every}/cloud_run-{region}/services/{service}", f"{every}/cloud_run-{region}", every
