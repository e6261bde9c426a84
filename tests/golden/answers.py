"""New REST answers of this worker's emulators, held to Google's schemas."""

import json
from pathlib import Path


class AnswersFile:
    """The file that emulators append their answers to.

    Args:
        path: the file, which need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = 0

    def faults(self) -> list[str]:
        """What is wrong with the answers since the last time."""
        if not self.path.exists() or self.path.stat().st_size == self._read:
            return []
        # Google's documents take a moment to load, and most tests ask no emulator.
        from tests.golden.schema_check import faults

        with self.path.open(encoding="utf-8") as file:
            file.seek(self._read)
            new = file.readlines()
            self._read = file.tell()
        return [fault for line in dict.fromkeys(new) for fault in faults(json.loads(line))]
