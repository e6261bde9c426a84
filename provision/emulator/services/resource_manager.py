"""Resource Manager v3: projects, the folder, the organisation, and their policies."""

from typing import Any

from google.cloud import resourcemanager_v3

from provision.emulator.iam.hierarchy import (
    CUSTOMER_ID,
    FOLDER,
    ORGANIZATION,
    ORGANIZATION_DOMAIN,
    Project,
)
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError
from provision.emulator.services.permissions import project_refusal, require
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.times import timestamp
from provision.emulator.world import World

_PACKAGE = "google.cloud.resourcemanager.v3"
_MADE = 1_767_225_600_000_000  # 2026-01-01, for what was there before anything


class ResourceManager:
    """The RPCs of Resource Manager."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._policies = (
            PolicyRpcs(
                world,
                PolicyKind(
                    f"{_PACKAGE}.Projects",
                    "resourcemanager.projects",
                    self._check_project,
                    project_refusal,
                    public=False,
                ),
            ),
            PolicyRpcs(world, _kind("Folders", FOLDER)),
            PolicyRpcs(world, _kind("Organizations", ORGANIZATION)),
        )

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        found: dict[str, Handler] = {
            f"{_PACKAGE}.Projects/GetProject": self._get_project,
            f"{_PACKAGE}.Projects/ListProjects": self._list_projects,
            f"{_PACKAGE}.Projects/SearchProjects": self._search_projects,
            f"{_PACKAGE}.Folders/GetFolder": self._get_folder,
            f"{_PACKAGE}.Organizations/GetOrganization": self._get_organization,
            f"{_PACKAGE}.Organizations/SearchOrganizations": self._search_organizations,
        }
        for policies in self._policies:
            found |= policies.handlers()
        return found

    def _check_project(self, name: str) -> None:
        if self._world.hierarchy.find(name.removeprefix("projects/")) is None:
            raise project_refusal("", name)

    async def _get_project(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        name = call.request.name
        # A project that does not exist is refused like one that may not be read (recorded).
        require(self._world, call, "resourcemanager.projects.get", name, project_refusal)
        found = self._world.hierarchy.find(name.removeprefix("projects/"))
        if found is None:
            raise project_refusal("", name)
        return _project(found)

    async def _list_projects(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        parent = call.request.parent
        require(self._world, call, "resourcemanager.projects.list", parent, project_refusal)
        found = self._world.hierarchy.all() if parent == FOLDER else ()
        answer = resourcemanager_v3.ListProjectsResponse.pb()()
        answer.projects.extend(_project(one) for one in found)
        return answer

    async def _search_projects(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        allowed = self._world.access.allowed
        answer = resourcemanager_v3.SearchProjectsResponse.pb()()
        answer.projects.extend(
            _project(one)
            for one in self._world.hierarchy.all()
            if allowed(call.principal, "resourcemanager.projects.get", one.name)
        )
        return answer

    async def _get_folder(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        name = call.request.name
        require(self._world, call, "resourcemanager.folders.get", name, project_refusal)
        _check_is(FOLDER, name)
        return resourcemanager_v3.Folder.pb()(
            name=FOLDER,
            parent=ORGANIZATION,
            display_name="emulator",
            state="ACTIVE",
            create_time=timestamp(_MADE),
            update_time=timestamp(_MADE),
            etag='W/"f0e1d2c3"',
        )

    async def _get_organization(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        name = call.request.name
        require(self._world, call, "resourcemanager.organizations.get", name, project_refusal)
        _check_is(ORGANIZATION, name)
        return _organization()

    async def _search_organizations(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        answer = resourcemanager_v3.SearchOrganizationsResponse.pb()()
        if self._world.access.allowed(
            call.principal, "resourcemanager.organizations.get", ORGANIZATION
        ):
            answer.organizations.append(_organization())
        return answer


def _kind(service: str, only: str) -> PolicyKind:
    return PolicyKind(
        f"{_PACKAGE}.{service}",
        f"resourcemanager.{service.lower()}",
        lambda name: _check_is(only, name),
        project_refusal,
    )


def _check_is(only: str, name: str) -> None:
    if name != only:
        raise ApiError("PERMISSION_DENIED", "The caller does not have permission")


def _project(project: Project) -> Any:  # noqa: ANN401 - protobuf
    return resourcemanager_v3.Project.pb()(
        name=f"projects/{project.number}",
        parent=FOLDER,
        project_id=project.project_id,
        display_name=project.project_id,
        state="ACTIVE",
        create_time=timestamp(project.created),
        update_time=timestamp(project.created),
        etag='W/"a1b2c3d4"',
    )


def _organization() -> Any:  # noqa: ANN401 - protobuf
    return resourcemanager_v3.Organization.pb()(
        name=ORGANIZATION,
        display_name=ORGANIZATION_DOMAIN,
        directory_customer_id=CUSTOMER_ID,
        state="ACTIVE",
        create_time=timestamp(_MADE),
        update_time=timestamp(_MADE),
        etag='W/"0a1b2c3d"',
    )
