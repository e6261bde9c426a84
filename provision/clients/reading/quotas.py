"""How often each service may be asked: never more in any minute than a share of its quota."""

from collections import deque
from dataclasses import dataclass, field

MINUTE = 60.0

SHARE = 0.8
"""Of a quota; others live from the same one, deployments among them."""


@dataclass(frozen=True)
class Quota:
    """A limit on calls, of the project that pays for them.

    Args:
        words: what is limited.
        per_minute: calls a minute to begin with.
        source: the page that tells the figure; empty for an estimate.
        usual: what the page tells where we begin faster; taken when refusals name no limit.
    """

    words: str
    per_minute: int
    source: str = ""
    usual: int = 0

    @property
    def documented(self) -> int:
        """What its page tells, or the estimate."""
        return self.usual or self.per_minute


_IAM = "https://cloud.google.com/iam/quotas"
_RESOURCES = "https://cloud.google.com/resource-manager/docs/limits"
_FUNCTIONS = "https://cloud.google.com/functions/quotas"
_INVENTORY = "https://cloud.google.com/asset-inventory/docs/quota"

QUOTAS = {
    "iam": Quota("IAM", 6000, _IAM),
    # Five a minute. A project with what is above it has about that many, so they are asked at once;
    # where there are more, the refusal tells the limit that holds.
    "iam-deny": Quota("IAM deny policies", 300, _IAM, usual=5),
    "iam-boundaries": Quota("access boundaries", 300, _IAM, usual=5),
    # Reads and lists are apart there, 600 each; policies and tags are among "other" reads.
    "resources": Quota("Resource Manager", 600, _RESOURCES),
    "tags": Quota("tags", 600, _RESOURCES),
    # Of the second generation, of which one list has both.
    "functions": Quota("Cloud Functions", 1200, _FUNCTIONS),
    "inventory-list": Quota("lists of Asset Inventory", 100, _INVENTORY),
    "inventory-search": Quota("searches of Asset Inventory", 400, _INVENTORY),
    "run": Quota("Cloud Run", 3000),
    "groups": Quota("Cloud Identity", 1800),
    "iap": Quota("Identity-Aware Proxy", 600),
    "pubsub": Quota("Pub/Sub", 3000),
    "eventarc": Quota("Eventarc", 600),
    "scheduler": Quota("Cloud Scheduler", 600),
    "queues": Quota("Cloud Tasks", 600),
    "workflows": Quota("Workflows", 600),
    "nothing": Quota("nothing", 10**9),
}
"""By the name of a limit; ``run`` counts for each region.

A quota that is lower, or shared with others, answers 429: then it is left alone for as long as the
service asks, and the call made again.
"""


@dataclass(frozen=True)
class Held:
    """A quota that all the calls which are left wait for.

    Args:
        words: what is limited.
        limit: calls a minute.
        waiting: how many calls wait.
    """

    words: str
    limit: int
    waiting: int

    @property
    def seconds(self) -> float:
        """About how long until the last of them starts."""
        return self.waiting / self.limit * MINUTE


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
    return Window(max(1, int(QUOTAS[name.partition(" ")[0]].per_minute * SHARE)))


def usual(name: str) -> int:
    """What a quota is where its refusals do not say; 0 where no lower one is known."""
    return QUOTAS[name.partition(" ")[0]].usual


def held(name: str, limit: int, waiting: int) -> Held:
    """So many calls that wait for the limit of that name."""
    kind, _, place = name.partition(" ")
    words = QUOTAS[kind].words
    return Held(f"{words} in {place}" if place else words, limit, waiting)
