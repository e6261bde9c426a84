"""Cloud Run Admin v2: jobs as JSON in Google's own field names, and their operations."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from provision.clients.calls import TIMEOUT
from provision.clients.clock import Clock
from provision.clients.google import GoogleClients
from provision.clients.run_resources import Json, RunResources, from_message, to_message
from provision.errors import NotFoundError
from provision.resources import JobName


@dataclass(frozen=True)
class CloudRunJobs:
    """Jobs.

    Args:
        google: the clients to call with.
        clock: waits between looks at an operation.
    """

    google: GoogleClients
    clock: Clock = field(default_factory=Clock)

    def find(self, name: JobName) -> Json | None:
        """The job in Google's JSON form, or None when there is none."""
        try:
            with self._resources.calling(f"Reading job {name.job} in {name.region}"):
                message = self.google.jobs.get_job(name=name.name, timeout=TIMEOUT)
        except NotFoundError:
            return None
        return from_message(message)

    def create(self, name: JobName, job: Json, report: Callable[[str], None]) -> None:
        """Create the job and wait until it can be executed.

        Raises:
            DeployError: it was accepted, but did not become ready.
        """
        doing = f"Creating job {name.job} in {name.region}"
        with self._resources.calling(doing):
            operation = self.google.jobs.create_job(
                parent=name.parent, job_id=name.job, job=_to_message(job), timeout=TIMEOUT
            )
        self._resources.await_operation(operation, doing, report)

    def replace(self, name: JobName, job: Json, report: Callable[[str], None]) -> None:
        """Make the job what `job` says (there is no mask for jobs), and wait for it.

        The etag in `job` makes it fail where somebody else wrote meanwhile.
        """
        doing = f"Updating job {name.job} in {name.region}"
        with self._resources.calling(doing):
            operation = self.google.jobs.update_job(job=_to_message(job), timeout=TIMEOUT)
        self._resources.await_operation(operation, doing, report)

    def delete(self, name: JobName, etag: str, report: Callable[[str], None]) -> None:
        """Delete the job with its executions, provided that nobody changed it since `etag`."""
        doing = f"Deleting job {name.job} in {name.region}"
        with self._resources.calling(doing):
            request = {"name": name.name, "etag": etag}
            operation = self.google.jobs.delete_job(request=request, timeout=TIMEOUT)
        self._resources.await_operation(operation, doing, report)

    def await_settled(self, name: JobName, report: Callable[[str], None]) -> Json | None:
        """The job once no change of it is under way."""
        named = f"job {name.job}"
        return self._resources.await_settled(lambda: self.find(name), named, report)

    def jobs_everywhere(self, project: str) -> list[Json]:
        """All jobs of a project in Cloud Run's v1 form."""
        path = f"/apis/run.googleapis.com/v1/namespaces/{project}/jobs"
        return self._resources.everywhere(path, f"Listing the jobs of {project} in every region")

    @property
    def _resources(self) -> RunResources:
        return RunResources(self.google, self.clock)


def _to_message(job: Json) -> Any:  # noqa: ANN401 - run_v2.Job
    from google.cloud.run_v2 import Job

    return to_message(Job, job)
