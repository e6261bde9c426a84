"""Service accounts that stages need: found, made when missing, and waited for while they spread."""

from collections.abc import Callable
from dataclasses import dataclass, field

from provision.clients.clock import Clock
from provision.clients.iam import Iam
from provision.errors import ProvisionError
from provision.resources import ServiceAccountName
from provision.spec import Spec
from provision.stages import Progress

_SPREADS = 60.0
"""Seconds in which a new account may still be unknown to other products."""
_MISSING = ("does not exist", "not found", "could not be found")


@dataclass(frozen=True)
class Accounts:
    """The accounts of one service or job, and of what calls it.

    Args:
        spec: tells which accounts are the project's own.
        iam: service accounts.
        progress: told of each that is made or waited for.
    """

    spec: Spec
    iam: Iam
    progress: Progress
    clock: Clock = field(default_factory=Clock)

    def find(self, account: ServiceAccountName) -> str | None:
        """The account's e-mail; None when it is one that we make and that is missing."""
        if not self.spec.is_own(account):
            return account.email
        found = self.iam.find_account(account)
        return found.email if found else None

    def bring(self, account: ServiceAccountName, purpose: str) -> None:
        """Make the account when it is missing, without any role.

        Args:
            account: which.
            purpose: what it is for, in a few words; its description says so.
        """
        if self.find(account) is None:
            self.progress(f"creating service account {account.email}")
            self.iam.create_account(account, purpose)

    def patiently(self, account: ServiceAccountName, write: Callable[[], None]) -> None:
        """Repeat `write` while an account made a moment ago is not known everywhere."""
        deadline = self.clock.monotonic() + _SPREADS
        while True:
            try:
                return write()
            except ProvisionError as error:
                spreading = self._is_spreading(account, str(error))
                if not spreading or self.clock.monotonic() > deadline:
                    raise
            self.progress(f"waiting until Google Cloud knows {account.email}")
            self.clock.sleep(2.0)

    def _is_spreading(self, account: ServiceAccountName, told: str) -> bool:
        """Whether the account is there, and a product says it is not.

        Products say so in words of their own; who may not act as it is told so, and not waited for.
        """
        missing = any(words in told.lower() for words in _MISSING)
        return (
            account.email in told and missing and "actAs" not in told and self.spec.is_own(account)
        )
