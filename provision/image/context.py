"""The files that Docker would send, found and hashed, always in the same order."""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from provision.errors import BuildError, UsageError
from provision.image.ignore import Ignore


@dataclass(frozen=True)
class Entry:
    """A file, directory, symbolic link or device of the context.

    Args:
        path: relative to the context, with slashes.
        mode: type and permission bits, as ``st_mode``.
        link: where a symbolic link points; empty otherwise.
        source: where it is on this machine.
    """

    path: str
    mode: int
    link: str
    source: Path

    @property
    def is_file(self) -> bool:
        """Whether it has contents."""
        return stat.S_ISREG(self.mode)


def read_ignore(context: Path, dockerfile: Path) -> Ignore:
    """The rules for a build: ``DOCKERFILE.dockerignore`` beside the Dockerfile goes first.

    https://docs.docker.com/build/concepts/context/#filename-and-location
    """
    for candidate in (
        dockerfile.with_name(f"{dockerfile.name}.dockerignore"),
        context / ".dockerignore",
    ):
        try:
            return Ignore.parse(candidate.read_text(encoding="utf-8", errors="surrogateescape"))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise UsageError(f"Reading {candidate}: {error.strerror}.") from error
    return Ignore(())


FileIds = frozenset[tuple[int, int]]
"""Device and inode of files."""


def find_entries(
    context: Path, ignore: Ignore, own_output: FileIds = frozenset()
) -> tuple[Entry, ...]:
    """Everything that is sent, in the order of the paths; sockets are not, as with Docker.

    Args:
        context: the directory.
        ignore: what is left out.
        own_output: files that this command's own output goes to; they change while they are read,
            and nobody means them to be in an image.

    Raises:
        UsageError: the context is no directory.
        BuildError: something in it cannot be read.
    """
    if not context.is_dir():
        raise UsageError(
            f"The build context {context} is not a directory.",
            hint="`image.context` names the directory that is sent to the engine.",
        )
    entries = _walk(context, ignore, "", ())
    sent = (entry for entry in entries if not (own_output and _id(entry.source) in own_output))
    return tuple(sorted(sent, key=lambda entry: entry.path.split("/")))


def _id(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino


def _walk(context: Path, ignore: Ignore, parent: str, matched: tuple[bool, ...]) -> Iterator[Entry]:
    for item in _listed(context / parent):
        path = f"{parent}/{item.name}" if parent else item.name
        left_out, hits = ignore.under(matched, path)
        is_directory = item.is_dir(follow_symlinks=False)
        if left_out and not (is_directory and ignore.may_hold_exceptions(path)):
            continue
        inside = list(_walk(context, ignore, path, hits)) if is_directory else []
        # A directory that is left out itself is still sent when something inside it is not.
        if not left_out or inside:
            entry = _entry(Path(item.path), path)
            yield from [] if stat.S_ISSOCK(entry.mode) else [entry]
        yield from inside


def _listed(directory: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as items:
            return list(items)
    except OSError as error:
        raise unreadable(directory, error) from error


def _entry(source: Path, path: str) -> Entry:
    try:
        mode = source.lstat().st_mode
        link = os.readlink(source) if stat.S_ISLNK(mode) else ""  # noqa: PTH115 - no cleaning
    except OSError as error:
        raise unreadable(source, error) from error
    return Entry(path, same_everywhere(mode), link, source)


def same_everywhere(mode: int) -> int:
    """`mode` as it would be under the usual umask, 022.

    Under umask 002 the same checkout has group-writable files, which would make another image of
    the same sources. What is writable for everybody is meant so, and stays.
    """
    group, everybody = stat.S_IWGRP, stat.S_IWOTH
    return mode if stat.S_ISLNK(mode) or mode & everybody else mode & ~group


def unreadable(path: Path, error: OSError) -> BuildError:
    """The error for a file of the context that cannot be read."""
    return BuildError(
        f"Reading the build context: {path}: {error.strerror}.",
        hint="Make it readable, or leave it out in .dockerignore.",
    )


def described(entry: Entry, digest: bytes) -> bytes:
    """What a build can see of an entry, for the hash: neither its times nor its owner.

    Every part goes with its length, so that no two different contexts read alike. A symbolic
    link's own permissions differ between systems and are not used by the engine.

    Args:
        entry: what is described.
        digest: SHA-256 of its contents.
    """
    kind = stat.S_IFMT(entry.mode)
    permissions = 0 if stat.S_ISLNK(entry.mode) else stat.S_IMODE(entry.mode)
    path, link = os.fsencode(entry.path), os.fsencode(entry.link)
    head = b"%d:%s %o %o %d:%s " % (len(path), path, kind, permissions, len(link), link)
    return head + digest


def hash_entries(entries: Iterable[Entry]) -> str:
    """SHA-256 over everything that is sent, in hexadecimal.

    Raises:
        BuildError: a file cannot be read.
    """
    whole = hashlib.sha256()
    for entry in entries:
        whole.update(described(entry, _digest(entry)))
    return whole.hexdigest()


def _digest(entry: Entry) -> bytes:
    if not entry.is_file:
        return hashlib.sha256().digest()
    try:
        with entry.source.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise unreadable(entry.source, error) from error
