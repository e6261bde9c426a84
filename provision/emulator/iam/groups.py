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
        counting = max((at for at, one in enumerate(versions) if one[0] <= now), default=0)
        fresh = [now + self._delay(), list(members)]
        # What was said before the one that counts was overtaken by a shorter delay.
        self._kept.put(group, [*versions[counting:], fresh])

    def members(self, group: str) -> tuple[str, ...]:
        """Who is in a group now; nobody when there is no such group."""
        now = time.time()
        counting = [one for one in self._kept.get(group) or [] if one[0] <= now]
        return tuple(counting[-1][1]) if counting else ()

    def rename(self, before: str, after: str) -> None:
        """Put one member in the place of another everywhere, without regard to case, at once."""
        for group in tuple(self._kept):
            versions = self._kept.get(group) or []
            changed = [
                [since, [after if one.lower() == before.lower() else one for one in members]]
                for since, members in versions
            ]
            if changed != versions:
                self._kept.put(group, changed)

    def __contains__(self, group: str) -> bool:
        """Whether there is such a group."""
        return group in self._kept
