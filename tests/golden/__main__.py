"""``python -m tests.golden [PATTERN]``: replay recordings and print how the answers differ."""

import sys

from tests.conftest import start_emulator_process
from tests.golden.recordings import recordings
from tests.golden.replay import Replay
from tests.golden.scope import replayable
from tests.golden.surroundings import names, provide_samples


def main() -> int:
    """Replay what matches; 1 when anything differs."""
    pattern = sys.argv[1] if len(sys.argv) > 1 else "kcc/**/*"
    emulator = start_emulator_process("--engine", "none", "--operation-delay", "0")
    worst = 0
    try:
        for recording in recordings(pattern):
            exchanges = replayable(recording)
            if not exchanges:
                continue
            sys.stdout.write(f"\n## {recording.name}\n")
            emulator.admin("POST", "/reset")
            provide_samples(emulator)
            for step in Replay(emulator, names(emulator)).steps(exchanges):
                sign = "!!" if step.differences else "ok"
                sys.stdout.write(f"{sign} {step.number} {step.exchange.line}\n")
                for difference in step.differences:
                    worst = 1
                    sys.stdout.write(f"      {str(difference)[:400]}\n")
    finally:
        emulator.stop()
    return worst


if __name__ == "__main__":
    sys.exit(main())
