"""One port per service, the same on loopback and on the gateway of the containers' network."""

import contextlib
import socket
from collections.abc import Awaitable, Callable

from aiohttp import web

from provision.emulator.seams import ServiceKey

Serve = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
_ATTEMPTS = 20
_HEADER_BYTES = 65536


class Listeners:
    """What listens now.

    Args:
        hosts: the addresses to listen on, the preferred one first.
    """

    def __init__(self, hosts: tuple[str, ...]) -> None:
        self._hosts = hosts
        self._runners: dict[ServiceKey, web.ServerRunner] = {}

    async def open(
        self, service: ServiceKey, serve: Serve, port: int | None
    ) -> tuple[int, tuple[str, ...]]:
        """Listen on `port`, or on one that is free on every host; returns it and the URLs.

        Raises:
            OSError: `port` is taken, or no port is free on every host.
        """
        await self.close(service)
        sockets = _bind_same(self._hosts, port)
        runner = web.ServerRunner(
            web.Server(serve, max_line_size=_HEADER_BYTES, max_field_size=_HEADER_BYTES),
            shutdown_timeout=1.0,
        )
        await runner.setup()
        for bound in sockets:
            await web.SockSite(runner, bound).start()
        self._runners[service] = runner
        chosen = sockets[0].getsockname()[1]
        return chosen, tuple(f"http://{host}:{chosen}" for host in self._hosts)

    async def close(self, service: ServiceKey) -> None:
        """Stop listening for a service."""
        if runner := self._runners.pop(service, None):
            await runner.cleanup()

    async def close_all(self) -> None:
        """Stop listening for all."""
        for service in tuple(self._runners):
            await self.close(service)


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
