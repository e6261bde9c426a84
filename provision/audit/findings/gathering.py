"""Bindings of one member on one resource told as one finding. Pure."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from provision.audit.answers import Hop, HopKind, Severity
from provision.audit.findings.holds import Held, Hold
from provision.audit.findings.members import Member
from provision.audit.findings.mending import taken_out
from provision.audit.findings.places import joined
from provision.audit.findings.rule import Found


class Gathered(NamedTuple):
    """What one member holds by one policy.

    Args:
        member: whom it is about.
        resource: whose policy.
        holds: the bindings, in the order of the policy.
        targets: what they open together, sorted.
    """

    member: Member
    resource: str
    holds: tuple[Hold, ...]
    targets: tuple[str, ...]

    @property
    def mend(self) -> tuple[str, ...]:
        """Commands that take the member out of all of them."""
        return taken_out(self.member.text, self.holds)

    @property
    def hops(self) -> tuple[Hop, ...]:
        """One step a binding."""
        return tuple(
            Hop(
                HopKind.ROLE,
                self.member.text,
                self.targets[0] if len(self.targets) == 1 else self.resource,
                role=hold.role,
                on=self.resource,
                member=self.member.text,
                condition=hold.condition,
            )
            for hold in self.holds
        )


def gathered(
    held: Iterable[Held], opens: Callable[[Hold], tuple[str, ...] | None]
) -> Iterator[Gathered]:
    """One for each member and policy, with all that its bindings there open.

    Args:
        held: by members.
        opens: the targets of a binding, sorted; None for a binding to leave out.
    """
    for member, holds in held:
        by_policy: dict[str, tuple[list[Hold], list[tuple[str, ...]]]] = {}
        for hold in holds:
            targets = opens(hold)
            if targets is not None:
                several, opened = by_policy.setdefault(hold.resource, ([], []))
                several.append(hold)
                opened.append(targets)
        for resource, (several, opened) in by_policy.items():
            targets = opened[0] if len(opened) == 1 else joined(opened)
            yield Gathered(member, resource, tuple(several), targets)


def finding(one: Gathered, claim: str, severity: Severity | None = None) -> Found:
    """What a rule finds of it: the member, its targets, the bindings as a path, what mends it."""
    return Found(
        claim,
        one.resource,
        one.targets,
        one.member.text,
        severity=severity,
        mend=one.mend,
        hops=one.hops,
    )
