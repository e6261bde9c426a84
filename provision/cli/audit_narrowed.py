"""`who`, `what` and `why` as SARIF and as a page: a report of what was asked about alone."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from provision.cli.audit_formats import Format, Render
from provision.cli.audit_report import html, sarif, settings_of
from provision.cli.audit_source import Source
from provision.principals import is_public
from provision.snapshot import Snapshot

if TYPE_CHECKING:
    from provision.audit import Audit
    from provision.audit.answers import Finding
    from provision.audit.findings import Report


@dataclass(frozen=True)
class Question:
    """What a question is about.

    Args:
        asked: its options.
        audit: that answers it.
        title: of a page about it.
        targets: full names of the targets that it is about.
        principal: canonical; empty for everybody.
    """

    asked: Source
    audit: "Audit"
    title: str
    targets: Collection[str]
    principal: str = ""

    def renders(self) -> dict[Format, Render]:
        """The forms that a report has and an answer has not; made when they are asked for."""
        return {Format.SARIF: self._sarif, Format.HTML: self._html}

    def _sarif(self) -> str:
        return sarif(self._report()[1])

    def _html(self) -> str:
        audit, found = self._report()
        start = next(iter(self.targets)) if len(self.targets) == 1 else self.principal
        return html(found, audit, self.title, start)

    def _report(self) -> "tuple[Audit, Report]":
        """The findings about those targets, and about the principal or everybody."""
        from provision.audit import Audit
        from provision.audit.findings import report

        audit = Audit(only(self.audit.snapshot, self.targets), self.audit.at)
        found = report(audit, settings_of(None, self.asked))
        kept = tuple(one for one in found.findings if self._concerns(one, audit))
        return audit, replace(found, findings=kept)

    def _concerns(self, one: "Finding", audit: "Audit") -> bool:
        if not one.targets and one.resource not in audit.targets:
            return False
        if not self.principal or not one.principal or is_public(one.principal):
            return True
        return one.principal in {self.principal, *audit.judge.sets_of(self.principal)}


def only(snapshot: Snapshot, names: Collection[str]) -> Snapshot:
    """The snapshot with those targets alone, and the services of functions among them."""
    wanted = set(names)
    wanted |= {one.service for one in snapshot.targets if one.name in wanted and one.service}
    return replace(snapshot, targets=[one for one in snapshot.targets if one.name in wanted])
