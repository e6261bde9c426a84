"""The edit that takes principals out of every role that lets them in. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from provision.invokers import Holding
from provision.policy import Policy, without
from provision.principals import canonical

Carries = Callable[[str], bool | None]
"""Whether a role lets its holders in; None when the role cannot be read."""


@dataclass(frozen=True)
class Revoked:
    """What became of one principal.

    Args:
        member: as it was asked for.
        taken: what it held and holds no more; empty when there was nothing to take.
    """

    member: str
    taken: tuple[Holding, ...]


def revoked(
    policy: Policy, members: Iterable[str], carries: Carries, role: str | None = None
) -> tuple[Policy, tuple[Revoked, ...]]:
    """`policy` without `members`, conditional bindings included, and what each of them lost.

    Args:
        policy: as it is.
        members: whom to take out; ``deleted:`` forms of them are others, and stay.
        carries: which roles let somebody in; one that cannot be read is left alone.
        role: take them out of this role only, whether it lets anybody in or not.
    """
    members = tuple(members)
    wanted = {canonical(member) for member in members}
    held = tuple(
        Holding(member, binding)
        for binding in policy.bindings
        for member in binding.members
        if canonical(member) in wanted
        and (binding.role == role if role else carries(binding.role) is True)
    )
    gone = {(holding.binding, holding.member) for holding in held}
    after = without(policy, lambda binding, member: (binding, member) in gone)
    told = tuple(
        Revoked(member, tuple(one for one in held if canonical(one.member) == canonical(member)))
        for member in members
    )
    return after, told
