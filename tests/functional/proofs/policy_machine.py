"""Grants, revocations and foreign edits in any order, against a model of a few lines.

The model is a list of who holds what, in the policy's order. Whatever the product does to a policy
has to come to the same list: so nobody else's binding, condition or place in it ever changes.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from provision.access.granting import Offer, granted
from provision.access.revoking import revoked
from provision.access.standing import pruned
from provision.conditions import compose, read
from provision.policy import Binding, Condition, Policy

INVOKER, SERVICES_INVOKER, VIEWER = (
    "roles/run.invoker",
    "roles/run.servicesInvoker",
    "roles/run.viewer",
)
LETS_IN = {INVOKER, SERVICES_INVOKER}
START = datetime(2030, 1, 1, tzinfo=UTC)

Edit = Callable[[Policy], Policy]


class Held(NamedTuple):
    """One member of one binding."""

    role: str
    condition: Condition | None
    member: str


class Ground(Protocol):
    """Where a policy lies."""

    def begin(self) -> None:
        """Start with an empty policy."""

    def policy(self) -> Policy:
        """The policy as it is."""

    def edit(self, edit: Edit, meanwhile: Policy | None) -> bool:
        """Edit it as the product does; whether that wrote it.

        Args:
            edit: the edit.
            meanwhile: what somebody else writes between the first read and the first write.
        """

    def foreign(self, policy: Policy) -> None:
        """Write it as somebody else does."""


def held_in(policy: Policy) -> list[Held]:
    """Who holds what, in the policy's order."""
    return [
        Held(binding.role, binding.condition, member)
        for binding in policy.bindings
        for member in binding.members
    ]


def policy_of(held: list[Held]) -> Policy:
    """The policy of that list: a binding for each role and condition."""
    bindings: dict[tuple[str, Condition | None], list[str]] = {}
    for one in held:
        bindings.setdefault((one.role, one.condition), []).append(one.member)
    return Policy(tuple(Binding(role, tuple(who), on) for (role, on), who in bindings.items()))


def put(held: list[Held], one: Held) -> list[Held]:
    """The list with one more, at the end of its binding or, without one, at the end of all."""
    return held_in(policy_of([*held, one]))


MEMBERS = st.sampled_from(
    [
        "user:ann@example.com",
        "user:Ann@Example.com",
        "user:bob@example.com",
        "group:team@example.com",
    ]
)
ENDS = st.sampled_from([None, timedelta(hours=1), timedelta(hours=8), timedelta(days=30)])
PATHS = st.sampled_from([None, "/reports/…"])
NIGHT = Condition('request.time.getHours("Europe/Berlin") < 6', "night", "agreed with ops")
SOON = Condition('request.time < timestamp("2030-01-02T12:00:00Z")', "somebody else's end")
FOREIGN = st.builds(
    Held,
    st.sampled_from([INVOKER, SERVICES_INVOKER, VIEWER]),
    st.sampled_from([None, NIGHT, SOON]),
    st.sampled_from(
        [
            "user:zoe@example.com",
            "user:bob@example.com",
            "domain:example.org",
            "deleted:user:ann@example.com?uid=123456789012345678901",
            "deleted:group:team@example.com?uid=123456789012345678902",
        ]
    ),
)


