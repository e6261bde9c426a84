"""Results for programs: stable names, documented in docs/json.md."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from provision.cli.report import ServiceReport
from provision.engine import Step
from provision.errors import ExitCode
from provision.plan import Change, Check, Unknown


def document(reports: Sequence[ServiceReport], code: ExitCode, *, strict: bool) -> dict[str, Any]:
    """The whole result of a command."""
    return {
        "services": [_service(report, strict=strict) for report in reports],
        "exit_code": int(code),
    }


def _service(report: ServiceReport, *, strict: bool) -> dict[str, Any]:
    spec, known = report.spec, report.known
    urls = () if isinstance(known.urls, Unknown) else known.urls
    image = None if isinstance(known.image, Unknown) else known.image
    return {
        "kind": str(spec.kind),
        "name": spec.name,
        str(spec.kind): spec.name,
        "project": {"value": spec.project.value, "from": spec.project.origin},
        "region": {"value": spec.region.value, "from": spec.region.origin},
        "identity": report.caller.member,
        "url": urls[0] if urls else None,
        "urls": list(urls),
        "image": image,
        "digest": image.rpartition("@")[2] if image and "@" in image else None,
        "stages": _stages(report),
        "checks": [_check(check) for check in report.checks],
        "removals": [
            {
                "subject": item.subject,
                "resource": item.resource,
                "removed": item.resource in report.removed,
                "details": list(item.details),
                "reason": item.reason,
            }
            for item in report.removals
        ],
        "error": _error(report),
        "exit_code": int(report.exit_code(strict=strict)),
    }


def _stages(report: ServiceReport) -> list[dict[str, Any]]:
    if report.outcome.steps:
        return [_step(step) for step in report.outcome.steps]
    return [_change(change) for change in report.plan.changes] if report.plan else []


def _step(step: Step) -> dict[str, Any]:
    return {**_change(step.change), "applied": step.applied}


def _change(change: Change[Any]) -> dict[str, Any]:
    return {
        "stage": change.stage,
        "subject": change.subject,
        "action": str(change.action),
        "reason": change.reason,
        "changes": [
            {"path": item.path, "before": plain(item.before), "after": plain(item.after)}
            for item in change.fields
        ],
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "check": check.name,
        "claim": str(check.claim),
        "verdict": str(check.verdict),
        "summary": check.summary,
        "evidence": [asdict(item) for item in check.evidence],
        "hint": check.hint or None,
    }


def _error(report: ServiceReport) -> dict[str, str] | None:
    if report.error is None:
        return None
    return {
        "kind": type(report.error).__name__,
        "message": str(report.error),
        "hint": report.error.hint,
    }


def plain(value: object) -> object:
    """`value` as JSON has it: sets in order, what is not known yet in words."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(str(item) for item in value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
