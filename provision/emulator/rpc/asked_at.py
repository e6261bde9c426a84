"""Under whose names a request came: Google's, by way of the proxy, or the emulator's own.

What an answer says of addresses has to be good for whoever asked: a program that reaches Artifact
Registry at Google's name is to push to ``LOCATION-docker.pkg.dev``, one that came to the emulator's
port to that port.
"""

import asyncio
from contextvars import ContextVar

_at_google: ContextVar[bool] = ContextVar("at_google", default=False)
_tunnels: set[str] = set()


def at_google() -> bool:
    """Whether the request that is being answered came under one of Google's names."""
    return _at_google.get()


def set_at_google(*, value: bool) -> None:
    """Say so, before a request is answered; it holds for the task that answers."""
    _at_google.set(value)


def is_tunnel(peer: str) -> bool:
    """Whether a gRPC peer, ``ipv4:127.0.0.1:41234``, is the proxy's end of a tunnel."""
    return peer in _tunnels


def came_by_proxy(transport: asyncio.BaseTransport | None) -> bool:
    """Whether an HTTP request's connection is the proxy's."""
    peer = None if transport is None else transport.get_extra_info("peername")
    return peer is not None and is_tunnel(f"ipv4:{peer[0]}:{peer[1]}")


def open_tunnel(address: tuple[str, int]) -> str:
    """Note the proxy's own end of a tunnel; its name, for `close_tunnel`."""
    peer = f"ipv4:{address[0]}:{address[1]}"
    _tunnels.add(peer)
    return peer


def close_tunnel(peer: str) -> None:
    """The tunnel is gone, and its port may be somebody else's soon."""
    _tunnels.discard(peer)
