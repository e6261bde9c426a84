"""Tasks of an execution: made, run attempt by attempt, and counted."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from provision.emulator.seams import (
    Images,
    RevisionToRun,
    Runtime,
    ServiceKey,
    StartError,
    TaskEnd,
    TaskToRun,
)
from provision.emulator.services.run.execution_conditions import (
    CANCELLED,
    Failure,
    failure_of,
    started,
    task_ended,
    task_started,
)
from provision.emulator.services.run.limits import quantity
from provision.emulator.services.run.outcome import STATE
from provision.emulator.services.run.records import RunState, TaskMessage
from provision.emulator.services.run.revisions import egress
from provision.emulator.times import run_etag, timestamp
from provision.emulator.world import World

_DEADLINE_EXCEEDED, _FAILED_PRECONDITION = 4, 9
_AT_ONCE = 4
"""Containers of one execution that run at once; this is one machine."""


class TaskRuns:
    """Runs the tasks of executions.

    Args:
        world: projects.
        state: executions and tasks.
        images: the registry's images.
        runtime: tells who runs containers.
    """

    def __init__(
        self, world: World, state: RunState, images: Images, runtime: Callable[[], Runtime]
    ) -> None:
        self._world = world
        self._state = state
        self._images = images
        self._runtime = runtime

    def make(self, execution: Any, log_address: Callable[[str], str]) -> None:  # noqa: ANN401 - Execution
        """Make the tasks of a new execution.

        Args:
            execution: the message.
            log_address: address of a task's log, from its full name.
        """
        short, template = execution.name.rpartition("/")[2], execution.template
        for index in range(execution.task_count):
            task = TaskMessage(
                name=f"{execution.name}/tasks/{short}-task{index}",
                uid=str(uuid.uuid4()),
                generation=1,
                create_time=execution.create_time,
                update_time=execution.create_time,
                job=execution.job,
                execution=short,
                containers=template.containers,
                volumes=template.volumes,
                max_retries=template.max_retries,
                timeout=template.timeout,
                service_account=template.service_account,
                execution_environment=template.execution_environment,
                reconciling=True,
                index=index,
            )
            if template.HasField("vpc_access"):
                task.vpc_access.CopyFrom(template.vpc_access)
            task.conditions.add(type_="Completed", state=STATE.CONDITION_PENDING)
            task.log_uri = log_address(task.name)
            task.etag = run_etag(execution.create_time, task.name)
            self._state.tasks.put(task.name, task)

    async def run_all(self, execution: Any) -> None:  # noqa: ANN401 - Execution
        """Run what has not ended yet: after a restart that is not everything."""
        places = asyncio.Semaphore(min(execution.parallelism or _AT_ONCE, _AT_ONCE))

        async def run(task: Any) -> None:  # noqa: ANN401 - Task
            async with places:
                await self._run(execution, task)

        self._count(execution)
        waiting = [one for one in self._of(execution) if not one.HasField("completion_time")]
        for task in waiting:
            task.scheduled_time.CopyFrom(timestamp())
        await asyncio.gather(*map(run, waiting))

    def _of(self, execution: Any) -> list[Any]:  # noqa: ANN401 - Execution
        names = self._state.tasks.below(f"{execution.name}/tasks")
        found = (self._state.tasks.get(name) for name in names)
        return [task for task in found if task is not None]

    def _count(self, execution: Any) -> None:  # noqa: ANN401 - Execution
        """Count what has ended; what was cut off in the middle begins anew."""
        done = [one for one in self._of(execution) if one.HasField("completion_time")]
        execution.running_count = 0
        execution.failed_count = sum(failure_of(one) is not None for one in done)
        execution.succeeded_count = len(done) - execution.failed_count
        execution.retried_count = sum(one.retried > 0 for one in done)

    def failures(self, execution: Any) -> list[Failure] | None:  # noqa: ANN401 - Execution
        """Why the tasks of an execution failed that did; None while not all of them have ended."""
        tasks = self._of(execution)
        if not all(task.HasField("completion_time") for task in tasks):
            return None
        found = ((task, failure_of(task)) for task in tasks)
        return [_told(task, failure) for task, failure in found if failure is not None]

    def keep(self, execution: Any) -> None:  # noqa: ANN401 - Execution
        """Keep what became of an execution, unless it was deleted meanwhile."""
        if execution.name in self._state.executions:
            self._state.executions.put(execution.name, execution)

    def cancel_rest(self, execution: Any) -> None:  # noqa: ANN401 - Execution
        """Write down the tasks that had not ended as cancelled."""
        for task in self._of(execution):
            if not task.HasField("completion_time"):
                self._end(task, Failure("The task was cancelled.", CANCELLED))

    async def _run(self, execution: Any, task: Any) -> None:  # noqa: ANN401 - messages
        """Attempt a task until it succeeds or may not be retried."""
        started(execution)
        task_started(task)
        execution.running_count += 1
        failure: Failure | None = None
        for attempt in range(task.max_retries + 1):
            task.retried = attempt
            execution.retried_count += attempt == 1
            failure = await self._attempt(execution, task, attempt)
            if failure is None or not failure.started:
                break
        execution.running_count -= 1
        if failure is None:
            execution.succeeded_count += 1
        else:
            execution.failed_count += 1
        self.keep(execution)
        self._end(task, failure)

    async def _attempt(self, execution: Any, task: Any, attempt: int) -> Failure | None:  # noqa: ANN401 - messages
        container = task.containers[0]
        image = self._images.find(container.image)
        if image is None:
            text = f"Image '{container.image}' not found."
            return _judge(task, StartError(text, reason="CONTAINER_MISSING"))
        _, project, _, region, _, job, *_ = execution.name.split("/")
        found = self._world.hierarchy.find(project)
        seconds = task.timeout.seconds + task.timeout.nanos / 1e9
        revision = RevisionToRun(
            service=ServiceKey(project, region, job),
            revision=task.name.rpartition("/")[2],
            project_number=found.number if found else 0,
            image=image,
            env={one.name: one.value for one in container.env},
            command=tuple(container.command),
            args=tuple(container.args),
            port=0,
            memory_bytes=int(quantity(container.resources.limits["memory"]) or 0),
            cpu=quantity(container.resources.limits["cpu"]) or 0.0,
            service_account=task.service_account,
            vpc_egress=egress(task),
            startup_seconds=seconds,
        )
        environment = {
            "CLOUD_RUN_JOB": job,
            "CLOUD_RUN_EXECUTION": execution.name.rpartition("/")[2],
            "CLOUD_RUN_TASK_INDEX": str(task.index),
            "CLOUD_RUN_TASK_ATTEMPT": str(attempt),
            "CLOUD_RUN_TASK_COUNT": str(execution.task_count),
        }
        end = await self._end_of(TaskToRun(revision, environment, seconds))
        self._state.task_logs.put(task.name, end.logs)
        return _judge(task, end)

    async def _end_of(self, task: TaskToRun) -> TaskEnd | StartError:
        try:
            return await self._runtime().run_task(task)
        except StartError as error:
            return error

    def _end(self, task: Any, failure: Failure | None) -> None:  # noqa: ANN401 - Task
        task_ended(task, failure)
        task.update_time.CopyFrom(task.completion_time)
        task.etag = run_etag(task.update_time, task.name)
        task.observed_generation = task.generation
        task.reconciling = False
        if task.name in self._state.tasks:
            self._state.tasks.put(task.name, task)


def _judge(task: Any, end: TaskEnd | StartError) -> Failure | None:  # noqa: ANN401 - Task
    """Why an attempt failed, which is written into the task; None when it succeeded."""
    failure, result = _failure(end), task.last_attempt_result
    result.Clear()
    result.SetInParent()
    if isinstance(end, TaskEnd):
        result.exit_code = end.exit_code or 0
        result.term_signal = end.signal
    if failure is not None:
        result.status.code, result.status.message = failure.code, failure.message
    return failure


def _failure(end: TaskEnd | StartError) -> Failure | None:
    if isinstance(end, StartError):
        return Failure(end.cause, end.reason, started=False, code=_FAILED_PRECONDITION)
    if end.exit_code is None:
        return Failure("The configured timeout was reached.", code=_DEADLINE_EXCEEDED)
    return Failure("The container exited with an error.") if end.exit_code else None


def _told(task: Any, failure: Failure) -> Failure:  # noqa: ANN401 - Task
    """What an execution says of a task that failed (reported, in both forms)."""
    short, code = task.name.rpartition("/")[2], task.last_attempt_result.exit_code
    how = f"exit code: {code} and message" if code else "message"
    return replace(failure, message=f"Task {short} failed with {how}: {failure.message}")
