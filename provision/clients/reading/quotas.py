"""How often each service may be asked: never more in any minute than a share of its quota."""

from collections import deque
from dataclasses import dataclass, field

MINUTE = 60.0

SHARE = 0.8
"""Of a quota; others live from the same one, deployments among them."""

PER_MINUTE = {
    # https://cloud.google.com/iam/quotas: "Read requests" of IAM v1, a project.
    "iam": 6000,
    # There, of IAM v2 and v3: 5 a minute, unless raised. A project has about that many, so they are
    # asked at once; where there are more, the refusal tells the limit that holds (`Window.learn`).
    "iam-deny": 300,
    "iam-boundaries": 300,
    # Of others the projects' own pages of quotas tell; these are no more than usual ones.
    "run": 3000,
    "functions": 1200,
    "resources": 600,
    "tags": 600,
    "groups": 1800,
    "iap": 600,
    "pubsub": 3000,
    "eventarc": 600,
    "scheduler": 600,
    "queues": 600,
    "workflows": 600,
    # https://cloud.google.com/asset-inventory/docs/quota: of lists and searches, a project.
    "inventory-list": 100,
    "inventory-search": 400,
    "nothing": 10**9,
}
"""Calls a minute to begin with, by the name of a limit; ``run`` counts for each region.

A quota that is lower, or shared with others, answers 429: then it is left alone for as long as the
service asks, and the call made again.
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

    def learn(self, told: int) -> None:
        """Go no faster than the service says that its quota is."""
        self.limit = min(self.limit, max(1, told))

    def close(self, until: float) -> None:
        """Start no call before `until`: the service said that it is too much."""
        self._closed_until = max(self._closed_until, until)


def window(name: str) -> Window:
    """The limit of that name; one of a region is ``run us-central1``."""
    return Window(max(1, int(PER_MINUTE[name.partition(" ")[0]] * SHARE)))
