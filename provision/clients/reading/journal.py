"""A journal of what was read, beside the file that it will become: where a run goes on.

Nobody but its owner can read it, and only one run at a time writes it.
"""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from provision.clients.reading.steps import Outcome, Step
from provision.errors import UsageError
from provision.snapshot.records import Unread

FRESH = timedelta(hours=6)
"""How old a journal may be: what was read before is not what is any more."""

_LAYOUT = 1
_PRIVATE = 0o600


class About(Struct, frozen=True):
    """The first line: what is being read, by whom, since when.

    Args:
        key: what a run must have in common with it to go on: scope, options, place, version.
        begun: when reading began.
        layout: of the journal.
    """

    key: str
    begun: datetime
    layout: int = _LAYOUT


class Line(Struct, frozen=True, array_like=True):
    """One step and what it brought."""

    step: Step
    outcome: Outcome


def beside(path: Path) -> Path:
    """Where the journal of a file stands."""
    return path.with_name(f".{path.name}.journal")


@dataclass
class Journal:
    """An open journal.

    Args:
        path: where it is.
        about: its first line.
        said: why an older one was not gone on with, in words; empty when there was none.
    """

    path: Path
    about: About
    said: str = ""
    _file: IO[bytes] | None = field(default=None, repr=False)
    _start: int = 0
    _held: list[Line] = field(default_factory=list, repr=False)
    _encoder: msgspec.json.Encoder = field(default_factory=msgspec.json.Encoder, repr=False)

    @classmethod
    def open(cls, path: Path, key: str, now: datetime) -> "Journal":
        """Go on with the journal at `path`, or begin it.

        Args:
            path: where it is.
            key: see `About`.
            now: the time.

        Raises:
            UsageError: another run is writing it, or it cannot be written.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _PRIVATE)
        except OSError as error:
            raise UsageError(f"Writing {path}: {error.strerror}.") from error
        file = os.fdopen(descriptor, "r+b")
        _check_owner(path, file)
        _lock(path, file)
        old, problem = _about(file, key, now)
        journal = cls(path, old or About(key, now), problem, file)
        if old is None:
            journal._begin()
        return journal

    def lines(self) -> Iterator[tuple[Step, Outcome]]:
        """What was read so far; a line that a crash cut off is forgotten."""
        file = self._opened()
        file.seek(0)
        decoder = msgspec.json.Decoder(Line)
        self._start = end = len(file.readline())
        for text in iter(file.readline, b""):
            try:
                line = decoder.decode(text)
            except msgspec.DecodeError:
                break
            if not text.endswith(b"\n"):
                break
            end += len(text)
            yield line.step, line.outcome
        file.seek(end)
        file.truncate()

    def keep(self, step: Step, outcome: Outcome) -> None:
        """Add a step; it is in the file when this returns.

        One that brought something unread is held until all is read: a run that goes on asks again.
        """
        line = Line(step, outcome)
        if any(isinstance(one, Unread) for one in outcome.records):
            self._held.append(line)
        else:
            self._put(self._encoder.encode(line))

    def settle(self) -> None:
        """Add what was held: nothing will be asked again."""
        for line in self._held:
            self._put(self._encoder.encode(line))
        self._held.clear()

    def remove(self) -> None:
        """Take it away: all is where it belongs."""
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of it; another run may go on with it, if it holds anything."""
        if self._file is not None:
            if self._file.tell() <= self._start:
                self.path.unlink(missing_ok=True)
            self._file.close()
            self._file = None

    def _begin(self) -> None:
        file = self._opened()
        file.seek(0)
        file.truncate()
        self._put(self._encoder.encode(self.about))

    def _put(self, line: bytes) -> None:
        file = self._opened()
        try:
            file.write(line + b"\n")
            file.flush()
        except OSError as error:
            raise UsageError(
                f"Writing {self.path}: {error.strerror}.",
                hint="Make room and run the same command again: it goes on where it stopped.",
            ) from error

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            raise ValueError("the journal is closed")
        return self._file


def _check_owner(path: Path, file: IO[bytes]) -> None:
    """Nobody else may have put words into our mouth, or read on."""
    if os.fstat(file.fileno()).st_uid != os.geteuid():
        file.close()
        raise UsageError(
            f"Writing {path}: it is another user's.", hint="Name a file in a directory of yours."
        )
    os.fchmod(file.fileno(), _PRIVATE)


def _lock(path: Path, file: IO[bytes]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise UsageError(
            f"Writing {path}: another run is reading into the same file.",
            hint="Wait for it, or name another file.",
        ) from error


def _about(file: IO[bytes], key: str, now: datetime) -> tuple[About | None, str]:
    """The first line of a journal to go on with; or why that cannot be, empty for a new one."""
    first = file.readline()
    if not first:
        return None, ""
    try:
        found = msgspec.json.decode(first, type=About)
    except msgspec.DecodeError:
        return None, "What an earlier run left is damaged: reading anew."
    if found.layout != _LAYOUT or found.key != key:
        return None, "An earlier run read something else, or as somebody else: reading anew."
    if not timedelta(0) <= now - found.begun <= FRESH:
        hours = FRESH.total_seconds() / 3600
        return None, f"An earlier run began more than {hours:.0f} hours ago: reading anew."
    return found, ""
