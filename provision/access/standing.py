"""Who can call a target now, until when, and by which policy. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from provision.access.granting import written_by_us
from provision.conditions import State, Terms, read, state
from provision.policy import Binding, Condition, Policy, without
from provision.principals import canonical, is_public

Carries = Callable[[str], bool | None]


@dataclass(frozen=True)
class Grant:
    """One principal, one role, one binding.

    Args:
        member: as the policy spells it.
        role: the role.
        condition: under which; None for none.
        resource: whose policy it stands in.
        state: where it stands now.
        why: of that, in a few words.
        terms: what can be told of the condition.
        ours: `provision grant` wrote it.
        certain: whether the role lets its holders in; False when the role cannot be read.
    """

    member: str
    role: str
    condition: Condition | None
    resource: str
    state: State
    why: str
    terms: Terms
    ours: bool
    certain: bool

    @property
    def is_deleted(self) -> bool:
        """Whether Google marked the principal deleted."""
        return self.member.startswith("deleted:")

    @property
    def lets_in(self) -> bool:
        """Whether somebody can get in by it now, perhaps only under its condition."""
        return not self.is_deleted and self.state in {
            State.ACTIVE,
            State.CONDITIONAL,
            State.UNKNOWN,
        }


def grants(
    policy: Policy, resource: str, carries: Carries, now: datetime, kind: str
) -> tuple[Grant, ...]:
    """Everybody who can call by `policy`, or could: those whose time is over included.

    Args:
        policy: of the target, or of what stands above it.
        resource: whose policy it is.
        carries: which roles let somebody in; one that cannot be read is listed as uncertain.
        now: the time.
        kind: of the target, for what its conditions can ask.
    """
    return tuple(sorted(_grants(policy, resource, carries, now, kind), key=_order))


def _grants(
    policy: Policy, resource: str, carries: Carries, now: datetime, kind: str
) -> Iterator[Grant]:
    for binding in policy.bindings:
        carried = carries(binding.role)
        if carried is False:
            continue
        standing = state(binding.condition, now, kind)
        terms = read(binding.condition) if binding.condition is not None else Terms()
        for member in binding.members:
            yield Grant(
                member=member,
                role=binding.role,
                condition=binding.condition,
                resource=resource,
                state=standing.state,
                why=standing.why,
                terms=terms,
                ours=written_by_us(binding.condition) is not None,
                certain=carried is True,
            )


def _order(grant: Grant) -> tuple[bool, bool, str, str]:
    """Public members first, then those who get in, by name."""
    return (not is_public(grant.member), not grant.lets_in, canonical(grant.member), grant.role)


@dataclass(frozen=True)
class Expired:
    """One member whose conditional binding is over.

    Args:
        member: as the policy spells it.
        binding: where it stands.
        since: since when it is over.
    """

    member: str
    binding: Binding
    since: datetime | None


def pruned(
    policy: Policy, now: datetime, *, everybodys: bool = False
) -> tuple[Policy, tuple[Expired, ...]]:
    """`policy` without the members whose time is over, and who they were.

    Args:
        policy: as it is.
        now: the time.
        everybodys: bindings that `provision grant` did not write as well.
    """
    over = tuple(_expired(policy.bindings, now, everybodys=everybodys))
    gone = {(one.binding.role, one.binding.condition) for one in over}
    return without(policy, lambda binding, _: (binding.role, binding.condition) in gone), over


def _expired(bindings: Iterable[Binding], now: datetime, *, everybodys: bool) -> Iterator[Expired]:
    for binding in bindings:
        if binding.condition is None:
            continue
        if not everybodys and written_by_us(binding.condition) is None:
            continue
        standing = state(binding.condition, now)
        if standing.state is State.EXPIRED:
            for member in binding.members:
                yield Expired(member, binding, standing.until)
