"""Cloud Identity: whether an address is a group's."""

from dataclasses import dataclass, field
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
    _names: dict[str, str] = field(default_factory=dict, repr=False)

    def is_group(self, email: str) -> bool | None:
        """Whether `email` is a group's; None when that cannot be told.

        A group that is not there and one that we may not see are refused in the same words, so no
        answer means "no group".
        """
        return True if self._name(email) else None

    def has_member(self, group: str, email: str) -> bool | None:
        """Whether `email` is in the group, groups within it included; None when it is unreadable.

        Direct membership is asked first: the transitive question is for some editions of Google
        Workspace only (memberships.checkTransitiveMembership).
        """
        name = self._name(group)
        if not name:
            return None
        if self._get(f"{name}/memberships:lookup", **{"memberKey.id": email}):
            return True
        quoted = email.replace("\\", "\\\\").replace("'", "\\'")
        told = self._get(
            f"{name}/memberships:checkTransitiveMembership", query=f"member_key_id == '{quoted}'"
        )
        return None if told is None else bool(told.get("hasMembership", False))

    def _name(self, email: str) -> str:
        if email not in self._names:
            told = self._get("groups:lookup", **{"groupKey.id": email})
            self._names[email] = str((told or {}).get("name", ""))
        return self._names[email]

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
