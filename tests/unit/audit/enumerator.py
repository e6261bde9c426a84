"""Who can invoke what, reckoned from the rules one by one: plain and slow, to check against.

It shares no code with the evaluator. Every answer is one of the four verdicts; ``yes``, ``no`` and
``not known`` are CAN, CANNOT and UNKNOWN. Conditions are a list of known ones.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import product

from provision.audit.answers import Token, Verdict
from provision.roles import included
from provision.snapshot import Snapshot
from provision.snapshot.records import DenyRule, Kind, Part, Target
from tests.unit.audit.plain_members import (
    MANAGER,
    Membership,
    best,
    is_agent,
    project_in,
    project_of,
    worst,
)

CAN, WHILE, UNKNOWN, CANNOT = Verdict
NOW_ON = 'request.time < timestamp("2026-12-01T00:00:00Z")'
OVER = 'request.time < timestamp("2026-11-01T00:00:00Z")'
PATH = 'request.path.startsWith("/open")'
UNDOCUMENTED = "!resource.name.startsWith('x')"
TAGGED = 'resource.matchTag("1/env", "prod")'
UNTAGGED = '!resource.matchTag("1/env", "prod")'
NO_TAGS = "request.time < timestamp('2026-11-01T00:00:00Z')"

PERMISSIONS = {
    Kind.SERVICE: "run.routes.invoke",
    Kind.JOB: "run.jobs.run",
    Kind.INSTANCE: "run.instances.invoke",
}
MINTING = {
    "iam.serviceAccounts.getOpenIdToken": (Token.ID,),
    "iam.serviceAccounts.getAccessToken": (Token.ACCESS,),
    "iam.serviceAccounts.signJwt": (Token.ID, Token.ACCESS),
    "iam.serviceAccounts.signBlob": (Token.ID, Token.ACCESS),
}
RUNNING = (
    *("run.services.create", "run.jobs.create", "run.instances.create", "run.workerpools.create"),
    *("run.services.update", "run.jobs.update", "run.instances.update", "run.workerpools.update"),
    *("cloudfunctions.functions.create", "cloudfunctions.functions.update"),
    *("cloudbuild.builds.create", "workflows.workflows.create", "workflows.workflows.update"),
    *("cloudscheduler.jobs.create", "cloudscheduler.jobs.update", "cloudtasks.tasks.create"),
)
"""What makes something run as an account; others only send its ID tokens."""
SENDING = (
    *("pubsub.subscriptions.create", "pubsub.subscriptions.update"),
    *("eventarc.triggers.create", "eventarc.triggers.update"),
)
UPDATING = {
    Kind.SERVICE: "run.services.update",
    Kind.JOB: "run.jobs.update",
    Kind.INSTANCE: "run.instances.update",
    Kind.FUNCTION: "cloudfunctions.functions.update",
}
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


class Enumerator:
    """All answers over one snapshot.

    Args:
        snapshot: small.
        at: when.
    """

    def __init__(self, snapshot: Snapshot, at: datetime) -> None:
        self.snapshot = snapshot
        self.members = Membership(snapshot, at)
        self.containers = {one.name: one for one in snapshot.containers}
        self.policies = {one.resource: one.bindings for one in snapshot.policies}
        self.unread = {(one.of, one.part) for one in snapshot.unread}
        self.roles = {one.name: one for one in snapshot.roles}
        self.disabled = {f"serviceAccount:{one.email}" for one in snapshot.accounts if one.disabled}
        self.tags = {one.resource: one.tags for one in snapshot.tags}
        self.targets = {one.name: one for one in snapshot.targets}
        self._may: dict[tuple[str, str, str], Verdict] = {}
        self._tokens: dict[str, dict[tuple[str, Token], Verdict]] = {}
        self.projects = [name for name in self.containers if name.startswith("projects/")]
        self.accounts = sorted(self._accounts())

    def verdict(self, principal: str, target: str) -> Verdict:
        """Whether a principal gets in, by whatever way."""
        found = self.targets[target]
        ways = [self.itself(principal, found, token) for token in Token]
        for (account, token), had in self.tokens(principal).items():
            ways.append(worst(had, self.itself(account, found, token)))
        return best(ways)

    # As itself.

    def itself(self, principal: str, target: Target, token: Token) -> Verdict:
        """Whether a principal gets in as itself, by what takes that kind of token."""
        if self.inert(principal):
            return CANNOT
        if target.kind is Kind.FUNCTION and target.generation == 2:
            beneath = self.targets.get(target.service)
            if beneath is None:
                return UNKNOWN if token is Token.ID else CANNOT
            return self.itself(principal, beneath, token)
        if target.kind is Kind.SERVICE and not target.iap and not target.invoker_check:
            return CAN
        asked = self.asked(target, token)
        if asked is None or (token is Token.ACCESS and principal == "allUsers"):
            return CANNOT
        found = self.may(principal, *asked)
        return worst(found, self.agent(target)) if target.iap else found

    def asked(self, target: Target, token: Token) -> tuple[str, str] | None:
        """The permission that is asked of who shows that kind of token, and where."""
        wanted = Token.ACCESS if target.kind is Kind.JOB else Token.ID
        if target.kind is Kind.FUNCTION and token is not Token.NONE:
            verb = "invoke" if token is Token.ID else "call"
            return f"cloudfunctions.functions.{verb}", target.name
        if token is not wanted:
            return None
        if target.iap:
            return "iap.webServiceVersions.accessViaIAP", iap_levels(target.name)[0]
        return PERMISSIONS[target.kind], target.name

    def agent(self, target: Target) -> Verdict:
        """Whether IAP's own agent is let through."""
        container = self.containers.get(project_in(target.name))
        if not target.invoker_check:
            return CAN
        if container is None or not container.number:
            return UNKNOWN
        agent = f"service-{container.number}@gcp-sa-iap.iam.gserviceaccount.com"
        return self.may(f"serviceAccount:{agent}", "run.routes.invoke", target.name)

    # One permission.

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
            for tag in self.tags.get(level, ()):
                if tag.key == "1/env":
                    return CAN if tag.value == "prod" else CANNOT
            if (level, Part.TAGS) in self.unread:
                return UNKNOWN
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

    # As somebody else.

    def tokens(self, principal: str) -> dict[tuple[str, Token], Verdict]:
        """The tokens of accounts that a principal comes by."""
        if principal not in self._tokens:
            self._tokens[principal] = self._find_tokens(principal)
        return self._tokens[principal]

    def _find_tokens(self, principal: str) -> dict[tuple[str, Token], Verdict]:
        had: dict[tuple[str, Token], Verdict] = {}
        if principal == "allUsers" or self.inert(principal):
            return had
        while True:
            acting = {principal: CAN}
            acting |= {who: one for (who, token), one in had.items() if token is Token.ACCESS}
            found = dict(had)
            for actor, sure in acting.items():
                for account, token, step in self.steps(actor):
                    reached = best((found.get((account, token), CANNOT), worst(sure, step)))
                    if reached is not CANNOT:
                        found[account, token] = reached
            if found == had:
                return had
            had = found

    def steps(self, actor: str) -> Iterator[tuple[str, Token, Verdict]]:
        """The tokens that somebody comes by at once, by each means."""
        chain = self.chain(actor)
        for account in self.accounts:
            name = full_name(account)
            for permission, tokens in MINTING.items():
                for link, sure in chain.items():
                    for token in tokens:
                        yield account, token, worst(sure, self.may(link, permission, name))
            key = self.may(actor, "iam.serviceAccountKeys.create", name)
            acting = self.may(actor, "iam.serviceAccounts.actAs", name)
            runs, sends = self.runs(actor), self.sends(actor)
            yield account, Token.ACCESS, best((key, worst(acting, runs)))
            yield account, Token.ID, best((key, worst(acting, best((runs, sends)))))

    def chain(self, actor: str) -> dict[str, Verdict]:
        """Whom it can name as delegates, itself the first."""
        found = {actor: CAN}
        for _ in self.accounts:
            for link, sure in list(found.items()):
                for account in self.accounts:
                    permission = "iam.serviceAccounts.implicitDelegation"
                    step = worst(sure, self.may(link, permission, full_name(account)))
                    found[account] = best((found.get(account, CANNOT), step))
        return found

    def runs(self, actor: str) -> Verdict:
        """Whether it can make something run code, in any project, or change what runs there."""
        changing = ((UPDATING[one.kind], one.name) for one in self.targets.values())
        asked = (*product(RUNNING, self.projects), *changing)
        return best(self.may(actor, *one) for one in asked)

    def sends(self, actor: str) -> Verdict:
        """Whether it can make something send ID tokens."""
        return best(self.may(actor, *one) for one in product(SENDING, self.projects))

    def _accounts(self) -> Iterator[str]:
        """Accounts that have a token to be come by: all that are named, but Google's own."""
        named = {f"serviceAccount:{one.email}" for one in self.snapshot.accounts}
        for bindings in self.policies.values():
            named.update(member for one in bindings for member in one.members)
        for members in self.members.groups.values():
            named.update(one.member for one in members)
        for name in named - self.disabled:
            if name.startswith("serviceAccount:") and not is_agent(name):
                yield name


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


def full_name(account: str) -> str:
    """The full resource name of an account."""
    email = account.removeprefix("serviceAccount:")
    return f"//iam.googleapis.com/projects/{project_of(account)}/serviceAccounts/{email}"
