"""One change of one policy: made, or only looked at, and what differs by it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from provision.clients.targets import Resolved
from provision.policy import Condition, Policy
from provision.principals import canonical

T = TypeVar("T")


@dataclass(frozen=True)
class Difference:
    """One member more or less in one role.

    Args:
        role: the role.
        member: as the policy spells it.
        condition: under which.
        added: whether it is more.
    """

    role: str
    member: str
    condition: Condition | None
    added: bool


@dataclass(frozen=True)
class PolicyChange(Generic[T]):
    """What was done to a policy, or would be.

    Args:
        before: as it was read last.
        after: as it was written, or would be.
        told: what became of each principal.
        written_at: when it was written, in seconds of the monotonic clock; None when it was not.
    """

    before: Policy
    after: Policy
    told: T
    written_at: float | None = None

    @property
    def written(self) -> bool:
        """Whether it was written; never where nothing differs."""
        return self.written_at is not None

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What is less, then what is more."""
        before, after = dict(_entries(self.before)), dict(_entries(self.after))
        gone = [one for key, one in before.items() if key not in after]
        come = [one for key, one in after.items() if key not in before]
        return (
            *(Difference(*one, added=False) for one in gone),
            *(Difference(*one, added=True) for one in come),
        )


def change(
    resolved: Resolved,
    edit: Callable[[Policy], tuple[Policy, T]],
    *,
    dry_run: bool = False,
    reason: str = "",
) -> PolicyChange[T]:
    """Read, edit and write the policy of a target: one write, or none where nothing differs.

    Args:
        resolved: the target.
        edit: pure; tells the policy and what became of each principal. It is asked again when
            somebody else wrote meanwhile.
        dry_run: write nothing.
        reason: why, for the audit log.
    """
    last: list[tuple[Policy, Policy, T]] = []

    def edited(policy: Policy) -> Policy:
        after, told = edit(policy)
        last[:] = [(policy, after, told)]
        return after

    if dry_run:
        resolved.policies.preview(resolved.resource, edited)
    else:
        resolved.policies.edit(resolved.resource, edited, reason=reason)
    before, after, told = last[0]
    written = after != before and not dry_run
    at = resolved.policies.clock.monotonic() if written else None
    return PolicyChange(before, after, told, at)


_Key = tuple[str, str, Condition | None]


def _entries(policy: Policy) -> Iterator[tuple[_Key, _Key]]:
    for binding in policy.bindings:
        for member in binding.members:
            key = (binding.role, canonical(member), binding.condition)
            yield key, (binding.role, member, binding.condition)
