"""Content on disk, addressed by its digest: a blob is there whole and verified, or not at all.

Uploads grow in files of their own beside the blobs, on the same file system, and are hashed while
they arrive. A finished upload is flushed and renamed to its digest; nothing is ever kept in memory
as a whole, and whatever waits for the disk does so in a thread.
"""

import asyncio
import contextlib
import hashlib
import os
import uuid
from collections.abc import AsyncIterable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PIECE = 1 << 20


class DigestMismatchError(Exception):
    """The bytes that arrived are not the bytes that were announced."""


@dataclass
class _Running:
    """The hash of an upload's first `size` bytes."""

    size: int = 0
    value: Any = field(default_factory=hashlib.sha256)

    def add(self, piece: memoryview | bytes) -> None:
        self.value.update(piece)
        self.size += len(piece)


class BlobFiles:
    """The files of a registry.

    Args:
        directory: kept between runs; made when missing.
    """

    def __init__(self, directory: Path) -> None:
        self._blobs = directory / "blobs" / "sha256"
        self._uploads = directory / "uploads"
        self._hashes: dict[str, _Running] = {}
        for folder in (self._blobs, self._uploads):
            folder.mkdir(parents=True, exist_ok=True)

    def path(self, digest: str) -> Path:
        """Where the blob is, or would be; `digest` must be well formed."""
        value = digest.removeprefix("sha256:")
        return self._blobs / value[:2] / value

    def begin(self) -> str:
        """Start an empty upload and return its id."""
        upload = str(uuid.uuid4())
        (self._uploads / upload).touch()
        return upload

    def received(self, upload: str) -> int | None:
        """Bytes received so far; None when there is no such upload."""
        try:
            return (self._uploads / str(uuid.UUID(upload))).stat().st_size
        except (ValueError, FileNotFoundError):
            return None

    async def append(self, upload: str, content: AsyncIterable[bytes]) -> int:
        """Add what arrives; what arrived before a connection broke off is kept.

        Returns:
            The bytes received so far.

        Raises:
            OSError: the disk takes no more; what it took is kept.
        """
        running = self._hashes.setdefault(upload, _Running())
        with (self._uploads / upload).open("ab", buffering=0) as file:
            async for piece in content:
                await asyncio.to_thread(_write, file.fileno(), piece, running)
            return os.fstat(file.fileno()).st_size

    async def finish(self, upload: str, digest: str) -> None:
        """Turn the upload into the blob `digest`; either way the upload is over.

        Raises:
            DigestMismatchError: the content hashes to something else; nothing is kept.
        """
        running = self._hashes.pop(upload, _Running())
        await asyncio.to_thread(self._finish, self._uploads / upload, digest, running)

    def _finish(self, file: Path, digest: str, running: _Running) -> None:
        try:
            if _hash(file, running) != digest:
                raise DigestMismatchError(digest)
            self._place(file, digest)
        finally:
            file.unlink(missing_ok=True)

    def _place(self, file: Path, digest: str) -> None:
        target = self.path(digest)
        target.parent.mkdir(exist_ok=True)
        _sync(file, os.O_RDWR)
        file.replace(target)
        _sync(target.parent, os.O_RDONLY)

    def abandon(self, upload: str) -> None:
        """Drop an unfinished upload."""
        self._hashes.pop(upload, None)
        (self._uploads / upload).unlink(missing_ok=True)

    def unfinished(self) -> tuple[tuple[str, float], ...]:
        """The ids of the uploads on disk, and when each was written to last (epoch seconds)."""
        return tuple(self._touched(self._uploads.iterdir()))

    def _touched(self, files: Iterable[Path]) -> Iterator[tuple[str, float]]:
        for file in files:
            # An upload may be finished, in its thread, while its folder is looked at.
            with contextlib.suppress(FileNotFoundError):
                yield file.name, file.stat().st_mtime

    def stored(self) -> Iterator[tuple[str, float]]:
        """The digest of every blob on disk, and when it was written (epoch seconds)."""
        for name, written in self._touched(self._blobs.glob("*/*")):
            yield f"sha256:{name}", written

    async def write(self, content: bytes) -> str:
        """Store a small document and return its digest."""
        digest = digest_of(content)
        upload = self.begin()
        await asyncio.to_thread((self._uploads / upload).write_bytes, content)
        await self.finish(upload, digest)
        return digest

    def remove(self, digest: str) -> None:
        """Delete a blob that nothing refers to any more."""
        self.path(digest).unlink(missing_ok=True)


def digest_of(content: bytes) -> str:
    """``sha256:…`` of a small document."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _write(descriptor: int, piece: bytes, running: _Running) -> None:
    """Write and hash a piece; a disk that fills up takes a part of it, which counts."""
    rest = memoryview(piece)
    while rest:
        written = os.write(descriptor, rest)
        running.add(rest[:written])
        rest = rest[written:]


def _hash(file: Path, running: _Running) -> str:
    """The file's digest, read only where it was not hashed on arrival (before a restart)."""
    if running.size != file.stat().st_size:
        running = _Running()
        with file.open("rb") as stream:
            while piece := stream.read(_PIECE):
                running.add(piece)
    return f"sha256:{running.value.hexdigest()}"


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
