"""The edit that lets principals in: what is added, replaced, or left because it is there. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from provision.conditions import Terms, compose, read
from provision.errors import ProvisionError, UsageError
from provision.policy import Binding, Condition, Policy, with_members, without
from provision.principals import canonical

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
    held = _held(policy, offer.role)
    told: list[Granted] = []
    replaced: dict[Condition | None, set[str]] = defaultdict(set)
    for member in members:
        one, earlier = _judged(member, held.get(canonical(member), ()), offer, now)
        told.append(one)
        for binding in earlier:
            replaced[binding.condition].add(canonical(member))
    after = without(
        policy,
        lambda binding, member: (
            binding.role == offer.role and canonical(member) in replaced.get(binding.condition, ())
        ),
    )
    let_in = [one.member for one in told if one.outcome.writes]
    after = with_members(after, offer.role, let_in, offer.condition)
    _check_count(after, let_in, offer.role)
    return after, tuple(told)


def _held(policy: Policy, role: str) -> Mapping[str, list[Binding]]:
    """The bindings in which each principal holds the role."""
    held: dict[str, list[Binding]] = defaultdict(list)
    for binding in policy.bindings:
        if binding.role == role:
            for key in {canonical(member) for member in binding.members}:
                held[key].append(binding)
    return held


def _judged(
    member: str, held: Sequence[Binding], offer: Offer, now: datetime
) -> tuple[Granted, Sequence[Binding]]:
    """What becomes of one principal, and which bindings of ours its new one replaces."""
    beside = tuple(one.condition for one in held if one.condition is not None)
    if any(binding.condition is None for binding in held):
        outcome = Outcome.ALREADY if offer.condition is None else Outcome.UNLIMITED
        return Granted(member, outcome), ()
    if offer.condition is None:
        return Granted(member, Outcome.GRANTED, beside=beside), ()
    if any(_is_same(one.condition, offer) for one in held):
        return Granted(member, Outcome.ALREADY), ()
    return _limited(member, held, offer, now)


def _limited(
    member: str, held: Sequence[Binding], offer: Offer, now: datetime
) -> tuple[Granted, Sequence[Binding]]:
    """Let in under a condition, in the place of an earlier grant of ours if there is any."""
    terms = [_replaceable(binding, offer) for binding in held]
    earlier = [one for one, ours in zip(held, terms, strict=True) if ours is not None]
    beside = tuple(
        one.condition
        for one, ours in zip(held, terms, strict=True)
        if one.condition is not None and ours is None
    )
    if not earlier or offer.terms is None:
        return Granted(member, Outcome.GRANTED, beside=beside), ()
    before = max(ours.until or _NEVER for ours in terms if ours is not None)
    outcome = _compared(before, offer.terms.until or _NEVER, now)
    end = None if before == _NEVER else before
    return Granted(member, outcome, replaced=True, before=end, beside=beside), earlier


_NEVER = datetime.max.replace(tzinfo=UTC)


def _compared(before: datetime, until: datetime, now: datetime) -> Outcome:
    if before <= now:
        return Outcome.RENEWED
    if before == until:
        return Outcome.CHANGED
    return Outcome.EXTENDED if until > before else Outcome.SHORTENED


@lru_cache(maxsize=1024)
def written_by_us(condition: Condition | None) -> Terms | None:
    """The terms of a condition that `provision grant` wrote and nobody changed; else None."""
    terms = read(condition) if condition is not None else None
    if condition is None or terms is None or not terms.ours:
        return None
    try:
        ours = compose(until=terms.until, path=terms.path, who=terms.who, reason=terms.reason)
    except (UsageError, ValueError):
        return None
    return terms if replace(ours, location=condition.location) == condition else None


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


def _check_count(policy: Policy, members: Iterable[str], role: str) -> None:
    held = _held(policy, role)
    for member in members:
        count = len(held[canonical(member)])
        if count > MAX_CONDITIONS:
            raise ProvisionError(
                f"{member} would hold {role} under {count} conditions, and a policy allows"
                f" {MAX_CONDITIONS} for the same role and principal.",
                hint="`provision prune-expired` takes out those that have run out;"
                " `provision grants` shows them all.",
            )
