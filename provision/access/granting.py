"""The edit that lets principals in: what is added, replaced, or left because it is there. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from provision.conditions import Terms, read
from provision.errors import ProvisionError
from provision.policy import Binding, Condition, Policy, with_members, without
from provision.principals import same

MAX_CONDITIONS = 20
"""Bindings of the same role and principal that differ in their condition only.

https://cloud.google.com/iam/quotas
"""


@dataclass(frozen=True)
class Offer:
    """What each principal of a call is to hold on one resource.

    Args:
        role: the role.
        condition: under which; None for none.
        terms: what `condition` says, where we composed it; None for one that the user wrote.
    """

    role: str
    condition: Condition | None = None
    terms: Terms | None = None


class Outcome(StrEnum):
    """What becomes of one principal."""

    GRANTED = "granted"
    ALREADY = "already granted"
    EXTENDED = "extended"
    SHORTENED = "shortened"
    RENEWED = "renewed"
    CHANGED = "changed"
    UNLIMITED = "not limited"

    @property
    def writes(self) -> bool:
        """Whether the policy changes for it."""
        return self not in {Outcome.ALREADY, Outcome.UNLIMITED}


@dataclass(frozen=True)
class Granted:
    """What became of one principal.

    Args:
        member: as it was asked for.
        outcome: in a word.
        replaced: an earlier grant of ours stood in its place.
        before: the end of that one; None where it had none.
        beside: conditions under which it holds the role too, and goes on to.
    """

    member: str
    outcome: Outcome
    replaced: bool = False
    before: datetime | None = None
    beside: tuple[Condition, ...] = ()


def granted(
    policy: Policy, members: Iterable[str], offer: Offer, now: datetime
) -> tuple[Policy, tuple[Granted, ...]]:
    """`policy` with `members` let in, and what became of each.

    Only what `provision grant` wrote for the same principal, role and path is ever replaced.

    Raises:
        ProvisionError: a principal would hold the role under too many conditions.
    """
    told = []
    for member in members:
        policy, one = _granted(policy, member, offer, now)
        told.append(one)
    _check_count(policy, tuple(one.member for one in told if one.outcome.writes), offer)
    return policy, tuple(told)


def _granted(policy: Policy, member: str, offer: Offer, now: datetime) -> tuple[Policy, Granted]:
    held = tuple(
        binding
        for binding in policy.bindings
        if binding.role == offer.role and any(same(member, one) for one in binding.members)
    )
    beside = tuple(one.condition for one in held if one.condition is not None)
    if any(binding.condition is None for binding in held):
        outcome = Outcome.ALREADY if offer.condition is None else Outcome.UNLIMITED
        return policy, Granted(member, outcome)
    if offer.condition is None:
        after = with_members(policy, offer.role, [member])
        return after, Granted(member, Outcome.GRANTED, beside=beside)
    return _limited(policy, member, offer, held, now)


def _limited(
    policy: Policy, member: str, offer: Offer, held: tuple[Binding, ...], now: datetime
) -> tuple[Policy, Granted]:
    """Let `member` in under a condition, in the place of an earlier grant of ours if any."""
    earlier = {
        binding: terms for binding in held if (terms := _replaceable(binding, offer)) is not None
    }
    beside = tuple(one.condition for one in held if one.condition and one not in earlier)
    if any(_is_same(one.condition, offer) for one in held):
        return policy, Granted(member, Outcome.ALREADY)
    left = without(policy, lambda binding, one: binding in earlier and same(one, member))
    after = with_members(left, offer.role, [member], offer.condition)
    if not earlier or offer.terms is None:
        return after, Granted(member, Outcome.GRANTED, beside=beside)
    before = max((terms.until or _NEVER for terms in earlier.values()), default=_NEVER)
    outcome = _compared(before, offer.terms.until or _NEVER, now)
    end = None if before == _NEVER else before
    return after, Granted(member, outcome, replaced=True, before=end, beside=beside)


_NEVER = datetime.max.replace(tzinfo=UTC)


def _compared(before: datetime, until: datetime, now: datetime) -> Outcome:
    if before <= now:
        return Outcome.RENEWED
    if before == until:
        return Outcome.CHANGED
    return Outcome.EXTENDED if until > before else Outcome.SHORTENED


def written_by_us(condition: Condition | None) -> Terms | None:
    """The terms of a condition that `provision grant` wrote and nobody changed; else None."""
    terms = read(condition) if condition is not None else None
    if terms is None or not terms.ours or terms.rest or terms.since is not None:
        return None
    return terms


def _replaceable(binding: Binding, offer: Offer) -> Terms | None:
    """The terms of an earlier grant of ours of the same path; None for any other binding."""
    terms = written_by_us(binding.condition) if offer.terms is not None else None
    if terms is None or offer.terms is None:
        return None
    return terms if terms.path == offer.terms.path else None


def _is_same(condition: Condition | None, offer: Offer) -> bool:
    """Whether somebody who holds the role under `condition` holds what is offered already."""
    if condition is None or offer.condition is None:
        return condition is offer.condition
    if condition.expression != offer.condition.expression:
        return False
    ours = written_by_us(condition)
    asked = offer.terms.reason if offer.terms is not None else ""
    return ours is None or not asked or ours.reason == asked


def _check_count(policy: Policy, members: tuple[str, ...], offer: Offer) -> None:
    for member in members:
        count = sum(
            binding.role == offer.role and any(same(member, one) for one in binding.members)
            for binding in policy.bindings
        )
        if count > MAX_CONDITIONS:
            raise ProvisionError(
                f"{member} would hold {offer.role} under {count} conditions, and a policy allows"
                f" {MAX_CONDITIONS} for the same role and principal.",
                hint="`provision prune-expired` takes out those that have run out;"
                " `provision grants` shows them all.",
            )
