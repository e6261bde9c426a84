"""Snapshots on disk: JSON lines, compressed with Zstandard when the name ends in ``.zst``.

A file appears under its name when all of it is written.
"""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec
import zstandard

from provision.errors import UsageError
from provision.snapshot.contents import Snapshot
from provision.snapshot.records import VERSION, AnyRecord, Header

_CHUNK = 1 << 20
_LEVEL = 6
_COMPRESSED = ".zst"
_PRIVATE = 0o600
"""A snapshot names people and what they may do."""


def load(path: Path) -> Snapshot:
    """Read a snapshot.

    Raises:
        UsageError: it is not there, no snapshot, or of a later layout; the message says where.
    """
    decoder = msgspec.json.Decoder(AnyRecord)
    with _reading(path) as lines:
        first = next(lines, b"")
        header = _header(path, decoder, first)
        return Snapshot.of(_records(path, decoder, lines), header)


@contextmanager
def open_writer(path: Path) -> Iterator[Callable[[AnyRecord], None]]:
    """Write a snapshot: the header first, then what `write` is given; readable by its owner alone.

    The file gets its name when all is written: an interrupted run leaves an older one as it was.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    encoder = msgspec.json.Encoder()
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
        with os.fdopen(descriptor, "wb") as raw, _writing(path, raw) as out:

            def write(record: AnyRecord) -> None:
                out.write(encoder.encode(record) + b"\n")

            yield write
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _writing(path: Path, raw: IO[bytes]) -> Iterator[IO[bytes]]:
    if path.suffix != _COMPRESSED:
        yield raw
        return
    with zstandard.ZstdCompressor(level=_LEVEL).stream_writer(raw, closefd=False) as out:
        yield out


@contextmanager
def _reading(path: Path) -> Iterator[Iterator[bytes]]:
    try:
        with path.open("rb") as raw:
            compressed = raw.peek(4)[:4] == zstandard.FRAME_HEADER
            source = zstandard.ZstdDecompressor().stream_reader(raw) if compressed else raw
            yield iter(io.BufferedReader(source, _CHUNK))
    except OSError as error:
        raise UsageError(f"Reading {path}: {error.strerror}.") from error
    except zstandard.ZstdError as error:
        raise UsageError(f"Reading {path}: it is damaged ({error}).") from error


def _header(path: Path, decoder: "msgspec.json.Decoder[AnyRecord]", line: bytes) -> Header:
    try:
        found = decoder.decode(line)
    except msgspec.DecodeError as error:
        raise _no_snapshot(path) from error
    if not isinstance(found, Header):
        raise _no_snapshot(path)
    if found.version > VERSION:
        raise UsageError(
            f"Reading {path}: its layout is version {found.version}; this program knows {VERSION}.",
            hint="Update provision.",
        )
    return found


def _no_snapshot(path: Path) -> UsageError:
    return UsageError(
        f"Reading {path}: it is no snapshot.",
        hint="`provision audit snapshot -o FILE` writes one.",
    )


def _records(
    path: Path, decoder: "msgspec.json.Decoder[AnyRecord]", lines: Iterator[bytes]
) -> Iterator[AnyRecord]:
    for number, line in enumerate(lines, start=2):
        try:
            yield decoder.decode(line)
        except msgspec.DecodeError as error:
            raise UsageError(
                f"Reading {path}, line {number}: {error}.",
                hint="A file that was cut off or edited tells too little: copy it again, or write"
                " another with `provision audit snapshot -o FILE`.",
            ) from error
