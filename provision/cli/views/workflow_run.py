"""How an execution of a workflow is shown: text for people, JSON for programs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from provision.cli.console import results, safe
from provision.cli.views.call_json import explained
from provision.cli.views.workflow_words import tell
from provision.errors import ExitCode, ProvisionError
from provision.resources import WorkflowName
from provision.workflows.execution import Execution, State, Step

if TYPE_CHECKING:
    from provision.invoke.explain import Explanation
    from provision.invoke.failed_step import Told

Json = Mapping[str, Any]
_LABELS = 10
_PARTS = frozenset(
    {"STEP_CONDITION", "STEP_FOR_ITERATION", "STEP_PARALLEL_BRANCH_ENTRY"}
    | {"STEP_TRY", "STEP_RETRY", "STEP_EXCEPT"}
)
"""Entries of what is only a part of a step, and has no name of its own.

https://cloud.google.com/workflows/docs/reference/executions/rest/v1/projects.locations.workflows.executions.stepEntries
"""
_MOST_STEPS = 40
"""Steps that a terminal gets; JSON has them all."""

_WORDS = {
    State.SUCCEEDED: "[green]Succeeded[/]",
    State.FAILED: "[bold red]Failed[/]",
    State.CANCELLED: "[yellow]Cancelled[/]",
    State.UNAVAILABLE: "[bold red]Not available[/]",
    State.QUEUED: "[yellow]Queued[/]",
    State.ACTIVE: "[yellow]Still running[/]",
}


@dataclass
class Report:
    """What came of `provision workflow run`.

    Args:
        workflow: the workflow.
        identity: whom we acted as.
        waited: whether its end was to be waited for.
        execution: as it was told last; None while there is none.
        seen: the steps that it was seen at.
        entries: the history of its steps, in Google's JSON; empty where none is kept.
        told: why it failed.
        source: its source, where that could be read.
        unread: what could not be read for the explanation.
        error: what ended the command early.
    """

    workflow: WorkflowName
    identity: str
    waited: bool = True
    execution: Execution | None = None
    seen: list[Step] = field(default_factory=list)
    entries: Sequence[Json] = ()
    told: "Told | None" = None
    source: str = field(default="", repr=False)
    unread: str = ""
    error: ProvisionError | None = None

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that it calls for."""
        if self.error is not None:
            return self.error.exit_code
        if not self.waited or self.execution is None:
            return ExitCode.DONE
        if not self.execution.is_over:
            return ExitCode.NOT_PROVEN
        done = self.execution.state is State.SUCCEEDED
        return ExitCode.DONE if done else ExitCode.FAILED

    @property
    def steps(self) -> tuple[tuple[str, str, float | None], ...]:
        """Each step, how it ended, and how many seconds it took, as far as that is known."""
        if not self.entries:
            return tuple((str(step), "", None) for step in self.seen)
        return tuple(
            (
                f"{one.get('routine', '')}.{one['step']}",
                str(one.get("state", "")).removeprefix("STATE_").lower(),
                _lasted(one.get("createTime", ""), one.get("updateTime", "")),
            )
            for one in self.entries
            if one.get("step") and one.get("stepType", "") not in _PARTS
        )


def document(report: Report) -> dict[str, Any]:
    """The result of the command."""
    execution, error = report.execution, report.error
    return {
        "workflow": report.workflow.workflow,
        "project": report.workflow.project,
        "region": report.workflow.region,
        "identity": report.identity,
        "execution": execution.name if execution else None,
        "state": str(execution.state) if execution else None,
        "revision": (execution.revision or None) if execution else None,
        "started": (execution.started or None) if execution else None,
        "ended": (execution.ended or None) if execution else None,
        "argument": json_of(execution.argument) if execution else None,
        "result": json_of(execution.result) if execution else None,
        "steps": [
            {"step": step, "state": state or None, "seconds": lasted}
            for step, state, lasted in report.steps
        ],
        "failure": _failure(report),
        "error": {"kind": type(error).__name__, "message": str(error), "hint": error.hint}
        if error
        else None,
        "exit_code": int(report.exit_code),
    }


