"""Groups and who is in them, which takes effect only after a while."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provision.emulator.store import Store, Table
from provision.emulator.times import micros


@dataclass(frozen=True)
class GroupMember:
    """One member of a group.

    Args:
        member: ``user:…``, ``serviceAccount:…``, ``group:…``, as it was said.
        role: ``MEMBER``, ``MANAGER`` or ``OWNER``; the last two are members as well.
        expires: when the membership ends (seconds since the epoch); None for never.
        joined: since when it is there (µs).
    """

    member: str
    role: str = "MEMBER"
    expires: float | None = None
    joined: int = 0

    @property
    def is_over(self) -> bool:
        """Whether the membership has ended."""
        return self.expires is not None and self.expires <= time.time()


class Groups:
    """All groups, by their ``group:…`` form in lower case.

    Args:
        store: where they live.
        delay: seconds until a change of members takes effect.
    """

    def __init__(self, store: Store, delay: Callable[[], float]) -> None:
        self._delay = delay
        # Versions, each with the moment (seconds since the epoch) from which on it counts, the
        # members, and what else is told of some of them.
        self._kept: Table[list[list[Any]]] = store.table("groups")
        self._settings: Table[dict[str, Any]] = store.table("groupSettings")

    def put(
        self,
        group: str,
        members: Sequence[str | GroupMember],
        viewers: Sequence[str] | None = None,
    ) -> None:
        """Say who is in a group, and who may see that; None for the usual ones."""
        before = self._settings.get(group) or {}
        kept = {**before, "created": before.get("created", micros()), "updated": micros()}
        self._settings.put(group, {**kept, "viewers": None if viewers is None else list(viewers)})
        known = {one.member: one for one in self.said(group)}
        told = [GroupMember(one) if isinstance(one, str) else one for one in members]
        details = {
            one.member: {
                "role": one.role,
                "expires": one.expires,
                "joined": known[one.member].joined if one.member in known else micros(),
            }
            for one in told
        }
        now = time.time()
        versions = self._kept.get(group) or []
        counting = max((at for at, one in enumerate(versions) if one[0] <= now), default=0)
        fresh = [now + self._delay(), [one.member for one in told], details]
        # What was said before the one that counts was overtaken by a shorter delay.
        self._kept.put(group, [*versions[counting:], fresh])

    def put_members(self, group: str, members: Sequence[GroupMember]) -> None:
        """Say who is in a group; who may see it stays."""
        self.put(group, members, (self._settings.get(group) or {}).get("viewers"))

    def describe(self, group: str, texts: Mapping[str, str]) -> None:
        """Say what a group is called (``displayName``) and for (``description``)."""
        before = self._settings.get(group) or {}
        told = {**before.get("texts", {}), **texts}
        self._settings.put(group, {**before, "updated": micros(), "texts": told})

    def texts(self, group: str) -> Mapping[str, str]:
        """What a group was said to be called and for."""
        found: Mapping[str, str] = (self._settings.get(group) or {}).get("texts", {})
        return found

    def remove(self, group: str) -> None:
        """There is no such group any more; it has nobody at once."""
        self._kept.pop(group)
        self._settings.pop(group)

    def members(self, group: str) -> tuple[str, ...]:
        """Who is in a group now; nobody when there is no such group."""
        now = time.time()
        counting = [one for one in self._kept.get(group) or [] if one[0] <= now]
        return tuple(one.member for one in _members(counting[-1])) if counting else ()

    def said(self, group: str) -> tuple[GroupMember, ...]:
        """Who was said last to be in a group, whether that has taken effect yet or not."""
        versions = self._kept.get(group)
        return tuple(_members(versions[-1])) if versions else ()

    def viewers(self, group: str) -> tuple[str, ...] | None:
        """Who may see the group, in lower case; None when nothing was said of that."""
        found = (self._settings.get(group) or {}).get("viewers")
        return None if found is None else tuple(one.lower() for one in found)

    def moments(self, group: str) -> tuple[int, int]:
        """When a group was made, and said something of last (µs)."""
        found = self._settings.get(group) or {}
        return int(found.get("created", 0)), int(found.get("updated", 0))

    def all(self) -> tuple[str, ...]:
        """Every group."""
        return tuple(self._kept)

    def rename(self, before: str, after: str) -> None:
        """Put one member in the place of another everywhere, without regard to case, at once."""

        def renamed(one: str) -> str:
            return after if one.lower() == before.lower() else one

        for group in tuple(self._kept):
            versions = self._kept.get(group) or []
            changed = [
                [
                    version[0],
                    [renamed(one) for one in version[1]],
                    {renamed(one): told for one, told in _details(version).items()},
                ]
                for version in versions
            ]
            if [one[1] for one in changed] != [one[1] for one in versions]:
                self._kept.put(group, changed)

    def __contains__(self, group: str) -> bool:
        """Whether there is such a group."""
        return group in self._kept


def _details(version: Sequence[Any]) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = version[2] if len(version) > 2 else {}  # noqa: PLR2004 - older state has no details
    return found


def _members(version: Sequence[Any]) -> Sequence[GroupMember]:
    details = _details(version)
    found = [GroupMember(one, **details.get(one, {})) for one in version[1]]
    return [one for one in found if not one.is_over]
