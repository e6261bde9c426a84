"""What is replayed, in names and numbers: committed, so that the documentation can be made from it.

``python -m tests.golden.summary`` writes it from the recordings.
"""

import json
from pathlib import Path
from typing import Any

from tests.golden import told
from tests.golden.recordings import Recording, recordings
from tests.golden.scope import reasons, replayable

SUMMARY = Path(__file__).with_name("summary.json")


def summarise() -> str:
    """The summary of the recordings at hand."""
    lives = {each.name: _of(each) for each in recordings()}
    return json.dumps({**lives, **told.summary()}, indent=1) + "\n"


def read(path: Path) -> dict[str, Any]:
    """Recording to its number of replayed steps, all steps and reasons."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _of(recording: Recording) -> dict[str, object]:
    return {
        "date": recording.date,
        "steps": len(recording.exchanges),
        "replayed": len(replayable(recording)),
        "not": list(reasons(recording)),
    }


if __name__ == "__main__":
    SUMMARY.write_text(summarise(), encoding="utf-8")
