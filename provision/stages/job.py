"""The job that `deploy` brings about."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provision.clients.cloud_run_jobs import CloudRunJobs
from provision.plan import Check, Unknown
from provision.run import job_fields
from provision.run.job_checks import job_checks
from provision.spec import JobSpec
from provision.stages import Progress

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Job:
    """A job of Cloud Run, as `deploy` handles it.

    Args:
        spec: what is declared.
        jobs: Cloud Run's jobs.
        progress: told what is being waited for.
    """

    spec: JobSpec
    jobs: CloudRunJobs
    progress: Progress

    def desired(self, image: str | Unknown) -> dict[str, Any]:
        """The fields that the spec asserts."""
        return job_fields.desired_fields(self.spec, image)

    def observed(self, live: Json, asserted: Json) -> dict[str, Any]:
        """Of what is, that which `asserted` speaks of."""
        return job_fields.observed_fields(live, asserted)

    def to_write(self, live: Json, asserted: Json) -> dict[str, Any]:
        """What to send."""
        return job_fields.to_write(live, asserted)

    def is_ready(self, live: Json) -> bool:
        """The documented test of success."""
        return job_fields.is_ready(live)

    def addresses(self, live: Json) -> tuple[str, ...]:  # noqa: ARG002 - as `deploy` asks
        """None: a job answers nowhere."""
        return ()

    def find(self) -> Json | None:
        """What is; None when there is none."""
        return self.jobs.find(self.spec.job_name)

    def await_settled(self) -> Json | None:
        """What is, once no change of it is under way."""
        return self.jobs.await_settled(self.spec.job_name, self.progress)

    def create(self, body: Json) -> None:
        """Create it, and wait until it can be executed or has failed."""
        self.jobs.create(self.spec.job_name, body, self.progress)

    def before_update(self, mask: Sequence[str]) -> None:
        """Nothing: Google lets nobody public into a job's policy."""

    def update(self, body: Json, mask: Sequence[str]) -> None:  # noqa: ARG002 - v2 has no masks for jobs
        """Write all of it, and wait likewise."""
        self.jobs.replace(self.spec.job_name, body, self.progress)

    def checks(self, at: str) -> Iterable[Check]:
        """What Cloud Run says of the job."""
        return job_checks(self.spec, self.find() or {}, at)

    def failure(self) -> tuple[tuple[str, ...], str]:
        """What the job says; only an execution has a log."""
        told = (self.find() or {}).get("terminalCondition", {}).get("message", "")
        return ((told,) if told else ()), ""
