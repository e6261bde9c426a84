"""What a record was before: for reads that answer with what was true a moment ago.

A read that is played stale (see `rpc.faults`) sees every table as of a moment in the past. Each
table remembers the last versions of what was written since the start; nothing of it is on disk.
"""

import contextlib
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

_VERSIONS = 32
_CHARACTERS = 8 * 1024 * 1024
_ALWAYS = float("-inf")
_as_of: ContextVar[float | None] = ContextVar("as_of", default=None)


def now() -> float:
    """The present moment, in seconds of a clock that never goes back."""
    return time.monotonic()


def moment() -> float | None:
    """The moment that the running task reads as of; None for the present."""
    return _as_of.get()


@contextlib.contextmanager
def reading_as_of(past: float | None) -> Iterator[None]:
    """Read every table as it was at a moment (of `now`), within the running task.

    None is for the present, for what must never be out of date: who may do what.
    """
    token = _as_of.set(past)
    try:
        yield
    finally:
        _as_of.reset(token)


@dataclass(frozen=True)
class Version:
    """One state of a record.

    Args:
        since: moment from which on it was true.
        order: the record's place in the order of creation.
        text: its encoded form; None when it was not there.
    """

    since: float
    order: int
    text: str | None


class Past:
    """The last versions of the records of one table: 32 of each, and 8 MiB of text in all."""

    def __init__(self) -> None:
        self._versions: OrderedDict[str, list[Version]] = OrderedDict()
        self._characters = 0

    def __contains__(self, key: str) -> bool:
        """Whether anything is remembered of a record."""
        return key in self._versions

    def begin(self, key: str, order: int, text: str | None) -> None:
        """What a record had always been before its first change in this run."""
        self._versions[key] = [Version(_ALWAYS, order, text)]
        self._characters += len(text or "")

    def note(self, key: str, order: int, text: str | None) -> None:
        """A record was written, or removed (None), just now."""
        versions = self._versions.setdefault(key, [Version(_ALWAYS, order, None)])
        versions.append(Version(now(), order, text))
        self._characters += len(text or "")
        if len(versions) > _VERSIONS:
            self._characters -= len(versions.pop(0).text or "")
            versions[0] = Version(_ALWAYS, versions[0].order, versions[0].text)
        self._versions.move_to_end(key)
        while self._characters > _CHARACTERS and len(self._versions) > 1:
            _, forgotten = self._versions.popitem(last=False)
            self._characters -= sum(len(one.text or "") for one in forgotten)

    def at(self, key: str, past: float) -> Version:
        """What a remembered record was at a moment."""
        return next(one for one in reversed(self._versions[key]) if one.since <= past)

    def keys(self) -> tuple[str, ...]:
        """The records that are remembered."""
        return tuple(self._versions)
