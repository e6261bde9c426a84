"""What `workflow lint` found: where it stands, what is wrong, and what to write instead."""

from collections.abc import Iterable, Mapping
from typing import Any

from provision.cli.console import results, safe
from provision.cli.views.workflow_words import count, sentence, tell
from provision.errors import ExitCode
from provision.workflows.findings import Finding, Unknown
from provision.workflows.lint import Report
from provision.workflows.outgoing import JobStart, Request

_INDENT = 4


def exit_code(reports: Iterable[Report]) -> ExitCode:
    """3 for findings; else 4 where something could not be judged."""
    told = tuple(reports)
    if any(one.findings for one in told):
        return ExitCode.DIFFERENCES
    return ExitCode.NOT_PROVEN if any(one.unknown for one in told) else ExitCode.DONE


def document(reports: Mapping[str, Report], *, offline: bool) -> dict[str, Any]:
    """The result of the command."""
    return {
        "files": [_file(name, report) for name, report in reports.items()],
        "offline": offline,
        "exit_code": int(exit_code(reports.values())),
    }


def _file(name: str, report: Report) -> dict[str, Any]:
    return {
        "file": name,
        "findings": [_finding(one) for one in report.findings],
        "unknown": [
            {"line": one.line, "step": one.step or None, "what": one.what, "why": one.why}
            for one in report.unknown
        ],
        "calls": [_call(one) for one in report.calls],
    }


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "rule": str(one.rule),
        "line": one.line,
        "column": one.column,
        "step": one.step or None,
        "target": one.target or None,
        "message": one.message,
        "mend": one.mend or None,
    }


def _call(one: Request | JobStart) -> dict[str, Any]:
    if isinstance(one, JobStart):
        return {
            "step": str(one.step),
            "kind": "job",
            "target": one.job or None,
            "project": one.project or None,
            "region": one.region or None,
            "overrides": one.overrides,
        }
    return {
        "step": str(one.step),
        "kind": "http",
        "target": one.root or one.host or None,
        "method": one.method or None,
        "auth": str(one.auth),
        "audience": one.audience.start if one.audience and one.audience.whole else None,
    }


def show(reports: Mapping[str, Report]) -> None:
    """Each finding where it stands, then what is not known, then how many there were."""
    for name, report in reports.items():
        for found in report.findings:
            _show_finding(name, found)
        for unknown in report.unknown:
            _show_unknown(name, unknown)
        _show_count(name, report)


def _show_finding(name: str, one: Finding) -> None:
    where = f"{name}:{one.line}:{one.column}"
    step = f"  [dim]{safe(one.step)}[/]" if one.step else ""
    results.print(f"{safe(where)}: [bold red]{one.rule}[/]{step}")
    tell(sentence(one.message), _INDENT)
    if one.mend:
        tell(one.mend, _INDENT, "green")


def _show_unknown(name: str, one: Unknown) -> None:
    step = f"  [dim]{safe(one.step)}[/]" if one.step else ""
    results.print(f"{safe(name)}:{one.line}: [bold yellow]not known[/]{step}")
    tell(sentence(f"{one.what}: {one.why}".rstrip(".")), _INDENT)


def _show_count(name: str, report: Report) -> None:
    made = count(len(report.calls), "call")
    if report.findings:
        colour, told = "bold red", count(len(report.findings), "finding")
    elif report.unknown:
        colour, told = "bold yellow", "nothing found, and not everything known"
    else:
        colour, told = "green", "nothing found"
    results.print(f"[{colour}]{safe(name)}: {told}[/], {made}")
