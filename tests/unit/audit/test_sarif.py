"""Findings as SARIF 2.1.0: what code scanning needs of it."""

import json
from datetime import date
from typing import Any

import jsonschema
import pytest

from provision.audit.findings import CATALOGUE, report
from provision.audit.sarif import SCHEMA, document
from provision.audit.settings import Acceptance, Settings
from provision.snapshot.records import Part, Unread
from tests.unit.audit.finding_pairs import PAIRS
from tests.unit.audit.finding_worlds import INVOKER, ORDERS, policy, world

_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"minLength": 1}}}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_RULE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "shortDescription"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "shortDescription": _TEXT,
        "fullDescription": _TEXT,
        "help": {**_TEXT, "properties": {"markdown": {"type": "string"}, "text": {}}},
        "defaultConfiguration": {"type": "object", "properties": {"level": _LEVEL}},
        "properties": {"type": "object"},
    },
}
_LOCATION = {
    "type": "object",
    "required": ["physicalLocation", "logicalLocations"],
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "properties": {"artifactLocation": {"required": ["uri"]}},
        },
        "logicalLocations": {"type": "array", "minItems": 1},
    },
}
_RESULT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["message"],
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": _LEVEL,
        "message": _TEXT,
        "locations": {"type": "array", "items": _LOCATION, "minItems": 1},
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
        "baselineState": {"enum": ["new", "unchanged", "updated", "absent"]},
        "suppressions": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["kind"],
                "properties": {
                    "kind": {"enum": ["inSource", "external"]},
                    "status": {"enum": ["accepted", "underReview", "rejected"]},
                    "justification": {"type": "string"},
                },
            },
        },
        "properties": {"type": "object"},
    },
}
_RUN = {
    "type": "object",
    "additionalProperties": False,
    "required": ["tool"],
    "properties": {
        "tool": {
            "type": "object",
            "required": ["driver"],
            "properties": {
                "driver": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {"rules": {"items": _RULE, "uniqueItems": True}},
                }
            },
        },
        "automationDetails": {"type": "object", "required": ["id"]},
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "invocations": {"items": {"required": ["executionSuccessful"]}},
        "results": {"type": "array", "items": _RESULT},
    },
}
LOG = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"const": SCHEMA},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": _RUN, "minItems": 1},
    },
}
"""What the specification asks of those properties that are written (sections 3.13 to 3.49)."""


def _log(*records: Any, settings: Settings | None = None, known: str = "") -> dict[str, Any]:  # noqa: ANN401 - records
    audit = world(*records, settings=settings).audit()
    baseline = frozenset({known}) if known else frozenset[str]()
    return document(report(audit, settings, baseline), "1.2.3")


@pytest.mark.parametrize("rule", PAIRS)
def test_every_rules_findings_make_a_valid_log(rule: str) -> None:
    """As data that JSON takes."""
    one = PAIRS[rule][0]
    log = document(report(one.audit(), one.settings), "1.2.3")
    jsonschema.validate(json.loads(json.dumps(log)), LOG)


def test_every_result_points_at_its_rule() -> None:
    """By its place as well as by its id."""
    run = _log(policy(ORDERS, (INVOKER, "allUsers")))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert len(rules) == len(CATALOGUE)
    assert run["results"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_severities_are_levels_and_scores() -> None:
    """By which code scanning sorts."""
    rules = {one["id"]: one for one in _log()["runs"][0]["tool"]["driver"]["rules"]}
    public, hint = rules["public-by-binding"], rules["narrower-role"]
    assert public["defaultConfiguration"]["level"] == "error"
    assert float(public["properties"]["security-severity"]) >= 7.0
    assert hint["defaultConfiguration"]["level"] == "note"


def test_accepted_findings_are_suppressed_and_known_ones_unchanged() -> None:
    """None is left out."""
    bound = policy(ORDERS, (INVOKER, "allUsers"))
    one = Acceptance("ann", "why", date(2027, 1, 1), rule="public-by-binding", principal="*")
    plain = _log(bound)["runs"][0]["results"]
    log = _log(bound, settings=Settings(acceptances=(one,)), known="narrower-role-1")
    results = {each["ruleId"]: each for each in log["runs"][0]["results"]}
    assert len(results) == len(plain)
    assert results["public-by-binding"]["suppressions"][0]["status"] == "accepted"
    assert results["public-by-binding"]["baselineState"] == "new"
    assert "suppressions" not in plain[0]


def test_what_could_not_be_read_is_in_the_log() -> None:
    """A log without findings must not pass for a clean one."""
    log = _log(Unread("projects/shop-prod", Part.TARGETS, "403 denied"))
    notes = log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert "403 denied" in notes[0]["message"]["text"]
