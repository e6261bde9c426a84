"""Whether an audit passes: what is found, what nobody knows, and the exit code of both."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provision.audit.answers import Finding, Severity
from provision.errors import ExitCode
from provision.snapshot.records import Unread

if TYPE_CHECKING:
    from provision.audit.findings import Report


@dataclass(frozen=True)
class Checked:
    """What a check came to.

    Args:
        report: all of it.
        fail_on: the least severity that fails.
        failing: findings of that severity or worse that nobody accepted.
        unproven: what could not be read, and nobody accepted that: something may hide there.
    """

    report: "Report"
    fail_on: Severity
    failing: tuple[Finding, ...]
    unproven: tuple[Unread, ...]

    @classmethod
    def of(cls, report: "Report", fail_on: Severity) -> "Checked":
        """What `report` comes to."""
        lived_with = {one.resource for one in report.findings if one.accepted}
        unproven = tuple(one for one in report.unread if one.of not in lived_with)
        return cls(report, fail_on, report.failing(fail_on), unproven)

    @property
    def exit_code(self) -> ExitCode:
        """3 for findings, 4 where none was found and one may hide, 0 where that is proven."""
        if self.failing:
            return ExitCode.DIFFERENCES
        return ExitCode.NOT_PROVEN if self.unproven else ExitCode.DONE
