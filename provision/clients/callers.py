"""What calls a service by itself: Cloud Scheduler v1, Pub/Sub v1 and Cloud Tasks v2.

All is JSON in Google's own field names. Things go by their full names.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from provision.clients.calls import TIMEOUT, calling
from provision.clients.clock import Clock
from provision.clients.google import GoogleClients
from provision.clients.run_resources import Json, from_message, snake, to_message
from provision.errors import NotFoundError

_PAUSE = 0.5
"""Seconds between two looks at an attempt."""


@dataclass(frozen=True)
class _Kept(ABC):
    """Things of one kind, which one client of Google's gets, creates, updates and deletes.

    Args:
        google: the clients to call with.
    """

    word: ClassVar[str]
    noun: ClassVar[str]
    key: ClassVar[str] = "name"
    place: ClassVar[str] = "parent"

    google: GoogleClients

    @property
    @abstractmethod
    def client(self) -> Any:  # noqa: ANN401 - Google's clients ship no usable types
        """Google's client."""

    @abstractmethod
    def message(self, thing: Json) -> Any:  # noqa: ANN401 - a message of Google's
        """A thing as Google's message."""

    def find(self, name: str) -> Json | None:
        """The thing, or None when there is none."""
        try:
            return from_message(self._call("Reading", "get", name, {self.key: name}))
        except NotFoundError:
            return None

    def below(self, place: str) -> list[Json]:
        """All of them in a region, ``projects/P/locations/L``; of Pub/Sub in a project."""
        with self._calling(f"Listing every {self.word} of {place}"):
            listed = getattr(self.client, f"list_{self.noun}s")
            found = listed(request={self.place: place}, timeout=TIMEOUT)
            return [from_message(one) for one in found]

    def create(self, name: str, thing: Json) -> None:
        """Create it."""
        message = self.message({**thing, "name": name})
        parent = name.rpartition(f"/{self.noun}s/")[0]
        self._call("Creating", "create", name, {"parent": parent, self.noun: message})

    def update(self, name: str, thing: Json, mask: Iterable[str]) -> None:
        """Write the fields in `mask`, by their JSON names."""
        message = self.message({**thing, "name": name})
        paths = {"paths": [snake(one) for one in mask]}
        self._call("Updating", "update", name, {self.noun: message, "update_mask": paths})

    def delete(self, name: str) -> None:
        """Delete it."""
        self._call("Deleting", "delete", name, {self.key: name})

    def _call(self, doing: str, verb: str, name: str, request: Any) -> Any:  # noqa: ANN401
        with self._calling(f"{doing} {self.word} {short(name)}"):
            return getattr(self.client, f"{verb}_{self.noun}")(request=request, timeout=TIMEOUT)

    def _calling(self, doing: str) -> Any:  # noqa: ANN401 - a context manager
        return calling(doing, member=self.google.caller.member)


@dataclass(frozen=True)
class Schedules(_Kept):
    """Jobs of Cloud Scheduler: ``projects/P/locations/L/jobs/JOB``.

    Args:
        clock: waits between looks at an attempt.
    """

    word = "schedule"
    noun = "job"

    clock: Clock = field(default_factory=Clock)

    @property
    def client(self) -> Any:  # noqa: ANN401
        """Google's client."""
        return self.google.schedules

    def message(self, thing: Json) -> Any:  # noqa: ANN401
        """A job as Google's message."""
        from google.cloud.scheduler_v1 import Job

        return to_message(Job, thing)

    def run(self, name: str, told: Callable[[str], None], limit: float) -> Json | None:
        """Have the job run now, and wait for the end of the attempt.

        Args:
            name: the job's.
            told: takes a line for each look.
            limit: seconds.

        Returns:
            The job after the attempt, whose ``status`` says how it ended; None where it has not
            ended within `limit`.
        """
        before = (self.find(name) or {}).get("lastAttemptTime", "")
        self._call("Running", "run", name, {"name": name})
        deadline = self.clock.monotonic() + limit
        while True:
            job = self.find(name) or {}
            if job.get("lastAttemptTime", "") != before:
                return job
            if self.clock.monotonic() > deadline:
                return None
            told(f"waiting for the attempt of schedule {short(name)}")
            self.clock.sleep(_PAUSE)


@dataclass(frozen=True)
class Queues(_Kept):
    """Queues of Cloud Tasks: ``projects/P/locations/L/queues/QUEUE``.

    The name of a deleted one cannot be used again for some days.
    """

    word = "queue"
    noun = "queue"

    @property
    def client(self) -> Any:  # noqa: ANN401
        """Google's client."""
        return self.google.queues

    def message(self, thing: Json) -> Any:  # noqa: ANN401
        """A queue as Google's message."""
        from google.cloud.tasks_v2 import Queue

        return to_message(Queue, thing)


@dataclass(frozen=True)
class Subscriptions(_Kept):
    """Subscriptions of Pub/Sub, ``projects/P/subscriptions/S``, and topics, ``…/topics/T``."""

    word = "subscription"
    noun = "subscription"
    key = "subscription"
    place = "project"

    @property
    def client(self) -> Any:  # noqa: ANN401
        """Google's client."""
        return self.google.subscriptions

    def message(self, thing: Json) -> Any:  # noqa: ANN401
        """A subscription as Google's message."""
        from google.pubsub_v1 import Subscription

        return to_message(Subscription, thing)

    def create(self, name: str, thing: Json) -> None:
        """Create it; here the thing itself is the request."""
        self._call("Creating", "create", name, self.message({**thing, "name": name}))

    def find_topic(self, name: str) -> Json | None:
        """The topic, or None when there is none."""
        try:
            with self._calling(f"Reading topic {short(name)}"):
                return from_message(self.google.topics.get_topic(topic=name, timeout=TIMEOUT))
        except NotFoundError:
            return None

    def create_topic(self, name: str, labels: Mapping[str, str]) -> None:
        """Create the topic."""
        with self._calling(f"Creating topic {short(name)}"):
            request = {"name": name, "labels": dict(labels)}
            self.google.topics.create_topic(request=request, timeout=TIMEOUT)

    def of_topic(self, topic: str) -> tuple[str, ...]:
        """The names of all subscriptions of a topic, those of other projects included."""
        with self._calling(f"Listing the subscriptions of topic {short(topic)}"):
            return tuple(self.google.topics.list_topic_subscriptions(topic=topic, timeout=TIMEOUT))

    def delete_topic(self, name: str) -> None:
        """Delete the topic."""
        with self._calling(f"Deleting topic {short(name)}"):
            self.google.topics.delete_topic(topic=name, timeout=TIMEOUT)


def short(name: str) -> str:
    """The last part of a full name."""
    return name.rpartition("/")[2]
