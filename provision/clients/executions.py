"""Cloud Run Admin v2: executions of jobs and their tasks, as JSON in Google's own field names."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from provision.clients.calls import TIMEOUT, calling
from provision.clients.google import GoogleClients
from provision.clients.run_resources import Json, from_message
from provision.errors import ProvisionError, UnavailableError
from provision.resources import JobName
from provision.run.execution import Overrides


class JobNotReadyError(ProvisionError):
    """The job cannot be executed as it stands."""


@dataclass(frozen=True)
class Executions:
    """Executions of jobs.

    Args:
        google: the clients to call with.
    """

    google: GoogleClients

    def start(self, name: JobName, overrides: Overrides, container: str = "") -> Json:
        """Execute the job; the execution that was made.

        Args:
            name: the job.
            overrides: what it is to have otherwise.
            container: the name of the container that they are for, where there are several.

        Raises:
            JobNotReadyError: the job cannot be executed as it stands.
            UnavailableError: it is not known whether an execution was made, or a quota is used up.
        """
        from google.api_core.exceptions import FailedPrecondition, TooManyRequests

        doing = f"Executing job {name.job} in {name.region}"
        request: dict[str, Any] = {"name": name.name}
        if overrides:
            request["overrides"] = _overridden(overrides, container)
        try:
            with self._calling(doing):
                operation = self.google.jobs.run_job(request=request, timeout=TIMEOUT)
        except UnavailableError as error:
            surely_not = isinstance(error.__cause__, TooManyRequests)
            raise UnavailableError(str(error), hint=_QUOTA if surely_not else _DOUBT) from error
        except ProvisionError as error:
            if isinstance(error.__cause__, FailedPrecondition):
                raise JobNotReadyError(str(error), hint=error.hint) from error
            raise
        if not operation.metadata or not operation.metadata.name:
            raise UnavailableError(f"{doing}: the answer names no execution.", hint=_DOUBT)
        return from_message(operation.metadata)

    def get(self, name: str) -> Json:
        """The execution of that full name.

        Raises:
            NotFoundError: it was deleted.
        """
        with self._calling(f"Reading execution {_short(name)}"):
            return from_message(self.google.executions.get_execution(name=name, timeout=TIMEOUT))

    def tasks(self, name: str) -> Iterator[Json]:
        """The tasks of the execution, page by page."""
        with self._calling(f"Listing the tasks of execution {_short(name)}"):
            for task in self.google.tasks.list_tasks(parent=name, timeout=TIMEOUT):
                yield from_message(task)

    def cancel(self, name: str) -> None:
        """Have the execution stopped; it stops a moment later."""
        with self._calling(f"Cancelling execution {_short(name)}"):
            self.google.executions.cancel_execution(name=name, timeout=TIMEOUT)

    def _calling(self, doing: str) -> Any:  # noqa: ANN401 - a context manager
        return calling(doing, member=self.google.caller.member)


_QUOTA = "No execution was started. Quotas are counted by the minute: try again in a while."
_DOUBT = (
    "An execution may have been started all the same: `gcloud run jobs executions list` shows it."
    " Look before you run this again."
)


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _overridden(overrides: Overrides, container: str) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if overrides.of_container:
        env = [{"name": name, "value": value} for name, value in overrides.env.items()]
        one = {"name": container, "args": list(overrides.args), "env": env}
        told["container_overrides"] = [one]
    if overrides.tasks is not None:
        told["task_count"] = overrides.tasks
    if overrides.timeout is not None:
        told["timeout"] = {"seconds": overrides.timeout}
    return told
