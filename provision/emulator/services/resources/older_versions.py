"""Resource Manager v1 (projects, organisations) and v2 (folders): the same state, other forms."""

from typing import Any

from provision.emulator.iam.hierarchy import Folder, Organization, Project
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.older_forms import FOLDERS, ORGANIZATIONS, PROJECTS, V1, V2
from provision.emulator.rpc.status import invalid
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.services.operations import Operations
from provision.emulator.services.resources.folders import Folders
from provision.emulator.services.resources.organizations import Organizations
from provision.emulator.services.resources.projects import Projects, check_texts
from provision.emulator.services.resources.words import listed, operation_name
from provision.emulator.times import timestamp
from provision.emulator.world import World


class ProjectsV1:
    """``google.cloudresourcemanager.v1.Projects``.

    Args:
        world: the hierarchy.
        projects: what v3 does.
        operations: where long-running ones are kept.
    """

    def __init__(self, world: World, projects: Projects, operations: Operations) -> None:
        self._world = world
        self._projects = projects
        self._operations = operations

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        service = f"{PROJECTS}.Projects"
        return {
            f"{service}/GetProject": self._get,
            f"{service}/ListProjects": self._list,
            f"{service}/CreateProject": self._create,
            f"{service}/UpdateProject": self._update,
            f"{service}/DeleteProject": self._delete,
            f"{service}/UndeleteProject": self._undelete,
            f"{service}/GetAncestry": self._ancestry,
        }

    def _find(self, call: Call, verb: str) -> Project:
        return self._projects.find(call, verb, f"projects/{call.request.project_id}")

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Project
        return _project(self._find(call, "get"))

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        found = [_project(one) for one in self._projects.visible(call, call.request.filter)]
        return listed(V1["ListProjectsResponse"], "projects", found, call.request)

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        sent = call.request.project
        wanted = Project(
            project_id=sent.project_id,
            number=0,
            created=0,
            parent=_name(sent.parent),
            display_name=sent.name,
            labels=dict(sent.labels),
        )
        made = self._projects.new(call, wanted)
        self._projects.keep(call, made)
        status = V1["ProjectCreationStatus"](gettable=True, ready=True)
        # The first answer holds the name alone (recorded).
        return self._operations.told_later(
            "", None, _project(made), done=status, name=operation_name("cp")
        )

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Project
        sent = call.request.project
        found = self._find(call, "update")
        check_texts(sent.name, dict(sent.labels))
        parent = _name(sent.parent)
        if parent and parent != found.parent:
            found = self._projects.move(call, found, parent)
        changed = self._projects.change(
            found, display_name=sent.name or found.display_name, labels=dict(sent.labels)
        )
        return _project(changed)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        self._projects.request_deletion(self._find(call, "delete"))
        return Empty()

    async def _undelete(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        self._projects.restore(self._find(call, "undelete"))
        return Empty()

    async def _ancestry(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        found = self._find(call, "get")
        above = map(_resource_id, self._world.hierarchy.ancestors(found.name))
        return V1["GetAncestryResponse"](ancestor=[{"resource_id": one} for one in above])


class OrganizationsV1:
    """``google.cloudresourcemanager.v1.Organizations``.

    Args:
        organizations: what v3 does.
    """

    def __init__(self, organizations: Organizations) -> None:
        self._organizations = organizations

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        service = f"{ORGANIZATIONS}.Organizations"
        return {
            f"{service}/GetOrganization": self._get,
            f"{service}/SearchOrganizations": self._search,
        }

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Organization
        return _organization(self._organizations.find(call))

    async def _search(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        visible = self._organizations.visible(call, call.request.filter)
        found = [_organization(one) for one in visible]
        return listed(V1["SearchOrganizationsResponse"], "organizations", found, call.request)


class FoldersV2:
    """``google.cloudresourcemanager.v2.Folders``.

    Args:
        folders: what v3 does.
    """

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        service = f"{FOLDERS}.Folders"
        return {
            f"{service}/GetFolder": self._get,
            f"{service}/ListFolders": self._list,
            f"{service}/SearchFolders": self._search,
            f"{service}/CreateFolder": self._create,
            f"{service}/UpdateFolder": self._update,
            f"{service}/MoveFolder": self._move,
            f"{service}/DeleteFolder": self._delete,
            f"{service}/UndeleteFolder": self._undelete,
        }

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Folder
        return _folder(self._folders.find(call, "get", call.request.name))

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        found = self._folders.below(call, request.parent, deleted=request.show_deleted)
        return _folders(call, found)

    async def _search(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        return _folders(call, self._folders.visible(call, call.request.query))

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        made = self._folders.new(call, call.request.parent, call.request.folder.display_name)
        return self._folders.later("fc", _status("CREATE", made, ""), made, _folder)

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Folder
        if call.request.update_mask not in ("display_name", "displayName"):
            raise invalid("Request contains an invalid argument.", ("update_mask", "display_name"))
        display_name = call.request.folder.display_name
        return _folder(self._folders.rename(call, call.request.name, display_name))

    async def _move(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        before = self._folders.parent(call.request.name)
        moved = self._folders.moved(call, call.request.name, call.request.destination_parent)
        return self._folders.later("fm", _status("MOVE", moved, before), moved, _folder)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Folder
        return _folder(self._folders.remove(call, call.request.name))

    async def _undelete(self, call: Call) -> Any:  # noqa: ANN401 - Folder
        return _folder(self._folders.restore(call, call.request.name))


def _resource_id(name: str) -> Any:  # noqa: ANN401 - ResourceId
    kind, _, key = name.partition("/")
    return V1["ResourceId"](type=kind.removesuffix("s"), id=key)


def _name(parent: Any) -> str:  # noqa: ANN401 - ResourceId
    return f"{parent.type}s/{parent.id}" if parent.id else ""


def _project(project: Project) -> Any:  # noqa: ANN401 - Project
    message = V1["Project"](
        project_number=project.number,
        project_id=project.project_id,
        lifecycle_state=project.state,
        name=project.display_name or project.project_id,
        create_time=timestamp(project.created),
        labels=project.labels,
    )
    if project.parent:
        message.parent.CopyFrom(_resource_id(project.parent))
    return message


def _organization(organization: Organization) -> Any:  # noqa: ANN401 - Organization
    return V1["Organization"](
        name=organization.name,
        display_name=organization.domain,
        owner={"directory_customer_id": organization.customer_id},
        lifecycle_state="ACTIVE",
        creation_time=timestamp(organization.created),
    )


def _folder(folder: Folder) -> Any:  # noqa: ANN401 - Folder
    return V2["Folder"](
        name=folder.name,
        parent=folder.parent,
        display_name=folder.display_name,
        lifecycle_state=folder.state,
        create_time=timestamp(folder.created),
    )


def _folders(call: Call, found: list[Folder]) -> Any:  # noqa: ANN401 - protobuf
    return listed(V2["FoldersResponse"], "folders", [*map(_folder, found)], call.request)


def _status(kind: str, folder: Folder, source: str) -> Any:  # noqa: ANN401 - FolderOperation
    return V2["FolderOperation"](
        display_name=folder.display_name,
        operation_type=kind,
        source_parent=source,
        destination_parent=folder.parent,
    )
