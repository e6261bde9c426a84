"""What somebody may do with a job, as IAM itself answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from provision.clients.calls import TIMEOUT, calling
from provision.clients.credentials import impersonating
from provision.clients.google import GoogleClients
from provision.resources import JobName


@dataclass(frozen=True)
class JobAccess:
    """Asks ``testIamPermissions`` of jobs, as the caller or as an account that it impersonates.

    Args:
        google: the clients to call with.
    """

    google: GoogleClients
    _acting: dict[str, GoogleClients] = field(default_factory=dict, repr=False)

    @property
    def caller(self) -> str:
        """Whom we act as; empty where that is not known."""
        return self.google.caller.member

    def held(self, name: JobName, permissions: Sequence[str], account: str = "") -> frozenset[str]:
        """Those of `permissions` on the job that `account` has, or the caller where none is named.

        Raises:
            PermissionDeniedError: `account` may not be impersonated.
        """
        google = self._as(account) if account else self.google
        doing = f"Asking what {google.caller.email} may do with job {name.job}"
        with calling(doing, member=google.caller.member):
            request = {"resource": name.name, "permissions": list(permissions)}
            answer = google.jobs.test_iam_permissions(request=request, timeout=TIMEOUT)
        return frozenset(answer.permissions)

    def _as(self, account: str) -> GoogleClients:
        if account not in self._acting:
            caller = impersonating(self.google.caller, account, self.google.local)
            self._acting[account] = GoogleClients(caller, self.google.local)
        return self._acting[account]
