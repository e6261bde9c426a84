"""Service Usage v1: which APIs a project has enabled (REST only).

What the emulator offers is enabled in every project from the start, until somebody disables it.
Anything else can be enabled too, which is remembered and told, and makes nothing of it answer.
"""

import json
import re
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from aiohttp import web
from google.rpc import error_details_pb2

from provision.emulator.iam.hierarchy import Project
from provision.emulator.rpc.calls import BAD_CREDENTIAL, NO_CREDENTIAL, Recorder, bearer
from provision.emulator.rpc.rest import error_response, json_response
from provision.emulator.rpc.scopes import check_scopes
from provision.emulator.rpc.status import ApiError, invalid, not_found
from provision.emulator.world import World

if TYPE_CHECKING:
    from provision.emulator.store import Table

TITLES = {
    "artifactregistry.googleapis.com": "Artifact Registry API",
    "cloudasset.googleapis.com": "Cloud Asset API",
    "cloudbuild.googleapis.com": "Cloud Build API",
    "cloudfunctions.googleapis.com": "Cloud Functions API",
    "cloudresourcemanager.googleapis.com": "Cloud Resource Manager API",
    "cloudidentity.googleapis.com": "Cloud Identity API",
    "cloudscheduler.googleapis.com": "Cloud Scheduler API",
    "cloudtasks.googleapis.com": "Cloud Tasks API",
    "eventarc.googleapis.com": "Eventarc API",
    "iam.googleapis.com": "Identity and Access Management (IAM) API",
    "iap.googleapis.com": "Cloud Identity-Aware Proxy API",
    "iamcredentials.googleapis.com": "IAM Service Account Credentials API",
    "pubsub.googleapis.com": "Cloud Pub/Sub API",
    "run.googleapis.com": "Cloud Run Admin API",
    "serviceusage.googleapis.com": "Service Usage API",
    "storage.googleapis.com": "Cloud Storage API",
    "workflowexecutions.googleapis.com": "Workflow Executions API",
    "workflows.googleapis.com": "Workflows API",
}
"""What the emulator offers, and its titles at Google."""

_SERVICE = re.compile(r"[a-z0-9][a-z0-9.-]*\.(?:googleapis\.com|goog|cloud\.goog)")
_API = "serviceusage"
_WRITES = ("enable", "disable")
_MAX_NAMES = 30
_MAX_PAGE = 200
_MAX_ENABLED = 20
_RESPONSES = "type.googleapis.com/google.api.serviceusage.v1"
_CONSOLE = "https://console.developers.google.com"
_EMPTY = {"@type": "type.googleapis.com/google.protobuf.Empty"}
_NOTHING_TO_DO = "operations/noop.DONE_OPERATION"
Answer = Callable[[web.Request, Project], Awaitable[dict[str, Any]]]


