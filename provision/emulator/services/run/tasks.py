"""Tasks of an execution: made, run attempt by attempt, and counted."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
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
from provision.emulator.services.run.jobs_rules import MAX_TASKS
from provision.emulator.services.run.limits import quantity
from provision.emulator.services.run.outcome import STATE
from provision.emulator.services.run.records import ConditionMessage, RunState, TaskMessage
from provision.emulator.services.run.revisions import egress
from provision.emulator.services.run.violations import Problem
from provision.emulator.times import run_etag, timestamp
from provision.emulator.world import World

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

    async def run_all(self, execution: Any) -> list[str]:  # noqa: ANN401 - Execution
        """Run what has not ended yet; what is said of each task that failed."""
        places = asyncio.Semaphore(min(execution.parallelism or _AT_ONCE, _AT_ONCE))

        async def run(name: str) -> str:
            task = self._state.tasks.get(name)
            if task is None or task.HasField("completion_time"):
                return ""
            async with places:
                return await self._run(execution, task)

        names = self._state.tasks.below(f"{execution.name}/tasks")
        return [said for said in await asyncio.gather(*map(run, names)) if said]

    def keep(self, execution: Any) -> None:  # noqa: ANN401 - Execution
        """Keep what became of an execution, unless it was deleted meanwhile."""
        if execution.name in self._state.executions:
            self._state.executions.put(execution.name, execution)

    def cancel_rest(self, execution: Any) -> None:  # noqa: ANN401 - Execution
        """Write down the tasks that had not ended as cancelled."""
        for name in self._state.tasks.below(f"{execution.name}/tasks"):
            task = self._state.tasks.get(name)
            if task is not None and not task.HasField("completion_time"):
                self._end(task, "The task was cancelled.")

    async def _run(self, execution: Any, task: Any) -> str:  # noqa: ANN401 - messages
        """Attempt a task until it succeeds or may not be retried; what is said of a failure."""
        task.start_time.CopyFrom(timestamp())
        execution.running_count += 1
        problem = ""
        for attempt in range(task.max_retries + 1):
            task.retried = attempt
            execution.retried_count += bool(attempt)
            problem = await self._attempt(execution, task, attempt)
            if not problem:
                break
        execution.running_count -= 1
        if problem:
            execution.failed_count += 1
        else:
            execution.succeeded_count += 1
        self.keep(execution)
        self._end(task, problem)
        short = task.name.rpartition("/")[2]
        return f"Task {short} failed with message: {problem}" if problem else ""

    async def _attempt(self, execution: Any, task: Any, attempt: int) -> str:  # noqa: ANN401 - messages
        container = task.containers[0]
        image = self._images.find(container.image)
        if image is None:
            return f"Image '{container.image}' not found."
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
        return self._judge(task, end)

    async def _end_of(self, task: TaskToRun) -> TaskEnd | StartError:
        try:
            return await self._runtime().run_task(task)
        except StartError as error:
            return error

    def _judge(self, task: Any, end: TaskEnd | StartError) -> str:  # noqa: ANN401 - Task
        """What is said of a failed attempt; nothing of one that succeeded."""
        result = task.last_attempt_result
        if isinstance(end, StartError):
            result.status.code, result.status.message = 9, str(end)
            return str(end)
        result.exit_code = end.exit_code or 0
        if end.exit_code is None:
            return "The configured timeout was reached."
        return "The container exited with an error." if end.exit_code else ""

    def _end(self, task: Any, problem: str) -> None:  # noqa: ANN401 - Task
        now = timestamp()
        state = STATE.CONDITION_FAILED if problem else STATE.CONDITION_SUCCEEDED
        del task.conditions[:]
        task.conditions.append(
            ConditionMessage(
                type_="Completed", state=state, message=problem, last_transition_time=now
            )
        )
        task.completion_time.CopyFrom(now)
        task.update_time.CopyFrom(now)
        task.etag = run_etag(now, task.name)
        task.observed_generation = task.generation
        task.reconciling = False
        if task.name in self._state.tasks:
            self._state.tasks.put(task.name, task)


def override(execution: Any, overrides: Any) -> Iterator[Problem]:  # noqa: ANN401 - messages
    """Apply the overrides of RunJob to an execution; yields what cannot be."""
    containers = {one.name: one for one in execution.template.containers}
    for index, wanted in enumerate(overrides.container_overrides):
        container = containers.get(wanted.name) if wanted.name else None
        if container is None and not wanted.name:
            container = execution.template.containers[0]
        if container is None:
            path = f"overrides.container_overrides[{index}].name"
            yield Problem(path, f"'{wanted.name}' is not the name of a container.")
            continue
        if wanted.args or wanted.clear_args:
            del container.args[:]
            container.args.extend(wanted.args)
        given = {one.name for one in wanted.env}
        kept = [one for one in container.env if one.name not in given]
        del container.env[:]
        container.env.extend([*kept, *wanted.env])
    if not 0 <= overrides.task_count <= MAX_TASKS:
        yield Problem("overrides.task_count", f"must be between 0 and {MAX_TASKS}.")
    if overrides.task_count:
        execution.task_count = overrides.task_count
        execution.parallelism = min(execution.parallelism, overrides.task_count)
    if overrides.HasField("timeout"):
        execution.template.timeout.CopyFrom(overrides.timeout)
