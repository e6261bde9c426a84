"""Where the body of an answer goes: to stdout or a file, piece by piece, as curl does it."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from provision.clients.http_exchange import Incoming
from provision.errors import ProvisionError, UsageError

STDOUT = "-"
_BEGINNING = 4096
"""Bytes that are kept of the beginning, enough for the front end's own pages."""


class Transfer:
    """Takes in one answer after the other, of which only the last has its body shown.

    Args:
        target: where bytes go; None where they are kept instead.
        guarded: they go to a terminal that binary bytes could upset.
    """

    def __init__(self, target: BinaryIO | None, *, guarded: bool = False) -> None:
        self._target = target
        self._guarded = guarded
        self.beginning = b""
        self.count = 0
        self.last = b"\n"

    def head(self, incoming: Incoming) -> None:
        """Show an answer's status and headers, as ``-i`` wants it."""
        lines = [f"{incoming.version} {incoming.status} {incoming.reason}".rstrip()]
        lines += [f"{name}: {value}" for name, value in incoming.headers]
        if self._guarded:  # a terminal is shown what a header says, and does not obey it
            lines = ["".join(s if s.isprintable() else "?" for s in line) for line in lines]
        self._write("".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1", "replace"))

    def body(self, incoming: Incoming) -> None:
        """Pass the body on, each piece as it comes.

        Raises:
            ProvisionError: binary bytes were about to go to a terminal.
            BrokenPipeError: nobody reads them any more.
        """
        for piece in incoming.pieces():
            if len(self.beginning) < _BEGINNING:
                self.beginning += piece[: _BEGINNING - len(self.beginning)]
            if self._guarded and b"\0" in piece:
                raise ProvisionError(
                    "The body is binary, which can upset a terminal.",
                    hint="-o FILE saves it, `-o -` shows it all the same.",
                )
            self.count += len(piece)
            self.last = piece[-1:]
            self._write(piece)

    def _write(self, piece: bytes) -> None:
        if self._target is not None:
            self._target.write(piece)
            self._target.flush()


class Kept(Transfer):
    """Keeps the body for a JSON document, up to a limit.

    Args:
        most: bytes that are kept.
    """

    def __init__(self, most: int) -> None:
        self.content = bytearray()
        self._most = most
        super().__init__(None)

    def _write(self, piece: bytes) -> None:
        self.content += piece[: self._most - len(self.content)]

    def head(self, incoming: Incoming) -> None:
        """Headers stand in the document already."""

    @property
    def truncated(self) -> bool:
        """Whether there was more than is kept."""
        return self.count > len(self.content)


@contextmanager
def opened(output: str | None) -> Iterator[Transfer]:
    """What ``-o`` names: a file, which is made when the answer comes; stdout by default.

    Raises:
        ProvisionError: the file cannot be written.
    """
    if output is None or output == STDOUT:
        yield Transfer(sys.stdout.buffer, guarded=output is None and sys.stdout.isatty())
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(output).open("wb"))
        except OSError as error:
            raise UsageError(f"Writing {output}: {error.strerror}.") from error
        try:
            yield Transfer(file)
            file.flush()
        except OSError as error:
            raise ProvisionError(f"Writing {output}: {error.strerror}.") from error
