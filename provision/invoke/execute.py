"""Executing a job, and watching the execution to its end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from provision.clients.clock import Clock
from provision.clients.cloud_run_jobs import CloudRunJobs
from provision.clients.executions import Executions, JobNotReadyError
from provision.clients.run_resources import Json
from provision.errors import (
    NotFoundError,
    NotProvenError,
    PermissionDeniedError,
    ProvisionError,
    UnavailableError,
)
from provision.resources import JobName
from provision.run.execution import Counts, Overrides, State, TaskFailure, failure_of, state_of
from provision.run.job_fields import is_ready, task_containers

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
"""Seconds between two looks: quick ends are seen quickly, long ones cost few reads."""

_MISSES = 6
"""Looks in a row that may fail before the wait is given up."""

MOST_FAILURES = 10
"""Failed tasks whose reasons are read; an execution can have ten thousand."""


@dataclass(frozen=True)
class Execute:
    """Executes jobs.

    Args:
        jobs: Cloud Run's jobs, read where one cannot be executed.
        executions: their executions.
        progress: told how it stands.
    """

    jobs: CloudRunJobs
    executions: Executions
    progress: Callable[[str], None]
    clock: Clock = field(default_factory=Clock)

    def start(self, name: JobName, overrides: Overrides) -> Json:
        """Begin an execution, once no change of the job is under way; the execution.

        Raises:
            ProvisionError: the job is not there, not ready, or may not be executed.
        """
        self.progress(f"executing job {name.job}")
        container = self._container(name) if overrides.of_container else ""
        try:
            return self.executions.start(name, overrides, container)
        except JobNotReadyError as error:
            self._await_ready(name, error)
        return self.executions.start(name, overrides, container)

    def wait(self, name: str) -> Json:
        """The execution of that full name, once it is over.

        Raises:
            NotProvenError: how it goes cannot be seen.
            ProvisionError: it was deleted, or Cloud Run cannot be reached any more.
        """
        short, misses, pause = name.rpartition("/")[2], 0, _FIRST_PAUSE
        while True:
            try:
                found = self.executions.get(name)
            except NotFoundError as error:
                raise ProvisionError(
                    f"Execution {short} was deleted while it was waited for: how it ended is not"
                    " known.",
                    hint="Its log may tell; run the job again if it has to be done.",
                ) from error
            except PermissionDeniedError as error:
                raise NotProvenError(
                    f"Execution {short} was started, and how it goes cannot be seen. {error}",
                    hint=f"{error.hint} --no-wait does not look.",
                ) from error
            except UnavailableError as error:
                misses += 1
                if misses >= _MISSES:
                    raise UnavailableError(f"{error} The execution goes on.") from error
                self.progress(f"cannot look at {short} ({misses} of {_MISSES}); it goes on")
            else:
                misses = 0
                self.progress(f"{short}: {Counts.of(found)}")
                if state_of(found) is not State.RUNNING:
                    return found
            self.clock.sleep(pause)
            pause = min(pause * 1.3, _LONGEST_PAUSE)

    def failures(self, name: str) -> tuple[TaskFailure, ...]:
        """Why tasks of the execution failed, of the first `MOST_FAILURES` that did.

        Empty where they cannot be read: that they failed is known all the same.
        """
        failed = filter(None, map(failure_of, self.executions.tasks(name)))
        try:
            found = list(islice(failed, MOST_FAILURES))
        except ProvisionError:
            return ()
        return tuple(sorted(found, key=lambda one: one.index))

    def _container(self, name: JobName) -> str:
        """The container that overrides are for; only needed, and told, where there are several."""
        try:
            containers = task_containers(self.jobs.find(name) or {})
        except PermissionDeniedError:  # who may only execute it
            return ""
        return containers[0] if len(containers) > 1 else ""

    def _await_ready(self, name: JobName, error: JobNotReadyError) -> None:
        """Wait for a change that is under way; say why where there is none."""
        try:
            live = self.jobs.await_settled(name, self.progress)
        except PermissionDeniedError:
            raise error from None
        if live is None:
            raise error
        if not is_ready(live):
            told = live.get("terminalCondition", {}).get("message", "")
            raise ProvisionError(
                f"Executing job {name.job}: its last deployment failed. {told}".strip(),
                hint="Mend what the reason names and deploy it again, as with `provision up`.",
            ) from error
