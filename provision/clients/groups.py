"""Cloud Identity: whether an address is a group's."""

from dataclasses import dataclass
from typing import Any

from provision.clients.google import GoogleClients

_TIMEOUT = 10


@dataclass(frozen=True)
class Groups:
    """Looks groups up, as far as we may see them.

    https://cloud.google.com/identity/docs/reference/rest/v1/groups/lookup

    Args:
        google: the clients to call with.
    """

    google: GoogleClients

    def is_group(self, email: str) -> bool | None:
        """Whether `email` is a group's; None when that cannot be told.

        A group that is not there and one that we may not see are refused in the same words, so no
        answer means "no group".
        """
        return True if self._name(email) else None

    def members_readable(self, email: str) -> bool:
        """Whether we may read who is in the group."""
        name = self._name(email)
        return bool(name) and self._get(f"{name}/memberships", pageSize="1") is not None

    def _name(self, email: str) -> str:
        told = self._get("groups:lookup", **{"groupKey.id": email})
        return str((told or {}).get("name", ""))

    def _get(self, path: str, **query: str) -> dict[str, Any] | None:
        import requests
        from google.auth.exceptions import GoogleAuthError

        url = f"{self.google.rest_base('cloudidentity')}/v1/{path}"
        try:
            answer = self.google.rest.get(url, params=query, timeout=_TIMEOUT)
            told = answer.json() if answer.ok else None
        except (requests.RequestException, GoogleAuthError, ValueError):
            return None
        return told if isinstance(told, dict) else None
