"""A WebSocket's bytes between two connections, as they are, until either side ends."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus
from urllib.parse import urlsplit

from provision.clients.http_exchange import (
    CONNECT_SECONDS,
    PIECE,
    Headers,
    Outgoing,
    certificates,
    find_proxy,
)
from provision.errors import UnavailableError

_ANSWER_SECONDS = 300.0
"""Seconds until an answer begins; an instance may have to start first."""
_UPGRADE: Headers = (("Connection", "Upgrade"), ("Upgrade", "websocket"))
_OF_A_BODY = frozenset({"content-length", "transfer-encoding"})
_PORTS = {"https": 443, "http": 80}


def tunnel(request: Outgoing, client: socket.socket, home: Callable[[Headers], Headers]) -> int:
    """Open a WebSocket and pass its bytes until either side ends; the status it was answered.

    Args:
        request: the handshake, without the headers of one connection.
        client: who asked; nothing else may use it meanwhile or afterwards.
        home: changes the answer's headers for the client.

    Raises:
        UnavailableError: nothing answered; the client was sent nothing yet.
    """
    if find_proxy(request.url):
        raise UnavailableError(
            f"{request}: WebSockets do not go through the proxy that the environment names.",
            hint="NO_PROXY lists hosts that are reached without it.",
        )
    return asyncio.run(_tunnel(request, client, home))


async def _tunnel(
    request: Outgoing, client: socket.socket, home: Callable[[Headers], Headers]
) -> int:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await _connected(request.url)
        with closing(writer):
            writer.write(_handshake(request))
            async with asyncio.timeout(_ANSWER_SECONDS):
                status, headers = _parsed(await reader.readuntil(b"\r\n\r\n"))
            own_reader, own_writer = await asyncio.open_connection(sock=client.dup())
            with closing(own_writer):
                own_writer.write(_answer(status, home(headers)))
                if status == HTTPStatus.SWITCHING_PROTOCOLS:
                    await _until_one_ends(reader, own_writer, own_reader, writer)
                else:
                    await own_writer.drain()
            return status
    except (TimeoutError, OSError, ValueError, asyncio.IncompleteReadError) as error:
        raise UnavailableError(f"{request}: no WebSocket ({type(error).__name__}).") from error


async def _connected(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    trusted = None
    if parts.scheme == "https":
        named = certificates()
        trusted = ssl.create_default_context(
            cafile=named.get("ca_certs"), capath=named.get("ca_cert_dir")
        )
    port = parts.port or _PORTS[parts.scheme]
    return await asyncio.open_connection(parts.hostname, port, ssl=trusted)


def _handshake(request: Outgoing) -> bytes:
    parts = urlsplit(request.url)
    target = f"{parts.path or '/'}?{parts.query}".removesuffix("?")
    lines = [f"GET {target} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in (*_UPGRADE, *request.headers)]
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("utf-8", "surrogateescape")


def _parsed(head: bytes) -> tuple[int, Headers]:
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    split = (line.partition(":") for line in lines)
    headers = tuple((name.strip(), value.strip()) for name, _, value in split)
    return int(first.split()[1]), headers


def _answer(status: int, headers: Headers) -> bytes:
    """The head for the client; the body of a refusal, which no browser shows, is left out."""
    if status == HTTPStatus.SWITCHING_PROTOCOLS:
        told = (*_UPGRADE, *headers)
    else:
        kept = tuple(one for one in headers if one[0].lower() not in _OF_A_BODY)
        told = (*kept, ("Content-Length", "0"), ("Connection", "close"))
    reason = next((one.phrase for one in HTTPStatus if one == status), "")
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in told)]
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")


async def _until_one_ends(
    inner: asyncio.StreamReader,
    outward: asyncio.StreamWriter,
    outer: asyncio.StreamReader,
    inward: asyncio.StreamWriter,
) -> None:
    passing = [
        asyncio.ensure_future(_pass(inner, outward)),
        asyncio.ensure_future(_pass(outer, inward)),
    ]
    try:
        await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while piece := await source.read(PIECE):
        target.write(piece)
        await target.drain()
