"""Tasks on their way: sent when they are due, as fast as their queue lets them, until they succeed.

Rates and retries: the comments of ``google.cloud.tasks.v2.Queue``.
"""

import asyncio
import time
from typing import Any

from google.cloud import tasks_v2

from provision.emulator.services.callers.attempts import Outcome, attempt, backoff, seconds
from provision.emulator.services.callers.placed import Placed
from provision.emulator.services.callers.sending import Sender
from provision.emulator.services.callers.tasks.requests import request_of
from provision.emulator.services.callers.turns import Turns
from provision.emulator.times import timestamp, to_micros

_RUNNING = int(tasks_v2.Queue.State.RUNNING)
_LONGEST_SLEEP = 24 * 60 * 60.0


class Gate:
    """How fast a queue sends: so many at once, and so many a second."""

    def __init__(self) -> None:
        self._out = 0
        self._tokens = -1.0
        self._at = time.monotonic()
        self._freed = asyncio.Event()
        self._first = asyncio.Lock()

    async def enter(self, limits: Any) -> None:  # noqa: ANN401 - RateLimits
        """Wait until one more may be sent: whoever came first, while the others stand behind."""
        async with self._first:
            while (left := self._left(limits)) != 0:
                self._freed.clear()
                if left < 0:
                    await self._freed.wait()
                else:
                    await asyncio.sleep(left)
            self._tokens -= 1
            self._out += 1

    def _left(self, limits: Any) -> float:  # noqa: ANN401 - RateLimits
        """Seconds until one more may be sent; below 0: until another one ended."""
        now, burst = time.monotonic(), float(limits.max_burst_size)
        rate = limits.max_dispatches_per_second
        more = (now - self._at) * rate
        self._tokens = burst if self._tokens < 0 else min(burst, self._tokens + more)
        self._at = now
        if self._out >= limits.max_concurrent_dispatches:
            return -1
        return 0 if self._tokens >= 1 else (1 - self._tokens) / rate

    def leave(self) -> None:
        """One has ended."""
        self._out -= 1
        self._freed.set()


class Dispatching:
    """Sends tasks.

    Args:
        queues: the queues.
        tasks: the tasks.
        sender: sends requests.
        turns: where what goes on by itself goes on.
    """

    def __init__(self, queues: Placed, tasks: Placed, sender: Sender, turns: Turns) -> None:
        self._queues = queues
        self._tasks = tasks
        self._sender = sender
        self._turns = turns
        self._gates: dict[str, Gate] = {}
        self._out: set[str] = set()

    def restore(self) -> None:
        """After a start: go on with what is in queues."""
        for task in self._tasks.all():
            self.plan(task.name)

    def plan(self, name: str) -> None:
        """Send a task when it is due."""
        self._turns.start(f"task {name}", lambda: self._go(name))

    def resume(self, queue: str) -> None:
        """A queue runs, or sends otherwise than before: go on with its tasks."""
        for task in self._tasks.below(queue):
            if task.name not in self._out:
                self.plan(task.name)

    def run(self, name: str) -> None:
        """Send a task now, whatever its queue says; one that is on its way is not sent twice."""
        if name not in self._out:
            self._turns.start(f"task {name}", lambda: self._forced(name))

    def drop(self, name: str) -> None:
        """A task is gone; a request that is on its way goes on."""
        if name not in self._out:
            self._turns.stop(f"task {name}")

    async def _forced(self, name: str) -> None:
        await self._send(name)
        await self._go(name)

    async def _go(self, name: str) -> None:
        """Send a task until it is gone, or its queue is paused."""
        while (task := self._ready(name)) is not None:
            left = to_micros(task.schedule_time) / 1e6 - time.time()
            if left > 0:
                await asyncio.sleep(min(left, _LONGEST_SLEEP))
                continue
            queue = task.name.partition("/tasks/")[0]
            gate = self._gates.setdefault(queue, Gate())
            await gate.enter(self._queues.get(queue).rate_limits)
            try:
                if self._ready(name) is not None:
                    await self._send(name)
            finally:
                gate.leave()

    def _ready(self, name: str) -> Any:  # noqa: ANN401 - Task or None
        """A task that is there and whose queue runs."""
        task, queue = self._tasks.find(name), self._queues.find(name.partition("/tasks/")[0])
        return task if queue is not None and queue.state == _RUNNING else None

    async def _send(self, name: str) -> None:
        """Attempt once, and tell of it in the task; one that succeeded is gone."""
        queue = self._queues.find(name.partition("/tasks/")[0])
        if self._tasks.find(name) is None or queue is None:
            return
        task = self._begun(name)
        self._out.add(name)
        try:
            outcome = await attempt(self._sender, request_of(task, queue))
        finally:
            self._out.discard(name)
        there = self._tasks.find(name)
        if there is None or there.create_time != task.create_time:
            return  # deleted meanwhile
        if outcome.good or _over(task, queue.retry_config):
            self._tasks.remove(name)
        else:
            self._tasks.keep(_ended(task, outcome, queue.retry_config))
        self._turns.keep()

    def _begun(self, name: str) -> Any:  # noqa: ANN401 - Task
        """The task, which tells of the attempt that begins."""
        task = self._tasks.copy(name)
        task.dispatch_count += 1
        task.last_attempt.Clear()
        task.last_attempt.schedule_time.CopyFrom(task.schedule_time)
        task.last_attempt.dispatch_time.CopyFrom(timestamp())
        if not task.HasField("first_attempt"):
            task.first_attempt.dispatch_time.CopyFrom(task.last_attempt.dispatch_time)
        return self._tasks.keep(task)


def _over(task: Any, retry: Any) -> bool:  # noqa: ANN401 - messages
    """Whether a task is not tried again: both limits are reached, as far as there are any."""
    if retry.max_attempts < 0 and not seconds(retry.max_retry_duration):
        return False
    tried = retry.max_attempts < 0 or task.dispatch_count >= retry.max_attempts
    age = time.time() - to_micros(task.first_attempt.dispatch_time) / 1e6
    return tried and age >= seconds(retry.max_retry_duration)


def _ended(task: Any, outcome: Outcome, retry: Any) -> Any:  # noqa: ANN401 - messages
    """A task after an attempt that failed, with the time of the next one."""
    told = task.__class__()
    told.CopyFrom(task)
    told.last_attempt.response_status.CopyFrom(outcome.status(f"HTTP status code {outcome.http}"))
    if outcome.http:
        told.response_count += 1
        told.last_attempt.response_time.CopyFrom(timestamp())
    least, most = seconds(retry.min_backoff), seconds(retry.max_backoff)
    wait = backoff(task.dispatch_count - 1, least, most, retry.max_doublings)
    told.schedule_time.CopyFrom(timestamp(int((time.time() + wait) * 1e6)))
    return told