def _failure(report: Report) -> dict[str, Any] | None:
    told = report.told
    if told is None:
        return None
    frame = told.frame
    return {
        "step": f"{frame.routine}.{frame.step}" if frame else None,
        "line": (frame.line or None) if frame else None,
        "message": told.raised.message,
        "code": told.raised.code or None,
        "tags": list(told.raised.tags),
        "raised": told.raised.value,
        "target": told.url or None,
        "explanation": explained(told.explanation) if told.explanation else None,
        "next": (told.explanation.next if told.explanation else told.next) or None,
        "unread": report.unread or None,
    }


def show(report: Report) -> None:
    """The answer first, then the result or why it failed, then its steps."""
    execution = report.execution
    if execution is None:
        return
    lasted = _lasted(execution.started, execution.ended)
    word = _WORDS.get(execution.state, safe(str(execution.state)))
    if not report.waited:
        word = "[green]Started[/]"
    took = f", {lasted:.1f} s" if lasted is not None else ""
    results.print(f"{word}: execution {safe(execution.own_id)}{took}")
    if execution.state is State.SUCCEEDED:
        _show_result(execution)
    if report.told is not None:
        _show_failure(report, report.told)
    if execution.is_over:
        _show_steps(report)
    else:
        for verb, command in commands(report).items():
            results.print(f"  {f'{verb}:':<10}{safe(command)}")


def _show_result(execution: Execution) -> None:
    if execution.result and execution.result != "null":
        told = json.dumps(json_of(execution.result), indent=2, ensure_ascii=False)
        results.print(safe(told, lines=True))


def _show_failure(report: Report, told: "Told") -> None:
    frame = told.frame
    if frame is not None:
        at = f", line {frame.line}" if frame.line else ""
        results.print(f"  [bold]{safe(f'{frame.routine}.{frame.step}')}[/]{at}")
        lines = report.source.splitlines()
        if 0 < frame.line <= len(lines):
            results.print(f"    [dim]{safe(lines[frame.line - 1].strip()[:72])}[/]")
    tell(told.raised.message, 2)
    if told.explanation is not None:
        _show_explanation(told.raised.code, told.explanation)
    elif told.raised.body and not told.raised.body.lstrip().startswith("<"):
        tell(told.raised.body[:400], 4, "dim")
    if told.explanation is None and told.next:
        tell(f"Next: {told.next}", 2, hang=2)
    if report.unread:
        tell(f"Not looked at: {report.unread}", 2, "yellow")


def _show_explanation(code: int, found: "Explanation") -> None:
    status = f"HTTP {code}: " if code else ""
    tell(f"{status}{found.answer}.", 2, "bold")
    for label, text in found.evidence:
        tell(f"{label:<{_LABELS}}{text}", 4, hang=_LABELS)
    if found.next:
        tell(f"Next: {found.next}", 2, hang=2)


def _show_steps(report: Report) -> None:
    steps = report.steps
    if not steps:
        return
    results.print("[bold]Steps[/]")
    for line in _lines(steps[:_MOST_STEPS]):
        results.print(line)
    if len(steps) > _MOST_STEPS:
        results.print(f"  … and {len(steps) - _MOST_STEPS:,} more (--json)")


def _lines(steps: Sequence[tuple[str, str, float | None]]) -> Iterator[str]:
    widest = max(len(step) for step, *_ in steps)
    for step, state, lasted in steps:
        took = f"  {lasted:6.1f} s" if lasted is not None else ""
        ended = "" if state in ("", "succeeded") else f"  [red]{safe(state)}[/]"
        yield f"  {safe(f'{step:<{min(widest, 56)}}')}{took}{ended}"


def commands(report: Report) -> dict[str, str]:
    """What to type to look at the execution, and to cancel it."""
    name, execution = report.workflow, report.execution
    where = f"--workflow {name.workflow} --location {name.region} --project {name.project}"
    own = execution.own_id if execution else ""
    return {
        verb: f"gcloud workflows executions {verb} {own} {where}" for verb in ("describe", "cancel")
    }


def json_of(text: str) -> object:
    """A result or an argument as JSON; as text where it is none."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def _lasted(began: str, ended: str) -> float | None:
    try:
        span = datetime.fromisoformat(_short(ended)) - datetime.fromisoformat(_short(began))
    except ValueError:
        return None
    return round(span.total_seconds(), 3)


def _short(moment: str) -> str:
    """RFC 3339 with as many digits as Python takes."""
    whole, point, rest = moment.rstrip("Z").partition(".")
    return f"{whole}{point}{rest[:6]}+00:00"
