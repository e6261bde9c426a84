"""Looking again while IAM may not have taken effect yet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from provision.clients.clock import Clock

_T = TypeVar("_T")
_PAUSE = 2.0
"""Seconds between two looks, or between the first two."""
_LONGEST_PAUSE = 20.0
_GROWTH = 1.5


@dataclass(frozen=True)
class Patience:
    """How long to wait, and who is told.

    Args:
        progress: told of each wait, counting down.
        limit: seconds to wait for IAM to take effect.
    """

    progress: Callable[[str], None]
    clock: Clock
    limit: float

    @property
    def deadline(self) -> float:
        """When it ends, if it begins now, by the clock's own seconds."""
        return self.clock.monotonic() + self.limit

    @property
    def hint(self) -> str:
        """What to do once it has ended."""
        return (
            f"Not yet in effect after {self.limit:.0f} s. IAM can take 7 minutes and longer:"
            " run `provision verify` again, or allow more with --wait."
        )

    def until(
        self,
        settled: Callable[[_T], bool],
        look: Callable[[], _T],
        what: str,
        *,
        deadline: float | None = None,
        leaves_traces: bool = False,
    ) -> _T:
        """Look again while waiting may help; the last look counts.

        Args:
            settled: whether nothing changes any more by waiting.
            look: looks once.
            what: what is waited for, in words.
            deadline: when to end, for several waits that share one.
            leaves_traces: each look is seen at Google, so the pauses grow.
        """
        end = self.deadline if deadline is None else deadline
        pause = _PAUSE
        while True:
            found = look()
            left = end - self.clock.monotonic()
            if settled(found) or left <= 0:
                return found
            self.progress(
                f"waiting for IAM to take effect ({what}): {left:.0f} s left of {self.limit:.0f} s"
            )
            self.clock.sleep(min(pause, left))
            if leaves_traces:
                pause = min(_GROWTH * pause, _LONGEST_PAUSE)
