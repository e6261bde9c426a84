"""Every recorded life, replayed in a world that is made for it."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from tests.conftest import RunningEmulator
from tests.golden import policies
from tests.golden.comparison import Difference
from tests.golden.differences import Entry, covering
from tests.golden.recordings import Exchange, Recording
from tests.golden.replay import Replay, Step, in_all
from tests.golden.scope import replayable
from tests.golden.surroundings import names, provide_samples

_STALE = {
    "kcc/iam/*iamserviceaccount-disabled__http__2026-08-06__*": {4, 7},
    "kcc/iam/*_iamserviceaccount__http__2026-08-06__*": {4, 6},
}
"""Steps that Google answered from a copy that had not heard of the last write yet."""
_MOVES_READY = "kcc/run/*jobwithsecretmanagersecret__http__2024-10-08__*"
"""A job's deletion moved the time of Ready along with it then, but did no longer since 2025."""


def _stale(name: str) -> frozenset[int]:
    found = (steps for pattern, steps in _STALE.items() if fnmatchcase(name, pattern))
    return frozenset().union(*found)


def replay(
    emulator: RunningEmulator, recording: Recording, entries: Sequence[Entry] = ()
) -> Iterator[Step]:
    """Replay what the emulator has to answer, from an emulator that was just reset."""
    exchanges = replayable(recording)
    provide_samples(emulator)

    def listed(exchange: Exchange, difference: Difference) -> bool:
        return bool(covering(entries, recording.name, exchange, difference))

    ordered = not fnmatchcase(recording.name, _MOVES_READY)
    stale = _stale(recording.name)
    life = Replay(emulator, names(emulator), listed, stale=stale, ordered=ordered)
    if any("IamPolicy" in each.path for each in exchanges):
        exchanges = policies.cut(exchanges, policies.known_roles(emulator))
        policies.provide(emulator, exchanges, lambda value: in_all(value, life.named))
    yield from life.steps(exchanges)