class ServiceUsage:
    """``/v1/projects/P/services…``.

    Args:
        world: projects and who may do what.
        recorder: takes a note of every request.
    """

    def __init__(self, world: World, recorder: Recorder) -> None:
        self._world = world
        self._recorder = recorder
        self._enabled: Table[bool] = world.store.table("enabled-services")
        self._disabled: Table[bool] = world.store.table("disabled-services")
        self._operations: Table[dict[str, Any]] = world.store.table("enabled-operations")

    def mount(self, app: web.Application) -> None:
        """Add the routes."""
        services = "/v1/projects/{project:[^/:]+}/services"
        one = services + "/{service:[^/:]+}"
        add = app.router.add_route
        add("GET", services, self._served("list", "ListServices", self._list))
        add("GET", f"{services}:batchGet", self._served("get", "BatchGetServices", self._several))
        add("GET", one, self._served("get", "GetService", self._get))
        add("POST", f"{one}:enable", self._served("enable", "EnableService", self._enable))
        add("POST", f"{one}:disable", self._served("disable", "DisableService", self._disable))
        batch = self._served("enable", "BatchEnableServices", self._enable_several)
        add("POST", f"{services}:batchEnable", batch)
        add("GET", "/v1/operations/{operation:(?:acat|noop)\\.[^/]+}", self._operation)

    def _served(self, verb: str, rpc: str, answer: Answer) -> Any:  # noqa: ANN401 - aiohttp's handler
        async def serve(request: web.Request) -> web.StreamResponse:
            token = bearer(request.headers.get("Authorization"))
            member = (self._world.identities.member(token, _API) if token else None) or ""
            status = "OK"
            try:
                _check_known(member, token)
                scopes = self._world.identities.scopes(token or "")
                method = f"google.api.serviceusage.v1.ServiceUsage/{rpc}"
                check_scopes(scopes, method, write=verb in _WRITES)
                project = self._project(request, member, verb)
                return json_response(await answer(request, project))
            except ApiError as error:
                status = error.code
                return error_response(error)
            finally:
                self._recorder.record(
                    f"google.api.serviceusage.v1.ServiceUsage/{rpc}",
                    request.path.removeprefix("/v1/"),
                    transport="rest",
                    principal=member,
                    status=status,
                    write=verb in _WRITES,
                )

        return serve

    def _project(self, request: web.Request, member: str, verb: str) -> Project:
        """The project, when the caller may; one that does not exist is refused alike."""
        named = request.match_info["project"]
        found = self._world.hierarchy.find(named)
        permission = f"serviceusage.services.{verb}"
        if found is None or not self._world.access.allowed(member, permission, found.name):
            service = request.match_info.get("service", "")
            subject = f"service [{service}]" if service else f"services of [projects/{named}]"
            raise _denied(permission, f"projects/{named}", f"{verb} {subject}")
        return found

    async def _get(self, request: web.Request, project: Project) -> dict[str, Any]:
        return self._described(project, request.match_info["service"])

    async def _several(self, request: web.Request, project: Project) -> dict[str, Any]:
        names = request.query.getall("names", [])
        if not 0 < len(names) <= _MAX_NAMES:
            raise invalid("Between 1 and 30 names are required in a batchGet request.")
        return {"services": [self._described(project, name.rpartition("/")[2]) for name in names]}

    async def _list(self, request: web.Request, project: Project) -> dict[str, Any]:
        wanted = request.query.get("filter", "")
        if wanted not in {"", "state:ENABLED", "state:DISABLED"}:
            raise invalid(f"Invalid filter: {wanted}")
        size = min(_number(request.query.get("pageSize", "50")), _MAX_PAGE) or 50
        first = _number(request.query.get("pageToken", "0"))
        mine = f"{project.project_id}/"
        others = (key.removeprefix(mine) for key in self._enabled if key.startswith(mine))
        every = (self._described(project, name) for name in sorted({*TITLES, *others}))
        found = [one for one in every if wanted in {"", f"state:{one['state']}"}]
        answer: dict[str, Any] = {"services": found[first : first + size]}
        if first + size < len(found):
            answer["nextPageToken"] = str(first + size)
        return answer

    async def _enable(self, request: web.Request, project: Project) -> dict[str, Any]:
        def response(services: Sequence[dict[str, Any]]) -> dict[str, Any]:
            return {"@type": f"{_RESPONSES}.EnableServiceResponse", "service": services[0]}

        return self._begun(project, [request.match_info["service"]], response)

    async def _disable(self, request: web.Request, project: Project) -> dict[str, Any]:
        service = request.match_info["service"]
        before = self._described(project, service)
        if before["state"] == "ENABLED":
            self._enabled.pop(f"{project.project_id}/{service}")
            self._disabled.put(f"{project.project_id}/{service}", value=True)
        after = {"name": before["name"], "parent": before["parent"], "state": "DISABLED"}
        response = {"@type": f"{_RESPONSES}.DisableServiceResponse", "service": after}
        if before["state"] == "DISABLED":
            return {"name": _NOTHING_TO_DO, "done": True, "response": response}
        return self._later(project, response)

    def check(self, api: str, resource: str) -> None:
        """Raise `ApiError` (PERMISSION_DENIED) when a resource's project has an API disabled.

        Args:
            api: as in ``run``.
            resource: its name; what is in no project has nothing disabled.
        """
        parts, service = resource.split("/"), f"{api}.googleapis.com"
        if not len(self._disabled) or parts[0] != "projects" or len(parts) < 2:  # noqa: PLR2004 - collection and id
            return
        found = self._world.hierarchy.find(parts[1])
        if found is not None and f"{found.project_id}/{service}" in self._disabled:
            raise _not_enabled(found, service)

    async def _enable_several(self, request: web.Request, project: Project) -> dict[str, Any]:
        def response(services: Sequence[dict[str, Any]]) -> dict[str, Any]:
            kind = f"{_RESPONSES}.BatchEnableServicesResponse"
            return {"@type": kind, "services": list(services)}

        names = _ids(await request.read())
        if not 0 < len(names) <= _MAX_ENABLED:
            raise invalid("Between 1 and 20 services are required in a batchEnable request.")
        return self._begun(project, names, response)

    def _begun(
        self,
        project: Project,
        names: Sequence[str],
        response: Callable[[Sequence[dict[str, Any]]], dict[str, Any]],
    ) -> dict[str, Any]:
        """The operation that enables services: finished when there was nothing to do."""
        before = [self._described(project, name) for name in names]
        if all(one["state"] == "ENABLED" for one in before):
            return {"name": _NOTHING_TO_DO, "done": True, "response": response(before)}
        for name in names:
            self._disabled.pop(f"{project.project_id}/{name}")
            self._enabled.put(f"{project.project_id}/{name}", value=True)
        # The finished operation's services have no configuration (recorded).
        after = [{**one, "state": "ENABLED"} for one in before]
        short = [{key: one[key] for key in ("name", "parent", "state")} for one in after]
        return self._later(project, response(short))

    def _later(self, project: Project, response: dict[str, Any]) -> dict[str, Any]:
        """An operation that is done when it is asked for."""
        name = f"operations/acat.p2-{project.number}-{uuid.uuid4()}"
        done = {"name": name, "done": True, "metadata": _EMPTY, "response": response}
        self._operations.put(name, done)
        return {"name": name}

    async def _operation(self, request: web.Request) -> web.StreamResponse:
        token = bearer(request.headers.get("Authorization"))
        name = f"operations/{request.match_info['operation']}"
        try:
            _check_known(
                (self._world.identities.member(token, _API) if token else None) or "", token
            )
            if name == _NOTHING_TO_DO:
                return json_response({"name": name, "done": True})
            found = self._operations.get(name)
            if found is None:
                raise not_found("Requested entity was not found.")
            return json_response(found)
        except ApiError as error:
            return error_response(error)

    def _described(self, project: Project, service: str) -> dict[str, Any]:
        if not _SERVICE.fullmatch(service):
            raise invalid(f"Invalid service name: {service}")
        parent = f"projects/{project.number}"
        key = f"{project.project_id}/{service}"
        enabled = (service in TITLES and key not in self._disabled) or key in self._enabled
        return {
            "name": f"{parent}/services/{service}",
            "config": {"name": service, "title": TITLES.get(service, service)},
            "state": "ENABLED" if enabled else "DISABLED",
            "parent": parent,
        }


