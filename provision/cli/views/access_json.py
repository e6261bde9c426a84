"""Results about access for programs: stable names, documented in docs/json.md."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from provision.access.granting import Granted
from provision.access.revoking import Revoked
from provision.access.standing import Expired, Grant
from provision.cli.access_report import Listing, TargetReport
from provision.errors import ExitCode, ProvisionError
from provision.policy import Condition


def document(
    reports: Sequence[TargetReport],
    identity: str | None,
    code: ExitCode,
    error: ProvisionError | None = None,
) -> dict[str, Any]:
    """The whole result of a command about access.

    Args:
        reports: one for each target; none where the command ended before it knew them.
        identity: whom it acted as; None where that is not known.
        code: its exit code.
        error: what ended the whole command.
    """
    return {
        "identity": identity,
        "targets": [_target(report) for report in reports],
        "error": _error(error) if error else None,
        "exit_code": int(code),
    }


def _target(report: TargetReport) -> dict[str, Any]:
    resolved, change = report.resolved, report.change
    return {
        "target": str(report.target),
        "resource": resolved.resource if resolved else None,
        "said": (resolved.said or None) if resolved else None,
        "written": change is not None and change.written,
        "principals": _principals(report),
        "changes": [
            {
                "action": "add" if one.added else "remove",
                "role": one.role,
                "principal": one.member,
                "condition": _condition(one.condition),
            }
            for one in (change.differences if change else ())
        ],
        "remaining": [
            {
                "principal": one.member,
                "how": str(one.how),
                "by": one.by or None,
                "role": one.role or None,
                "resource": one.resource,
                "why": one.why or None,
            }
            for one in report.remaining
        ],
        "effects": [
            {
                "principal": one.awaited.member,
                "admitted": one.awaited.admitted,
                "in_effect": one.in_effect,
                "by": str(one.by),
                "told": one.told,
                "seconds": round(one.seconds, 1),
            }
            for one in report.effects
        ],
        "listing": _listing(report.listing) if report.listing else None,
        "notes": report.notes,
        "error": _error(report.error) if report.error else None,
        "exit_code": int(report.exit_code),
    }


def _principals(report: TargetReport) -> list[dict[str, Any]]:
    if report.granted is not None:
        return [_granted(report, one) for one in report.granted.told]
    if report.revoked is not None:
        return [_revoked(report, one) for one in report.revoked.told]
    if report.pruned is not None:
        return [_expired(one) for one in report.pruned.told]
    return []


def _expired(one: Expired) -> dict[str, Any]:
    return {
        "principal": one.member,
        "outcome": "pruned",
        "role": one.binding.role,
        "until": _time(one.since),
        "condition": _condition(one.binding.condition),
    }


def _listing(listing: Listing) -> dict[str, Any]:
    return {
        "open_to_all": listing.open_to_all,
        "grants": [_grant(one) for one in listing.here],
        "above": [_grant(one) for one in listing.above],
        "unread": [{"resource": one.resource, "why": one.unread} for one in listing.unread],
    }


def _grant(one: Grant) -> dict[str, Any]:
    return {
        "principal": one.member,
        "role": one.role,
        "resource": one.resource,
        "state": str(one.state),
        "why": one.why or None,
        "since": _time(one.terms.since),
        "until": _time(one.terms.until),
        "path": one.terms.path,
        "reason": one.terms.reason or None,
        "asked_by": one.terms.who or None,
        "by_provision": one.ours,
        "role_readable": one.certain,
        "condition": _condition(one.condition),
    }


def _granted(report: TargetReport, one: Granted) -> dict[str, Any]:
    offer = report.offer
    terms = offer.terms if offer else None
    return {
        "principal": one.member,
        "told_by": report.told_by(one.member),
        "outcome": str(one.outcome),
        "role": offer.role if offer else None,
        "until": _time(terms.until) if terms else None,
        "path": terms.path if terms else None,
        "reason": (terms.reason or None) if terms else None,
        "replaced": one.replaced,
        "before": _time(one.before),
        "beside": [_condition(condition) for condition in one.beside],
    }


def _revoked(report: TargetReport, one: Revoked) -> dict[str, Any]:
    return {
        "principal": one.member,
        "told_by": report.told_by(one.member),
        "outcome": "revoked" if one.taken else "nothing there",
        "taken": [
            {"role": held.binding.role, "condition": _condition(held.binding.condition)}
            for held in one.taken
        ],
    }


def _condition(condition: Condition | None) -> dict[str, str] | None:
    if condition is None:
        return None
    return {
        "expression": condition.expression,
        "title": condition.title,
        "description": condition.description,
    }


def _time(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _error(error: ProvisionError) -> dict[str, str]:
    return {"kind": type(error).__name__, "message": str(error), "hint": error.hint}
