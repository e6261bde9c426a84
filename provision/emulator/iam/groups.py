"""Groups and who is in them, which takes effect only after a while."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from provision.emulator.store import Store, Table


class Groups:
    """All groups, by their ``group:…`` form in lower case.

    Args:
        store: where they live.
        delay: seconds until a change of members takes effect.
    """

    def __init__(self, store: Store, delay: Callable[[], float]) -> None:
        self._delay = delay
        # Versions, each with the moment (seconds since the epoch) from which on it counts.
        self._kept: Table[list[list[Any]]] = store.table("groups")

    def put(self, group: str, members: Sequence[str]) -> None:
        """Say who is in a group."""
        now = time.time()
        versions = self._kept.get(group) or []
        counting = [one for one in versions if one[0] <= now][-1:]
        coming = [one for one in versions if one[0] > now]
        fresh = [now + self._delay(), list(members)]
        self._kept.put(group, [*counting, *coming, fresh])

    def members(self, group: str) -> tuple[str, ...]:
        """Who is in a group now; nobody when there is no such group."""
        now = time.time()
        counting = [one for one in self._kept.get(group) or [] if one[0] <= now]
        return tuple(counting[-1][1]) if counting else ()

    def __contains__(self, group: str) -> bool:
        """Whether there is such a group."""
        return group in self._kept
