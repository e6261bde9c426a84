"""What a request asks: query, conditions on generations, and whether its caller may."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from provision.emulator.rpc.calls import Call
from provision.emulator.seams import RequestAttributes
from provision.emulator.services.storage.errors import (
    ANONYMOUS,
    StorageError,
    denied,
    not_met,
    wrong,
)
from provision.emulator.services.storage.records import Bucket, Stored
from provision.emulator.world import World

_SERVICE = "storage.googleapis.com"
_NUMBERS = (
    "ifGenerationMatch",
    "ifGenerationNotMatch",
    "ifMetagenerationMatch",
    "ifMetagenerationNotMatch",
)


@dataclass(frozen=True)
class StorageRequest:
    """A request, whichever way it came.

    Args:
        bucket: the bucket's name; empty for all of a project.
        object: the object's name; empty for the bucket.
        query: decoded query parameters.
        headers: of the request.
        body: decoded JSON, or None.
        content: an object's content that comes along.
        home: ``https://storage.googleapis.com`` as the caller wrote it, for links.
        target: bucket and object that are written, where something is copied.
    """

    bucket: str = ""
    object: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    content: AsyncIterator[bytes] | None = None
    home: str = "https://storage.googleapis.com"
    target: tuple[str, str] = ("", "")

    @property
    def resource(self) -> str:
        """What it is about, as Google names it."""
        if not self.bucket:
            return f"projects/{self.query.get('project', '')}"
        name = f"projects/_/buckets/{self.bucket}"
        return f"{name}/objects/{self.object}" if self.object else name

    def number(self, name: str) -> int | None:
        """A query parameter that is a number. Raises `StorageError` for another."""
        text = self.query.get(name)
        if text is None:
            return None
        if not text.isascii() or not text.isdecimal():
            raise wrong(f"Invalid value for {name}: {text[:100]}")
        return int(text)

    def settings(self) -> dict[str, Any]:
        """The JSON object that was sent. Raises `StorageError` for something else."""
        sent = {} if self.body is None else self.body
        if not isinstance(sent, dict):
            raise wrong("Parse Error", "parseError")
        return sent


def check_conditions(asked: StorageRequest, there: Bucket | Stored | None) -> None:
    """Raise `StorageError` (412, or 304 of a read) unless a request's conditions hold.

    Args:
        asked: the request.
        there: what it is about as it is now; None when it does not exist.
    """
    numbers = {name: asked.number(name) for name in _NUMBERS}
    generation = there.generation if isinstance(there, Stored) else 0
    meta = there.metageneration if there is not None else 0
    for wanted, is_now in (
        (numbers["ifGenerationMatch"], generation),
        (numbers["ifMetagenerationMatch"], meta),
    ):
        if wanted is not None and wanted != is_now:
            raise not_met()
    for unwanted, is_now in (
        (numbers["ifGenerationNotMatch"], generation),
        (numbers["ifMetagenerationNotMatch"], meta),
    ):
        if unwanted is not None and unwanted == is_now:
            raise not_met()


def unchanged(error: StorageError, asked: StorageRequest) -> StorageError:
    """The refusal of a read: 304 where it wanted only what is not the same any more."""
    if any(name in asked.query for name in _NUMBERS if name.endswith("NotMatch")):
        return StorageError(304, "FAILED_PRECONDITION", "notModified", "Not Modified")
    return error


class Permissions:
    """Whether a caller may.

    Args:
        world: the policies.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def on_project(self, call: Call, permission: str, project: str) -> None:
        """Raise `StorageError` unless the caller holds a permission on a project."""
        if not self._world.access.allowed(call.principal, permission, f"projects/{project}"):
            raise denied(call.principal, permission, "projects")

    def on_bucket(self, call: Call, permission: str, bucket: Bucket) -> None:
        """Raise `StorageError` unless the caller holds a permission on a bucket."""
        self._require(call, permission, bucket, "", "buckets")

    def on_object(self, call: Call, permission: str, bucket: Bucket, name: str) -> None:
        """Raise `StorageError` unless the caller holds a permission on an object."""
        self._require(call, permission, bucket, name, "objects")

    def _require(self, call: Call, permission: str, bucket: Bucket, name: str, kind: str) -> None:
        full = f"projects/_/buckets/{bucket.name}" + (f"/objects/{name}" if name else "")
        singular = "Object" if name else "Bucket"
        about = RequestAttributes(resource=(full, f"{_SERVICE}/{singular}", _SERVICE))
        access = self._world.access
        if call.principal == ANONYMOUS and bucket.never_public:
            raise denied(call.principal, permission, kind)
        if not access.allowed(call.principal, permission, bucket.resource, about):
            raise denied(call.principal, permission, kind)
