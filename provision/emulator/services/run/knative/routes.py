"""The paths of v1, below ``/v1/projects/P/locations/L`` and ``/apis/GROUP/v1/namespaces/P``."""

from dataclasses import replace

from aiohttp import web

from provision.emulator.rpc.calls import Dispatcher
from provision.emulator.rpc.hosts import region_of
from provision.emulator.rpc.rest import error_response, json_response
from provision.emulator.rpc.status import ApiError
from provision.emulator.services.run.knative.operations import KnativeOperations
from provision.emulator.services.run.knative.reading import body_of, token_of
from provision.emulator.services.run.knative.requests import ANYWHERE, V1, KnativeRequest
from provision.emulator.services.run.records import RunState
from provision.emulator.world import World

_KINDS = {
    "services": "Service",
    "revisions": "Revision",
    "configurations": "Configuration",
    "routes": "Route",
    "jobs": "Job",
    "executions": "Execution",
    "tasks": "Task",
    "instances": "Instance",
    "workerpools": "WorkerPool",
    "domainmappings": "DomainMapping",
    "authorizeddomains": "AuthorizedDomain",
}
_VERBS = {"GET": "Get", "POST": "Create", "PUT": "Replace", "DELETE": "Delete"}
_ONE_KIND = "{kind:" + "|".join(_KINDS) + "}"
_BUT_JOBS = "{kind:" + "|".join(one for one in _KINDS if one != "jobs") + "}"
_LOCATED = "/v1/projects/{project}/locations/{location}/" + _BUT_JOBS
_POLICY_VERBS = "{verb:getIamPolicy|setIamPolicy|testIamPermissions}"
_JOB_POLICIES = (
    "/v1/projects/{project}/locations/{location}/{kind:jobs}/{name:[^/:]+}:" + _POLICY_VERBS
)
"""All that v1 has of jobs below a location; the rest is Cloud Scheduler's (discovery documents)."""
_NAMESPACED = (
    "/apis/{group:(?:serving.knative.dev|run.googleapis.com|domains.cloudrun.com)}"
    "/v1/namespaces/{project}/" + _ONE_KIND
)
_NAME, _VERB = "/{name:[^/:]+}", ":{verb:[A-Za-z]+}"
_PARAMETERS = {"GET", "POST", "PUT", "DELETE"}
_POSTED = ("run", "cancel")


class Routes:
    """Answers v1's paths.

    Args:
        world: finds projects.
        state: the services, for the operations that wrote them.
        dispatcher: runs the methods.
    """

    def __init__(self, world: World, state: RunState, dispatcher: Dispatcher) -> None:
        self._world = world
        self._dispatcher = dispatcher
        self._operations = KnativeOperations(world, state, dispatcher)

    def mount(self, app: web.Application) -> None:
        """Add the routes."""
        self._operations.mount(app)
        app.router.add_get("/v1/projects/{project}/locations", self._locations)
        app.router.add_route("*", _JOB_POLICIES, self._serve)
        for collection in (_LOCATED, _NAMESPACED):
            for path in (collection, collection + _NAME, collection + _NAME + _VERB):
                app.router.add_route("*", path, self._serve)
        # What has the wrong number of parts is no error but an empty list (recorded).
        app.router.add_get("/v1/{parent:(?!projects/).+}/services", self._nowhere)

    async def _locations(self, request: web.Request) -> web.StreamResponse:
        return await self._call(request, f"{V1}.Locations/ListLocations", ANYWHERE, "locations")

    async def _nowhere(self, request: web.Request) -> web.StreamResponse:
        return await self._call(request, f"{V1}.Services/ListServices", ANYWHERE, "services")

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        found = request.match_info
        here = region_of(request)
        region = found.get("location", here or ANYWHERE)
        if request.method not in _PARAMETERS or (here and region not in (here, ANYWHERE)):
            text = "Operation is not implemented, or supported, or enabled."
            return error_response(ApiError("UNIMPLEMENTED", text))
        alone = "name" not in found and request.method in ("PUT", "DELETE")
        if alone or (found.get("verb") in _POSTED and request.method != "POST"):
            return error_response(ApiError("NOT_FOUND", "Method not found."))
        return await self._call(request, _method(request), region, found["kind"])

    async def _call(
        self, request: web.Request, method: str, region: str, kind: str
    ) -> web.StreamResponse:
        found = request.match_info
        project = self._world.hierarchy.find(found.get("project", ""))
        asked = KnativeRequest(
            project=found.get("project", ""),
            region=region,
            kind=kind,
            name=found.get("name", ""),
            query=dict(request.query),
            project_id=project.project_id if project else "",
        )
        try:
            asked = replace(asked, body=await body_of(request))
            answer = await self._dispatcher.call(method, asked, token_of(request), "rest")
        except ApiError as error:
            return error_response(error)
        return json_response(answer)


def _method(request: web.Request) -> str:
    """The method that a path and verb mean, ``google.cloud.run.v1.Services/GetService``."""
    found = request.match_info
    kind = _KINDS[found["kind"]]
    custom = found.get("verb")
    if custom:
        rpc = custom[0].upper() + custom[1:]
        rpc = rpc if custom in _ON_POLICIES else f"{rpc}{kind}"
    elif "name" not in found and request.method == "GET":
        rpc = f"List{kind}s"
    else:
        rpc = _VERBS[request.method] + kind
    return f"{V1}.{kind}s/{rpc}"


_ON_POLICIES = ("getIamPolicy", "setIamPolicy", "testIamPermissions")
