"""Resource Manager v3: projects."""

import re
from dataclasses import replace
from typing import Any

from google.cloud import resourcemanager_v3

from provision.emulator.iam.hierarchy import ACTIVE, DELETE_REQUESTED, Project, number_of
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError
from provision.emulator.services.operations import Operations
from provision.emulator.services.permissions import project_refusal
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.services.resources.queries import matches
from provision.emulator.services.resources.words import (
    PACKAGE,
    allow,
    bad_field,
    check_etag,
    etag,
    listed,
    masked,
    operation_name,
    precondition,
    refused,
)
from provision.emulator.times import micros, timestamp
from provision.emulator.world import World

_SERVICE = f"{PACKAGE}.Projects"
_ID = re.compile(r"[a-z][-a-z0-9]{4,28}[a-z0-9]")
_DISPLAY_NAME = re.compile(r"[-A-Za-z0-9'\" !]{4,30}")
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_MAX_LABELS = 256
_CHANGEABLE = ("display_name", "labels")
_ProjectMessage = resourcemanager_v3.Project.pb()


class Projects:
    """The RPCs about projects, and what v1 shares with them.

    Args:
        world: the hierarchy and its policies.
        operations: where long-running ones are kept.
    """

    def __init__(self, world: World, operations: Operations) -> None:
        self._world = world
        self._operations = operations
        self._policies = PolicyRpcs(
            world,
            PolicyKind(
                _SERVICE,
                "resourcemanager.projects",
                self._check_exists,
                project_refusal,
                public=False,
            ),
        )

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{_SERVICE}/GetProject": self._get,
            f"{_SERVICE}/ListProjects": self._list,
            f"{_SERVICE}/SearchProjects": self._search,
            f"{_SERVICE}/CreateProject": self._create,
            f"{_SERVICE}/UpdateProject": self._update,
            f"{_SERVICE}/MoveProject": self._move,
            f"{_SERVICE}/DeleteProject": self._delete,
            f"{_SERVICE}/UndeleteProject": self._undelete,
            **self._policies.handlers(),
        }

    def _check_exists(self, name: str) -> None:
        if self._world.hierarchy.find(name.removeprefix("projects/")) is None:
            raise refused()

    def find(self, call: Call, verb: str, name: str) -> Project:
        """The project, if the caller may; what does not exist is refused alike (recorded)."""
        allow(self._world, call, f"projects.{verb}", name)
        found = self._world.hierarchy.find(name.removeprefix("projects/"))
        if found is None:
            raise refused()
        return found

    def visible(self, call: Call, query: str, parent: str = "") -> list[Project]:
        """The projects that the caller may get and a query fits, the youngest first."""
        may = self._world.access.allowed
        return [
            one
            for one in reversed(self._world.hierarchy.all())
            if (not parent or one.parent == parent)
            and matches(query, _fields(one))
            and may(call.principal, "resourcemanager.projects.get", one.name)
        ]

    def new(self, call: Call, wanted: Project) -> Project:
        """A project that the caller may create, checked and not kept yet. Raises `ApiError`."""
        parent = self._parent(call, wanted.parent)
        if not _ID.fullmatch(wanted.project_id):
            raise bad_field("project_id", "project_id contains invalid characters or length")
        check_texts(wanted.display_name, wanted.labels)
        if self._world.hierarchy.find(wanted.project_id) is not None:
            raise ApiError("ALREADY_EXISTS", "Requested entity already exists")
        number = number_of(wanted.project_id)
        return replace(wanted, parent=parent, number=number, created=micros())

    def _parent(self, call: Call, parent: str) -> str:
        if not parent:
            parent = self._own_organization(call)
        if parent:
            allow(self._world, call, "projects.create", parent)
            self._check_parent(parent)
        return parent

    def _own_organization(self, call: Call) -> str:
        """Users of an organisation's domain make projects in it (documented)."""
        if not call.principal.startswith("user:"):
            raise ApiError(
                "PERMISSION_DENIED", "Service accounts cannot create projects without a parent."
            )
        domain = call.email.rpartition("@")[2].lower()
        found = (one for one in self._world.hierarchy.organizations() if one.domain == domain)
        return next((one.name for one in found), "")

    def _check_parent(self, parent: str) -> None:
        folder = self._world.hierarchy.folder(parent)
        if folder is None and self._world.hierarchy.organization(parent) is None:
            raise refused()
        if folder is not None and folder.state != ACTIVE:
            raise precondition("The parent folder is not active.")

    def keep(self, call: Call, project: Project) -> None:
        """The new project is there: its creator owns it, its compute account exists."""
        self._world.hierarchy.put(project)
        self._world.furnish(project, call.principal, ("roles/owner",))

    def change(self, project: Project, **fields: Any) -> Project:  # noqa: ANN401 - dataclass fields
        """Keep a project with some fields changed."""
        return self._world.hierarchy.put(replace(project, **fields, updated=micros()))

    def request_deletion(self, project: Project) -> Project:
        """ACTIVE to DELETE_REQUESTED. Raises `ApiError`."""
        if project.state != ACTIVE:
            raise precondition("Cannot delete an inactive project.")
        return self.change(project, state=DELETE_REQUESTED, deleted=micros())

    def restore(self, project: Project) -> Project:
        """DELETE_REQUESTED to ACTIVE. Raises `ApiError`."""
        if project.state != DELETE_REQUESTED:
            raise precondition("Cannot restore an active project.")
        return self.change(project, state=ACTIVE, deleted=0)

    def move(self, call: Call, project: Project, destination: str) -> Project:
        """Beneath another parent, if the caller may on both ends. Raises `ApiError`."""
        if project.parent:
            allow(self._world, call, "projects.move", project.parent)
            allow(self._world, call, "projects.move", destination)
        else:
            allow(self._world, call, "projects.setIamPolicy", project.name)
            allow(self._world, call, "projects.create", destination)
        self._check_parent(destination)
        return self.change(project, parent=destination)

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Project
        return project_message(self.find(call, "get", call.request.name))

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        if not request.parent.startswith(("folders/", "organizations/")):
            raise bad_field("parent", "parent must be a folder or an organization")
        allow(self._world, call, "projects.list", request.parent)
        found = [
            one
            for one in reversed(self._world.hierarchy.all())
            if one.parent == request.parent and (request.show_deleted or one.state == ACTIVE)
        ]
        answer = resourcemanager_v3.ListProjectsResponse.pb()
        return listed(answer, "projects", [project_message(one) for one in found], request)

    async def _search(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        found = [project_message(one) for one in self.visible(call, call.request.query)]
        answer = resourcemanager_v3.SearchProjectsResponse.pb()
        return listed(answer, "projects", found, call.request)

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        sent = call.request.project
        wanted = Project(
            project_id=sent.project_id,
            number=0,
            created=0,
            parent=sent.parent,
            display_name=sent.display_name,
            labels=dict(sent.labels),
        )
        made = self.new(call, wanted)
        status = resourcemanager_v3.CreateProjectMetadata.pb()
        done = status(create_time=timestamp(made.created), gettable=True, ready=True)
        self.keep(call, made)
        return self._later("cp", status(create_time=timestamp(made.created)), done, made)

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        sent = call.request.project
        found = self.find(call, "update", sent.name)
        check_etag(sent.etag, project_message(found).etag)
        check_texts(sent.display_name, dict(sent.labels))
        new = {"display_name": sent.display_name, "labels": dict(sent.labels)}
        paths = masked(call.request.update_mask, _CHANGEABLE)
        changed = self.change(found, **{path: new[path] for path in paths})
        return self._later("up", resourcemanager_v3.UpdateProjectMetadata.pb()(), None, changed)

    async def _move(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        found = self.find(call, "update", call.request.name)
        moved = self.move(call, found, call.request.destination_parent)
        return self._later("pm", resourcemanager_v3.MoveProjectMetadata.pb()(), None, moved)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        gone = self.request_deletion(self.find(call, "delete", call.request.name))
        return self._later("dp", resourcemanager_v3.DeleteProjectMetadata.pb()(), None, gone)

    async def _undelete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        back = self.restore(self.find(call, "undelete", call.request.name))
        return self._later("udp", resourcemanager_v3.UndeleteProjectMetadata.pb()(), None, back)

    def _later(self, kind: str, pending: Any, done: Any, project: Project) -> Any:  # noqa: ANN401 - messages
        shown = project_message(project)
        return self._operations.told_later("", pending, shown, done=done, name=operation_name(kind))


def check_texts(display_name: str, labels: dict[str, str]) -> None:
    """Raise when a project's display name or labels cannot be (rules: v3 proto comments)."""
    if display_name and not _DISPLAY_NAME.fullmatch(display_name):
        raise bad_field("display_name", "project display name contains invalid characters")
    if len(labels) > _MAX_LABELS:
        raise bad_field("labels", "a project can have at most 256 labels")
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
            raise bad_field("labels", f"label {key} does not conform to the rules of labels")


def project_message(project: Project) -> Any:  # noqa: ANN401 - Project
    """The project as v3 shows it."""
    changed = project.updated or project.created
    message = _ProjectMessage(
        name=f"projects/{project.number}",
        parent=project.parent,
        project_id=project.project_id,
        display_name=project.display_name or project.project_id,
        state=project.state,
        create_time=timestamp(project.created),
        update_time=timestamp(changed),
        etag=etag(project.number, changed),
        labels=project.labels,
    )
    if project.deleted:
        message.delete_time.CopyFrom(timestamp(project.deleted))
    return message


def _fields(project: Project) -> dict[str, str]:
    kind, _, number = project.parent.partition("/")
    name = project.display_name or project.project_id
    labels = {f"labels.{key}".lower(): value for key, value in project.labels.items()}
    return {
        "id": project.project_id,
        "projectid": project.project_id,
        "projectnumber": str(project.number),
        "name": name,
        "displayname": name,
        "state": project.state,
        "lifecyclestate": project.state,
        "parent": project.parent,
        "parent.type": kind.removesuffix("s"),
        "parent.id": number,
        **labels,
    }
