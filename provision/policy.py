"""An allow policy as a value, and the edits that touch nothing but what they name. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from provision.principals import canonical

MAX_PRINCIPALS = 1500
"""Principals that one policy can refer to, each occurrence counted (iam.googleapis.com, v1)."""

MAX_GROUPS = 250
"""Groups and domains among them (https://cloud.google.com/iam/quotas)."""


@dataclass(frozen=True)
class Condition:
    """A condition of a binding, in CEL; never changed by us."""

    expression: str
    title: str = ""
    description: str = ""
    location: str = ""


@dataclass(frozen=True)
class Binding:
    """Members that hold a role, perhaps only under a condition."""

    role: str
    members: tuple[str, ...]
    condition: Condition | None = None


@dataclass(frozen=True)
class Policy:
    """The bindings of one resource, in the order in which the service keeps them.

    Args:
        bindings: who holds what.
        etag: which version of it was read; the service's own affair.
    """

    bindings: tuple[Binding, ...] = ()
    etag: bytes = field(default=b"", compare=False, repr=False)

    @property
    def principals(self) -> int:
        """How many principals it refers to, each occurrence counted."""
        return sum(len(binding.members) for binding in self.bindings)

    @property
    def groups(self) -> int:
        """How many of them are groups or domains."""
        return sum(
            member.startswith(("group:", "domain:"))
            for binding in self.bindings
            for member in binding.members
        )

    def holders(self, role: str, condition: Condition | None = None) -> tuple[str, ...]:
        """Members that hold `role` under exactly `condition`; without one by default."""
        return tuple(
            member
            for binding in self.bindings
            if binding.role == role and binding.condition == condition
            for member in binding.members
        )


def with_members(
    policy: Policy, role: str, members: Iterable[str], condition: Condition | None = None
) -> Policy:
    """`policy` with `members` holding `role` under `condition`; those that do stay as spelled."""
    held = {canonical(member) for member in policy.holders(role, condition)}
    wanted = {canonical(member): member for member in reversed(tuple(members))}
    missing = tuple(member for key, member in reversed(wanted.items()) if key not in held)
    if not missing:
        return policy
    bindings = list(policy.bindings)
    for index, binding in enumerate(bindings):
        if binding.role == role and binding.condition == condition:
            bindings[index] = replace(binding, members=(*binding.members, *missing))
            break
    else:
        bindings.append(Binding(role, missing, condition))
    return replace(policy, bindings=tuple(bindings))


def without(policy: Policy, unwanted: Callable[[Binding, str], bool]) -> Policy:
    """`policy` without the members for which ``unwanted(binding, member)``; empty bindings go."""
    kept = (
        replace(binding, members=tuple(m for m in binding.members if not unwanted(binding, m)))
        for binding in policy.bindings
    )
    left = tuple(
        after
        for before, after in zip(policy.bindings, kept, strict=True)
        if after.members or not before.members
    )
    return replace(policy, bindings=left)
