"""Reports, checks and snapshots, for programs: stable names, documented in docs/json.md."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from provision.cli.audit_answers import Basis
from provision.cli.audit_checking import Checked
from provision.cli.views import audit_json
from provision.errors import ExitCode

if TYPE_CHECKING:
    from provision.audit.findings import Report
    from provision.clients.reading import Written
    from provision.clients.reading.export import Tables


def report(basis: Basis, found: "Report") -> dict[str, Any]:
    """The whole result of `report`."""
    return {
        **_body(found),
        "targets": [audit_json.summary(one) for one in found.summaries],
        **_end(basis, found, ExitCode.DONE),
    }


def check(basis: Basis, checked: Checked) -> dict[str, Any]:
    """The whole result of `check`."""
    return {
        "fail_on": checked.fail_on.value,
        "failing": [one.id for one in checked.failing],
        "unproven": [one.id for one in checked.unproven],
        **_body(checked.report),
        **_end(basis, checked.report, checked.exit_code),
    }


def _body(found: "Report") -> dict[str, Any]:
    return {
        "counts": {severity.value: number for severity, number in found.counts.items()},
        "findings": [audit_json.finding(one, found.known) for one in found.findings],
    }


def _end(basis: Basis, found: "Report", code: ExitCode) -> dict[str, Any]:
    return {
        "unread": [audit_json.unread(one) for one in found.unread],
        **audit_json.read(basis),
        "error": None,
        "exit_code": int(code),
    }


def written(one: "Written", path: Path) -> dict[str, Any]:
    """The whole result of `snapshot`."""
    header = one.header
    return {
        "snapshot": str(path),
        "scope": header.scope,
        "begun": audit_json.time(header.begun),
        "ended": audit_json.time(header.ended),
        "reader": header.reader or None,
        "source": header.source,
        "records": dict(one.counts),
        "resumed": one.resumed,
        "unread": [audit_json.unread(each) for each in one.unread],
        "error": None,
        "exit_code": 0,
    }


def exported(scope: str, tables: "Tables") -> dict[str, Any]:
    """The whole result of `snapshot --bigquery`."""
    return {
        "scope": scope,
        "resources": tables.name("resources"),
        "policies": tables.name("policies"),
        "error": None,
        "exit_code": 0,
    }
