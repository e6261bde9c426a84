"""Whether an audit passes: what is found, what may hide, and the exit code of both."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provision.audit.answers import Finding, Severity
from provision.errors import ExitCode

if TYPE_CHECKING:
    from provision.audit.findings import Report


@dataclass(frozen=True)
class Checked:
    """What a check came to.

    Args:
        report: all of it.
        fail_on: the least severity that fails.
        failing: findings of that severity or worse that count.
        unproven: findings beneath it that say that something could not be read: something worse
            may hide there.
    """

    report: "Report"
    fail_on: Severity
    failing: tuple[Finding, ...]
    unproven: tuple[Finding, ...]

    @classmethod
    def of(cls, report: "Report", fail_on: Severity) -> "Checked":
        """What `report` comes to."""
        from provision.audit.findings.unread import RULES

        unread = {rule.name for rule in RULES}
        failing = report.failing(fail_on)
        unproven = tuple(
            one
            for one in report.new
            # What is a mere hint decides nothing about who gets in.
            if one.rule in unread and one.severity is not Severity.INFO and one not in failing
        )
        return cls(report, fail_on, failing, unproven)

    @property
    def exit_code(self) -> ExitCode:
        """3 for findings, 4 where none was found and one may hide, 0 where that is proven."""
        if self.failing:
            return ExitCode.DIFFERENCES
        return ExitCode.NOT_PROVEN if self.unproven else ExitCode.DONE
