"""The edit that takes principals out of every role that lets them in. Pure."""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

from provision.invokers import Holding
from provision.policy import Policy, without
from provision.principals import canonical
from provision.roles import CALLING_ALONE

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
    lost: dict[str, list[Holding]] = {canonical(member): [] for member in members}
    leaving = {
        held: held == role if role else carries(held) is True
        for held in dict.fromkeys(binding.role for binding in policy.bindings)
        if _names(policy, held, lost)
    }
    for binding in policy.bindings:
        if leaving.get(binding.role, False):
            for member in binding.members:
                if canonical(member) in lost:
                    lost[canonical(member)].append(Holding(member, binding))
    after = without(
        policy,
        lambda binding, member: leaving.get(binding.role, False) and canonical(member) in lost,
    )
    return after, tuple(Revoked(member, tuple(lost[canonical(member)])) for member in members)


def wider(told: Iterable[Revoked]) -> str:
    """What else is gone with roles that allow more than calling; empty when there are none."""
    lost = {
        (one.member, held.binding.role): None
        for one in told
        for held in one.taken
        if held.binding.role not in CALLING_ALONE
    }
    if not lost:
        return ""
    roles = ", ".join(dict.fromkeys(role for _, role in lost))
    members = ", ".join(dict.fromkeys(member for member, _ in lost))
    return (
        f"{roles} may allow more than calling, and all of it is taken from {members} here."
        " --role takes out one role alone."
    )


def _names(policy: Policy, role: str, wanted: Container[str]) -> bool:
    """Whether somebody of `wanted` holds the role: of no other it has to be known what it is."""
    return any(
        canonical(member) in wanted
        for binding in policy.bindings
        if binding.role == role
        for member in binding.members
    )
