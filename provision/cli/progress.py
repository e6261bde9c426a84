"""What is going on, on stderr: one live line on a terminal, plain lines elsewhere."""

import re
import time
from types import TracebackType
from typing import Self

from rich.status import Status

from provision.cli.console import errors, safe

_NUMBERS = re.compile(r"\d+")
_REPEAT_AFTER = 15.0
"""Seconds after which a line that differs only in its numbers is printed again in a log."""


class Progress:
    """Shows lines of progress; as a context manager it cleans up after itself."""

    def __init__(self) -> None:
        self._live: Status | None = None
        self._last = ""
        self._at = 0.0
        self.prefix = ""

    def __enter__(self) -> Self:
        """Start showing."""
        if errors.is_terminal:
            self._live = errors.status("")
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Take the live line away."""
        self.pause()

    def pause(self) -> None:
        """Take the live line away, to ask or to print."""
        if self._live is not None:
            self._live.stop()

    def brief(self, line: str) -> None:
        """Show a step that is soon over: to somebody who watches, and in no log."""
        if self._live is not None:
            self(line)

    def __call__(self, line: str) -> None:
        """Show one line of what is being done."""
        text = f"{self.prefix}{line}"
        if self._live is not None:
            self._live.start()
            self._live.update(safe(text))
            return
        shape = _NUMBERS.sub("#", text)
        now = time.monotonic()
        if shape != self._last or now - self._at >= _REPEAT_AFTER:
            errors.print(safe(text))
            self._last, self._at = shape, now
