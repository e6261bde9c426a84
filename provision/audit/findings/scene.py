"""What rules look at: a snapshot's bindings, sorted once by what they open and for whom. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property, reduce
from operator import and_
from typing import TYPE_CHECKING, NamedTuple

from provision.audit.findings.invokers import Invokers
from provision.audit.findings.kin import Kin
from provision.audit.findings.lacking import missing
from provision.audit.findings.members import Member, Shape, parsed
from provision.audit.findings.own import Own
from provision.audit.findings.places import Places, joined
from provision.audit.forms import normal
from provision.audit.index import Index
from provision.audit.settings import Settings
from provision.conditions import ConditionSyntaxError, Standing, State, state
from provision.conditions.window import remaining
from provision.policy import Condition
from provision.roles import INVOKE, INVOKE_FUNCTION, RUN_JOB
from provision.snapshot import Snapshot
from provision.snapshot.records import Binding, Kind, Target, Unread

if TYPE_CHECKING:
    from provision.audit import Audit

ACCESS_VIA_IAP = "iap.webServiceVersions.accessViaIAP"
INVOKE_INSTANCE = "run.instances.invoke"
GATES = {
    INVOKE: Kind.SERVICE,
    RUN_JOB: Kind.JOB,
    INVOKE_FUNCTION: Kind.FUNCTION,
    INVOKE_INSTANCE: Kind.INSTANCE,
    ACCESS_VIA_IAP: Kind.SERVICE,
}
"""Permissions that open a target, and of which kind."""

MINTS_ID = "iam.serviceAccounts.getOpenIdToken"
MINTING = frozenset(
    {
        MINTS_ID,
        "iam.serviceAccounts.signBlob",
        "iam.serviceAccounts.signJwt",
        "iam.serviceAccountKeys.create",
    }
)
"""Permissions on an account that lead to an ID token of it, and so into services."""
MINTING_ACCESS = "iam.serviceAccounts.getAccessToken"

SETTING = {
    "run.services.setIamPolicy": Kind.SERVICE,
    "run.jobs.setIamPolicy": Kind.JOB,
    "cloudfunctions.functions.setIamPolicy": Kind.FUNCTION,
    "run.instances.setIamPolicy": Kind.INSTANCE,
}
"""Permissions to set the policy of a target."""
SETTING_ABOVE = {
    "resourcemanager.projects.setIamPolicy": "projects/",
    "resourcemanager.folders.setIamPolicy": "folders/",
    "resourcemanager.organizations.setIamPolicy": "organizations/",
}
"""Permissions to set the policy of what stands above a target."""

_ASKED = frozenset({*GATES, *MINTING, MINTING_ACCESS, *SETTING, *SETTING_ABOVE})
_MANAGED = ("//cloudresourcemanager.googleapis.com/", "projects/")
_OVER = frozenset({State.EXPIRED, State.NEVER, State.ELIGIBLE})
_NOBODY = frozenset({Shape.DELETED})


class Hold(NamedTuple):
    """A binding that matters, where it stands.

    Args:
        resource: whose policy it is in.
        binding: as it is there.
        allows: those permissions that rules ask about and that its role includes.
        gates: those of them that open targets.
        live: whether its condition lets anybody in, at that time or later.
    """

    resource: str
    binding: Binding
    allows: frozenset[str]
    gates: frozenset[str]
    live: bool

    @property
    def role(self) -> str:
        """What is held."""
        return self.binding.role

    @property
    def condition(self) -> str:
        """In CEL; empty for none."""
        return self.binding.condition


class Stake(NamedTuple):
    """One member of such a binding."""

    member: Member
    hold: Hold


class Scene:
    """A snapshot at a time, with what a team says of it.

    Args:
        snapshot: what was read.
        at: the time at which conditions are judged.
        settings: of the team.
        audit: judges single questions; rules that ask none do without.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        at: datetime,
        settings: Settings | None = None,
        audit: "Audit | None" = None,
    ) -> None:
        self.snapshot = snapshot
        self.at = at
        self.settings = settings or Settings()
        self.audit = audit
        self.index = audit.judge.index if audit else Index(snapshot)
        self.places = Places(self.index)
        self.own = Own(snapshot, self.settings)
        self._live: dict[Shape, list[tuple[Stake, tuple[str, ...]]]] = {}
        self._standings: dict[tuple[str, str], Standing] = {}
        self._denying: dict[tuple[str, frozenset[str]], int] = {}
        self._denied: dict[tuple[str, frozenset[str]], int] = {}
        self._gates: dict[str, frozenset[str]] = {}
        self._allows: dict[str, tuple[frozenset[str], bool]] = {}

    @cached_property
    def holds(self) -> tuple[Hold, ...]:
        """Every binding of a role with a permission that rules ask about."""
        return tuple(self._holds())

    def _holds(self) -> Iterator[Hold]:
        for policy in self.snapshot.policies:
            for binding in policy.bindings:
                allows = self.allows(binding.role)[0]
                if allows:
                    live = not binding.condition or self._lives(binding.condition, allows)
                    gates = self._gates[binding.role]
                    yield Hold(self.named(policy.resource), binding, allows, gates, live)

    def named(self, resource: str) -> str:
        """A resource by the name that the records use, containers by their short one."""
        return self.index.short(resource) if resource.startswith(_MANAGED) else resource

    @cached_property
    def stakes(self) -> dict[Shape, list[Stake]]:
        """Every member of a binding that opens something, dead conditions included, by sort."""
        found = defaultdict[Shape, list[Stake]](list)
        for hold in self.holds:
            if hold.gates:
                for text in hold.binding.members:
                    member = parsed(text)
                    found[member.shape].append(Stake(member, hold))
        return found

    @cached_property
    def minting(self) -> tuple[Stake, ...]:
        """Every member of a live binding that leads to ID tokens of accounts."""
        return tuple(self._members(MINTING))

    @cached_property
    def setting(self) -> tuple[Stake, ...]:
        """Every member of a live binding that may set a policy from which access follows."""
        return tuple(self._members(frozenset({*SETTING, *SETTING_ABOVE})))

    def mints(self, stake: Stake) -> bool:
        """Whether a member has what leads to tokens: no deny policy or boundary takes it away."""
        if self.audit is None or not (
            self.snapshot.deny_policies or self.snapshot.boundary_bindings
        ):
            return True
        judge, resource = self.audit.judge, stake.hold.resource
        position = judge.universe.bit(normal(stake.member.text))
        return position is None or any(
            judge.holders(one, resource).any >> position & 1 for one in stake.hold.allows & MINTING
        )

    def _members(self, permissions: frozenset[str]) -> Iterator[Stake]:
        for hold in self.holds:
            if hold.live and hold.allows & permissions:
                for text in hold.binding.members:
                    member = parsed(text)
                    if member.shape not in _NOBODY:
                        yield Stake(member, hold)

    def live(self, *shapes: Shape) -> Iterator[tuple[Stake, tuple[str, ...]]]:
        """Those of some sorts that get in somewhere, with the targets that the binding opens.

        Bindings above no target yet are among them: they open what comes.
        """
        for shape in shapes:
            found = self._live.get(shape)
            if found is None:
                found = self._live[shape] = list(self._getting_in(shape))
            yield from found

    def _getting_in(self, shape: Shape) -> Iterator[tuple[Stake, tuple[str, ...]]]:
        for stake in self.stakes.get(shape, ()):
            if stake.hold.live:
                opened = self.opened(stake.hold)
                if opened or self.places.is_container(stake.hold.resource):
                    yield stake, opened

    @cached_property
    def unread(self) -> tuple[Unread, ...]:
        """What could not be read, and what is named and was not read without a word of why."""
        return (*self.snapshot.unread, *missing(self))

    @cached_property
    def kin(self) -> Kin:
        """Who is in which group."""
        return Kin(self.snapshot.groups, self.at)

    @cached_property
    def _live_by_member(self) -> dict[str, list[Hold]]:
        every = (stake for stakes in self.stakes.values() for stake in stakes)
        return self.by_member(stake for stake in every if stake.hold.live)

    @property
    def named_sets(self) -> list[str]:
        """Sets of accounts that bindings name."""
        return sorted({stake.member.text for stake in self.stakes.get(Shape.ACCOUNTS, ())})

    @cached_property
    def invokers(self) -> Invokers:
        """Service accounts that open something."""
        return Invokers(self)

    def opened_by(self, members: Iterable[str]) -> list[Hold]:
        """Live bindings that open something for any of those members, as they are named."""
        return [hold for member in members for hold in self._live_by_member.get(member, ())]

    def joined(self, holds: Iterable[Hold]) -> tuple[str, ...]:
        """The targets that several bindings open, sorted, each once."""
        return joined(self.opened(hold) for hold in holds)

    def stakes_on(self, resource: str) -> list[Stake]:
        """All members of a resource's own bindings that open something."""
        return self._stakes_on.get(resource, [])

    @cached_property
    def _stakes_on(self) -> dict[str, list[Stake]]:
        found = defaultdict[str, list[Stake]](list)
        for stakes in self.stakes.values():
            for stake in stakes:
                found[stake.hold.resource].append(stake)
        return found

    def denied(self, member: str, hold: Hold) -> bool:
        """Whether deny policies take away all that a binding opens for a member."""
        if self.audit is None or not self.snapshot.deny_policies:
            return False
        bits = self._taken(hold.resource, hold.gates)
        position = self.audit.judge.universe.bit(normal(member)) if bits else None
        return position is not None and bool(bits >> position & 1)

    def _taken(self, resource: str, gates: frozenset[str]) -> int:
        """From whom all of a binding's effect is taken: where it stands, or wherever it counts."""
        found = self._denied.get((resource, gates))
        if found is None:
            found = self._denied_at(resource, gates)
            if self.places.is_container(resource):
                below = {self.places.project(name) for name in self.places.opened(resource, gates)}
                taken = (self._denied_at(one, gates) for one in below)
                found |= reduce(and_, taken, -1) if below else 0
            self._denied[resource, gates] = found
        return found

    def _denied_at(self, resource: str, gates: frozenset[str]) -> int:
        lineage = self.index.lineage(resource).containers
        denying = next((one for one in lineage if one in self.index.deny), None)
        if self.audit is None or denying is None:
            return 0
        judge = self.audit.judge
        at = denying
        if not self.index.conditional_deny.isdisjoint(lineage):  # conditions ask for tags
            at = resource if resource in self.index.tags else lineage[0]
        found = self._denying.get((at, gates))
        if found is None:
            found = reduce(and_, (judge.denied(one, at).sure for one in gates), -1)
            self._denying[at, gates] = found
        return found

    def opened(self, hold: Hold) -> tuple[str, ...]:
        """The targets that a binding opens, sorted; through IAP where that stands before them."""
        return self.places.opened(hold.resource, hold.gates)

    def allows(self, role: str) -> tuple[frozenset[str], bool]:
        """Those permissions of a role that rules ask about, and whether all of it is known."""
        found = self._allows.get(role)
        if found is None:
            told = {one: self.index.includes(role, one) for one in _ASKED}
            included = frozenset(one for one, held in told.items() if held)
            found = self._allows[role] = (included, None not in told.values())
            self._gates[role] = included & frozenset(GATES)
        return found

    def standing(self, expression: str, kind: str) -> Standing:
        """Where a condition stands on targets of a kind, at the scene's time."""
        key = (expression, kind)
        if key not in self._standings:
            self._standings[key] = state(Condition(expression, "", ""), self.at, kind)
        return self._standings[key]

    def always(self, expression: str, kind: str) -> bool:
        """Whether a condition holds at any time from the scene's on, whatever the request."""
        try:
            left = remaining(expression, self.at, kind)
        except ConditionSyntaxError:
            return False
        return bool(left) and all(one.truth.value is True for one in left)

    def standings(self, hold: Hold) -> dict[str, Standing]:
        """Where its condition stands on each kind of target that it opens."""
        kinds = self.kinds(hold)
        return {kind: self.standing(hold.condition, kind) for kind in kinds}

    def kinds(self, hold: Hold) -> tuple[str, ...]:
        """The kinds of targets that a binding is about: its own one's, or those that are below."""
        target = self.index.targets.get(hold.resource)
        if target is not None:
            return (asked_of(target),)
        opened = {asked_of(self.index.targets[name]) for name in self.opened(hold)}
        return tuple(sorted(opened or {GATES[one] for one in hold.gates}))

    def _lives(self, expression: str, allows: frozenset[str]) -> bool:
        kinds = {str(GATES[one]) for one in allows if one in GATES} or {"service"}
        return any(self.standing(expression, kind).state not in _OVER for kind in kinds)

    def by_member(self, stakes: Iterable[Stake]) -> dict[str, list[Hold]]:
        """Bindings by the member that is in them."""
        found = defaultdict[str, list[Hold]](list)
        for stake in stakes:
            found[stake.member.text].append(stake.hold)
        return found


def asked_of(target: Target) -> str:
    """The kind of target as conditions know it: of a second-generation function, its service."""
    if target.kind is Kind.FUNCTION and target.generation != 1:
        return str(Kind.SERVICE)
    return str(target.kind)
