"""Recorded lives, replayed: every answer is the recorded one, but for what is listed."""

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.conftest import RunningEmulator
from tests.golden.differences import Entry, covering, has, listed, rpc
from tests.golden.lives import replay
from tests.golden.recordings import Recording, load, recordings
from tests.golden.scope import replayable
from tests.golden.summary import SUMMARY, read, summarise

_NAMES = [name for name, told in read(SUMMARY).items() if told["replayed"]]


@pytest.mark.parametrize("name", _NAMES)
def test_a_recorded_life_is_answered_as_google_answered(
    golden: Path, emulator: RunningEmulator, name: str
) -> None:
    """Each step has the recorded status, fields and values; each listed difference occurs."""
    recording = load(golden / name)
    entries = [each for each in listed() if each.names(name)]
    seen: set[Entry] = set()
    strange: list[str] = []

    for step in replay(emulator, recording, entries):
        for difference in step.differences:
            found = covering(entries, name, step.exchange, difference)
            seen.update(found)
            if not found:
                strange.append(f"{step.number} {step.exchange.line}: {difference}")

    assert strange == []
    assert [each for each in entries if each not in seen] == []


def test_every_contradiction_is_shown_by_a_recording(golden: Path) -> None:
    """Where the emulator contradicts one recording on a field, it does as another shows."""
    known = recordings()
    assert golden.is_dir()
    for entry in filter(lambda each: each.shown_by, listed()):
        followed = [each for each in known if fnmatchcase(each.name, entry.shown_by)]
        against = [each for each in known if entry.names(each.name)]
        field_is_ours = "extra" in entry.kinds
        shared = _asked(followed, entry, field=field_is_ours)
        shared &= _asked(against, entry, field=not field_is_ours)
        assert shared, f"no request of {entry.shown_by} shows {entry.path} as the emulator does"


def _asked(group: list[Recording], entry: Entry, *, field: bool) -> set[str]:
    """The kinds of request that were answered with the entry's field, or without it."""
    return {
        rpc(exchange)
        for recording in group
        for exchange in replayable(recording)
        if exchange.status < 400 and has(exchange.answer, entry.path) == field
    }


def test_the_summary_tells_what_is_replayed(golden: Path) -> None:
    """The committed names and numbers of steps, which the documentation is made from, are true."""
    assert golden.is_dir()
    assert summarise() == SUMMARY.read_text(encoding="utf-8")
