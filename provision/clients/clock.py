"""Time, handed down as values so that nothing else reads a clock or sleeps."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime


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
