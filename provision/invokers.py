"""Who can call by a policy of its own, and the edit that makes it exactly the spec. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from provision.conditions import State, read, state
from provision.policy import Binding, Policy, with_members, without
from provision.principals import canonical, is_public
from provision.spec import Spec

Carries = Callable[[str], bool | None]
"""Whether a role holds the permission to invoke; None when the role cannot be read."""


@dataclass(frozen=True)
class Holding:
    """One member that can invoke, and by which binding."""

    member: str
    binding: Binding

    def __str__(self) -> str:
        """As plans show it."""
        condition = self.binding.condition
        under = f" if {condition.title or condition.expression}" if condition else ""
        return f"{self.member} as {self.binding.role}{under}"


@dataclass(frozen=True)
class Wanted:
    """What the spec says about invokers.

    Args:
        role: the role that each of `members` should hold.
        members: as written.
        exclusive: nobody else may hold a role that carries the permission.
        further: what else some of them should hold: role and member.
    """

    role: str
    members: tuple[str, ...]
    exclusive: bool
    further: tuple[tuple[str, str], ...] = ()

    @classmethod
    def by(cls, spec: Spec, *, exclusive: bool) -> "Wanted":
        """What a spec says, the accounts of what calls included."""
        return cls(spec.invoker_role, spec.all_invokers, exclusive, spec.further_roles)

    def names(self, member: str) -> bool:
        """Whether the spec names `member`."""
        return canonical(member) in {canonical(one) for one in self.members}

    @property
    def all(self) -> frozenset[str]:
        """Everything wanted, as `bound` tells it."""
        further = (_further(role, member) for role, member in self.further)
        return frozenset((*map(canonical, self.members), *further))


def bound(policy: Policy, wanted: Wanted) -> frozenset[str]:
    """What of `wanted` is so without a condition.

    Returns:
        Members that hold the wanted role, canonical; and ``MEMBER as ROLE`` for further roles.
    """
    held = {canonical(member) for member in policy.holders(wanted.role)}
    members = {canonical(member) for member in wanted.members} & held
    further = {
        _further(role, member)
        for role, member in wanted.further
        if canonical(member) in {canonical(one) for one in policy.holders(role)}
    }
    return frozenset(members | further)


def missing_roles(policy: Policy, wanted: Wanted, member: str) -> frozenset[str]:
    """Roles that `wanted` has for `member` and that the policy does not give it."""
    named = canonical(member)
    missing = wanted.all - bound(policy, wanted)
    own = {wanted.role} if named in missing else set()
    further = {role for role, _ in wanted.further if _further(role, named) in missing}
    return frozenset(own | further)


def _further(role: str, member: str) -> str:
    return f"{canonical(member)} as {role}"


def public(policy: Policy, wanted: Wanted, carries: Carries) -> tuple[Holding, ...]:
    """Public members that can invoke and that the spec does not name.

    A role that cannot be read counts as carrying the permission: when in doubt, it is open.
    """
    return tuple(
        holding
        for holding in _holdings(policy)
        if is_public(holding.member)
        and not wanted.names(holding.member)
        and carries(holding.binding.role) is not False
    )


def others(policy: Policy, wanted: Wanted, carries: Carries, now: datetime) -> tuple[Holding, ...]:
    """Members that the spec does not name and that can invoke, or may: the role cannot be read."""
    return tuple(
        holding
        for holding in _unnamed(policy, wanted)
        if carries(holding.binding.role) is not False
        and not _granted_until_later(holding.binding, now)
    )


def granted(policy: Policy, wanted: Wanted, now: datetime) -> tuple[Holding, ...]:
    """Members that the spec does not name and that `provision grant` let in until later."""
    return tuple(
        holding
        for holding in _unnamed(policy, wanted)
        if _granted_until_later(holding.binding, now)
    )


def without_public(policy: Policy, wanted: Wanted, carries: Carries) -> Policy:
    """`policy` without the public members that the spec does not name; nothing else changes."""
    gone = {(holding.binding, holding.member) for holding in public(policy, wanted, carries)}
    return without(policy, lambda binding, member: (binding, member) in gone)


def with_exactly(policy: Policy, wanted: Wanted, unwanted: Iterable[Holding]) -> Policy:
    """`policy` with the wanted members added and the `unwanted` holdings taken out."""
    gone = {(holding.binding, holding.member) for holding in unwanted}
    left = without(policy, lambda binding, member: (binding, member) in gone)
    result = with_members(left, wanted.role, wanted.members)
    for role, member in wanted.further:
        result = with_members(result, role, (member,))
    return result


def _unnamed(policy: Policy, wanted: Wanted) -> Iterable[Holding]:
    for holding in _holdings(policy):
        member = holding.member
        passed_over = is_public(member) or member.startswith("deleted:") or wanted.names(member)
        if not passed_over:
            yield holding


def _holdings(policy: Policy) -> Iterable[Holding]:
    for binding in policy.bindings:
        for member in binding.members:
            yield Holding(member, binding)


def _granted_until_later(binding: Binding, now: datetime) -> bool:
    """Whether `provision grant` wrote it and it has not expired."""
    condition = binding.condition
    if condition is None:
        return False
    terms = read(condition)
    return terms.ours and terms.expires and state(condition, now).state is not State.EXPIRED
