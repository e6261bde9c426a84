"""Findings as SARIF 2.1.0, as code scanning takes them. Pure.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/. A finding is about a cloud resource, no
line of a file: its place is a logical location, and as code scanning shows no result without a
file, the file that settings are kept in stands for it.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

from provision.audit.answers import Finding, Severity
from provision.audit.findings.report import Report
from provision.audit.findings.rule import Rule

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_SCORES = {
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.0",
}
"""``security-severity``, by which code scanning sorts: high from 7.0, medium from 4.0."""

_FILE = "audit.yaml"
FINGERPRINT = "finding/v1"
LINE_HASH = "primaryLocationLineHash"
"""What code scanning tells alerts by. Left out, it is made of the file's line, which is the same
for all of them (github/codeql-action, ``fingerprints.ts``)."""
_MAX_TARGETS = 100
"""Targets that one result names; all of them are in the report itself."""


def document(report: Report, version: str) -> dict[str, Any]:
    """The whole log.

    Args:
        report: whose findings are told; accepted ones are suppressed there, not left out.
        version: of this program.

    Returns:
        Data for `json.dumps`.
    """
    from provision.audit.findings.catalogue import CATALOGUE

    places = {rule.name: place for place, rule in enumerate(CATALOGUE)}
    run = {
        "tool": {
            "driver": {
                "name": "provision audit",
                "semanticVersion": version,
                "version": version,
                "rules": [_rule(one) for one in CATALOGUE],
            }
        },
        "automationDetails": {"id": f"provision-audit/{report.header.scope}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report)],
        "results": [_result(one, report, places) for one in report.findings],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    help_ = f"{rule.why}\n\nTo mend it: {rule.mend}"
    return {
        "id": rule.name,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": help_, "markdown": help_},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": ["security", "iam"],
            "security-severity": _SCORES[rule.severity],
            "precision": "high",
        },
    }


def _invocation(report: Report) -> dict[str, Any]:
    """When it was read, and what could not be: a log that says nothing of that would mislead."""
    told: dict[str, Any] = {
        "executionSuccessful": True,
        "startTimeUtc": time(report.header.begun),
        "properties": {"at": time(report.at)},
    }
    if report.header.ended is not None:
        told["endTimeUtc"] = time(report.header.ended)
    notes = [
        {"level": "warning", "message": {"text": f"{one.part} of {one.of}: {one.why}"}}
        for one in report.unread[:_MAX_TARGETS]
    ]
    return {**told, "toolExecutionNotifications": notes} if notes else told


def _result(finding: Finding, report: Report, places: dict[str, int]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": places[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [shown_at(place(finding.resource))],
        "partialFingerprints": {FINGERPRINT: finding.id, LINE_HASH: _line_hash(finding.id)},
        "properties": {"severity": str(finding.severity), **_properties(finding)},
    }
    if report.known:
        told["baselineState"] = "unchanged" if finding.id in report.known else "new"
    if finding.accepted:
        told["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": finding.accepted}
        ]
    return told


def _message(finding: Finding) -> str:
    text = f"{finding.claim[:1].upper()}{finding.claim[1:]}. {finding.reason}"
    return text if not finding.mend else f"{text} To mend it: {' ; '.join(finding.mend)}"


def _line_hash(id_: str) -> str:
    """The id in the shape of the hash: hexadecimal, and how many lines like it came before."""
    return f"{hashlib.sha256(id_.encode()).hexdigest()[:16]}:1"


def place(resource: str) -> dict[str, Any]:
    """A resource, account or group as a logical location."""
    kind = "member" if "@" in resource.partition("/")[0] else "resource"
    return {"fullyQualifiedName": resource, "kind": kind}


def shown_at(logical: dict[str, Any]) -> dict[str, Any]:
    """A location of that, with a file, without which code scanning shows nothing."""
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _FILE},
            "region": {"startLine": 1},
        },
        "logicalLocations": [logical],
    }


def _properties(finding: Finding) -> dict[str, Any]:
    told: dict[str, Any] = {"targets": list(finding.targets[:_MAX_TARGETS])}
    if len(finding.targets) > _MAX_TARGETS:
        told["targetCount"] = len(finding.targets)
    if finding.principal:
        told["principal"] = finding.principal
    if finding.mend:
        told["mend"] = list(finding.mend)
    return told


def time(moment: datetime) -> str:
    """A time as SARIF writes it, UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
