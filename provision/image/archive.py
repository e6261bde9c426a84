"""The tar archive that goes to the engine: exactly the files that were hashed, and a Dockerfile."""

import hashlib
import io
import stat
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from provision.image.context import Entry, described, same_everywhere, unreadable

_IGNORE = ".dockerignore"


@dataclass(frozen=True)
class Archive:
    """A packed context.

    Args:
        file: the archive, at its beginning; it has no name on disk and goes when closed.
        dockerfile: where the Dockerfile is within it.
        context_hash: of what was packed, as `provision.image.context.hash_entries` counts.
    """

    file: IO[bytes]
    dockerfile: str
    context_hash: str


def pack(entries: Iterable[Entry], context: Path, dockerfile: Path, text: bytes) -> Archive:
    """Pack the context and the Dockerfile.

    Raises:
        BuildError: a file cannot be read, or changes size while it is read.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is handed on, and closed by the engine call
    packed: set[str] = set()
    whole = hashlib.sha256()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries:
            whole.update(described(entry, _add(archive, entry)))
            packed.add(entry.path)
        name = _add_dockerfile(archive, packed, _inside(context, dockerfile), text)
    file.seek(0)
    return Archive(file, name, whole.hexdigest())


class _Hashed(io.RawIOBase):
    """A file whose bytes are hashed as they are read."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self.hash = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """As files do."""
        piece = self._file.read(size)
        self.hash.update(piece)
        return piece


def _add(archive: tarfile.TarFile, entry: Entry) -> bytes:
    """Add one entry, owned by root as Docker's own client packs it; the digest of its contents."""
    try:
        info = archive.gettarinfo(entry.source, arcname=entry.path)
        info.uid = info.gid = 0
        info.mode = same_everywhere(info.mode)
        info.uname = info.gname = ""
        if not stat.S_ISREG(entry.mode):
            archive.addfile(info)
            return hashlib.sha256().digest()
        # A second name of the same file is packed as a file of its own.
        info.type, info.linkname, info.size = tarfile.REGTYPE, "", entry.source.stat().st_size
        with entry.source.open("rb") as file:
            hashed = _Hashed(file)
            archive.addfile(info, hashed)
            return hashed.hash.digest()
    except OSError as error:
        raise unreadable(entry.source, error) from error


def _inside(context: Path, dockerfile: Path) -> str:
    """Path of the Dockerfile within the context; empty when it is elsewhere."""
    resolved, root = dockerfile.resolve(), context.resolve()
    return resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else ""


def _add_dockerfile(archive: tarfile.TarFile, packed: set[str], inside: str, text: bytes) -> str:
    """Make sure that the engine finds the Dockerfile, and that `COPY .` does not; its path.

    A Dockerfile that is left out, or outside the context, has to travel with it all the same. The
    engine takes it away before the build when the archive's .dockerignore says so, and takes that
    file away too when it names itself: https://docs.docker.com/build/concepts/context/ ("sent to
    the builder, as they're required", yet not copied).
    """
    if inside in packed:
        return inside
    name = inside or f".dockerfile.{hashlib.sha256(text).hexdigest()[:20]}"
    _add_text(archive, name, text)
    if _IGNORE not in packed:
        _add_text(archive, _IGNORE, f"{_IGNORE}\n{name}\n".encode())
    return name


def _add_text(archive: tarfile.TarFile, name: str, text: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(text), 0o644
    archive.addfile(info, io.BytesIO(text))
