"""What came of a command for one service or job: what the views show."""

from dataclasses import dataclass, field

from provision.clients.credentials import Caller
from provision.destroy import Removal
from provision.engine import Outcome, Plan
from provision.errors import ExitCode, ProvisionError
from provision.plan import Check, Known
from provision.spec import Spec
from provision.verdicts import exit_code


@dataclass
class ServiceReport:
    """One service's or job's plan, what was done, what was proven, and what went wrong.

    Args:
        spec: what is declared.
        caller: whom we acted as.
        plan: what was to change; None when not planned.
        outcome: what was done, and what is known.
        checks: what was looked at.
        removals: what `destroy` would take away, or leave and why.
        removed: resource names of what it took away.
        error: what ended it early.
    """

    spec: Spec
    caller: Caller
    plan: Plan | None = None
    outcome: Outcome = field(default_factory=Outcome)
    checks: list[Check] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    error: ProvisionError | None = None

    @property
    def known(self) -> Known:
        """The most that is known: of what was done, else of what was planned."""
        unknown = Known()
        if self.outcome.known != unknown or self.plan is None:
            return self.outcome.known
        return self.plan.known

    def exit_code(self, *, strict: bool = False) -> ExitCode:
        """The exit code that it calls for."""
        return self.error.exit_code if self.error else exit_code(self.checks, strict=strict)
