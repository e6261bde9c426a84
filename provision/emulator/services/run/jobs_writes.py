"""Creating, replacing and deleting a job, whichever form of the API it was asked in."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from provision.emulator.rpc.status import ApiError
from provision.emulator.seams import Images
from provision.emulator.services.operations import Operations
from provision.emulator.services.run import jobs_rules
from provision.emulator.services.run.deployers import check_account, check_image, project_of
from provision.emulator.services.run.names import location_of, missing
from provision.emulator.services.run.outcome import (
    STATE,
    RolloutError,
    begin_deletion,
    conclude_deletion,
    condition,
    make_pending,
    stamp,
)
from provision.emulator.services.run.records import ConditionMessage, JobMessage, RunState
from provision.emulator.services.run.rules import taken_over
from provision.emulator.services.run.violations import refuse
from provision.emulator.services.run.writes import Author
from provision.emulator.times import timestamp
from provision.emulator.world import World


class JobWrites:
    """Writes jobs.

    Args:
        world: accounts, policies, settings.
        state: the jobs.
        operations: where work in progress is told.
        images: the registry's images.
        stop: stops the executions of a job, by its full name, before it is deleted.
    """

    def __init__(
        self,
        world: World,
        state: RunState,
        operations: Operations,
        images: Images,
        stop: Callable[[str], Awaitable[None]],
    ) -> None:
        self._stop = stop
        self._world = world
        self._state = state
        self._operations = operations
        self._images = images

    def find(self, name: str, *, to_write: bool = False) -> Any:  # noqa: ANN401 - Job
        """The job of a canonical name. Raises `ApiError` (NOT_FOUND).

        Args:
            name: full name with the project's id.
            to_write: whether one whose deletion has begun counts as missing (AIP-164).
        """
        found = self._state.jobs.get(name)
        if found is None or (to_write and found.HasField("delete_time")):
            raise missing(name, "JOB")
        return found

    def create(self, author: Author, name: str, sent: Any, *, validate_only: bool = False) -> Any:  # noqa: ANN401 - Job, Operation
        """Make a job; its operation. Raises `ApiError`."""
        message, now = JobMessage(name=name), timestamp()
        taken_over(message, sent, (), jobs_rules.WRITABLE)
        message.uid = str(uuid.uuid4())
        message.generation = 1
        message.create_time.CopyFrom(now)
        message.creator = author.email
        self._check(author, message, "CreateJobRequest", None)
        message.terminal_condition.CopyFrom(ConditionMessage(state=STATE.CONDITION_PENDING))
        stamp(author.email, message, now)
        return self._write(message, validate_only=validate_only)

    def replace(
        self,
        author: Author,
        current: Any,  # noqa: ANN401 - Job
        sent: Any,  # noqa: ANN401 - Job
        *,
        validate_only: bool = False,
    ) -> Any:  # noqa: ANN401 - Operation
        """Make a job what was sent; v2 has no masks for jobs. Its operation. Raises `ApiError`."""
        wanted = JobMessage()
        wanted.CopyFrom(current)
        taken_over(wanted, sent, (), jobs_rules.WRITABLE)
        self._check(author, wanted, "UpdateJobRequest", current)
        changed = wanted != current
        if changed:
            wanted.generation += 1
            if current.terminal_condition.state == STATE.CONDITION_FAILED:
                wanted.terminal_condition.ClearField("last_transition_time")
            make_pending(wanted.terminal_condition)
        stamp(author.email, wanted, timestamp(), reconciling=changed)
        return self._write(wanted, validate_only=validate_only)

    def delete(self, author: Author, current: Any, *, validate_only: bool = False) -> Any:  # noqa: ANN401 - Job, Operation
        """Delete a job with its executions; its operation."""
        wanted = JobMessage()
        wanted.CopyFrom(current)
        begin_deletion(wanted, author.email)
        return self._write(wanted, validate_only=validate_only)

    def _write(self, message: Any, *, validate_only: bool) -> Any:  # noqa: ANN401 - Job, Operation
        location = location_of(message.name)
        if validate_only:
            return self._operations.done(location, message, message)
        self._state.jobs.put(message.name, message)
        return self._operations.start(location, message, self.work_of(message), asks=True)

    def work_of(self, message: Any) -> Callable[[Any], Awaitable[None]]:  # noqa: ANN401 - Job
        """What brings about a job as an operation's metadata shows it."""
        name = message.name
        if message.HasField("delete_time"):
            return lambda operation: self._take_down(name, operation)
        return lambda operation: self._settle(name, operation)

    async def _settle(self, name: str, operation: str) -> None:
        await asyncio.sleep(self._world.settings.operation_delay)
        job = self._state.jobs.get(name)
        if job is None or job.HasField("delete_time"):
            raise ApiError("ABORTED", "The job was deleted meanwhile.")
        error = self._failure(job, self._operations.planned_failure(operation))
        job.observed_generation = job.generation
        job.reconciling = False
        state = STATE.CONDITION_SUCCEEDED if error is None else STATE.CONDITION_FAILED
        ready = condition("Ready", state, timestamp(), error)
        # A job that was ready and is again keeps the time (recorded for jobs, not for services).
        if error is None and job.terminal_condition.HasField("last_transition_time"):
            ready.last_transition_time.CopyFrom(job.terminal_condition.last_transition_time)
        job.terminal_condition.CopyFrom(ready)
        self._state.jobs.put(name, job)
        if error is None:
            self._operations.succeed(operation, job, job)
        else:
            self._operations.fail(operation, job, ApiError(error.code, error.message))

    def _failure(self, job: Any, planned: ApiError | None) -> RolloutError | None:  # noqa: ANN401 - Job
        if planned is not None:
            return RolloutError(planned.code, planned.message, "UNKNOWN")
        for container in job.template.template.containers:
            if self._images.find(container.image) is None:
                text = f"Image '{container.image}' not found."
                return RolloutError("NOT_FOUND", text, "CONTAINER_MISSING")
        return None

    async def _take_down(self, name: str, operation: str) -> None:
        await asyncio.sleep(self._world.settings.operation_delay)
        job = self._state.jobs.get(name)
        if job is None:
            raise missing(name, "JOB")
        planned = self._operations.planned_failure(operation)
        if planned is not None:
            for field in ("delete_time", "expire_time"):
                job.ClearField(field)
            self._state.jobs.put(name, job)
            raise planned
        await self._stop(name)
        self.forget(name)
        since = job.terminal_condition.last_transition_time
        kept = type(since)(seconds=since.seconds, nanos=since.nanos)
        conclude_deletion(job)
        if kept.ByteSize():
            job.terminal_condition.last_transition_time.CopyFrom(kept)
        self._operations.succeed(operation, job, job)

    def forget(self, name: str) -> None:
        """Take a job away, with its executions, its policy and its tags."""
        for execution in self._state.executions.below(f"{name}/executions"):
            self._state.forget_execution(execution)
        self._state.job_notes.pop(name)
        self._world.policies.forget(name)
        self._world.tags.forget(name)
        self._state.jobs.pop(name)

    def _check(self, author: Author, message: Any, request: str, current: Any) -> None:  # noqa: ANN401 - messages
        """Fill in defaults and refuse what cannot be; `current` is None for a new job."""
        project = project_of(self._world, message.name, "run.jobs.create")
        jobs_rules.fill(message, project.compute_account)
        refuse(jobs_rules.job_problems(message), f"{request}.job")
        task = message.template.template
        if current is None or task != current.template.template:
            check_account(self._world, author.principal, task.service_account)
            for container in task.containers:
                check_image(self._world, self._images, author.principal, container.image)
