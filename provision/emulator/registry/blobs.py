"""Content on disk, addressed by its digest: a blob is there whole and verified, or not at all.

Uploads grow in files of their own beside the blobs, on the same file system. A finished upload is
hashed from disk, flushed, and renamed to its digest; nothing is ever kept in memory as a whole.
"""

import asyncio
import hashlib
import os
import uuid
from collections.abc import AsyncIterable
from pathlib import Path

_PIECE = 1 << 20


class DigestMismatchError(Exception):
    """The bytes that arrived are not the bytes that were announced."""


class BlobFiles:
    """The files of a registry.

    Args:
        directory: kept between runs; made when missing.
    """

    def __init__(self, directory: Path) -> None:
        self._blobs = directory / "blobs" / "sha256"
        self._uploads = directory / "uploads"
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
        """
        with (self._uploads / upload).open("ab") as file:
            async for piece in content:
                await asyncio.to_thread(file.write, piece)
        return (self._uploads / upload).stat().st_size

    async def finish(self, upload: str, digest: str) -> None:
        """Turn the upload into the blob `digest`; either way the upload is over.

        Raises:
            DigestMismatchError: the content hashes to something else; nothing is kept.
        """
        await asyncio.to_thread(self._finish, self._uploads / upload, digest)

    def _finish(self, file: Path, digest: str) -> None:
        try:
            if _hash(file) != digest:
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
        (self._uploads / upload).unlink(missing_ok=True)

    def unfinished(self) -> tuple[tuple[str, float], ...]:
        """The ids of the uploads on disk, and when each was written to last (epoch seconds)."""
        return tuple((file.name, file.stat().st_mtime) for file in self._uploads.iterdir())

    async def write(self, content: bytes) -> str:
        """Store a small document and return its digest."""
        digest = digest_of(content)
        upload = self.begin()
        (self._uploads / upload).write_bytes(content)
        await self.finish(upload, digest)
        return digest

    def remove(self, digest: str) -> None:
        """Delete a blob that nothing refers to any more."""
        self.path(digest).unlink(missing_ok=True)


def digest_of(content: bytes) -> str:
    """``sha256:…`` of a small document."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _hash(file: Path) -> str:
    value = hashlib.sha256()
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE):
            value.update(piece)
    return f"sha256:{value.hexdigest()}"


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
