"""Cloud Scheduler's jobs as they fire: when they are due, when somebody asks, and again on failure.

Headers: "Cloud Scheduler HTTP target requests" in its documentation. Retries: the comments of
``google.cloud.scheduler.v1.RetryConfig``: until both limits are reached, where there are any.
"""

import asyncio
import datetime as dt
import time
from collections.abc import Mapping
from typing import Any, Protocol

from google.cloud import scheduler_v1

from provision.emulator.rpc.status import ApiError
from provision.emulator.services.callers.agents import agent_of
from provision.emulator.services.callers.attempts import (
    Outcome,
    attempt,
    backoff,
    headers_of,
    seconds,
    token_of,
)
from provision.emulator.services.callers.placed import Placed
from provision.emulator.services.callers.scheduler import rules as schedule_rules
from provision.emulator.services.callers.sending import Outgoing, Sender
from provision.emulator.services.callers.turns import Turns
from provision.emulator.times import timestamp, to_micros
from provision.emulator.world import World

_API = "cloudscheduler"
_ENABLED = int(scheduler_v1.Job.State.ENABLED)
_LONGEST_SLEEP = 24 * 60 * 60.0


class Publishes(Protocol):
    """Publishes a message as somebody; see `delivering.Delivery`."""

    def publish_as(
        self, member: str, topic: str, data: bytes, attributes: Mapping[str, str]
    ) -> str:
        """The id of the message. Raises `ApiError`."""


class Firing:
    """Fires jobs.

    Args:
        world: projects and accounts.
        jobs: the jobs.
        sender: sends requests.
        topics: publishes messages.
        turns: where what goes on by itself goes on.
    """

    def __init__(
        self, world: World, jobs: Placed, sender: Sender, topics: Publishes, turns: Turns
    ) -> None:
        self._world = world
        self._jobs = jobs
        self._sender = sender
        self._topics = topics
        self._turns = turns

    def restore(self) -> None:
        """After a start: wait for all that is due; what was missed meanwhile is made up for."""
        for job in self._jobs.all():
            self.plan(job.name)

    def plan(self, name: str) -> None:
        """Wait for a job's time anew: it is new, or it was changed or taken away."""
        self._turns.start(f"due {name}", lambda: self._wait(name))

    def run(self, name: str) -> None:
        """Fire a job now, whatever its state (assumed of jobs that are paused)."""
        self._turns.start(f"run {name}", lambda: self._fire(name, None))

    async def _wait(self, name: str) -> None:
        """Fire a job whenever it is due, until it is paused or gone."""
        while (job := self._due(name)) is not None:
            left = to_micros(job.schedule_time) / 1e6 - time.time()
            if left > 0:
                await asyncio.sleep(min(left, _LONGEST_SLEEP))
                continue
            due = timestamp(to_micros(job.schedule_time))
            later = self._jobs.copy(name)
            schedule_rules.set_due(later)
            self._jobs.keep(later)
            self._turns.keep()
            if not self._turns.going(f"fire {name}"):  # one that still goes on is not overtaken
                self._turns.start(f"fire {name}", lambda: self._fire(name, due))  # noqa: B023 - started at once

    def _due(self, name: str) -> Any:  # noqa: ANN401 - Job or None
        """The job, while it has a time at which it is due."""
        job = self._jobs.find(name)
        if job is None or job.state != _ENABLED or not job.HasField("schedule_time"):
            return None
        return job

    async def _fire(self, name: str, due: Any) -> None:  # noqa: ANN401 - a Timestamp or None
        """Attempt until it works, or no attempt is left."""
        begun, retry = time.monotonic(), 0
        while self._jobs.find(name) is not None:
            outcome = await self._attempted(name, due)
            job = self._jobs.find(name)
            if job is None:
                return
            config = job.retry_config
            if outcome.good or not _again(config, retry, time.monotonic() - begun):
                return
            least, most = seconds(config.min_backoff_duration), seconds(config.max_backoff_duration)
            await asyncio.sleep(backoff(retry, least, most, config.max_doublings))
            retry += 1

    async def _attempted(self, name: str, due: Any) -> Outcome:  # noqa: ANN401 - a Timestamp or None
        """Attempt once, and tell of it in the job."""
        at = timestamp()
        outcome = await self._attempt(self._jobs.get(name), due or at)
        if self._jobs.find(name) is not None:
            job = self._jobs.copy(name)
            job.last_attempt_time.CopyFrom(at)
            job.status.CopyFrom(outcome.status())
            self._jobs.keep(job)
            self._turns.keep()
        return outcome

    async def _attempt(self, job: Any, due: Any) -> Outcome:  # noqa: ANN401 - messages
        project = job.name.split("/")[1]
        if job.HasField("pubsub_target"):
            return self._published(project, job.pubsub_target)
        target = job.http_target
        told = {
            "X-CloudScheduler": "true",
            "X-CloudScheduler-JobName": job.name.rpartition("/")[2],
            "X-CloudScheduler-ScheduleTime": _written(due),
        }
        headers = headers_of(target.headers, told)
        method = scheduler_v1.HttpMethod(target.http_method).name
        timeout = seconds(job.attempt_deadline)
        token = token_of(target)
        outgoing = Outgoing(_API, project, method, target.uri, headers, target.body, token, timeout)
        return await attempt(self._sender, outgoing)

    def _published(self, project: str, target: Any) -> Outcome:  # noqa: ANN401 - PubsubTarget
        """Publish as the project's agent of Cloud Scheduler."""
        agent = f"serviceAccount:{agent_of(self._world, _API, project)}"
        topic = self._jobs.canonical(target.topic_name)
        try:
            self._topics.publish_as(agent, topic, target.data, target.attributes)
        except ApiError as error:
            return Outcome(0, error.code, error.message)
        return Outcome(200, "OK")


def _again(config: Any, retry: int, elapsed: float) -> bool:  # noqa: ANN401 - RetryConfig
    """Whether there is another attempt, after so many retries and seconds."""
    limit = seconds(config.max_retry_duration)
    return retry < config.retry_count or elapsed < limit


def _written(moment: Any) -> str:  # noqa: ANN401 - a Timestamp
    """A moment as it stands in headers, in whole seconds."""
    return f"{dt.datetime.fromtimestamp(moment.seconds, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
