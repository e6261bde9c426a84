"""Where a condition stands: active, expired, conditional, or never to be true. Pure."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from provision.conditions.asking import TAGS
from provision.conditions.attributes import ATTRIBUTES, MAX_OPERATORS
from provision.conditions.evaluation import Evaluation, evaluate
from provision.conditions.request import Request, context_of
from provision.conditions.syntax import Call, Entries, Has, Node, parse
from provision.conditions.times import datetime_of
from provision.conditions.tokens import ConditionSyntaxError
from provision.conditions.truth import HOLDS, Truth
from provision.conditions.window import remaining, stretches, window
from provision.policy import Condition

_ELIGIBLE = frozenset({"jitAccessConstraint", "multiPartyApprovalConstraint"})
"""JIT Access marks those who may ask for a role by ``has({}.…)`` of these, which never holds."""

_LOGICAL = ("&&", "||", "!")


class State(StrEnum):
    """Where a condition stands at a time."""

    ACTIVE = "active"
    EXPIRED = "expired"
    NOT_YET = "not yet"
    CONDITIONAL = "conditional"
    NEVER = "never"
    ELIGIBLE = "eligible"
    UNKNOWN = "unknown"


class Standing(NamedTuple):
    """Where a condition stands, and why.

    Args:
        state: in one word.
        why: in a few; empty when there is nothing to say.
        since: the first time at which it can hold; None: no bound.
        until: the first time from which on it never holds again; None: no bound.
    """

    state: State
    why: str = ""
    since: datetime | None = None
    until: datetime | None = None


def state(condition: Condition | None, now: datetime, kind: str = "service") -> Standing:
    """Where a condition stands at `now`; none at all is active.

    Args:
        condition: of a binding.
        now: with a time zone.
        kind: of the target: ``service``, ``job``, ``function``.
    """
    if condition is None:
        return Standing(State.ACTIVE)
    try:
        tree = parse(condition.expression)
    except ConditionSyntaxError as error:
        return Standing(State.UNKNOWN, f"it cannot be read here: {error}")
    found = window(condition.expression, kind)
    if found is None:
        return _never(condition.expression, tree, kind)
    place, why = _placed(condition.expression, now, found.until, kind)
    return Standing(place, why, found.since, found.until)


def problems(expression: str, kind: str = "service") -> list[str]:
    """Why a condition will never grant on that kind of target, or what IAM would refuse in it.

    Args:
        expression: as it would be written.
        kind: of the target: ``service``, ``job``, ``function``.

    Returns:
        Sentences without a full stop; empty when there is nothing to say against it.
    """
    try:
        tree = parse(expression)
    except ConditionSyntaxError as error:
        return [f"it is no valid expression: {error}"]
    walk = Evaluation(context_of(Request(kind=kind)))
    walk.truth(tree)
    found = list(dict.fromkeys((*walk.faults, *walk.unreadable)))
    count = operators(tree)
    if count > MAX_OPERATORS:
        found.append(f"it has {count} logical operators; IAM takes {MAX_OPERATORS}")
    if not found and not any(one.open for one in stretches(expression, kind)):
        found.append(f"it never grants: {_why_never(expression, kind)}")
    return found


def operators(tree: Node) -> int:
    """How many of the logical operators it has that IAM counts."""
    return sum(
        isinstance(node.form, Call) and node.form.function in _LOGICAL for node in tree.walk()
    )


def _never(expression: str, tree: Node, kind: str) -> Standing:
    if any(_marks_eligible(node) for node in tree.walk()):
        return Standing(State.ELIGIBLE, "may ask for it in JIT Access, does not have it")
    return Standing(State.NEVER, _why_never(expression, kind))


def _why_never(expression: str, kind: str) -> str:
    """Why it never holds; where it could but for the time, no time is one at which it does."""
    truth = evaluate(expression, Request(kind=kind))
    if not truth.possible & HOLDS:
        return truth.why
    whys = {one.truth.why for one in stretches(expression, kind)}
    return whys.pop() if len(whys) == 1 else "no time meets it"


def _marks_eligible(node: Node) -> bool:
    match node.form:
        case Has(Node(Entries(())), field):
            return field in _ELIGIBLE
    return False


def _placed(expression: str, now: datetime, until: datetime | None, kind: str) -> tuple[State, str]:
    """Where it stands, given that there is a time at which it can hold."""
    left = remaining(expression, now, kind)
    following = next((one for one in left if one.open), None)
    if following is None:
        return State.EXPIRED, f"since {_words(until)}" if until else ""
    if following is not left[0]:
        return State.NOT_YET, f"from {_words(datetime_of(following.first))}"
    here = evaluate(expression, Request(now, kind=kind))
    if here.possible is HOLDS:
        return State.ACTIVE, "" if left[0].truth.possible is HOLDS else "now, not at all times"
    return _open(here, kind)


def _words(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _open(truth: Truth, kind: str) -> tuple[State, str]:
    if not truth.possible & HOLDS:
        return State.CONDITIONAL, "at certain times, not now"
    has = {name for name, attribute in ATTRIBUTES.items() if attribute.had_by(kind)}
    untold = truth.undecided - has - set(TAGS)
    if not untold:
        return State.CONDITIONAL, truth.why
    negated = "; what its negation comes to is not documented" if untold & set(ATTRIBUTES) else ""
    return State.UNKNOWN, f"{truth.why}{negated}"
