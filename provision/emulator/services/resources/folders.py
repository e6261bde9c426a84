"""Resource Manager v3: folders."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from google.cloud import resourcemanager_v3

from provision.emulator.iam.hierarchy import ACTIVE, DELETE_REQUESTED, Folder
from provision.emulator.rpc.calls import Call, Handler
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
    new_number,
    operation_name,
    precondition,
    refused,
)
from provision.emulator.times import micros, timestamp
from provision.emulator.world import World

_SERVICE = f"{PACKAGE}.Folders"
_DISPLAY_NAME = re.compile(r"[^\W_]([\w -]{1,28}[^\W_])")
_MAX_CHILDREN = 300
_MAX_DEPTH = 10
_FolderMessage = resourcemanager_v3.Folder.pb()


class Folders:
    """The RPCs about folders, and what v2 shares with them.

    Args:
        world: the hierarchy and its policies.
        operations: where long-running ones are kept.
    """

    def __init__(self, world: World, operations: Operations) -> None:
        self._world = world
        self._hierarchy = world.hierarchy
        self._operations = operations
        kind = PolicyKind(_SERVICE, "resourcemanager.folders", self._check_exists, project_refusal)
        self._policies = PolicyRpcs(world, kind)

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{_SERVICE}/GetFolder": self._get,
            f"{_SERVICE}/ListFolders": self._list,
            f"{_SERVICE}/SearchFolders": self._search,
            f"{_SERVICE}/CreateFolder": self._create,
            f"{_SERVICE}/UpdateFolder": self._update,
            f"{_SERVICE}/MoveFolder": self._move,
            f"{_SERVICE}/DeleteFolder": self._delete,
            f"{_SERVICE}/UndeleteFolder": self._undelete,
            **self._policies.handlers(),
        }

    def _check_exists(self, name: str) -> None:
        if self._hierarchy.folder(name) is None:
            raise refused()

    def find(self, call: Call, verb: str, name: str) -> Folder:
        """The folder, if the caller may; what does not exist is refused alike."""
        allow(self._world, call, f"folders.{verb}", name)
        found = self._hierarchy.folder(name)
        if found is None:
            raise refused()
        return found

    def below(self, call: Call, parent: str, *, deleted: bool) -> list[Folder]:
        """The folders right beneath a parent. Raises `ApiError`."""
        if not parent.startswith(("folders/", "organizations/")):
            raise bad_field("parent", "parent must be a folder or an organization")
        allow(self._world, call, "folders.list", parent)
        found = (one for one in self._hierarchy.folders() if one.parent == parent)
        return [one for one in found if deleted or one.state == ACTIVE]

    def visible(self, call: Call, query: str) -> list[Folder]:
        """The folders that the caller may get and a query fits."""
        may = self._world.access.allowed
        return [
            one
            for one in self._hierarchy.folders()
            if matches(query, _fields(one))
            and may(call.principal, "resourcemanager.folders.get", one.name)
        ]

    def new(self, call: Call, parent: str, display_name: str) -> Folder:
        """A folder that the caller may create; where it fits is looked at when it is put."""
        allow(self._world, call, "folders.create", parent)
        if self._hierarchy.folder(parent) is None and self._hierarchy.organization(parent) is None:
            raise refused()
        check_display_name(display_name)
        return Folder(f"folders/{new_number()}", parent, display_name, micros())

    def rename(self, call: Call, name: str, display_name: str, sent_etag: str = "") -> Folder:
        """Another display name. Raises `ApiError`."""
        found = self.find(call, "update", name)
        check_etag(sent_etag, folder_message(found).etag)
        check_display_name(display_name)
        return self._put(replace(found, display_name=display_name))

    def parent(self, name: str) -> str:
        """What a folder is in; empty when there is no such folder."""
        return self._hierarchy.parent(name)

    def moved(self, call: Call, name: str, destination: str) -> Folder:
        """The folder as it would be beneath another parent, not kept yet. Raises `ApiError`."""
        allow(self._world, call, "folders.move", name)
        found = self._hierarchy.folder(name)
        if found is None:
            raise refused()
        allow(self._world, call, "folders.move", found.parent)
        allow(self._world, call, "folders.move", destination)
        return replace(found, parent=destination)

    def remove(self, call: Call, name: str) -> Folder:
        """ACTIVE to DELETE_REQUESTED, when nothing active is in it. Raises `ApiError`."""
        found = self.find(call, "delete", name)
        if found.state != ACTIVE:
            raise precondition("Cannot delete an inactive folder.")
        folders = ((one.parent, one.state) for one in self._hierarchy.folders())
        projects = ((one.parent, one.state) for one in self._hierarchy.all())
        if (name, ACTIVE) in (*folders, *projects):
            raise precondition("Cannot delete a folder that holds active folders or projects.")
        return self._keep(replace(found, state=DELETE_REQUESTED, deleted=micros()))

    def restore(self, call: Call, name: str) -> Folder:
        """DELETE_REQUESTED to ACTIVE. Raises `ApiError`."""
        found = self.find(call, "undelete", name)
        if found.state != DELETE_REQUESTED:
            raise precondition("Cannot restore an active folder.")
        return self._put(replace(found, state=ACTIVE, deleted=0))

    def later(
        self,
        kind: str,
        metadata: Any,  # noqa: ANN401 - protobuf
        folder: Folder,
        show: Callable[[Folder], Any],
    ) -> Any:  # noqa: ANN401 - Operation
        """An operation that puts the folder in its place, or fails because it does not fit.

        Args:
            kind: first part of the operation's name.
            metadata: of the operation.
            folder: as it is to be.
            show: makes the message of the operation's response.
        """

        async def finish(name: str) -> None:
            self._operations.succeed(name, metadata, show(self._put(folder)))

        return self._operations.start("", metadata, finish, name=operation_name(kind))

    def _put(self, folder: Folder) -> Folder:
        siblings = [
            one
            for one in self._hierarchy.folders()
            if one.parent == folder.parent and one.state == ACTIVE and one.name != folder.name
        ]
        above = self._hierarchy.ancestors(folder.parent)
        if folder.name in above:
            raise _reservation(folder, "introduces a cycle")
        if any(one.display_name.lower() == folder.display_name.lower() for one in siblings):
            raise _reservation(folder, "violates display name uniqueness within the parent")
        if len(siblings) >= _MAX_CHILDREN:
            raise _reservation(folder, "violates the maximum number of folders within the parent")
        if len([one for one in above if one.startswith("folders/")]) >= _MAX_DEPTH:
            raise _reservation(folder, "violates the maximum folder depth")
        return self._keep(folder)

    def _keep(self, folder: Folder) -> Folder:
        return self._hierarchy.put_folder(replace(folder, updated=micros()))

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Folder
        return folder_message(self.find(call, "get", call.request.name))

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        found = self.below(call, request.parent, deleted=request.show_deleted)
        answer = resourcemanager_v3.ListFoldersResponse.pb()
        return listed(answer, "folders", [folder_message(one) for one in found], request)

    async def _search(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        found = [folder_message(one) for one in self.visible(call, call.request.query)]
        answer = resourcemanager_v3.SearchFoldersResponse.pb()
        return listed(answer, "folders", found, call.request)

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        sent = call.request.folder
        made = self.new(call, sent.parent, sent.display_name)
        metadata = resourcemanager_v3.CreateFolderMetadata.pb()(
            display_name=made.display_name, parent=made.parent
        )
        return self.later("fc", metadata, made, folder_message)

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        sent = call.request.folder
        masked(call.request.update_mask, ("display_name",))
        changed = self.rename(call, sent.name, sent.display_name, sent.etag)
        return self._done("uf", resourcemanager_v3.UpdateFolderMetadata.pb()(), changed)

    async def _move(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        destination = call.request.destination_parent
        moved = self.moved(call, call.request.name, destination)
        before = self._hierarchy.parent(moved.name)
        metadata = resourcemanager_v3.MoveFolderMetadata.pb()(
            display_name=moved.display_name, source_parent=before, destination_parent=destination
        )
        return self.later("fm", metadata, moved, folder_message)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        gone = self.remove(call, call.request.name)
        return self._done("fd", resourcemanager_v3.DeleteFolderMetadata.pb()(), gone)

    async def _undelete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        back = self.restore(call, call.request.name)
        return self._done("fu", resourcemanager_v3.UndeleteFolderMetadata.pb()(), back)

    def _done(self, kind: str, metadata: Any, folder: Folder) -> Any:  # noqa: ANN401 - messages
        shown = folder_message(folder)
        return self._operations.told_later("", metadata, shown, name=operation_name(kind))


def check_display_name(name: str) -> None:
    """Raise when a folder cannot be called so (rule: v3 proto comment)."""
    if not _DISPLAY_NAME.fullmatch(name):
        raise bad_field("display_name", "folder display name contains invalid characters or length")


def folder_message(folder: Folder) -> Any:  # noqa: ANN401 - Folder
    """The folder as v3 shows it."""
    changed = folder.updated or folder.created
    message = _FolderMessage(
        name=folder.name,
        parent=folder.parent,
        display_name=folder.display_name,
        state=folder.state,
        create_time=timestamp(folder.created),
        update_time=timestamp(changed),
        etag=etag(folder.name, changed),
    )
    if folder.deleted:
        message.delete_time.CopyFrom(timestamp(folder.deleted))
    return message


def _fields(folder: Folder) -> dict[str, str]:
    return {
        "displayname": folder.display_name,
        "state": folder.state,
        "lifecyclestate": folder.state,
        "parent": folder.parent,
        "name": folder.name,
    }


def _reservation(folder: Folder, constraint: str) -> Exception:
    return precondition(
        f"Folder reservation failed for parent [{folder.parent}], folder [] due to constraint: "
        f"The folder operation {constraint}."
    )
