"""One port per address, the same on loopback and on the gateway of the containers' network."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from aiohttp import web

Serve = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
_ATTEMPTS = 20
_HEADER_BYTES = 65536
_BACKLOG = 128
_SHUTDOWN_SECONDS = 1.0


@dataclass(frozen=True)
class _Listener:
    """What listens at one address."""

    port: int
    handlers: web.Server
    servers: tuple[asyncio.Server, ...]


class Listeners:
    """What listens now.

    Args:
        hosts: the addresses to listen on.
    """

    def __init__(self, hosts: tuple[str, ...]) -> None:
        self._hosts = hosts
        self._listening: dict[Hashable, _Listener] = {}

    async def open(self, address: Hashable, serve: Serve, port: int | None) -> int:
        """Listen on `port`, or on one that is free on every host; returns it.

        Args:
            address: what it is about; what listened for it before stops.
            serve: answers.
            port: the port wanted, if any.

        Raises:
            OSError: `port` is taken, or no port is free on every host.
        """
        await self.close(address)
        sockets = _bind_same(self._hosts, port)
        handlers = web.Server(
            serve,
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
            auto_decompress=False,  # bodies go to the container as they were sent
        )
        loop = asyncio.get_running_loop()
        servers = [
            await loop.create_server(handlers, sock=bound, backlog=_BACKLOG) for bound in sockets
        ]
        chosen = int(sockets[0].getsockname()[1])
        self._listening[address] = _Listener(chosen, handlers, tuple(servers))
        return chosen

    def has(self, port: int) -> bool:
        """Whether something listens on a port."""
        return any(one.port == port for one in self._listening.values())

    async def close(self, address: Hashable) -> None:
        """Stop listening for an address."""
        if listener := self._listening.pop(address, None):
            for server in listener.servers:
                server.close()
            await listener.handlers.shutdown(_SHUTDOWN_SECONDS)

    async def close_all(self) -> None:
        """Stop listening for all."""
        for address in tuple(self._listening):
            await self.close(address)


def _bind_same(hosts: tuple[str, ...], port: int | None) -> list[socket.socket]:
    """Sockets bound to the same port of every host."""
    for _ in range(1 if port else _ATTEMPTS):
        with contextlib.ExitStack() as opened:
            sockets = []
            wanted = port or 0
            try:
                for host in hosts:
                    bound = opened.enter_context(_bind(host, wanted))
                    wanted = bound.getsockname()[1]
                    sockets.append(bound)
            except OSError as error:
                problem = error
                continue
            opened.pop_all()
            return sockets
    raise problem


def _bind(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
