"""``python -m tests.golden [PATTERN]``: replay recordings and print how the answers differ."""

import sys

from tests.conftest import start_emulator_process
from tests.golden.lives import replay
from tests.golden.recordings import recordings
from tests.golden.scope import replayable


def main() -> int:
    """Replay what matches; 1 when anything differs."""
    pattern = sys.argv[1] if len(sys.argv) > 1 else "kcc/**/*"
    emulator = start_emulator_process("--engine", "none", "--operation-delay", "0")
    worst = 0
    try:
        for recording in filter(replayable, recordings(pattern)):
            sys.stdout.write(f"\n## {recording.name}\n")
            emulator.admin("POST", "/reset")
            for step in replay(emulator, recording):
                worst = worst or bool(step.differences)
                sign = "!!" if step.differences else "ok"
                sys.stdout.write(f"{sign} {step.number} {step.exchange.line}\n")
                for difference in step.differences:
                    sys.stdout.write(f"      {str(difference)[:400]}\n")
    finally:
        emulator.stop()
    return int(worst)


if __name__ == "__main__":
    sys.exit(main())
