"""Service Usage v1: which APIs a project has enabled (REST only).

What the emulator offers is enabled in every project from the start; nothing else can be.
"""

import re
from collections.abc import Callable
from typing import Any

from aiohttp import web
from google.rpc import error_details_pb2

from provision.emulator.iam.hierarchy import Project
from provision.emulator.rpc.calls import BAD_CREDENTIAL, NO_CREDENTIAL, Recorder, bearer
from provision.emulator.rpc.rest import error_response, json_response
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.world import World

TITLES = {
    "artifactregistry.googleapis.com": "Artifact Registry API",
    "cloudresourcemanager.googleapis.com": "Cloud Resource Manager API",
    "iam.googleapis.com": "Identity and Access Management (IAM) API",
    "iamcredentials.googleapis.com": "IAM Service Account Credentials API",
    "run.googleapis.com": "Cloud Run Admin API",
    "serviceusage.googleapis.com": "Service Usage API",
}
"""What the emulator offers, and its titles at Google."""

_SERVICE = re.compile(r"[a-z0-9][a-z0-9.-]*\.(?:googleapis\.com|goog|cloud\.goog)")
_MAX_NAMES = 30
_MAX_PAGE = 200
_ENABLED = "type.googleapis.com/google.api.serviceusage.v1.EnableServiceResponse"
Answer = Callable[[web.Request, Project], Any]


class ServiceUsage:
    """``/v1/projects/P/services…``.

    Args:
        world: projects and who may do what.
        recorder: takes a note of every request.
    """

    def __init__(self, world: World, recorder: Recorder) -> None:
        self._world = world
        self._recorder = recorder

    def mount(self, app: web.Application) -> None:
        """Add the routes."""
        services = "/v1/projects/{project:[^/:]+}/services"
        one = services + "/{service:[^/:]+}"
        add = app.router.add_route
        add("GET", services, self._served("list", "ListServices", self._list))
        add("GET", f"{services}:batchGet", self._served("get", "BatchGetServices", self._several))
        add("GET", one, self._served("get", "GetService", self._get))
        add("POST", f"{one}:enable", self._served("enable", "EnableService", self._enable))

    def _served(self, verb: str, rpc: str, answer: Answer) -> Any:  # noqa: ANN401 - aiohttp's handler
        async def serve(request: web.Request) -> web.StreamResponse:
            token = bearer(request.headers.get("Authorization"))
            member = (self._world.identities.member(token) if token else None) or ""
            status = "OK"
            try:
                _check_known(member, token)
                project = self._project(request, member, verb)
                return json_response(answer(request, project))
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
                    write=verb == "enable",
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

    def _get(self, request: web.Request, project: Project) -> dict[str, Any]:
        return _described(project, request.match_info["service"])

    def _several(self, request: web.Request, project: Project) -> dict[str, Any]:
        names = request.query.getall("names", [])
        if not 0 < len(names) <= _MAX_NAMES:
            raise invalid("Between 1 and 30 names are required in a batchGet request.")
        return {"services": [_described(project, name.rpartition("/")[2]) for name in names]}

    def _list(self, request: web.Request, project: Project) -> dict[str, Any]:
        wanted = request.query.get("filter", "")
        if wanted not in ("", "state:ENABLED", "state:DISABLED"):
            raise invalid(f"Invalid filter: {wanted}")
        if wanted == "state:DISABLED":
            return {}
        size = min(_number(request.query.get("pageSize", "50")), _MAX_PAGE) or 50
        first = _number(request.query.get("pageToken", "0"))
        found = [_described(project, name) for name in sorted(TITLES)]
        answer: dict[str, Any] = {"services": found[first : first + size]}
        if first + size < len(found):
            answer["nextPageToken"] = str(first + size)
        return answer

    def _enable(self, request: web.Request, project: Project) -> dict[str, Any]:
        service = _described(project, request.match_info["service"])
        if service["state"] != "ENABLED":
            name = service["config"]["name"]
            raise ApiError("UNIMPLEMENTED", f"{name} is not offered by this emulator.")
        return {
            "name": "operations/noop.DONE_OPERATION",
            "done": True,
            "response": {"@type": _ENABLED, "service": service},
        }


def _check_known(member: str, token: str | None) -> None:
    if not member:
        raise ApiError("UNAUTHENTICATED", BAD_CREDENTIAL if token else NO_CREDENTIAL)


def _described(project: Project, service: str) -> dict[str, Any]:
    if not _SERVICE.fullmatch(service):
        raise invalid(f"Invalid service name: {service}")
    parent = f"projects/{project.number}"
    return {
        "name": f"{parent}/services/{service}",
        "config": {"name": service, "title": TITLES.get(service, service)},
        "state": "ENABLED" if service in TITLES else "DISABLED",
        "parent": parent,
    }


def _denied(permission: str, resource: str, what: str) -> ApiError:
    """Service Usage's words (as people quote them from ``gcloud services``)."""
    info = error_details_pb2.ErrorInfo(
        reason="AUTH_PERMISSION_DENIED",
        domain="serviceusage.googleapis.com",
        metadata={"permission": permission, "resource": resource},
    )
    return ApiError("PERMISSION_DENIED", f"Permission denied to {what}", info)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise invalid("Invalid page size or page token.")
    return int(text)
