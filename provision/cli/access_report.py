"""What came of a command about access for one target: what the views show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provision.access.above import Layer
from provision.access.changing import PolicyChange
from provision.access.completing import Named
from provision.access.granting import Granted, Offer, Outcome
from provision.access.remaining import How, Remaining
from provision.access.revoking import Revoked
from provision.access.standing import Expired, Grant
from provision.clients.targets import Resolved
from provision.errors import ExitCode, ProvisionError
from provision.invoke.taking_effect import Effect
from provision.targets import Target


@dataclass(frozen=True)
class Listing:
    """Who can call a target.

    Args:
        here: by its own policy.
        above: by the policies above it.
        unread: which of those cannot be read, and why.
        open_to_all: it asks nobody for a permission.
    """

    here: tuple[Grant, ...]
    above: tuple[Grant, ...]
    unread: tuple[Layer, ...]
    open_to_all: bool


@dataclass
class TargetReport:
    """One target: what was there, what was done, and what went wrong.

    Args:
        target: what was asked for.
        resolved: the thing itself; None when it was not found.
        offer: what was to be granted.
        granted: what became of each principal of a grant.
        revoked: what became of each principal of a revocation.
        pruned: whose time was over.
        remaining: what still lets the revoked in.
        listing: who can call it.
        effects: what came of waiting for IAM.
        notes: what the user should know beside that.
        error: what ended it early.
    """

    target: Target
    resolved: Resolved | None = None
    named: Mapping[str, Named] = field(default_factory=dict)
    offer: Offer | None = None
    granted: PolicyChange[tuple[Granted, ...]] | None = None
    revoked: PolicyChange[tuple[Revoked, ...]] | None = None
    pruned: PolicyChange[tuple[Expired, ...]] | None = None
    remaining: tuple[Remaining, ...] = ()
    listing: Listing | None = None
    effects: list[Effect] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: ProvisionError | None = None

    @property
    def change(self) -> PolicyChange[Any] | None:
        """What was done to the policy, or would be."""
        return self.granted or self.revoked or self.pruned

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
        if any(not effect.in_effect for effect in self.effects):
            return ExitCode.NOT_PROVEN
        told = self.granted.told if self.granted is not None else ()
        unlimited = any(one.outcome is Outcome.UNLIMITED for one in told)
        still_in = any(one.how is How.STILL for one in self.remaining)
        return ExitCode.DIFFERENCES if unlimited or still_in else ExitCode.DONE
