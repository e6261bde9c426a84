"""What came of a command about access for one target: what the views show."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from provision.access.changing import PolicyChange
from provision.access.completing import Named
from provision.access.granting import Granted, Offer, Outcome
from provision.access.revoking import Revoked
from provision.clients.targets import Resolved
from provision.errors import ExitCode, ProvisionError
from provision.targets import Target


@dataclass
class TargetReport:
    """One target: what was there, what was done, and what went wrong.

    Args:
        target: what was asked for.
        resolved: the thing itself; None when it was not found.
        offer: what was to be granted.
        granted: what became of each principal of a grant.
        revoked: what became of each principal of a revocation.
        notes: what the user should know beside that.
        error: what ended it early.
    """

    target: Target
    resolved: Resolved | None = None
    named: Mapping[str, Named] = field(default_factory=dict)
    offer: Offer | None = None
    granted: PolicyChange[tuple[Granted, ...]] | None = None
    revoked: PolicyChange[tuple[Revoked, ...]] | None = None
    notes: list[str] = field(default_factory=list)
    error: ProvisionError | None = None

    @property
    def change(
        self,
    ) -> PolicyChange[tuple[Granted, ...]] | PolicyChange[tuple[Revoked, ...]] | None:
        """What was done to the policy, or would be."""
        return self.granted if self.granted is not None else self.revoked

    @property
    def differs(self) -> bool:
        """Whether the policy is another one now, or would be."""
        return self.change is not None and self.change.after != self.change.before

    def told_by(self, member: str) -> str | None:
        """How the kind of a member was told; None where the user wrote it."""
        named = self.named.get(member)
        return (named.told_by or None) if named else None

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that this target calls for."""
        if self.error is not None:
            return self.error.exit_code
        told = self.granted.told if self.granted is not None else ()
        if any(one.outcome is Outcome.UNLIMITED for one in told):
            return ExitCode.DIFFERENCES
        return ExitCode.DONE
