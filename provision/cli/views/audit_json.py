"""What an audit answers, for programs: stable names, documented in docs/json.md."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from provision.audit.answers import Answer, Block, Finding, Hop, Path, Summary
from provision.cli.audit_answers import Basis, TargetAnswers, how
from provision.cli.views.audit_words import placed
from provision.errors import ExitCode
from provision.snapshot.records import Target, Unread


def slug(value: Enum) -> str:
    """How JSON names one of several values, whatever people are told: ``mint-id``, ``while``."""
    return value.name.lower().replace("_", "-")


def text(document: dict[str, Any]) -> str:
    """A document as text."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def answered(
    basis: Basis, body: dict[str, Any], answers: Sequence[Answer], code: ExitCode
) -> dict[str, Any]:
    """The whole result of `who`, `what` or `why`.

    Args:
        basis: what it rests on.
        body: what was asked.
        answers: in their order.
        code: of the command.
    """
    return {
        **body,
        "answers": [answer(one) for one in answers],
        **read(basis),
        "error": None,
        "exit_code": int(code),
    }


def about_target(found: TargetAnswers) -> dict[str, Any]:
    """The target that was asked about, beside any principal."""
    return {
        "target": target(found.target),
        "public": slug(found.public),
        "reach": slug(found.reach),
    }


def about_all(found: TargetAnswers) -> dict[str, Any]:
    """Likewise, and what holds for whoever has no answer of its own."""
    return {
        **about_target(found),
        "sets": list(found.sets),
        "known_in_sets": dict(found.sets),
        "unknown": list(found.unknown),
    }


def read(basis: Basis) -> dict[str, Any]:
    """What answers rest on."""
    header = basis.header
    return {
        "at": time(basis.at),
        "read": {
            "scope": header.scope,
            "begun": time(header.begun),
            "ended": time(header.ended),
            "source": header.source,
            "reader": header.reader or None,
            "snapshot": basis.file or None,
            "unread": basis.unread,
        },
    }


def target(one: Target) -> dict[str, Any]:
    """A target and what stands before it beside IAM."""
    project, region = placed(one.name)
    return {
        "name": one.name,
        "kind": one.kind.value,
        "project": project,
        "region": region,
        "urls": list(one.urls),
        "ingress": one.ingress or None,
        "default_url": one.default_url,
        "invoker_check": one.invoker_check,
        "iap": one.iap,
        "account": one.account or None,
        "generation": one.generation or None,
        "service": one.service or None,
    }


def answer(one: Answer) -> dict[str, Any]:
    """Whether one principal can invoke one target."""
    kind = how(one)
    return {
        "principal": one.principal,
        "target": one.target,
        "verdict": slug(one.verdict),
        "how": slug(kind) if kind else None,
        "could_grant": one.could_grant,
        "reasons": list(one.reasons),
        "paths": [_path(path) for path in one.paths],
        "blocks": [_block(block) for block in one.blocks],
    }


def _path(one: Path) -> dict[str, Any]:
    return {
        "verdict": slug(one.verdict),
        "way": slug(one.way),
        "token": slug(one.token),
        "direct": one.direct,
        "second_order": one.second_order,
        "condition": one.condition or None,
        "reasons": list(one.reasons),
        "hops": [hop(each) for each in one.hops],
    }


def hop(one: Hop) -> dict[str, Any]:
    """One step of a path."""
    return {
        "kind": slug(one.kind),
        "start": one.start,
        "end": one.end,
        "role": one.role or None,
        "on": one.on or None,
        "member": one.member or None,
        "condition": one.condition or None,
        "permission": one.permission or None,
        "note": one.note or None,
    }


def _block(one: Block) -> dict[str, Any]:
    return {"kind": slug(one.kind), "by": one.by or None, "on": one.on or None, "why": one.reason}


def finding(one: Finding, known: Iterable[str] = ()) -> dict[str, Any]:
    """Something to look at."""
    return {
        "id": one.id,
        "rule": one.rule,
        "severity": one.severity.value,
        "claim": one.claim,
        "reason": one.reason,
        "resource": one.resource,
        "principal": one.principal or None,
        "targets": list(one.targets),
        "mend": list(one.mend),
        "hops": [hop(each) for each in one.hops],
        "accepted": one.accepted or None,
        "in_baseline": one.id in known,
    }


def summary(one: Summary) -> dict[str, Any]:
    """One target of a report."""
    return {
        **target(one.target),
        "public": slug(one.public),
        "reach": slug(one.reach),
        "principals": {slug(verdict): number for verdict, number in one.verdicts},
        "impersonating": one.impersonating,
        "granting": one.granting,
        "sets": list(one.sets),
        "unknown": list(one.unknown),
    }


def unread(one: Unread) -> dict[str, Any]:
    """Something that could not be read."""
    return {
        "of": one.of,
        "part": slug(one.part),
        "detail": one.detail or None,
        "why": one.why,
    }


def time(moment: datetime | None) -> str | None:
    """A time as RFC 3339 with seconds, UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
