"""What rules look at: a snapshot's bindings, sorted once by what they open and for whom. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property, reduce
from operator import and_
from typing import TYPE_CHECKING

from provision.audit.findings.denying import Denying
from provision.audit.findings.holds import (
    ASKED,
    GATES,
    MINTING,
    SETTING,
    SETTING_ABOVE,
    Held,
    Hold,
    collected,
)
from provision.audit.findings.invokers import Invokers
from provision.audit.findings.kin import Kin
from provision.audit.findings.lacking import missing
from provision.audit.findings.members import Shape
from provision.audit.findings.own import Own
from provision.audit.findings.places import Places, joined
from provision.audit.forms import normal
from provision.audit.index import Index
from provision.audit.settings import Settings
from provision.conditions import ConditionSyntaxError, Standing, State, state
from provision.conditions.attributes import ATTRIBUTES
from provision.conditions.window import remaining
from provision.policy import Condition
from provision.snapshot import Snapshot
from provision.snapshot.records import Kind, Target, Unread

if TYPE_CHECKING:
    from provision.audit import Audit
    from provision.audit.judge import Judge

_MANAGED = ("//cloudresourcemanager.googleapis.com/", "projects/")
_OVER = frozenset({State.EXPIRED, State.NEVER, State.ELIGIBLE})
_OF_KINDS = tuple(
    name.rpartition(".")[2] for name, one in ATTRIBUTES.items() if one.kinds is not None
)
"""Words in conditions that come to something else on another kind of target."""
_SETTING = frozenset({*SETTING, *SETTING_ABOVE})


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
        self._standings: dict[tuple[str, str], Standing] = {}
        self._taken: dict[tuple[str, frozenset[str]], int] = {}
        self._allows: dict[str, tuple[frozenset[str], bool]] = {}

    @cached_property
    def holds(self) -> tuple[Hold, ...]:
        """Every binding of a role with a permission that rules ask about."""
        return tuple(self._holds())

    def _holds(self) -> Iterator[Hold]:
        told: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        opened = self.places.opened
        for policy in self.snapshot.policies:
            resource = self.named(policy.resource)
            project = self.places.project(resource)
            for binding in policy.bindings:
                role, condition = binding.role, binding.condition
                if role not in told:
                    allows = self.allows(role)[0]
                    told[role] = (allows, allows & frozenset(GATES))
                allows, gates = told[role]
                if allows:
                    opens = opened(resource, gates) if gates else ()
                    live = not condition or self._lives(condition, resource, allows)
                    yield Hold(resource, project, binding, allows, gates, opens, live)

    def named(self, resource: str) -> str:
        """A resource by the name that the records use, containers by their short one."""
        return self.index.short(resource) if resource.startswith(_MANAGED) else resource

    def held(self, *shapes: Shape) -> Iterator[Held]:
        """What members of some sorts hold that opens something, dead conditions included."""
        for shape in shapes:
            yield from self._held.get(shape, ())

    @cached_property
    def _held(self) -> dict[Shape, list[Held]]:
        found = defaultdict[Shape, list[Held]](list)
        for one in collected(hold for hold in self.holds if hold.gates):
            found[one.member.shape].append(one)
        return found

    @cached_property
    def minting(self) -> tuple[Held, ...]:
        """Every member of a live binding that leads to ID tokens of accounts."""
        return tuple(self._with(MINTING))

    @cached_property
    def setting(self) -> tuple[Held, ...]:
        """Every member of a live binding that may set a policy from which access follows."""
        return tuple(self._with(_SETTING))

    @cached_property
    def _roles(self) -> frozenset[str]:
        return frozenset(hold.binding.role for hold in self.holds)

    def _with(self, permissions: frozenset[str]) -> Iterator[Held]:
        roles = {role for role in self._roles if self.allows(role)[0] & permissions}
        holds = (hold for hold in self.holds if hold.live and hold.binding.role in roles)
        return (one for one in collected(holds) if one.member.shape is not Shape.DELETED)

    def mints(self, member: str, hold: Hold) -> bool:
        """Whether a member has what leads to tokens: no deny policy or boundary takes it away."""
        if self.audit is None or not (
            self.snapshot.deny_policies or self.snapshot.boundary_bindings
        ):
            return True
        judge = self.audit.judge
        position, resource = judge.universe.bit(normal(member)), hold.resource
        if position is None:
            return True
        if hold.condition:
            holders = (judge.holders(one, resource) for one in hold.allows & MINTING)
            return any(one.any >> position & 1 for one in holders)
        return not self._unable(judge, hold) >> position & 1

    def _unable(self, judge: "Judge", hold: Hold) -> int:
        """From whom all that leads to tokens is taken, where an unconditional binding stands."""
        at = hold.resource if self.index.has_own_tags(hold.resource) else hold.project
        found = self._taken.get((at, hold.allows))
        if found is None:
            tagged = judge.conditions.tags(at)
            found = reduce(
                and_, (judge.taken(one, at, tagged)[0] for one in hold.allows & MINTING), -1
            )
            self._taken[at, hold.allows] = found
        return found

    def entered(self, hold: Hold) -> tuple[str, ...] | None:
        """The targets that a binding opens; None where it lets nobody in.

        Bindings above no target yet open what comes.
        """
        if not hold.live:
            return None
        return hold.opened if hold.opened or self.places.is_container(hold.resource) else None

    @cached_property
    def unread(self) -> tuple[Unread, ...]:
        """What could not be read, and what is named and was not read without a word of why."""
        return (*self.snapshot.unread, *missing(self))

    @cached_property
    def kin(self) -> Kin:
        """Who is in which group."""
        return Kin(self.snapshot.groups, self.at)

    @cached_property
    def live(self) -> dict[str, list[Hold]]:
        """Live bindings by the member that they name."""
        return {
            member.text: [hold for hold in holds if hold.live]
            for member, holds in self.held(*Shape)
        }

    @property
    def named_sets(self) -> list[str]:
        """Sets of accounts that bindings name."""
        return sorted(one.member.text for one in self.held(Shape.ACCOUNTS))

    @cached_property
    def invokers(self) -> Invokers:
        """Service accounts that open something."""
        return Invokers(self)

    def opened_by(self, members: Iterable[str]) -> list[Hold]:
        """Live bindings that open something for any of those members, as they are named."""
        return [hold for member in members for hold in self.live.get(member, ())]

    def joined(self, holds: Iterable[Hold]) -> tuple[str, ...]:
        """The targets that several bindings open, sorted, each once."""
        return joined(hold.opened for hold in holds)

    def holds_on(self, resource: str) -> list[Hold]:
        """A resource's own bindings that open something."""
        return self._holds_on.get(resource, [])

    @cached_property
    def _holds_on(self) -> dict[str, list[Hold]]:
        found = defaultdict[str, list[Hold]](list)
        for hold in self.holds:
            if hold.gates:
                found[hold.resource].append(hold)
        return found

    @cached_property
    def _denying(self) -> Denying | None:
        if self.audit is None or not self.snapshot.deny_policies:
            return None
        return Denying(self.audit.judge, self.places)

    @cached_property
    def touched(self) -> dict[int, Hold]:
        """Bindings from some of whose members deny policies take all that they open, by `id`."""
        if self._denying is None:
            return {}
        bits = self._denying.bits
        return {id(hold): hold for hold in self.holds if hold.gates and bits(hold)}

    def denied(self, member: str, hold: Hold) -> bool:
        """Whether deny policies take away all that a binding opens for a member."""
        if self._denying is None or id(hold) not in self.touched:
            return False
        return self._denying.takes(member, hold)

    def allows(self, role: str) -> tuple[frozenset[str], bool]:
        """Those permissions of a role that rules ask about, and whether all of it is known."""
        found = self._allows.get(role)
        if found is None:
            told = {one: self.index.includes(role, one) for one in ASKED}
            included = frozenset(one for one, held in told.items() if held)
            found = self._allows[role] = (included, None not in told.values())
        return found

    def standing(self, expression: str, kind: str) -> Standing:
        """Where a condition stands on targets of a kind, at the scene's time."""
        key = (expression, kind if any(word in expression for word in _OF_KINDS) else "")
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
        opened = {asked_of(self.index.targets[name]) for name in hold.opened}
        return tuple(sorted(opened or {GATES[one] for one in hold.gates}))

    @cached_property
    def conditional(self) -> tuple[tuple[Hold, dict[str, Standing]], ...]:
        """Bindings with a condition that open something, and where it stands on each kind."""
        holds = (hold for hold in self.holds if hold.condition and hold.gates)
        return tuple((hold, self.standings(hold)) for hold in holds)

    def _lives(self, expression: str, resource: str, allows: frozenset[str]) -> bool:
        kinds = {str(GATES[one]) for one in allows if one in GATES} or {"service"}
        target = self.index.targets.get(resource)
        own = asked_of(target) if target is not None else "service"  # which rules ask about again
        return any(
            self.standing(expression, kind).state not in _OVER
            for kind in sorted(kinds, key=lambda kind: (kind != own, kind))
        )


def asked_of(target: Target) -> str:
    """The kind of target as conditions know it: of a second-generation function, its service."""
    if target.kind is Kind.FUNCTION and target.generation != 1:
        return str(Kind.SERVICE)
    return str(target.kind)
