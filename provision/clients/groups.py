"""Cloud Identity: whether an address is a group's, and who is in a group."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from provision.clients.google import GoogleClients

_TIMEOUT = 10
_MOST_IN_A_PAGE = 500
_MOST_PAGES = 200
_ACCOUNTS = ("USER", "SERVICE_ACCOUNT")
NOBODY = ("SHARED_DRIVE", "CBCM_BROWSER", "CHROME_OS_DEVICE")
"""Types of members that are no principals."""


@dataclass(frozen=True)
class Groups:
    """Looks groups up, as far as we may see them.

    https://cloud.google.com/identity/docs/reference/rest/v1/groups/lookup

    Args:
        google: the clients to call with.
    """

    google: GoogleClients
    _names: dict[str, str] = field(default_factory=dict, repr=False)
    _found: dict[tuple[str, str], bool | None] = field(default_factory=dict, repr=False)

    def is_group(self, email: str) -> bool | None:
        """Whether `email` is a group's; None when that cannot be told.

        A group that is not there and one that we may not see are refused in the same words, so no
        answer means "no group".
        """
        return True if self._name(email) else None

    def has_member(self, group: str, email: str) -> bool | None:
        """Whether `email` is in the group, groups within it included; None when it is unreadable.

        Asked are direct membership first, then transitive membership: that is for some editions of
        Google Workspace and Cloud Identity only, and its "no" passes over the groups that we may
        not see (memberships.checkTransitiveMembership). So "no" is told only once each group
        within was read.
        """
        asked = (group.lower(), email.lower())
        if asked not in self._found:
            name = self._name(asked[0])
            self._found[asked] = self._is_in(name, asked[1]) if name else None
        return self._found[asked]

    def _is_in(self, name: str, email: str) -> bool | None:
        if self._get(f"{name}/memberships:lookup", **{"memberKey.id": email}):
            return True
        quoted = email.replace("\\", "\\\\").replace("'", "\\'")
        told = self._get(
            f"{name}/memberships:checkTransitiveMembership", query=f"member_key_id == '{quoted}'"
        )
        if told is not None and told.get("hasMembership") is True:
            return True
        return _Walk(self, email).finds(name)

    def _name(self, email: str) -> str:
        if email not in self._names:
            told = self._get("groups:lookup", **{"groupKey.id": email})
            self._names[email] = str((told or {}).get("name", ""))
        return self._names[email]

    def members(self, name: str) -> Iterator[dict[str, Any] | None]:
        """The direct memberships of ``groups/ID``; None where they cannot be read any further."""
        token, pages = "", 0
        while pages < _MOST_PAGES:
            query = {"view": "FULL", "pageSize": str(_MOST_IN_A_PAGE)}
            query |= {"pageToken": token} if token else {}
            told = self._get(f"{name}/memberships", **query)
            if told is None:
                break
            yield from told.get("memberships", ())
            pages, token = pages + 1, str(told.get("nextPageToken", ""))
            if not token:
                return
        yield None

    def name(self, email: str) -> str:
        """``groups/ID`` of a group; empty when it cannot be seen."""
        return self._name(email.lower())

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


@dataclass
class _Walk:
    """Reads a group and the groups within it, each once, until somebody is found."""

    groups: Groups
    email: str
    doubtful: bool = False

    def finds(self, name: str) -> bool | None:
        """Whether somebody is in ``groups/ID``; None when a part of it cannot be read."""
        waiting, seen = [name], {name}
        while waiting:
            for one in self.groups.members(waiting.pop(0)):
                key = str(((one or {}).get("preferredMemberKey") or {}).get("id", "")).lower()
                if key == self.email:
                    return True
                inner = self._within(one, key)
                if inner and inner not in seen:
                    seen.add(inner)
                    waiting.append(inner)
        return None if self.doubtful else False

    def _within(self, one: dict[str, Any] | None, key: str) -> str:
        """The group that a member is; empty when it is none, or cannot be read."""
        kind = (one or {}).get("type")
        if kind in _ACCOUNTS or kind in NOBODY:
            return ""
        # What is neither: a whole organisation, something newer, or what could not be read.
        name = self.groups.name(key) if kind == "GROUP" else ""
        self.doubtful = self.doubtful or not name
        return name
