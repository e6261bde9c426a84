"""The RPCs of ``google.cloud.run.v2.Jobs``."""

import secrets
from typing import Any

from google.cloud import run_v2

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import require, run_refusal
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.services.run.executions import ExecutionRuns
from provision.emulator.services.run.jobs_writes import JobWrites
from provision.emulator.services.run.names import check_new_name, checked_name, checked_parent
from provision.emulator.services.run.records import RunState
from provision.emulator.services.run.rules import check_etag
from provision.emulator.services.run.writes import Author
from provision.emulator.world import World

_JOBS = "google.cloud.run.v2.Jobs"


class Jobs:
    """Cloud Run jobs.

    Args:
        world: policies and settings.
        state: the jobs.
        writes: creates, replaces and deletes.
        runs: executes them.
    """

    def __init__(
        self, world: World, state: RunState, writes: JobWrites, runs: ExecutionRuns
    ) -> None:
        self._world = world
        self._state = state
        self._writes = writes
        self._runs = runs
        kind = PolicyKind(
            _JOBS, "run.jobs", self._check_exists, run_refusal, public=False, conditions=False
        )
        self._policies = PolicyRpcs(world, kind)

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{_JOBS}/CreateJob": self._create,
            f"{_JOBS}/GetJob": self._get,
            f"{_JOBS}/ListJobs": self._list,
            f"{_JOBS}/UpdateJob": self._update,
            f"{_JOBS}/DeleteJob": self._delete,
            f"{_JOBS}/RunJob": self._run,
            **self._policies.handlers(),
        }

    def _check_exists(self, name: str) -> None:
        self._writes.find(checked_name(name, "JOB"), to_write=True)

    def _name(self, name: str) -> str:
        return checked_name(self._world.hierarchy.canonical(name), "JOB")

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Job
        name = self._name(call.request.name)
        require(self._world, call, "run.jobs.get", name, run_refusal)
        return self._writes.find(name)

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        parent = checked_parent(self._world.hierarchy.canonical(request.parent))
        require(self._world, call, "run.jobs.list", parent, run_refusal)
        kept_at = f"{parent}/jobs"
        names = self._state.jobs.below(kept_at)[::-1]
        shown, token = page(names, request.page_size, request.page_token, kept_at)
        found = [one for one in map(self._state.jobs.get, shown) if one is not None]
        kept = [one for one in found if request.show_deleted or not one.HasField("delete_time")]
        return run_v2.ListJobsResponse.pb()(jobs=kept, next_page_token=token)

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        parent = checked_parent(self._world.hierarchy.canonical(request.parent))
        job_id = request.job_id or f"job-{secrets.token_hex(4)}"
        name = f"{parent}/jobs/{job_id}"
        require(self._world, call, "run.jobs.create", name, run_refusal)
        check_new_name(job_id, "CreateJobRequest.job_id")
        if request.job.name:
            raise invalid("job.name must be empty on CreateJobRequest.")
        if name in self._state.jobs:
            raise ApiError("ALREADY_EXISTS", "Resource already exists.")
        _refuse_tokens(request.job)
        author = Author(call.principal)
        return self._writes.create(author, name, request.job, validate_only=request.validate_only)

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request, author = call.request, Author(call.principal)
        name = self._name(request.job.name)
        require(self._world, call, "run.jobs.update", name, run_refusal)
        _refuse_tokens(request.job)
        only = request.validate_only
        if request.allow_missing and name not in self._state.jobs:
            require(self._world, call, "run.jobs.create", name, run_refusal)
            check_new_name(name.rpartition("/")[2], "UpdateJobRequest.job.name")
            return self._writes.create(author, name, request.job, validate_only=only)
        job = self._writes.find(name, to_write=True)
        check_etag(request.job.etag, job)
        return self._writes.replace(author, job, request.job, validate_only=only)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        name = self._name(call.request.name)
        require(self._world, call, "run.jobs.delete", name, run_refusal)
        job = self._writes.find(name, to_write=True)
        check_etag(call.request.etag, job)
        only = call.request.validate_only
        return self._writes.delete(Author(call.principal), job, validate_only=only)

    async def _run(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        name = self._name(request.name)
        overridden = request.HasField("overrides")
        require(self._world, call, "run.jobs.run", name, run_refusal)
        if overridden:
            require(self._world, call, "run.jobs.runWithOverrides", name, run_refusal)
        job = self._writes.find(name, to_write=True)
        check_etag(request.etag, job)
        overrides = request.overrides if overridden else None
        return self._runs.begin(job, overrides, call.email, validate_only=request.validate_only)


def _refuse_tokens(job: Any) -> None:  # noqa: ANN401 - Job
    for field in ("start_execution_token", "run_execution_token"):
        if getattr(job, field):
            raise ApiError("UNIMPLEMENTED", f"{field} is not offered by this emulator.")
