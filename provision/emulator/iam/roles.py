"""What a role grants: predefined roles from a dated table, custom roles from the store."""

import json
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from provision.emulator.store import Store, Table


@cache
def _table() -> dict[str, Any]:
    text = resources.files("provision.emulator.iam").joinpath("roles.json").read_text()
    loaded: dict[str, Any] = json.loads(text)
    return loaded


class Roles:
    """Every role there is.

    Args:
        store: where custom roles live, as ``{"name", "title", "includedPermissions", …}`` (the
            JSON form of ``google.iam.admin.v1.Role``).
    """

    def __init__(self, store: Store) -> None:
        self.custom: Table[dict[str, Any]] = store.table("roles")
        table = _table()
        names = table["permissions"]
        self._predefined: dict[str, frozenset[str]] = {
            role: frozenset(names[index] for index in indexes)
            for role, indexes in table["roles"].items()
        }
        self._stages: dict[str, str] = table["stage"]

    def permissions(self, role: str) -> frozenset[str] | None:
        """The permissions of a role; None when there is no such role.

        A deleted or disabled custom role grants nothing.
        """
        found = self._predefined.get(role)
        if found is not None:
            return found
        custom = self.custom.get(role)
        if custom is None:
            return None
        if custom.get("deleted") or custom.get("stage") == "DISABLED":
            return frozenset()
        return self._included(tuple(custom["includedPermissions"]))

    @staticmethod
    @lru_cache(maxsize=1024)
    def _included(permissions: tuple[str, ...]) -> frozenset[str]:
        return frozenset(permissions)

    def stage(self, role: str) -> str:
        """Launch stage of a predefined role, as in GA or BETA."""
        return self._stages.get(role, "GA")

    def predefined(self) -> tuple[str, ...]:
        """Names of all predefined roles, sorted."""
        return tuple(sorted(self._predefined))

    def known_permissions(self) -> frozenset[str]:
        """Every permission that the table can speak of."""
        return frozenset(_table()["permissions"])
