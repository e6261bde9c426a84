"""Cloud Scheduler: ``google.cloud.scheduler.v1.CloudScheduler``. `firing.py` fires jobs."""

import secrets
from typing import Any

from google.cloud import scheduler_v1

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid, not_found
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.services.callers import places
from provision.emulator.services.callers.kept import Kind
from provision.emulator.services.callers.masks import taken_over
from provision.emulator.services.callers.placed import Placed
from provision.emulator.services.callers.scheduler import rules as schedule_rules
from provision.emulator.services.callers.scheduler.firing import Firing
from provision.emulator.services.callers.scheduler.rules import WRITABLE
from provision.emulator.services.callers.tokens import settle_token
from provision.emulator.services.callers.words import scheduler_refusal
from provision.emulator.times import timestamp
from provision.emulator.world import World

_SERVICE = "google.cloud.scheduler.v1.CloudScheduler"
_STATES = scheduler_v1.Job.State
JOBS = Kind(
    "cloudscheduler",
    "jobs",
    scheduler_v1.Job.pb(),
    scheduler_refusal,
    lambda _: not_found("Job not found."),
)


class Schedules:
    """The RPCs about jobs.

    Args:
        world: projects, accounts, policies.
        jobs: the jobs.
        firing: fires them.
    """

    def __init__(self, world: World, jobs: Placed, firing: Firing) -> None:
        self._world = world
        self.resources = jobs
        self._firing = firing

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{_SERVICE}/CreateJob": self._create,
            f"{_SERVICE}/GetJob": self._get,
            f"{_SERVICE}/ListJobs": self._list,
            f"{_SERVICE}/UpdateJob": self._update,
            f"{_SERVICE}/DeleteJob": self._delete,
            f"{_SERVICE}/PauseJob": self._pause,
            f"{_SERVICE}/ResumeJob": self._resume,
            f"{_SERVICE}/RunJob": self._run,
        }

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Job
        parent = self.resources.place(call, "create", call.request.parent, places.SCHEDULER)
        sent = call.request.job
        name = self.resources.canonical(sent.name) or f"{parent}/jobs/{secrets.randbelow(10**19)}"
        if not name.startswith(f"{parent}/jobs/"):
            raise invalid("Job name must be formatted as the parent's, followed by /jobs/JOB_ID.")
        schedule_rules.check_id(name.removeprefix(f"{parent}/jobs/"))
        if self.resources.find(name) is not None:
            raise ApiError("ALREADY_EXISTS", f"Job {name} already exists.")
        made = taken_over(JOBS.message(name=name), sent, (), WRITABLE)
        made.state = int(_STATES.ENABLED)
        return self._written(call, made)

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Job
        sent = call.request.job
        name = self.resources.allowed(call, "update", sent.name)
        changed = self.resources.copy(name)
        taken_over(changed, sent, call.request.update_mask.paths, WRITABLE)
        return self._written(call, changed)

    def _written(self, call: Call, job: Any) -> Any:  # noqa: ANN401 - messages
        schedule_rules.check(job)
        schedule_rules.fill(job)
        if job.HasField("http_target"):
            settle_token(self._world, call, job.http_target, job.name, job.http_target.uri)
        return self._planned(job)

    def _planned(self, job: Any) -> Any:  # noqa: ANN401 - Job
        """Keep a job that was written, and wait for its time."""
        job.user_update_time.CopyFrom(timestamp())
        schedule_rules.set_due(job)
        kept = self.resources.keep(job)
        self._firing.plan(kept.name)
        return kept

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Job
        return self.resources.get(self.resources.allowed(call, "get", call.request.name))

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        parent = self.resources.place(call, "list", request.parent, places.SCHEDULER, reading=True)
        shown, token = self.resources.page(parent, request)
        return scheduler_v1.ListJobsResponse.pb()(jobs=shown, next_page_token=token)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        name = self.resources.allowed(call, "delete", call.request.name)
        self.resources.remove(name)
        self._firing.plan(name)
        return Empty()

    async def _run(self, call: Call) -> Any:  # noqa: ANN401 - Job
        """The job as it was: what comes of it is told in it later."""
        job = self.resources.get(self.resources.allowed(call, "run", call.request.name))
        self._firing.run(job.name)
        return job

    async def _pause(self, call: Call) -> Any:  # noqa: ANN401 - Job
        name = self.resources.allowed(call, "pause", call.request.name)
        return self._turned(name, int(_STATES.ENABLED), int(_STATES.PAUSED))

    async def _resume(self, call: Call) -> Any:  # noqa: ANN401 - Job
        name = self.resources.allowed(call, "enable", call.request.name)
        return self._turned(name, int(_STATES.PAUSED), int(_STATES.ENABLED))

    def _turned(self, name: str, before: int, after: int) -> Any:  # noqa: ANN401 - Job
        job = self.resources.copy(name)
        if job.state != before:  # documented; the words are assumed
            wanted = _STATES(before).name
            raise ApiError("FAILED_PRECONDITION", f"The job's state must be {wanted}.")
        job.state = after
        return self._planned(job)
