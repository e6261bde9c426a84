"""Time, handed down as values so that nothing else reads a clock or sleeps."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

_TICK = 2.0
"""Seconds between two lines of a countdown."""


@dataclass(frozen=True)
class Clock:
    """The system's clock."""

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(tz=UTC)

    def stamp(self) -> str:
        """The time as RFC 3339 with seconds, as evidence shows it."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def monotonic(self) -> float:
        """Seconds that only go forward."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def count_down(self, end: float, report: Callable[[float], None]) -> None:
        """Wait until `end` of the monotonic clock; `report` is told the seconds that are left."""
        while (left := end - self.monotonic()) > 0:
            report(left)
            self.sleep(min(_TICK, left))
