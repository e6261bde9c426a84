"""Resource Manager v1: projects in the form that gcloud reads them (REST only)."""

import re
from typing import Any

from aiohttp import web

from provision.emulator.iam.hierarchy import Project
from provision.emulator.rpc.calls import BAD_CREDENTIAL, NO_CREDENTIAL, Recorder, bearer
from provision.emulator.rpc.rest import error_response, json_response
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import project_refusal
from provision.emulator.times import timestamp
from provision.emulator.world import World

_TERM = re.compile(r"([A-Za-z.]+)\s*[:=]\s*\"?([^\s\"]+)\"?")


class ProjectsV1:
    """``/v1/projects`` and ``/v1/projects/P``.

    Args:
        world: the projects and who may do what.
        recorder: takes a note of every request.
    """

    def __init__(self, world: World, recorder: Recorder) -> None:
        self._world = world
        self._recorder = recorder

    def mount(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/v1/projects", self._list)
        app.router.add_get("/v1/projects/{project:[^/:]+}", self._get)
        app.router.add_post("/v1/projects/{project:[^/:]+}:getAncestry", self._ancestry)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        return self._answered(request, "GetProject", _described)

    async def _ancestry(self, request: web.Request) -> web.StreamResponse:
        def told(found: Project) -> dict[str, Any]:
            names = self._world.hierarchy.chain(found.name)
            return {"ancestor": [{"resourceId": _identity(name)} for name in names]}

        return self._answered(request, "GetAncestry", told)

    def _answered(self, request: web.Request, rpc: str, answer: Any) -> web.StreamResponse:  # noqa: ANN401 - a function
        """One project, where the caller may read it; one that is not there is refused alike."""
        named, member, status = request.match_info["project"], "", "OK"
        try:
            member = self._caller(request)
            return json_response(answer(self._found(named, member)))
        except ApiError as error:
            status = error.code
            return error_response(error)
        finally:
            self._note(rpc, f"projects/{named}", member, status)

    def _found(self, named: str, member: str) -> Project:
        found = self._world.hierarchy.find(named)
        permission = "resourcemanager.projects.get"
        if found is None or not self._world.access.allowed(member, permission, found.name):
            raise project_refusal(permission, named)
        return found

    async def _list(self, request: web.Request) -> web.StreamResponse:
        member, status = "", "OK"
        try:
            member = self._caller(request)
            return json_response(self._listed(request, member))
        except ApiError as error:
            status = error.code
            return error_response(error)
        finally:
            self._note("ListProjects", "projects", member, status)

    def _listed(self, request: web.Request, member: str) -> dict[str, Any]:
        """Those that the caller may read and that fit the filter."""
        terms = _terms(request.query.get("filter", ""))
        permission = "resourcemanager.projects.get"
        mine = [
            _described(one)
            for one in self._world.hierarchy.all()
            if self._world.access.allowed(member, permission, one.name)
        ]
        fitting = [one for one in mine if all(_fits(one, *term) for term in terms)]
        size = request.query.get("pageSize", "0")
        if not size.isdecimal():
            raise invalid("Invalid page size.")
        shown, token = page(fitting, int(size), request.query.get("pageToken", ""))
        answer: dict[str, Any] = {"projects": list(shown)} if shown else {}
        return {**answer, "nextPageToken": token} if token else answer

    def _caller(self, request: web.Request) -> str:
        token = bearer(request.headers.get("Authorization"))
        member = self._world.identities.member(token) if token else None
        if member is None:
            raise ApiError("UNAUTHENTICATED", BAD_CREDENTIAL if token else NO_CREDENTIAL)
        return member

    def _note(self, rpc: str, resource: str, member: str, status: str) -> None:
        self._recorder.record(
            f"google.cloudresourcemanager.v1.Projects/{rpc}",
            resource,
            transport="rest",
            principal=member,
            status=status,
            write=False,
        )


def _described(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = {
        "projectNumber": str(project.number),
        "projectId": project.project_id,
        "lifecycleState": project.state,
        "name": project.display_name or project.project_id,
        "createTime": timestamp(project.created).ToJsonString(),
    }
    if project.labels:
        found["labels"] = dict(project.labels)
    if project.parent:
        found["parent"] = _identity(project.parent)
    return found


def _identity(name: str) -> dict[str, str]:
    """A ResourceId: ``folders/1`` is the folder 1."""
    kind, _, key = name.partition("/")
    return {"type": kind.removesuffix("s"), "id": key}


def _terms(text: str) -> list[tuple[str, str]]:
    """The parts of a filter; all have to fit.

    Raises:
        ApiError: it is none (INVALID_ARGUMENT), or holds what is not emulated.
    """
    rest = re.sub(r"\bAND\b", " ", _TERM.sub(" ", text))
    if rest.strip():
        raise invalid(f"Request contains an invalid argument: filter {text!r} is not emulated.")
    return _TERM.findall(text)


def _fits(project: dict[str, Any], key: str, wanted: str) -> bool:
    aliases = {"id": "projectId", "project_id": "projectId", "state": "lifecycleState"}
    value: Any = project
    for part in aliases.get(key, key).split("."):
        value = value.get(part, "") if isinstance(value, dict) else ""
    # A star at the end fits any; letters' case does not count, as the documentation says.
    pattern = re.escape(wanted.lower()).replace(r"\*", ".*")
    return re.fullmatch(pattern, str(value).lower()) is not None
