"""Plan, apply and verify over any stages. It knows no stage by name."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from provision.errors import DidNotConvergeError, PlanOutdatedError, ProvisionError
from provision.plan import (
    Action,
    Change,
    Check,
    Claim,
    Evidence,
    FieldChange,
    Known,
    Unknown,
    Verdict,
    diff,
    in_short,
    lines_that_differ,
)
from provision.stages import Stage

Stages = Sequence[Stage[Any]]

_SHOWN = 3
"""Fields that a reason names."""


@dataclass(frozen=True)
class Plan:
    """What all stages would do, in their order.

    Args:
        changes: one per stage.
        known: what is known without doing anything.
    """

    changes: tuple[Change[Any], ...]
    known: Known

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be written."""
        return all(change.action is Action.NOTHING for change in self.changes)


@dataclass(frozen=True)
class Step:
    """What one stage did: its change, and what it was applied for."""

    change: Change[Any]
    applied: bool


@dataclass
class Outcome:
    """What came of applying: it grows while stages run, so that an interruption loses nothing."""

    steps: list[Step] = field(default_factory=list)
    known: Known = field(default_factory=Known)


def plan(stages: Stages) -> Plan:
    """What would change, stage by stage; reads only."""
    known = Known()
    changes = []
    for stage in stages:
        change = _change(stage, known)
        changes.append(change)
        # What a write would bring is not known yet; what is there already is.
        reached = change.desired if change.fields else change.observed
        known = stage.learn(known, reached)
    return Plan(tuple(changes), known)


def apply(
    stages: Stages,
    approved: Plan,
    outcome: Outcome,
    starting: Callable[[Change[Any]], None] = lambda _: None,
) -> None:
    """Do what was approved, each stage looking again when its turn comes.

    Args:
        stages: those that were planned.
        approved: the plan that the user saw.
        outcome: filled as stages finish.
        starting: told of each change just before it is made.

    Raises:
        PlanOutdatedError: a change was not in the plan.
        DidNotConvergeError: a stage wrote, and a difference remains.
    """
    for stage, seen in zip(stages, approved.changes, strict=True):
        change = _change(stage, outcome.known)
        if change.fields:
            _check_approved(change, seen)
            starting(change)
            state = stage.apply(change)
            _check_converged(stage, outcome.known)
        else:
            state = change.observed
        outcome.steps.append(Step(change, applied=bool(change.fields)))
        outcome.known = stage.learn(outcome.known, state)


def verify(stages: Stages, stamp: Callable[[], str], outcome: Outcome) -> Iterator[Check]:
    """Look at every claim from outside, from scratch; checks come as they are made.

    Args:
        stages: what to look at.
        stamp: the time as RFC 3339, for the evidence.
        outcome: told what is known.
    """
    outcome.known = Known()
    for stage in stages:
        try:
            change = _change(stage, outcome.known)
            yield _as_declared(change, stamp())
            if change.observed is not None:
                yield from stage.verify(change.observed)
            outcome.known = stage.learn(outcome.known, change.observed or change.desired)
        except ProvisionError as error:  # what cannot be looked at hides nothing else
            yield _not_looked_at(stage, error, stamp())


def _as_declared(change: Change[Any], at: str) -> Check:
    """The claim that a stage has nothing left to do; what is not known yet cannot be told."""
    left = [item for item in change.fields if not isinstance(item.after, Unknown)]
    unknown = [item for item in change.fields if isinstance(item.after, Unknown)]
    if change.observed is None:
        verdict, answered = Verdict.FAILED, "there is none"
        summary = f"{change.subject}: there is none"
    elif left:
        answered = "; ".join(_told(item) for item in left)
        verdict, summary = Verdict.FAILED, f"{change.subject}: {len(left)} field(s) differ"
    elif unknown:
        answered = "; ".join(f"{item.path}: {item.after}" for item in unknown)
        verdict, summary = Verdict.NOT_PROVEN, f"{change.subject}: not all can be compared yet"
    else:
        verdict, answered = Verdict.PASSED, "no difference"
        summary = f"{change.subject}: as declared"
    return Check(
        name=f"{change.stage}-as-declared",
        claim=Claim.CONFIGURATION,
        verdict=verdict,
        summary=summary,
        evidence=(Evidence(f"{change.subject}, compared with the spec", answered, at),),
        hint="`provision plan` shows what `provision up` would change.",
    )