def _check_known(member: str, token: str | None) -> None:
    if not member:
        raise ApiError("UNAUTHENTICATED", BAD_CREDENTIAL if token else NO_CREDENTIAL)


def _ids(body: bytes) -> list[str]:
    try:
        found = json.loads(body or b"{}").get("serviceIds", [])
    except (ValueError, AttributeError, RecursionError) as error:
        raise invalid("Invalid JSON payload received.") from error
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise invalid("Invalid value at 'service_ids'.")
    return found


def _denied(permission: str, resource: str, what: str) -> ApiError:
    """Service Usage's words (as people quote them from ``gcloud services``)."""
    info = error_details_pb2.ErrorInfo(
        reason="AUTH_PERMISSION_DENIED",
        domain="serviceusage.googleapis.com",
        metadata={"permission": permission, "resource": resource},
    )
    return ApiError("PERMISSION_DENIED", f"Permission denied to {what}", info)


def _not_enabled(project: Project, service: str) -> ApiError:
    """The words of every API that is disabled, as people quote them."""
    title = TITLES.get(service, service)
    url = f"{_CONSOLE}/apis/api/{service}/overview?project={project.project_id}"
    info = error_details_pb2.ErrorInfo(
        reason="SERVICE_DISABLED",
        domain="googleapis.com",
        metadata={
            "consumer": f"projects/{project.number}",
            "service": service,
            "serviceTitle": title,
            "containerInfo": str(project.number),
            "activationUrl": url,
        },
    )
    link = error_details_pb2.Help.Link(description="Google developers console API activation")
    link.url = url
    text = (
        f"{title} has not been used in project {project.project_id} before or it is disabled. "
        f"Enable it by visiting {url} then retry. If you enabled this API recently, wait a few "
        "minutes for the action to propagate to our systems and retry."
    )
    return ApiError("PERMISSION_DENIED", text, info, error_details_pb2.Help(links=[link]))


def _number(text: str) -> int:
    if not text.isdecimal():
        raise invalid("Invalid page size or page token.")
    return int(text)