class PolicyMachine(RuleBasedStateMachine):
    """The product and the model, side by side.

    Args:
        ground: where the policy lies.
    """

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground = ground
        self.held: list[Held] = []
        self.now = START
        self.paths: dict[Condition, str | None] = {}
        self.ends = {SOON: START + timedelta(hours=36)}

    @initialize()
    def begin(self) -> None:
        """Nothing is bound."""
        self.ground.begin()

    @rule(member=MEMBERS, end=ENDS, path=PATHS, theirs=st.none() | FOREIGN)
    def grant(
        self, member: str, end: timedelta | None, path: str | None, theirs: Held | None
    ) -> None:
        """Let somebody in, perhaps until a time or for a path, perhaps while others write."""
        offer = self._offer(end, path)
        self._edit(
            lambda policy: granted(policy, [member], offer, self.now)[0],
            lambda held: self._with_grant(held, member, offer.condition, path),
            theirs,
        )

    @rule(member=MEMBERS, theirs=st.none() | FOREIGN)
    def revoke(self, member: str, theirs: Held | None) -> None:
        """Take somebody out of all that lets them in, perhaps while others write."""
        self._edit(
            lambda policy: revoked(policy, [member], LETS_IN.__contains__)[0],
            lambda held: [
                one for one in held if one.role not in LETS_IN or not is_same(one.member, member)
            ],
            theirs,
        )

    @rule(everybodys=st.booleans(), theirs=st.none() | FOREIGN)
    def prune(self, everybodys: bool, theirs: Held | None) -> None:
        """Take out whose time is over: by what we granted, or by anybody's end."""

        def over(one: Held) -> bool:
            ends = self.ends.get(one.condition) if one.condition is not None else None
            ours = one.condition in self.paths
            return ends is not None and ends <= self.now and (ours or everybodys)

        self._edit(
            lambda policy: pruned(policy, self.now, everybodys=everybodys)[0],
            lambda held: [one for one in held if not over(one)],
            theirs,
        )

    @rule(hours=st.sampled_from([1, 7, 24]))
    def wait(self, hours: int) -> None:
        """Time goes by."""
        self.now += timedelta(hours=hours)

    @rule(theirs=FOREIGN)
    def others_add(self, theirs: Held) -> None:
        """Somebody else binds a member."""
        self._foreign(lambda held: self._with_theirs(held, theirs))

    @rule(place=st.integers(0, 20))
    def others_remove(self, place: int) -> None:
        """Somebody else takes a member out, ours or theirs."""
        self._foreign(lambda held: [one for index, one in enumerate(held) if index != place])

    @rule()
    def others_reorder(self) -> None:
        """Somebody else writes the bindings in another order."""
        self._foreign(lambda held: held_in(Policy(policy_of(held).bindings[::-1])))

    @invariant()
    def they_agree(self) -> None:
        """The policy holds what the model says, in its order."""
        assert held_in(self.ground.policy()) == self.held

    def _offer(self, end: timedelta | None, path: str | None) -> Offer:
        if end is None and path is None:
            return Offer(INVOKER)
        until = self.now + end if end is not None else None
        condition = compose(until=until, path=path, who="user:me@example.com", reason="TICKET-1")
        self.paths[condition] = path
        if until is not None:
            self.ends[condition] = until
        return Offer(INVOKER, condition, read(condition))

    def _with_grant(
        self, held: list[Held], member: str, condition: Condition | None, path: str | None
    ) -> list[Held]:
        """Held without an end: nothing to do. Else in the place of what we granted so before."""
        mine = [one for one in held if one.role == INVOKER and is_same(one.member, member)]
        if any(one.condition in {None, condition} for one in mine):
            return held
        replaced = {
            one
            for one in mine
            if condition is not None
            and one.condition in self.paths
            and self.paths[one.condition] == path
        }
        return put([one for one in held if one not in replaced], Held(INVOKER, condition, member))

    def _with_theirs(self, held: list[Held], theirs: Held) -> list[Held]:
        same_binding = [one for one in held if one[:2] == theirs[:2]]
        known = any(is_same(one.member, theirs.member) for one in same_binding)
        return held if known else put(held, theirs)

    def _edit(
        self, edit: Edit, model: Callable[[list[Held]], list[Held]], theirs: Held | None
    ) -> None:
        before, changes = self.held, model(self.held) != self.held
        meanwhile = None
        if theirs is not None:
            before = self._with_theirs(self.held, theirs)
            meanwhile = policy_of(before)
        # With nothing to write there is nothing in the way of what others write meanwhile.
        after = model(before) if changes else before
        assert self.ground.edit(edit, meanwhile) == (after != before)
        self.held = after

    def _foreign(self, model: Callable[[list[Held]], list[Held]]) -> None:
        self.held = model(self.held)
        self.ground.foreign(policy_of(self.held))


def is_same(one: str, other: str) -> bool:
    """Whether Google takes two members for one: letters of addresses have no case."""
    return one.lower() == other.lower()