def _told(item: FieldChange) -> str:
    lines = lines_that_differ(item)
    if lines:
        return f"{item.path}: {', '.join(lines)}"
    return f"{item.path} is {item.before!r}, not {item.after!r}"


def _not_looked_at(stage: Stage[Any], error: ProvisionError, at: str) -> Check:
    """The claim of a stage that could not be looked at."""
    return Check(
        name=f"{stage.name}-as-declared",
        claim=Claim.CONFIGURATION,
        verdict=Verdict.NOT_PROVEN,
        summary=f"{stage.subject}: could not be looked at",
        evidence=(Evidence(f"{stage.subject}, compared with the spec", str(error), at),),
        hint=error.hint,
    )


def plan_one(stages: Stages, name: str) -> tuple[Stage[Any], Plan]:
    """The stage `name` and its plan; the stages before it are observed, and not run.

    Raises:
        ProvisionError: it needs what an earlier stage has not brought yet.
    """
    known, trouble = Known(), ""
    for stage in stages:
        try:
            change = _change(stage, known)
        except ProvisionError as error:
            if stage.name == name:
                raise
            trouble = f" {error}"
            continue
        if stage.name == name:
            _check_nothing_awaited(change, trouble)
            return stage, Plan((change,), known)
        known = stage.learn(known, change.desired if change.fields else change.observed)
    raise KeyError(name)


def _check_nothing_awaited(change: Change[Any], trouble: str) -> None:
    for item in change.fields:
        if isinstance(item.after, Unknown):
            raise ProvisionError(
                f"Too early for {change.stage}: {item.path} of {change.subject} is {item.after}."
                f"{trouble}",
                hint=f"Run `provision {item.after.until}` first, or `provision up` for all stages.",
            )


def _change(stage: Stage[Any], known: Known) -> Change[Any]:
    desired = stage.desired(known)
    observed = stage.observe()
    fields = diff(observed, desired)
    return Change(stage.name, stage.subject, observed, desired, fields, _reason(observed, fields))


def _reason(observed: object, fields: Sequence[FieldChange]) -> str:
    """Why a stage has something to do, or why it has nothing."""
    if observed is None:
        return "there is none yet"
    if not fields:
        return str(getattr(observed, "note", "")) or "it is as declared"
    shown = ", ".join(item.path for item in fields[:_SHOWN])
    more = f" and {len(fields) - _SHOWN} more" if len(fields) > _SHOWN else ""
    return f"it differs in {shown}{more}"


def _check_approved(change: Change[Any], seen: Change[Any]) -> None:
    approved = {item.path: item for item in seen.fields}
    for item in change.fields:
        known = approved.get(item.path)
        if known is None or (known.after != item.after and not isinstance(known.after, Unknown)):
            shown = in_short(item.after) if isinstance(item.after, str) else item.after
            raise PlanOutdatedError(
                f"Applying the plan to {change.subject}: {item.path} would now be set to"
                f" {shown!r}, which was not in the plan.",
                hint="Something changed since the plan was shown. Look again: `provision plan`.",
            )


def _check_converged(stage: Stage[Any], known: Known) -> None:
    left = diff(stage.observe(), stage.desired(known))
    if left:
        paths = ", ".join(item.path for item in left)
        raise DidNotConvergeError(
            f"Applying {stage.subject}: the write was accepted, and yet these differ: {paths}.",
            hint="Something else may be writing them too. `provision plan` shows the values.",
        )
