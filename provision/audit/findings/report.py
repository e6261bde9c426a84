"""All findings of an audit, the worst first, with what a team accepts. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from provision.audit.answers import Finding, Severity, Summary
from provision.audit.findings.catalogue import CATALOGUE
from provision.audit.findings.scene import Scene
from provision.audit.findings.unread import told_by
from provision.audit.settings import Acceptance, Settings
from provision.snapshot.records import Header, Unread

if TYPE_CHECKING:
    from provision.audit import Audit


@dataclass(frozen=True)
class Report:
    """What an audit comes to.

    Args:
        header: of the snapshot: what was read, when and how.
        at: the time at which it was judged.
        findings: the worst first, then by rule, resource and principal; accepted ones with them.
        unread: what could not be read, or is missing.
        known: ids of findings that a baseline has.
        told_by: of each of `unread`, the id of the finding that tells of it.
        audit: what it is a report of.
    """

    header: Header
    at: datetime
    findings: tuple[Finding, ...]
    unread: tuple[Unread, ...] = ()
    known: frozenset[str] = field(default_factory=frozenset)
    told_by: tuple[str, ...] = ()
    audit: "Audit | None" = field(default=None, repr=False, compare=False)

    @cached_property
    def summaries(self) -> tuple[Summary, ...]:
        """One a target, in the order of the audit; made when asked for, as that takes longest."""
        return tuple(self.audit.summaries()) if self.audit else ()

    @property
    def targets(self) -> int:
        """How many targets were audited."""
        return len(self.audit.targets) if self.audit else 0

    @cached_property
    def new(self) -> tuple[Finding, ...]:
        """Findings that count: neither accepted nor known."""
        return tuple(one for one in self.findings if not one.accepted and one.id not in self.known)

    @cached_property
    def counts(self) -> dict[Severity, int]:
        """How many count, by severity, the worst first; all severities are there."""
        found = Counter(one.severity for one in self.new)
        return {severity: found[severity] for severity in Severity}

    @cached_property
    def unproven(self) -> tuple[Unread, ...]:
        """What could not be read, may change an answer, and is neither accepted nor known."""
        open_ = {one.id for one in self.new if one.severity is not Severity.INFO}
        return tuple(
            one for one, id_ in zip(self.unread, self.told_by, strict=True) if id_ in open_
        )

    @property
    def accepted(self) -> int:
        """How many are accepted."""
        return sum(1 for one in self.findings if one.accepted)

    def failing(self, fail_on: Severity) -> tuple[Finding, ...]:
        """Those that count and are as bad as that, or worse."""
        return tuple(one for one in self.new if one.severity.rank <= fail_on.rank)


def report(
    audit: "Audit", settings: Settings | None = None, baseline: frozenset[str] = frozenset()
) -> Report:
    """Everything there is to say of an audit.

    Args:
        audit: of a snapshot, at a time.
        settings: of the team; by default nothing is accepted.
        baseline: ids of findings that are known.
    """
    settings = settings or Settings()
    snapshot = audit.snapshot
    scene = Scene(snapshot, audit.at, settings, audit)
    return Report(
        snapshot.header,
        audit.at,
        tuple(findings(scene)),
        scene.unread,
        baseline,
        tuple(told_by(scene, one) for one in scene.unread),
        audit,
    )


def findings(scene: Scene) -> list[Finding]:
    """What all rules find that the team does not ignore, the worst first."""
    settings = scene.settings
    found = {
        finding.id: finding
        for rule in CATALOGUE
        if rule.name not in settings.ignored
        for finding in (
            rule.finding(one, settings.severities.get(rule.name)) for one in rule.find(scene)
        )
    }
    valid = [one for one in settings.acceptances if one.holds(scene.at)]
    return sorted(_accepted(found.values(), valid), key=_order)


_RANKS = {severity: severity.rank for severity in Severity}
"""Asked for every finding, so told once."""


def _order(finding: Finding) -> tuple[int, str, str, str, str]:
    return (
        _RANKS[finding.severity],
        finding.rule,
        finding.resource,
        finding.principal,
        finding.id,
    )


def _accepted(found: Iterable[Finding], valid: list[Acceptance]) -> Iterator[Finding]:
    by_id = {one.id: one for one in valid if one.id}
    by_rule: dict[str, list[Acceptance]] = {}
    for one in valid:
        if not one.id:
            by_rule.setdefault(one.rule, []).append(one)
    for finding in found:
        patterns = (one for one in by_rule.get(finding.rule, ()) if _matches(one, finding))
        acceptance = by_id.get(finding.id) or next(patterns, None)
        yield replace(finding, accepted=str(acceptance)) if acceptance else finding


def _matches(acceptance: Acceptance, finding: Finding) -> bool:
    return _fits(acceptance.resource, finding.resource) and _fits(
        acceptance.principal, finding.principal
    )


def _fits(pattern: str, text: str) -> bool:
    return not pattern or _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Of a pattern in which only ``*`` means more than itself: names have brackets."""
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
