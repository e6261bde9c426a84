"""Bodies on a connection of ours: read as they were framed, written in chunks."""

from collections.abc import Iterator
from typing import Protocol

from provision.clients.http_exchange import PIECE, Headers

_LONGEST_LINE = 4096


class FramingError(Exception):
    """A body whose end cannot be told for certain; the connection cannot be used any more."""


class Readable(Protocol):
    """A connection's buffered bytes."""

    def read1(self, size: int, /) -> bytes:
        """What is there, up to `size`; waits for at least a byte."""

    def readline(self, size: int, /) -> bytes:
        """A line with its end, up to `size`."""


class Writable(Protocol):
    """A connection that is written to at once."""

    def write(self, data: bytes, /) -> int:
        """Write all of it."""


class Body:
    """A request's body; read once.

    Args:
        file: the connection.
        headers: the request's.

    Raises:
        FramingError: its length is told in two ways, or in one that we do not know.
    """

    def __init__(self, file: Readable, headers: Headers) -> None:
        lengths = {value.strip() for name, value in headers if name.lower() == "content-length"}
        codings = [value.lower() for name, value in headers if name.lower() == "transfer-encoding"]
        if (lengths and codings) or len(lengths) > 1 or codings not in ([], ["chunked"]):
            raise FramingError("its length cannot be told")
        if any(not (text.isascii() and text.isdigit()) for text in lengths):
            raise FramingError("its length is no number")
        self._file = file
        self.length = int(lengths.pop()) if lengths else None
        self._chunked = bool(codings)
        self.at_end = not self.is_there

    @property
    def is_there(self) -> bool:
        """Whether there is one."""
        return self._chunked or bool(self.length)

    def pieces(self) -> Iterator[bytes]:
        """The bytes as they come.

        Raises:
            FramingError: it broke off.
        """
        if self._chunked:
            while size := self._size():
                yield from self._exactly(size)
                self._line()
            while self._line():  # trailers are not passed on
                pass
        else:
            yield from self._exactly(self.length or 0)
        self.at_end = True

    def _exactly(self, count: int) -> Iterator[bytes]:
        while count:
            piece = self._read(min(count, PIECE))
            if not piece:
                raise FramingError("it broke off")
            count -= len(piece)
            yield piece

    def _read(self, size: int) -> bytes:
        try:
            return self._file.read1(size)
        except OSError:
            return b""

    def _size(self) -> int:
        text = self._line().partition(b";")[0].strip()
        if not text or set(text.lower()) - set(b"0123456789abcdef"):
            raise FramingError("a chunk without its size")
        return int(text, 16)

    def _line(self) -> bytes:
        try:
            line = self._file.readline(_LONGEST_LINE)
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            raise FramingError("it broke off")
        return line.rstrip(b"\r\n")


def write_chunk(file: Writable, piece: bytes) -> None:
    """Write one chunk at once; an empty one ends the body."""
    file.write(b"%x\r\n%b\r\n" % (len(piece), piece))
