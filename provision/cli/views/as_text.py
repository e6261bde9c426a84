"""Results for people."""

import json
import re
from typing import Any

from provision.cli.console import results, safe
from provision.cli.report import ServiceReport
from provision.cli.views.as_json import plain
from provision.destroy import Removal
from provision.engine import Outcome, Plan
from provision.plan import (
    Action,
    Change,
    Check,
    FieldChange,
    Unknown,
    Verdict,
    in_short,
    lines_that_differ,
)

_HEX = re.compile(r"\b((?:inputs-)?[0-9a-f]{12})[0-9a-f]{28,52}\b")

_SIGNS = {
    Action.CREATE: "[green]+[/]",
    Action.UPDATE: "[yellow]~[/]",
    Action.NOTHING: "[dim]=[/]",
}
_MARKS = {
    Verdict.PASSED: "[green]✔ passed    [/]",
    Verdict.FAILED: "[bold red]✘ failed    [/]",
    Verdict.NOT_PROVEN: "[yellow]? not proven[/]",
}


def _brief(text: str) -> str:
    """`text` for people: of a digest, the twelve digits that Docker shows; JSON has them all."""
    return safe(_HEX.sub(r"\1…", text))


def show_heading(report: ServiceReport) -> None:
    """Which service, where that was said, and whom we act as."""
    spec = report.spec
    results.print(f"[bold]{spec.name}[/]  {safe(spec.source)}")
    results.print(f"  project {safe(str(spec.project))}, region {safe(str(spec.region))}")
    results.print(f"  acting as {safe(str(report.caller))}")
    results.print()


def show_plan(plan: Plan) -> None:
    """What would change, field by field."""
    for change in plan.changes:
        show_change(change)
    counts = [change.action for change in plan.changes]
    if plan.is_empty:
        results.print("\nNothing to change: everything is as declared.")
        return
    results.print(
        f"\n{counts.count(Action.CREATE)} to create, {counts.count(Action.UPDATE)} to update,"
        f" {counts.count(Action.NOTHING)} as declared."
    )


def show_change(change: Change[Any]) -> None:
    """One stage's part of a plan."""
    words = "nothing to do" if change.action is Action.NOTHING else str(change.action)
    # What differs stands below, field by field.
    why = f" ({_brief(change.reason)})" if change.action is Action.NOTHING else ""
    results.print(
        f"  {_SIGNS[change.action]} {change.stage:<9}{safe(change.subject)}: {words}{why}"
    )
    for item in change.fields:
        results.print(f"      {_brief(_field(item))}")
        for line in lines_that_differ(item):
            results.print(f"        [dim]{safe(line)}[/]")
    for warning in getattr(change.observed, "warnings", ()):
        results.print(f"      [yellow]can invoke too, and is not in the spec:[/] {safe(warning)}")


def _field(item: FieldChange) -> str:
    if isinstance(item.after, frozenset):
        before = item.before if isinstance(item.before, frozenset) else frozenset()
        added = [f"+ {one}" for one in sorted(map(str, item.after - before))]
        removed = [f"- {one}" for one in sorted(map(str, before - item.after))]
        return f"{item.path}: {', '.join([*added, *removed])}"
    if isinstance(item.after, str) and "\n" in item.after:
        return f"{item.path}: {in_short(item.after)}"
    if item.before is None:
        return f"{item.path}: {_value(item.after)}"
    return f"{item.path}: {_value(item.before)} → {_value(item.after)}"


def _value(value: object) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, str):
        return in_short(value) or '""'
    return str(value) if isinstance(value, Unknown) else json.dumps(plain(value))


def show_steps(outcome: Outcome) -> None:
    """What was done, once it is done."""
    results.print()
    for step in outcome.steps:
        if step.applied:
            results.print(f"  [green]done   [/]{step.change.stage:<9}{safe(step.change.subject)}")
    results.print()


def show_check(check: Check) -> None:
    """One claim, the verdict, and what it rests on."""
    results.print(f"  {_MARKS[check.verdict]}  [bold]{check.name:<24}[/]{_brief(check.summary)}")
    for item in check.evidence:
        results.print(f"      [dim]{_brief(item.asked)}[/]")
        results.print(f"      [dim]→ {_brief(item.answered)}  ({item.at})[/]")
    if check.hint and check.verdict is not Verdict.PASSED:
        results.print(f"      {safe(check.hint)}")


def show_summary(report: ServiceReport) -> None:
    """The last lines: where the service is, and how much was proven."""
    verdicts = [check.verdict for check in report.checks]
    if verdicts:
        results.print(
            f"\n{verdicts.count(Verdict.PASSED)} passed, {verdicts.count(Verdict.FAILED)} failed,"
            f" {verdicts.count(Verdict.NOT_PROVEN)} not proven."
        )
    if not isinstance(report.known.urls, Unknown):
        results.print(f"{report.spec.name}: {report.known.urls[0]}")
    elif any(one.name == "job-ready" and one.verdict is Verdict.PASSED for one in report.checks):
        results.print(f"{report.spec.name}: `provision execute {report.spec.name}` runs it.")


def show_removals(report: ServiceReport) -> None:
    """What would go, with what goes with it, and what stays and why."""
    if not report.removals:
        results.print("Nothing to delete: there is nothing.")
    for item in report.removals:
        if item.remove is None:
            results.print(f"  [dim]=[/] {safe(item.subject)}: stays, {safe(item.reason)}")
            continue
        results.print(f"  [red]-[/] {safe(item.subject)}")
        for detail in item.details:
            results.print(f"      - {safe(detail)}")


def show_removed(item: Removal) -> None:
    """One thing that is gone."""
    results.print(f"  [red]deleted   [/]{safe(item.subject)}")
