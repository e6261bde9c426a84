"""The methods of v1's jobs: Knative bodies in and out, the writes those of v2."""

from typing import Any

from google.cloud import run_v2
from google.protobuf import json_format

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.permissions import require
from provision.emulator.services.run.knative import jobs_shown, shapes, words
from provision.emulator.services.run.knative.executions import KnativeExecutions
from provision.emulator.services.run.knative.lists import listed
from provision.emulator.services.run.knative.requests import V1, KnativeRequest
from provision.emulator.services.run.knative.versions import check_version
from provision.emulator.services.run.names import check_location, missing
from provision.emulator.services.run.records import RunState
from provision.emulator.world import World

_V2 = "google.cloud.run.v2.Jobs"


class KnativeJobs:
    """``jobs`` of v1.

    Args:
        world: projects and policies.
        state: the jobs.
        in_v2: v2's methods by name, which do the writing.
        executions: shows what executing a job makes.
    """

    def __init__(
        self,
        world: World,
        state: RunState,
        in_v2: dict[str, Handler],
        executions: KnativeExecutions,
    ) -> None:
        self._world = world
        self._state = state
        self._in_v2 = in_v2
        self._executions = executions

    def handlers(self) -> dict[str, Handler]:
        """The methods by name."""
        return {
            f"{V1}.Jobs/ListJobs": self._list,
            f"{V1}.Jobs/GetJob": self._get,
            f"{V1}.Jobs/CreateJob": self._create,
            f"{V1}.Jobs/ReplaceJob": self._replace,
            f"{V1}.Jobs/DeleteJob": self._delete,
            f"{V1}.Jobs/RunJob": self._run,
        }

    def _find(self, request: KnativeRequest) -> Any:  # noqa: ANN401 - Job
        request.in_one_region()
        found = self._state.jobs.get(f"{request.parent}/jobs/{request.name}")
        if found is None:
            raise missing(f"{request.parent}/jobs/{request.name}", "JOB")
        return found

    def _shown(
        self,
        request: KnativeRequest,
        message: Any,  # noqa: ANN401 - Job
        *,
        written: bool = False,
    ) -> dict[str, Any]:
        project = self._world.hierarchy.find(request.project)
        notes = self._state.job_notes.get(message.name) or {}
        # Notes of a job of that name that was deleted say nothing about this one.
        mine = notes.get("texts", {}) if notes.get("uid") == message.uid else {}
        number = project.number if project else 0
        return jobs_shown.job(message, number, mine, written=written)

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        require(self._world, call, "run.jobs.list", request.parent, words.list_refusal)
        found = [
            self._shown(request, message)
            for message in self._state.jobs.values()
            if message.name.startswith(f"{request.parent}/")
        ]
        return listed(request, "Job", found, jobs_shown.API)

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        require(self._world, call, "run.jobs.get", request.resource, words.refusal)
        return self._shown(request, self._find(request))

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        request.in_one_region()
        body = self._body(request)
        job_id = body.get("metadata", {}).get("name", "")
        name = f"{request.parent}/jobs/{job_id}"
        require(self._world, call, "run.jobs.create", name, words.refusal)
        check_location(request.region)
        if not job_id:
            raise words.violation("metadata.name", words.NAME_RULE)
        if name in self._state.jobs:
            raise ApiError("ALREADY_EXISTS", f"Resource '{job_id}' already exists.")
        asked = run_v2.CreateJobRequest.pb()(
            parent=request.parent,
            job_id=job_id,
            job=jobs_shown.wanted(body),
            validate_only=request.dry_run,
        )
        return await self._write(call, "CreateJob", asked, body)

    async def _replace(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        body = self._body(request)
        require(self._world, call, "run.jobs.update", request.resource, words.refusal)
        current = self._find(request)
        if body.get("metadata", {}).get("name", request.name) != request.name:
            raise words.violation("metadata.name", f"must be '{request.name}', as in the path.")
        check_version(body.get("metadata", {}).get("resourceVersion", ""), current)
        job = jobs_shown.wanted(body)
        job.name = current.name
        task, known = job.template.template, current.template.template
        # v1 has no place for it in a job, and so takes nothing away.
        task.gpu_zonal_redundancy_disabled = known.gpu_zonal_redundancy_disabled
        asked = run_v2.UpdateJobRequest.pb()(job=job, validate_only=request.dry_run)
        return await self._write(call, "UpdateJob", asked, body)

    async def _write(self, call: Call, method: str, asked: Any, body: dict[str, Any]) -> Any:  # noqa: ANN401 - messages
        request: KnativeRequest = call.request
        try:
            operation = await self._in_v2[f"{_V2}/{method}"](self._as_v2(call, method, asked))
        except ApiError as error:
            raise words.of_v2(error) from error
        message = run_v2.Job.pb()()
        operation.metadata.Unpack(message)
        texts = {**jobs_shown.noted(body), "operation": operation.name.rpartition("/")[2]}
        if not request.dry_run:
            self._state.job_notes.put(message.name, {"uid": message.uid, "texts": texts})
        return self._shown(request, message, written=True)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        require(self._world, call, "run.jobs.delete", request.resource, words.refusal)
        current = self._find(request)
        asked = run_v2.DeleteJobRequest.pb()(name=current.name, validate_only=request.dry_run)
        await self._in_v2[f"{_V2}/DeleteJob"](self._as_v2(call, "DeleteJob", asked))
        return jobs_shown.deleted("job", request.name, current.uid)

    async def _run(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        sent = {} if request.body is None else request.body
        body: dict[str, Any] = shapes.read(sent, "RunJobRequest", "request")
        require(self._world, call, "run.jobs.run", request.resource, words.refusal)
        if "overrides" in body:
            permission = "run.jobs.runWithOverrides"
            require(self._world, call, permission, request.resource, words.refusal)
        asked = run_v2.RunJobRequest.pb()(name=self._find(request).name)
        if "overrides" in body:
            asked.overrides.SetInParent()
            overrides = jobs_shown.wanted_overrides(body["overrides"])
            try:
                json_format.ParseDict(overrides, asked.overrides)
            except json_format.ParseError as error:
                raise invalid(f"Invalid JSON payload received. {error}") from error
        try:
            operation = await self._in_v2[f"{_V2}/RunJob"](self._as_v2(call, "RunJob", asked))
        except ApiError as error:
            raise words.of_v2(error) from error
        message = run_v2.Execution.pb()()
        operation.metadata.Unpack(message)
        return self._executions.shown(request, message)

    @staticmethod
    def _as_v2(call: Call, method: str, asked: Any) -> Call:  # noqa: ANN401 - protobuf
        return Call(f"{_V2}/{method}", call.principal, asked)

    def _body(self, request: KnativeRequest) -> dict[str, Any]:
        """The body, which must be a job of the path's project."""
        sent = {} if request.body is None else request.body
        body: dict[str, Any] = shapes.read(sent, "Job", "job")
        for field, known in (("apiVersion", jobs_shown.API), ("kind", "Job")):
            if body.get(field, known) != known:
                raise words.violation(field, f"must be '{known}'.")
        namespace = body.get("metadata", {}).get("namespace", request.project)
        project = self._world.hierarchy.find(namespace)
        if project is None or project.project_id != request.project_id:
            text = f"Namespace '{namespace}' must be the project's id or number."
            raise words.violation("metadata.namespace", text)
        return body
