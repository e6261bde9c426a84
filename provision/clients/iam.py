"""IAM v1: service accounts and roles."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from provision.clients.calls import TIMEOUT, calling
from provision.clients.google import GoogleClients
from provision.errors import NotFoundError, ProvisionError
from provision.resources import ServiceAccountName
from provision.roles import permissions, predefined


@dataclass(frozen=True)
class Account:
    """A service account, as far as we care.

    Args:
        email: its e-mail.
        description: free text; ours begins with `OURS`.
        disabled: it cannot be used.
    """

    email: str
    description: str
    disabled: bool

    @property
    def is_ours(self) -> bool:
        """Whether its description says that we made it."""
        return self.description.startswith(OURS)


OURS = "managed-by=provision"
"""How the description of an account begins that we made: accounts carry no labels."""


@dataclass(frozen=True)
class Iam:
    """Service accounts and roles.

    Args:
        google: the clients to call with.
    """

    google: GoogleClients
    _read: dict[str, frozenset[str] | None] = field(default_factory=dict, repr=False)

    def find_account(self, name: ServiceAccountName) -> Account | None:
        """The account, or None when there is none."""
        try:
            with self._calling(f"Reading service account {name.email}"):
                request = {"name": name.name}
                told = self.google.iam.get_service_account(request=request, timeout=TIMEOUT)
        except NotFoundError:
            return None
        return Account(told.email, told.description, told.disabled)

    def create_account(self, name: ServiceAccountName, purpose: str) -> None:
        """Create the account, marked as ours."""
        with self._calling(f"Creating service account {name.email}"):
            self.google.iam.create_service_account(
                request={
                    "name": f"projects/{name.project}",
                    "account_id": name.account_id,
                    "service_account": {
                        "display_name": purpose,
                        "description": f"{OURS}: {purpose}",
                    },
                },
                timeout=TIMEOUT,
            )

    def delete_account(self, name: ServiceAccountName) -> None:
        """Delete the account."""
        with self._calling(f"Deleting service account {name.email}"):
            self.google.iam.delete_service_account(request={"name": name.name}, timeout=TIMEOUT)

    def carries(self, role: str, permission: str) -> bool | None:
        """Whether `role` holds `permission`; None when the role cannot be read.

        IAM is asked where the table does not say yes: it tells of a few permissions only.
        """
        if permission in permissions() and role in predefined(permission):
            return True
        if role not in self._read:
            self._read[role] = self._ask(role)
        found = self._read[role]
        return None if found is None else permission in found

    def carrying(self, permission: str) -> Callable[[str], bool | None]:
        """`carries` for one permission."""
        return lambda role: self.carries(role, permission)

    def _ask(self, role: str) -> frozenset[str] | None:
        try:
            with self._calling(f"Reading {role}"):
                told = self.google.iam.get_role(request={"name": role}, timeout=TIMEOUT)
        except NotFoundError:
            return frozenset()  # a role that is gone grants nothing
        except ProvisionError:
            return None
        # A deleted role counts too: undeleting it would open a service without any policy write.
        return frozenset(told.included_permissions)

    def _calling(self, doing: str) -> Any:  # noqa: ANN401 - a context manager
        return calling(doing, member=self.google.caller.member)
