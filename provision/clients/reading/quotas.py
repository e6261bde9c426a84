"""How often each service may be asked: never more in any minute than a share of its quota."""

from collections import deque
from dataclasses import dataclass, field

MINUTE = 60.0

SHARE = 0.8
"""Of a quota; others live from the same one, deployments among them."""

PER_MINUTE = {
    # https://cloud.google.com/iam/quotas: "Read requests" of IAM v1, v2 and v3, a project.
    "iam": 6000,
    "iam-deny": 300,
    "iam-boundaries": 600,
    # https://cloud.google.com/run/quotas: reads of the Admin API, a project and region.
    "run": 3000,
    # https://cloud.google.com/functions/quotas: "Rate of API calls (READ)", 5,000 in 100 s.
    "functions": 3000,
    # https://cloud.google.com/resource-manager/docs/limits: reads of v3, a project.
    "resources": 600,
    "tags": 600,
    # https://developers.google.com/cloud-search/docs and the console: Cloud Identity, a user.
    "groups": 1800,
    "iap": 600,
    # https://cloud.google.com/pubsub/quotas: administrator operations.
    "pubsub": 6000,
    "eventarc": 600,
    "scheduler": 1000,
    "queues": 600,
    "workflows": 600,
}
"""Calls a minute, by the name of a limit; the smaller of what is documented where that differs.

A quota that somebody lowered, or shares with others, answers 429: then it is left alone for as long
as the service asks, and the call made again.
"""


@dataclass
class Window:
    """A limit on calls in any minute.

    Args:
        limit: how many.
    """

    limit: int
    _starts: deque[float] = field(default_factory=deque)
    _closed_until: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next call may start; 0 for at once.

        Args:
            now: of a clock that only goes forward.
        """
        while self._starts and now - self._starts[0] >= MINUTE:
            self._starts.popleft()
        full = self._starts[0] + MINUTE - now if len(self._starts) >= self.limit else 0.0
        return max(0.0, full, self._closed_until - now)

    def start(self, now: float) -> None:
        """Count a call that starts."""
        self._starts.append(now)

    def close(self, until: float) -> None:
        """Start no call before `until`: the service said that it is too much."""
        self._closed_until = max(self._closed_until, until)


def window(name: str) -> Window:
    """The limit of that name; one of a region is ``run us-central1``."""
    return Window(max(1, int(PER_MINUTE[name.partition(" ")[0]] * SHARE)))
