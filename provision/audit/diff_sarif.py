"""The difference of two audits as SARIF 2.1.0: a result for everybody who gained or lost. Pure.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/. Who gained is ``new``, who lost is
``absent``, by which code scanning and viewers tell what came from what went.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

from provision.audit.answers import Verdict
from provision.audit.diff import Diff, Moved
from provision.audit.sarif import FINGERPRINT, LINE_HASH, SCHEMA, place, shown_at, time
from provision.principals import is_public
from provision.snapshot.records import Header

_RULES = (
    ("gained-access", "Somebody can invoke it, or may, who could not", "warning", "5.5"),
    ("lost-access", "Somebody cannot invoke it any more, or not for sure", "note", "0.0"),
)


def document(found: Diff, headers: tuple[Header, Header], version: str) -> dict[str, Any]:
    """The whole log.

    Args:
        found: the difference.
        headers: of the earlier and the later snapshot.
        version: of this program.

    Returns:
        Data for `json.dumps`.
    """
    before, after = headers
    run = {
        "tool": {
            "driver": {
                "name": "provision audit diff",
                "semanticVersion": version,
                "version": version,
                "rules": [_rule(*one) for one in _RULES],
            }
        },
        "automationDetails": {"id": f"provision-audit-diff/{after.scope}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "properties": {
                    "before": time(before.ended or before.begun),
                    "after": time(after.ended or after.begun),
                },
            }
        ],
        "results": list(_results(found)),
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(name: str, title: str, level: str, score: str) -> dict[str, Any]:
    return {
        "id": name,
        "name": "".join(word.capitalize() for word in name.split("-")),
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title}, from one snapshot to the next."},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["security", "iam"], "security-severity": score},
    }


def _results(found: Diff) -> Iterator[dict[str, Any]]:
    for one in found.targets:
        for index, moves in enumerate((one.gained, one.lost)):
            for moved in moves:
                yield _result(index, one.target, moved)


def _result(index: int, target: str, moved: Moved) -> dict[str, Any]:
    rule, _, level, _ = _RULES[index]
    gained = not index
    if gained and is_public(moved.principal) and moved.after is Verdict.CAN:
        level = "error"
    id_ = hashlib.sha256(f"{rule} {target} {moved.principal}".encode()).hexdigest()[:16]
    return {
        "ruleId": rule,
        "ruleIndex": index,
        "level": level,
        "message": {"text": _message(target, moved)},
        "locations": [shown_at(place(target))],
        "partialFingerprints": {FINGERPRINT: f"{rule}-{id_}", LINE_HASH: f"{id_}:1"},
        "baselineState": "new" if gained else "absent",
        "properties": {
            "principal": moved.principal,
            "members": moved.members,
            "before": moved.before.value,
            "after": moved.after.value,
            "by": list(moved.by),
        },
    }


def _message(target: str, moved: Moved) -> str:
    inside = f" and {moved.members:,} in it" if moved.members else ""
    causes = "; ".join(moved.by)
    by = f", by: {causes}" if causes else ""
    who = f"{moved.principal}{inside}: {moved.before} → {moved.after}"
    return f"{who} on {target.rpartition('/')[2]} ({target}){by}."
