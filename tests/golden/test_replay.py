"""Recorded lives, replayed: every answer is the recorded one, but for what is listed."""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.conftest import RunningEmulator
from tests.golden import lives, worlds
from tests.golden.differences import Entry, covering, has, listed, rpc
from tests.golden.recordings import Recording, load, recordings
from tests.golden.replay import Step
from tests.golden.scope import replayable
from tests.golden.summary import SUMMARY, read, summarise
from tests.golden.told import WORLDS

_LIVES = [name for name, told in read(SUMMARY).items() if told["replayed"] and name not in WORLDS]


@pytest.mark.parametrize("name", _LIVES)
def test_a_recorded_life_is_answered_as_google_answered(
    golden: Path, emulator: RunningEmulator, name: str
) -> None:
    """Each step has the recorded status, fields and values; each listed difference occurs."""
    _as_listed(name, lambda entries: lives.replay(emulator, load(golden / name), entries))


@pytest.mark.parametrize("name", WORLDS)
def test_a_recorded_state_is_told_as_google_told_it(
    golden: Path, emulator: RunningEmulator, name: str
) -> None:
    """In a world like the recorded one, the same question has the same answer."""
    assert golden.is_dir()
    _as_listed(name, lambda entries: worlds.replay(emulator, WORLDS[name], entries))


def _as_listed(name: str, steps: Callable[[list[Entry]], Iterable[Step]]) -> None:
    """Each difference is listed, and each listed difference occurs."""
    entries = [each for each in listed() if each.names(name)]
    seen: set[Entry] = set()
    strange: list[str] = []

    for step in steps(entries):
        for difference in step.differences:
            found = covering(entries, name, step.exchange, difference)
            seen.update(found)
            if not found:
                strange.append(f"{step.number} {step.exchange.line}: {difference}")

    assert strange == []
    assert [each for each in entries if each not in seen] == []


def test_every_contradiction_is_shown_by_a_recording(golden: Path) -> None:
    """Where the emulator contradicts one recording on a field, it does as another shows."""
    known = [*recordings(), *(Recording(name, worlds.load(one)) for name, one in WORLDS.items())]
    assert golden.is_dir()
    for entry in filter(lambda each: each.shown_by, listed()):
        followed = [each for each in known if fnmatchcase(each.name, entry.shown_by)]
        against = [each for each in known if entry.names(each.name)]
        field_is_ours = "extra" in entry.kinds
        shared = _asked(followed, entry.shown_as or entry.path, field=field_is_ours)
        if not entry.shown_as:
            shared &= _asked(against, entry.path, field=not field_is_ours)
        assert shared, f"no request of {entry.shown_by} shows {entry.path} as the emulator does"


def _asked(group: list[Recording], path: str, *, field: bool) -> set[str]:
    """The kinds of request that were answered with a field, or without it."""
    return {
        rpc(exchange)
        for recording in group
        for exchange in replayable(recording)
        if exchange.status < 400 and has(exchange.answer, path) == field
    }


def test_the_summary_tells_what_is_replayed(golden: Path) -> None:
    """The committed names and numbers of steps, which the documentation is made from, are true."""
    assert golden.is_dir()
    assert summarise() == SUMMARY.read_text(encoding="utf-8")
