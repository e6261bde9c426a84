"""Headers and bodies as curl's users write them."""

import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from provision.clients.http_exchange import PIECE, Headers
from provision.errors import ProvisionError, UsageError
from provision.tokens.authorization import AUTHORIZATION, SERVERLESS

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade"})
_SECRET = re.compile(r"authorization|cookie|token|secret|key|password|assertion|jwt", re.IGNORECASE)
_HIDDEN = "…"


def parse_method(text: str) -> str:
    """A request's method as the user wrote it.

    Raises:
        UsageError: it can be none.
    """
    if not _TOKEN.fullmatch(text):
        raise UsageError(f"{text!r} is no method.", hint="Write it as in -X PUT.")
    return text


def parse_headers(texts: Sequence[str]) -> tuple[Headers, frozenset[str]]:
    """Headers from ``Name: value``, ``Name;`` (empty) and ``@FILE``; ``Name:`` takes one away.

    Args:
        texts: as the user wrote them; no message repeats a value.

    Returns:
        The headers in their order, and the names in lower case that are not to be sent.

    Raises:
        UsageError: a text is no header, or one of those that the request itself decides.
    """
    headers: list[tuple[str, str]] = []
    dropped: set[str] = set()
    for text in _lines(texts):
        name, sign, value = text.partition(":")
        if not sign and text.endswith(";"):
            name, sign, value = text[:-1], ";", ""
        _check(name, sign, value)
        if sign == ":" and not value.strip():
            dropped.add(name.lower())
        else:
            headers.append((name, value.strip()))
    return tuple(headers), frozenset(dropped)


def _lines(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        if not text.startswith("@"):
            yield text
            continue
        try:
            lines = Path(text[1:]).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"Reading headers from {text[1:]}: {_why(error)}.",
                hint="-H @FILE has a header on each line, as in `Name: value`.",
            ) from error
        yield from (line for line in lines if line.strip())


def _check(name: str, sign: str, value: str) -> None:
    if not sign or not _TOKEN.fullmatch(name):
        told = f"{name!r} is no name of one" if sign else "it has no colon"
        raise UsageError(
            f"A header that -H gives cannot be read: {told}.",
            hint="Write it as -H 'Name: value'; -H 'Name:' takes a header away.",
        )
    if name.lower() in _OURS:
        raise UsageError(
            f"The header {name} follows from the request itself and cannot be given.",
            hint="The address decides the host, and the body its own length.",
        )
    if any(sign in value for sign in "\r\n\0"):
        raise UsageError(f"The value of the header {name} has a line break in it.")


def shown(headers: Headers) -> Iterator[str]:
    """Headers as lines for people: what may be secret is left out."""
    for name, value in headers:
        hide = _SECRET.search(name) is not None and bool(value)
        scheme, space, _ = value.partition(" ")
        bearer = f"{scheme}{space}{_HIDDEN}" if space and scheme.lower() in _SCHEMES else _HIDDEN
        yield f"{name}: {bearer if hide else value}"


_SCHEMES = ("bearer", "basic", "digest")


def is_credential(name: str) -> bool:
    """Whether a header must not leave the origin it was meant for."""
    return name.lower() in {AUTHORIZATION.lower(), SERVERLESS.lower(), "cookie"}


@dataclass(frozen=True)
class Body:
    """What is sent, read anew each time it is sent.

    Args:
        content_type: its type, where the user names none.
        length: how many bytes; None when that is not known before.
        again: whether it can be sent a second time.
    """

    content_type: str
    length: int | None
    again: bool
    _parts: tuple[Callable[[], Iterator[bytes]], ...] = field(repr=False)

    def pieces(self) -> Iterator[bytes]:
        """The bytes, a piece at a time."""
        for index, part in enumerate(self._parts):
            if index:
                yield b"&"
            yield from part()


def parse_body(texts: Sequence[str], content_type: str, stdin: BinaryIO) -> Body | None:
    """The body from ``DATA``, ``@FILE`` and ``@-``; several are joined with ``&``, as curl does.

    Args:
        texts: as the user wrote them.
        content_type: what it is, where the user does not say.
        stdin: what ``@-`` means.

    Raises:
        UsageError: a file cannot be read.
    """
    if not texts:
        return None
    parts = [_part(text, stdin) for text in texts]
    lengths = [length for _, length, _ in parts]
    known = [length for length in lengths if length is not None]
    whole = sum(known) + len(parts) - 1 if len(known) == len(parts) else None
    again = all(repeatable for *_, repeatable in parts)
    return Body(content_type, whole, again, tuple(part for part, *_ in parts))


_Part = tuple[Callable[[], Iterator[bytes]], int | None, bool]


def _part(text: str, stdin: BinaryIO) -> _Part:
    if not text.startswith("@"):
        data = os.fsencode(text)
        return (lambda: iter((data,))), len(data), True
    if text == "@-":
        return (lambda: _pieces(stdin)), None, False
    path = Path(text[1:])
    try:
        status = path.stat()
        if not stat.S_ISFIFO(status.st_mode):  # one that is opened and closed loses its writer
            path.open("rb").close()
    except OSError as error:
        raise UsageError(
            f"Reading the body from {path}: {_why(error)}.",
            hint="-d @FILE sends a file, -d @- what comes in on stdin.",
        ) from error
    if stat.S_ISREG(status.st_mode):
        return (lambda: _file(path, status.st_size)), status.st_size, True
    return (lambda: _pipe(path)), None, False


def _file(path: Path, length: int) -> Iterator[bytes]:
    """As many bytes as were announced.

    Raises:
        ProvisionError: there are not so many any more.
    """
    left = length
    with path.open("rb") as file:
        while left and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece
    if left:
        raise ProvisionError(f"Sending {path}: it became {left} bytes shorter meanwhile.")


def _pipe(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _pieces(file)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """What is there, as soon as it is: a pipe's writer is not waited for until a piece is full."""
    read = getattr(file, "read1", file.read)
    while piece := read(PIECE):
        yield piece


def _why(error: Exception) -> str:
    return getattr(error, "strerror", "") or "it is no UTF-8 text"
