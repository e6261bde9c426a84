"""Buckets and objects as they are kept: what is told of them in tables, contents in files."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from provision.emulator.services.storage.checksums import Checksums
from provision.emulator.services.storage.errors import missing_bucket, wrong
from provision.emulator.store import Store, Table
from provision.emulator.times import micros

MOST_BYTES = 512 * 1024 * 1024
"""The largest object that is taken; Google's limit is 5 TiB."""


@dataclass(frozen=True)
class Bucket:
    """A bucket.

    Args:
        name: unique among all projects.
        project: id of its project.
        created: when it was made (µs).
        updated: when it was changed last (µs).
        metageneration: counts its changes, from 1.
        settings: what its owner set, in the API's own names.
    """

    name: str
    project: str
    created: int
    updated: int
    metageneration: int = 1
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def resource(self) -> str:
        """The name under which its policy is kept."""
        return f"projects/{self.project}/buckets/{self.name}"

    @property
    def never_public(self) -> bool:
        """Whether public access prevention is enforced."""
        access = self.settings.get("iamConfiguration", {})
        return bool(access.get("publicAccessPrevention") == "enforced")

    def changed(self, settings: dict[str, Any]) -> "Bucket":
        """The bucket with other settings."""
        later = self.metageneration + 1
        return replace(self, settings=settings, updated=micros(), metageneration=later)


@dataclass(frozen=True)
class Content:
    """An object's content.

    Args:
        file: its file's name.
        size: bytes.
        md5: ``md5Hash``.
        crc32c: ``crc32c``.
    """

    file: str
    size: int
    md5: str
    crc32c: str


@dataclass(frozen=True)
class Stored:
    """An object.

    Args:
        bucket: the bucket's name.
        name: within the bucket.
        generation: when this content was written (µs).
        created: the same, or later where two were written within a microsecond.
        updated: when its metadata were changed last (µs).
        content: its content.
        settings: its metadata, in the API's own names.
        metageneration: counts changes of metadata, from 1.
    """

    bucket: str
    name: str
    generation: int
    created: int
    updated: int
    content: Content
    settings: dict[str, Any] = field(default_factory=dict)
    metageneration: int = 1

    def changed(self, settings: dict[str, Any]) -> "Stored":
        """The object with other metadata."""
        later = self.metageneration + 1
        return replace(self, settings=settings, updated=micros(), metageneration=later)


@dataclass(frozen=True)
class Session:
    """A resumable upload that was begun.

    Args:
        bucket: the bucket's name.
        name: of the object that is to be.
        principal: who began it; whoever has its address goes on in that name.
        query: what the first request asked for.
        metadata: the object's metadata as sent.
        file: where what came so far is kept.
    """

    bucket: str
    name: str
    principal: str
    query: dict[str, str]
    metadata: dict[str, Any]
    file: str


class StorageState:
    """Everything that is stored.

    Args:
        store: where it is told.
        folder: where contents are kept.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self.folder = folder
        self.buckets: Table[Bucket] = store.table(
            "storage-buckets", asdict, lambda value: Bucket(**value)
        )
        self.objects: Table[Stored] = store.table("storage-objects", asdict, _stored)
        self.sessions: Table[Session] = store.table(
            "storage-uploads", asdict, lambda value: Session(**value)
        )
        self._newest = 0
        self._sweep()

    def bucket(self, name: str) -> Bucket:
        """The bucket. Raises `StorageError` (404)."""
        found = self.buckets.get(name)
        if found is None:
            raise missing_bucket()
        return found

    def find(self, bucket: str, name: str) -> Stored | None:
        """The object; None when there is none."""
        return self.objects.get(key_of(bucket, name))

    def within(self, bucket: str) -> list[Stored]:
        """A bucket's objects, by name."""
        found = (self.objects.get(key) for key in self.objects.below(bucket))
        return sorted((one for one in found if one is not None), key=lambda one: one.name.encode())

    def put(self, stored: Stored) -> Stored:
        """Keep an object; the content that it had before goes."""
        before = self.find(stored.bucket, stored.name)
        kept = self.objects.put(key_of(stored.bucket, stored.name), stored)
        if before is not None and before.content.file != stored.content.file:
            self.drop(before.content.file)
        return kept

    def remove(self, stored: Stored) -> None:
        """Delete an object and its content."""
        self.objects.pop(key_of(stored.bucket, stored.name))
        self.drop(stored.content.file)

    def generation(self) -> int:
        """A generation that no object had before."""
        self._newest = max(self._newest + 1, micros())
        return self._newest

    def path(self, file: str) -> Path:
        """Where a content is."""
        return self.folder / file

    def new_file(self) -> str:
        """The name of a file that is to be written; the folder is there."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return uuid.uuid4().hex

    def drop(self, file: str) -> None:
        """A content that nothing uses any more."""
        self.path(file).unlink(missing_ok=True)

    async def write(self, pieces: AsyncIterator[bytes]) -> Content:
        """Write a content to a file of its own. Raises `StorageError` when it is too large."""
        file = self.new_file()
        try:
            await self.append(file, pieces)
            return await asyncio.to_thread(self.measured, file)
        except BaseException:
            self.drop(file)
            raise

    async def append(self, file: str, pieces: AsyncIterator[bytes]) -> int:
        """Add to a file; its size then. Raises `StorageError` when it is too large."""
        with self.path(file).open("ab") as out:
            self.path(file).chmod(0o600)
            async for piece in pieces:
                if out.tell() + len(piece) > MOST_BYTES:
                    raise wrong(f"Objects of more than {MOST_BYTES} bytes are not taken here.")
                out.write(piece)
            return out.tell()

    def measured(self, file: str) -> Content:
        """A content that was written to a file."""
        sums = Checksums()
        with self.path(file).open("rb") as written:
            while piece := written.read(1 << 16):
                sums.feed(piece)
        return Content(file, sums.size, sums.md5, sums.crc32c)

    def clear(self) -> None:
        """Forget every content, for a reset."""
        for path in self.folder.glob("*"):
            path.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Take out what a kill left: contents that no object has."""
        if not self.folder.is_dir():
            return
        kept = {one.content.file for one in self.objects.values()}
        kept |= {one.file for one in self.sessions.values()}
        for path in self.folder.iterdir():
            if path.name not in kept:
                path.unlink(missing_ok=True)


def key_of(bucket: str, name: str) -> str:
    """Under which an object is kept: one part for the bucket, one for the name."""
    return f"{bucket}/{quote(name, safe='')}"


def _stored(value: dict[str, Any]) -> Stored:
    return Stored(**{**value, "content": Content(**value["content"])})
