"""The proxy: ``CONNECT`` to Google's hosts ends here, in TLS, and goes on to the emulator's ports.

It connects to nothing but the emulator itself, whatever a client asks for.
"""

import asyncio
import contextlib
import datetime as dt
import logging
import re
import socket
import ssl
from collections.abc import Awaitable, Callable

from provision.emulator.proxy.authority import Authority
from provision.emulator.rpc import asked_at
from provision.emulator.rpc.hosts import google_host

_HEAD_SECONDS = 30.0
_LONGEST_HEAD = 32 * 1024
_CHUNK = 64 * 1024
_TARGET = re.compile(r"([A-Za-z0-9.-]{1,253}):([0-9]{1,5})")
_TLS_PORT = "443"
_log = logging.getLogger(__name__)

Address = tuple[str, int]
AddressOf = Callable[[str], Awaitable[Address | None]]


class Proxy:
    """Listens for clients that have the emulator as their proxy.

    Args:
        authority: makes the certificates.
        http: where the HTTP port listens.
        grpc: where the gRPC port listens.
        services: where a host and port listen that are a service's or functions':
            ``127.0.0.1:41000``
            or ``us-central1-demo-project.cloudfunctions.net:443``. None for all others.
    """

    def __init__(
        self, authority: Authority, http: Address, grpc: Address, services: AddressOf
    ) -> None:
        self._authority = authority
        self._http = http
        self._grpc = grpc
        self._services = services
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self, listening: socket.socket) -> None:
        """Listen on a bound socket."""
        self._server = await asyncio.start_server(
            self._accepted, sock=listening, limit=_LONGEST_HEAD
        )

    async def close(self) -> None:
        """Stop listening and cut what is open."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, EOFError, ssl.SSLError, TimeoutError) as error:
            _log.debug("a connection ended: %s", type(error).__name__)
        except asyncio.CancelledError:
            _log.debug("a connection was cut at the end")
        finally:
            writer.close()
            if task is not None:
                self._open.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            await _refuse(writer, "431 Request Header Fields Too Large", "the head is too long")
            return
        method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        target = rest.partition(" ")[0]
        if method == "CONNECT":
            await self._tunnel(reader, writer, target)
        elif target.lower().startswith("http://"):
            asked = target[len("http://") :].partition("/")[0]
            await self._through(reader, writer, await self._services(asked) or self._http, head)
        else:
            text = "this is a proxy: ask it for http://HOST/… or CONNECT HOST:443"
            await _refuse(writer, "400 Bad Request", text)

    async def _tunnel(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str
    ) -> None:
        found = _TARGET.fullmatch(target)
        host, port = found.groups() if found else ("", "")
        named = google_host(host) is not None
        functions = None if named or port != _TLS_PORT else await self._services(target)
        if port != _TLS_PORT or not (named or functions):
            text = (
                "only Google's hosts (HOST.googleapis.com:443, LOCATION-docker.pkg.dev:443, "
                "gcr.io:443 and the like) and those of projects' functions are answered here, by "
                "the emulator"
            )
            await _refuse(writer, "403 Forbidden", text)
            return
        context = self._authority.context(host, dt.datetime.now(dt.UTC))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        await writer.start_tls(context, ssl_handshake_timeout=_HEAD_SECONDS)
        speaks: ssl.SSLObject = writer.get_extra_info("ssl_object")
        port_there = self._grpc if speaks.selected_alpn_protocol() == "h2" else self._http
        await self._through(reader, writer, functions or port_there, b"")

    async def _through(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        address: Address,
        first: bytes,
    ) -> None:
        """Bytes both ways between a client and one of the emulator's ports, until either ends."""
        answers, requests = await asyncio.open_connection(*address)
        tunnel = asked_at.open_tunnel(requests.get_extra_info("sockname"))
        requests.write(first)
        up = asyncio.create_task(_copy(reader, requests))
        try:
            await _copy(answers, writer)
        finally:
            up.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await up
            requests.close()
            asked_at.close_tunnel(tunnel)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bytes one way, no faster than they are taken; an end is passed on where that can be said."""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    if writer.can_write_eof() and not writer.is_closing():
        writer.write_eof()


async def _refuse(writer: asyncio.StreamWriter, status: str, text: str) -> None:
    body = f"{text}\n".encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
