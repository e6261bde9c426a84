"""One request to the registry, after it was understood and let in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from provision.emulator.registry.names import ImageName


@dataclass(frozen=True)
class Call:
    """Who asks for what.

    Args:
        request: as it came.
        name: the package it is about.
        member: who asks; ``allUsers`` without credentials.
    """

    request: web.Request
    name: ImageName
    member: str

    @property
    def path(self) -> str:
        """The name as the client wrote it, for Location headers."""
        return self.request.match_info["name"]


@dataclass(frozen=True)
class Operation:
    """One thing the registry does.

    Args:
        method: HTTP method.
        path: what follows ``/v2/NAME``, as an aiohttp pattern.
        permission: needed on the repository.
        serve: does it.
    """

    method: str
    path: str
    permission: str
    serve: Callable[[Call], Awaitable[web.StreamResponse]]

    @property
    def title(self) -> str:
        """As it is recorded: ``registry/PUT manifests``."""
        kind = "uploads" if "/uploads/" in self.path else self.path.split("/")[1]
        return f"registry/{self.method} {kind}"

    @property
    def write(self) -> bool:
        """Whether it changes something."""
        return self.method not in ("GET", "HEAD")
