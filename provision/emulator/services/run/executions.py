"""Executions of jobs: how they are made of a job, and how their tasks run to their ends."""

import asyncio
import contextlib
import random
import string
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from google.cloud import run_v2

from provision.emulator.rpc.status import ApiError
from provision.emulator.seams import Images, Runtime
from provision.emulator.services.operations import Operations
from provision.emulator.services.run.execution_conditions import (
    CANCELLED,
    Failure,
    completed,
    ended,
    is_cancelled,
    provisioned,
)
from provision.emulator.services.run.jobs_rules import task_problems
from provision.emulator.services.run.names import location_of, missing
from provision.emulator.services.run.outcome import STATE
from provision.emulator.services.run.overrides import override
from provision.emulator.services.run.records import ExecutionMessage, RunState
from provision.emulator.services.run.revisions import by_digest
from provision.emulator.services.run.tasks import TaskRuns
from provision.emulator.services.run.violations import refuse
from provision.emulator.times import run_etag, timestamp, to_micros
from provision.emulator.world import World

if TYPE_CHECKING:
    from provision.emulator.store import Table

_STATUS = run_v2.ExecutionReference.CompletionStatus


class ExecutionRuns:
    """Runs executions.

    Args:
        world: projects and settings.
        state: jobs, executions and tasks.
        operations: to be told of the end.
        images: the registry's images.
        runtime: tells who runs containers.
        log_address: address of a task's log, from its full name.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - one collaborator each
        self,
        world: World,
        state: RunState,
        operations: Operations,
        images: Images,
        runtime: Callable[[], Runtime],
        log_address: Callable[[str], str],
    ) -> None:
        self._log_address = log_address
        self._world = world
        self._state = state
        self._images = images
        self._operations = operations
        self._tasks = TaskRuns(world, state, images, runtime)
        self._going: dict[str, asyncio.Future[None]] = {}
        self._ended: dict[str, asyncio.Event] = {}
        self._stops: dict[str, asyncio.Event] = {}
        # Executions by the operations that cancel them, for when the emulator is stopped meanwhile.
        self._cancellations: Table[str] = state.cancellations

    def begin(self, job: Any, overrides: Any, email: str, *, validate_only: bool) -> Any:  # noqa: ANN401 - messages
        """A new execution of a job; the operation that ends with it. Raises `ApiError`.

        Args:
            job: the message.
            overrides: what is to be otherwise this time; None for nothing.
            email: who asked.
            validate_only: answer a finished operation and run nothing.
        """
        if job.terminal_condition.state != STATE.CONDITION_SUCCEEDED:
            name = job.name.rpartition("/")[2]
            raise ApiError("FAILED_PRECONDITION", f"Job '{name}' is not ready and cannot be run.")
        execution = self._made(job, email)
        if overrides is not None:
            refuse(override(execution, overrides), "RunJobRequest")
            refuse(task_problems(execution.template), "RunJobRequest.overrides")
        most, tasks = execution.parallelism, execution.task_count
        execution.parallelism = min(most or tasks, tasks)
        location = location_of(job.name)
        if validate_only:
            return self._operations.done(location, execution, execution)
        job.execution_count += 1
        self._state.executions.put(execution.name, execution)
        self._show_on_job(execution, _STATUS.EXECUTION_RUNNING)
        self._tasks.make(execution, self._log_address)
        work = self.work_of(execution)
        operation = self._operations.start(location, execution, work, asks=True)
        self._state.execution_notes.put(execution.name, self._notes(job, operation.name))
        return operation

    def _made(self, job: Any, email: str) -> Any:  # noqa: ANN401 - messages
        """An execution of a job, its images by digest as they are now (recorded)."""
        execution = _of_job(job, email)
        while execution.name in self._state.executions:
            execution.name = _new_name(job)
        execution.log_uri = self._log_address(execution.name)
        for container in execution.template.containers:
            image = self._images.find(container.image)
            if image is not None:
                container.image = by_digest(container.image, image.digest)
        return execution

    def _notes(self, job: Any, operation: str) -> dict[str, str]:  # noqa: ANN401 - Job
        """What v1 alone tells of an execution: of its job as it was then, and its operation."""
        ready = job.terminal_condition.last_transition_time
        known = self._state.job_notes.get(job.name) or {}
        annotations = known["texts"] if known.get("uid") == job.uid else {}
        return {
            **{key: text for key, text in annotations.items() if "/" in key},
            "generation": str(job.generation),
            "changed": str(max(to_micros(job.update_time), to_micros(ready))),
            "uid": job.uid,
            "operation": operation.rpartition("/")[2],
        }

    def work_of(self, execution: Any) -> Callable[[Any], Awaitable[None]]:  # noqa: ANN401 - Execution
        """What brings about an execution as an operation's metadata shows it."""
        name = execution.name
        if execution.HasField("delete_time"):
            return lambda operation: self._take_down(name, operation)
        return lambda operation: self._go_on(name, operation)

    async def _go_on(self, name: str, operation: str) -> None:
        if operation in self._cancellations:
            await self._cancel(name, operation)
        else:
            await self._run(name, operation)

    async def _run(self, name: str, operation: str) -> None:
        over = self._ended.setdefault(name, asyncio.Event())
        stop = self._stops.setdefault(name, asyncio.Event())
        if name in self._cancellations.values():
            stop.set()
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._world.settings.operation_delay)
            execution = self._state.executions.get(name)
            if execution is None:
                raise ApiError("ABORTED", "The execution was deleted meanwhile.")
            planned = self._operations.planned_failure(operation)
            failures = [Failure(planned.message)] if planned else await self._failures(execution)
            self._conclude(execution, failures)
            self._finish(operation, execution)
        finally:
            over.set()
            self._ended.pop(name, None)
            self._stops.pop(name, None)

    def _conclude(self, execution: Any, failures: list[Failure] | None) -> None:  # noqa: ANN401 - Execution
        if failures is None:
            self._tasks.cancel_rest(execution)
            self._end(execution, Failure("The execution was cancelled.", CANCELLED))
        else:
            self._end(execution, next(iter(failures), None))

    async def _failures(self, execution: Any) -> list[Failure] | None:  # noqa: ANN401 - Execution
        """Why tasks failed; None when the execution was cancelled before all had ended."""
        name = execution.name
        if self._stops[name].is_set():
            return None
        execution.start_time.CopyFrom(timestamp())
        provisioned(execution)
        going = self._going[name] = asyncio.ensure_future(self._tasks.run_all(execution))
        try:
            await asyncio.wait({going})
        finally:
            going.cancel()  # for when the emulator itself is being stopped
            del self._going[name]
        if not going.cancelled():
            going.result()  # what went wrong with the emulator itself
        return self._tasks.failures(execution)

    def _finish(self, operation: str, execution: Any) -> None:  # noqa: ANN401 - Execution
        last = completed(execution)
        if last.state == STATE.CONDITION_SUCCEEDED:
            self._operations.succeed(operation, execution, execution)
        else:
            code = "CANCELLED" if is_cancelled(execution) else "UNKNOWN"
            self._operations.fail(operation, execution, ApiError(code, last.message))

    def _end(self, execution: Any, failure: Failure | None) -> None:  # noqa: ANN401 - Execution
        ended(execution, failure)
        now = execution.completion_time
        execution.update_time.CopyFrom(now)
        execution.etag = run_etag(now, execution.name)
        execution.observed_generation = execution.generation
        execution.reconciling = False
        execution.running_count = 0
        status = _STATUS.EXECUTION_SUCCEEDED if failure is None else _STATUS.EXECUTION_FAILED
        if is_cancelled(execution):
            done = execution.succeeded_count + execution.failed_count
            execution.cancelled_count = execution.task_count - done
            status = _STATUS.EXECUTION_CANCELLED
        self._tasks.keep(execution)
        self._show_on_job(execution, status)

    def _show_on_job(self, execution: Any, status: int) -> None:  # noqa: ANN401 - Execution
        """Tell the job of its latest execution."""
        job = self._state.jobs.get(execution.name.partition("/executions/")[0])
        short = execution.name.rpartition("/")[2]
        if job is None:
            return
        reference = job.latest_created_execution
        if status == _STATUS.EXECUTION_RUNNING:
            reference.Clear()
            reference.name = short
            reference.create_time.CopyFrom(execution.create_time)
        if reference.name == short:
            reference.completion_status = status
            if execution.HasField("completion_time"):
                reference.completion_time.CopyFrom(execution.completion_time)
        self._state.jobs.put(job.name, job)

    def cancel(self, execution: Any, *, validate_only: bool) -> Any:  # noqa: ANN401 - Execution, Operation
        """Stop an execution; the operation that ends when it has stopped. Raises `ApiError`."""
        name = execution.name
        if execution.HasField("completion_time"):
            short = name.rpartition("/")[2]
            raise ApiError("FAILED_PRECONDITION", f"Execution '{short}' is already complete.")
        if validate_only:
            return self._operations.done(location_of(name), execution, execution)

        operation = self._operations.start(location_of(name), execution, self.work_of(execution))
        self._cancellations.put(operation.name, name)
        return operation

    async def _cancel(self, name: str, operation: str) -> None:
        await self._stop(name)
        self._cancellations.pop(operation)
        execution = self._state.executions.get(name)
        if execution is None:
            raise missing(name, "EXECUTION")
        self._operations.succeed(operation, execution, execution)

    async def _stop(self, name: str) -> None:
        """Stop an execution and wait for its end; nothing happens when it has ended."""
        if name in self._stops:
            self._stops[name].set()
        if name in self._going:
            self._going[name].cancel()
        if name in self._ended:
            await self._ended[name].wait()

    def delete(self, execution: Any, *, validate_only: bool) -> Any:  # noqa: ANN401 - Execution, Operation
        """Delete an execution with its tasks, stopping it first; the operation."""
        location = location_of(execution.name)
        wanted = ExecutionMessage()
        wanted.CopyFrom(execution)
        wanted.delete_time.CopyFrom(timestamp())
        if validate_only:
            return self._operations.done(location, wanted, wanted)
        execution.CopyFrom(wanted)
        self._state.executions.put(execution.name, execution)
        return self._operations.start(location, execution, self.work_of(execution))

    async def _take_down(self, name: str, operation: str) -> None:
        await self._stop(name)
        await asyncio.sleep(self._world.settings.operation_delay)
        execution = self._state.forget_execution(name)
        if execution is None:
            raise missing(name, "EXECUTION")
        self._operations.succeed(operation, execution, execution)

    async def stop_all(self, job: str = "") -> None:
        """Stop every execution, or those of one job by its full name, and wait for their ends."""
        names = [name for name in self._ended if name.startswith(f"{job}/" if job else "")]
        await asyncio.gather(*(self._stop(name) for name in names))


def _new_name(job: Any) -> str:  # noqa: ANN401 - Job
    suffix = "".join(random.choices(string.ascii_lowercase + string.digits, k=5))  # noqa: S311 - a name
    return f"{job.name}/executions/{job.name.rpartition('/')[2]}-{suffix}"


def _of_job(job: Any, email: str) -> Any:  # noqa: ANN401 - messages
    now = timestamp()
    execution = ExecutionMessage(
        name=_new_name(job),
        uid=str(uuid.uuid4()),
        creator=email,
        generation=1,
        create_time=now,
        update_time=now,
        launch_stage=job.launch_stage,
        job=job.name.rpartition("/")[2],
        task_count=job.template.task_count,
        parallelism=job.template.parallelism,
        labels=job.template.labels,
        annotations=job.template.annotations,
        template=job.template.template,
        reconciling=True,
    )
    execution.conditions.add(type_="Completed", state=STATE.CONDITION_PENDING)
    execution.etag = run_etag(now, execution.name)
    return execution
