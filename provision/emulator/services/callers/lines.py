"""The connections that Google's products have open, by which the front door knows them."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_Ends = tuple[Any, Any]
"""Both addresses of a connection."""


class Lines:
    """The connections that are open on behalf of a project (`frontdoor_seams.Insiders`)."""

    def __init__(self) -> None:
        self._new: dict[socket.socket, str] = {}
        self._made: dict[_Ends, str] = {}
        self._ends: dict[socket.socket, _Ends] = {}

    def project(self, far: Any, near: Any) -> str | None:  # noqa: ANN401 - socket addresses
        """On behalf of which project a connection was made; None for anybody else's.

        Args:
            far: the address that it comes from, as its receiver sees it.
            near: the address that it came to.
        """
        for one in tuple(self._new):
            ends = _ends(one)
            if ends is not None:
                self._ends[one] = ends
                self._made[ends] = self._new.pop(one)
        return self._made.get((far, near))

    @contextmanager
    def of(self, project: str) -> Iterator[Callable[[Any], socket.socket]]:
        """What makes the sockets of connections on behalf of a project, as long as they last."""
        made: list[socket.socket] = []

        def make(address: Any) -> socket.socket:  # noqa: ANN401 - aiohttp's AddrInfoType
            family, kind, protocol, _, _ = address
            one = socket.socket(family, kind, protocol)
            one.settimeout(0)
            made.append(one)
            self._new[one] = project
            return one

        try:
            yield make
        finally:
            for one in made:
                self._new.pop(one, None)
                ends = self._ends.pop(one, None)
                if ends is not None:
                    self._made.pop(ends, None)


def _ends(one: socket.socket) -> _Ends | None:
    """Both ends of a connection; None for one that is not made, or not any more."""
    try:
        return one.getsockname(), one.getpeername()
    except OSError:
        return None
