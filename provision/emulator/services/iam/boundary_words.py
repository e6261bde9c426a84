"""IAM v3: what boundaries and their bindings have alike: names, etags, operations, refusals.

Forms: the comments of ``google.iam.v3``. Words are assumed but for those of a missing permission.
"""

import asyncio
import base64
import re
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from google.cloud import iam_v3

from provision.emulator.iam.boundaries import Delayed
from provision.emulator.packing import packed
from provision.emulator.rpc.calls import Call
from provision.emulator.rpc.status import ApiError, invalid, not_found
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.services.operations import Operations
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import iam_refusal, require
from provision.emulator.times import timestamp
from provision.emulator.world import World

PACKAGE = "google.iam.v3"
_PLACE = re.compile(
    r"((?:projects/[a-z0-9][a-z0-9.:-]*)|(?:(?:folders|organizations)/\d+))/locations/([^/]+)"
    r"(?:/(principalAccessBoundaryPolicies|policyBindings)/([^/]+))?"
)
_ID = re.compile(r"[a-z][a-z0-9.-]{2,62}")
_MAX_DISPLAY_NAME = 63
_MAX_ANNOTATIONS = 256 * 1024
_USUAL_PAGE = 50
_Metadata = iam_v3.OperationMetadata.pb()


class Written:
    """How changes of one kind of resource are told: as operations that end a little later.

    Args:
        world: settings, policies.
        operations: where work in progress is told.
        kept: the resources.
    """

    def __init__(self, world: World, operations: Operations, kept: Delayed) -> None:
        self._world = world
        self._operations = operations
        self._kept = kept

    def keep(self, verb: str, key: str, message: Any, *, only: bool = False) -> Any:  # noqa: ANN401 - messages
        """Keep a message and answer the operation.

        Args:
            verb: ``create``, ``update`` or ``delete``.
            key: the name that it is kept by.
            message: what it is now, or what is deleted.
            only: whether it is only validated.
        """
        deleted = verb == "delete"
        response = Empty() if deleted else message
        metadata = _Metadata(
            create_time=timestamp(), target=message.name, verb=verb, api_version="v3"
        )
        parent = self._world.hierarchy.canonical(message.name.rsplit("/", 2)[0])
        if only:
            return self._operations.done(parent, metadata, response)
        self._kept.write(key, None if deleted else message)
        name = f"{parent}/operations/{secrets.token_hex(8)}"
        return self._operations.start("", metadata, self._work(metadata, response), name=name)

    def _work(self, metadata: Any, response: Any) -> Callable[[str], Awaitable[None]]:  # noqa: ANN401 - messages
        async def finish(name: str) -> None:
            await asyncio.sleep(self._world.settings.operation_delay)
            metadata.end_time.CopyFrom(timestamp())
            self._operations.succeed(name, metadata, response)

        return finish

    def work_of(self, operation: Any, key: Callable[[str], str]) -> Any:  # noqa: ANN401 - Operation
        """How an operation ends that a restart cut off; None for those of others.

        Args:
            operation: its message.
            key: the name that something is kept by, from its name.
        """
        metadata = _Metadata()
        if not operation.metadata.Unpack(metadata):
            return None
        kept = self._kept.written(key(metadata.target))
        return self._work(metadata, Empty() if kept is None else kept)


def place(world: World, name: str, collection: str = "") -> tuple[str, str]:
    """What a name stands beneath, as policies are kept, and its last part. Raises `ApiError`.

    Args:
        world: knows projects by number.
        name: as sent.
        collection: what it is one of; empty for a parent of any.
    """
    found = _PLACE.fullmatch(name)
    if found is None or (found.group(3) or "") != collection:
        raise invalid(f"Invalid resource name: {name}")
    if found.group(2) != "global":
        raise invalid(f"Location {found.group(2)} is not supported; use global.")
    return world.hierarchy.canonical(found.group(1)), found.group(4) or ""


def allow(world: World, call: Call, permission: str, node: str) -> None:
    """Raise the refusal unless the caller holds a permission."""
    require(world, call, permission, node, iam_refusal)


def check_new(kept: Delayed, resource_id: str, key: str) -> None:
    """Raise `ApiError` when a new resource cannot have that id."""
    if not _ID.fullmatch(resource_id):
        raise invalid(
            "The ID must start with a lowercase letter followed by 2 to 62 lowercase letters, "
            "numbers, hyphens or dots."
        )
    if kept.written(key) is not None:
        raise ApiError("ALREADY_EXISTS", f"Resource '{key}' already exists.")


def find(kept: Delayed, key: str) -> Any:  # noqa: ANN401 - a message
    """What is kept by a name. Raises `ApiError`."""
    found = kept.written(key)
    if found is None:
        raise not_found(f"Resource '{key}' was not found.")
    return found


def check_texts(sent: Any) -> None:  # noqa: ANN401 - a message
    """Raise `ApiError` for a display name or annotations that are too long."""
    if len(sent.display_name) > _MAX_DISPLAY_NAME:
        raise invalid(f"The display name must have at most {_MAX_DISPLAY_NAME} characters.")
    if sum(len(key) + len(value) for key, value in sent.annotations.items()) > _MAX_ANNOTATIONS:
        raise invalid("Annotations must have at most 256 KiB in all.")


def check_etag(sent: str, current: Any) -> None:  # noqa: ANN401 - a message
    """Raise `ApiError` when a caller knows an older state."""
    if sent and sent != current.etag:
        raise ApiError(
            "ABORTED",
            "The etag does not match the current one. Please retry the whole read-modify-write "
            "with exponential backoff.",
        )


def made(message: Any, name: str) -> Any:  # noqa: ANN401 - a message
    """Give something new what the service sets."""
    message.name = name
    message.uid = str(uuid.uuid4())
    message.create_time.CopyFrom(timestamp())
    return stamped(message)


def stamped(message: Any) -> Any:  # noqa: ANN401 - a message
    """Give something changed its new time and etag."""
    message.update_time.CopyFrom(timestamp())
    message.etag = base64.b64encode(str(time.time_ns()).encode()).decode()
    return message


def changed(current: Any, sent: Any, mask: Any, fields: tuple[str, ...]) -> Any:  # noqa: ANN401 - messages
    """A copy with the fields that the mask names taken from what was sent; without one all.

    Args:
        current: what is kept.
        sent: what was sent.
        mask: the FieldMask.
        fields: those that can be changed, by their own names.
    """
    wanted = {path.partition(".")[0] for path in mask.paths} or {*fields}
    if "*" in wanted:
        wanted = {*fields}
    if wrong := sorted(wanted - {*fields}):
        raise invalid(f"Field {wrong[0]} cannot be updated.", ("update_mask", wrong[0]))
    new = type(current)()
    new.CopyFrom(current)
    for field in wanted:
        new.ClearField(field)
        # What is merged from a copy with this field alone is exactly this field.
        part = type(current)()
        part.CopyFrom(sent)
        for other in part.DESCRIPTOR.fields:
            if other.name != field:
                part.ClearField(other.name)
        new.MergeFrom(part)
    return stamped(new) if packed(new) != packed(current) else new


def listed(answer: Any, field: str, found: list[Any], request: Any) -> Any:  # noqa: ANN401 - messages
    """One page: 50 unless asked for more, 1,000 at most."""
    whose = getattr(request, "parent", "") or getattr(request, "name", "")
    shown, token = page(found, request.page_size or _USUAL_PAGE, request.page_token, whose)
    return answer(**{field: shown, "next_page_token": token})
