"""``python -m tests.golden [PATTERN]``: replay recordings and print how the answers differ."""

import sys
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from tests.conftest import RunningEmulator, start_emulator_process
from tests.golden import lives, worlds
from tests.golden.recordings import recordings
from tests.golden.replay import Step
from tests.golden.scope import replayable
from tests.golden.told import WORLDS


def main() -> int:
    """Replay what matches; 1 when anything differs."""
    pattern = sys.argv[1] if len(sys.argv) > 1 else "*"
    emulator = start_emulator_process("--engine", "none", "--operation-delay", "0")
    worst = False
    try:
        for name, steps in _replayed(emulator, pattern):
            sys.stdout.write(f"\n## {name}\n")
            emulator.admin("POST", "/reset")
            for step in steps:
                worst = worst or bool(step.differences)
                sign = "!!" if step.differences else "ok"
                sys.stdout.write(f"{sign} {step.number} {step.exchange.line}\n")
                for difference in step.differences:
                    sys.stdout.write(f"      {str(difference)[:400]}\n")
    finally:
        emulator.stop()
    return int(worst)


def _replayed(emulator: RunningEmulator, pattern: str) -> Iterator[tuple[str, Iterable[Step]]]:
    for recording in recordings():
        if fnmatchcase(recording.name, pattern) and replayable(recording):
            yield recording.name, lives.replay(emulator, recording)
    for name, world in WORLDS.items():
        if fnmatchcase(name, pattern):
            yield name, worlds.replay(emulator, world)


if __name__ == "__main__":
    sys.exit(main())
