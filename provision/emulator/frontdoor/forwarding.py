"""Passing an admitted request to its container and the answer back, both as streams."""

import asyncio
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from provision.emulator.frontdoor import pages
from provision.emulator.frontdoor.pages import Page
from provision.emulator.frontdoor.websocket import is_websocket, pass_websocket

if TYPE_CHECKING:
    from collections.abc import Iterable

# https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_CONNECT_SECONDS = 3.0
TRACE = "X-Cloud-Trace-Context"


@dataclass(frozen=True)
class Onward:
    """A request on its way to a container.

    Args:
        request: as it came.
        address: host and port of the container.
        timeout: seconds it may take, its answer included.
        credential: the checked header and its value without the signature, if any.
    """

    request: web.BaseRequest
    address: tuple[str, int]
    timeout: float
    credential: tuple[str, str] | None

    @property
    def url(self) -> URL:
        """The container's URL, the path exactly as the client wrote it."""
        host, port = self.address
        return URL(f"http://{host}:{port}{raw_target(self.request)}", encoded=True)

    @property
    def headers(self) -> CIMultiDict[str]:
        """The client's headers with Google's changes."""
        headers = end_to_end(self.request.headers.items())
        if self.credential is not None:
            headers[self.credential[0]] = self.credential[1]
        peer = self.request.remote or ""
        before = headers.getall("X-Forwarded-For", [])
        headers["X-Forwarded-For"] = ", ".join([*before, peer])
        # TLS ends at Google's front end, and the container is told of the outside.
        headers["X-Forwarded-Proto"] = "https"
        if TRACE not in headers:
            span = int.from_bytes(secrets.token_bytes(7))
            headers[TRACE] = f"{secrets.token_hex(16)}/{span};o=0"
        return headers


def raw_target(request: web.BaseRequest) -> str:
    """Path and query as they were written, also of a request in absolute form."""
    target = request.raw_path
    if target.startswith("/"):
        return target
    parts = urlsplit(target)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.path or '/'}{query}"


def end_to_end(headers: "Iterable[tuple[str, str]]") -> CIMultiDict[str]:
    """The headers without those that are for one connection only."""
    kept: CIMultiDict[str] = CIMultiDict(headers)
    for value in kept.getall("Connection", []):
        for name in value.split(","):
            kept.popall(name.strip(), None)
    for name in _HOP_BY_HOP:
        kept.popall(name, None)
    return kept


class Forwarder:
    """Forwards requests with one client session for all services."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                connector=aiohttp.TCPConnector(limit=0, force_close=True),
                max_line_size=65536,
                max_field_size=65536,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            )
        return self._session

    async def close(self) -> None:
        """Close the connections to containers."""
        if self._session is not None:
            await self._session.close()

    async def forward(self, onward: Onward) -> web.StreamResponse | Page:
        """The container's answer, or Google's page when there is none.

        An answer that breaks off after it began is broken off for the client as well.
        """
        response: web.StreamResponse | None = None
        try:
            if is_websocket(onward.request):
                return await pass_websocket(self._client(), onward)
            async with asyncio.timeout(onward.timeout):
                async with self._send(onward) as upstream:
                    response = _begin(upstream)
                    await response.prepare(onward.request)
                    async for piece in upstream.content.iter_any():
                        await response.write(piece)
                    await response.write_eof()
                    return response
        except (aiohttp.ClientError, ConnectionError):
            # First, for a connection that cannot be made in time is both.
            problem = pages.unavailable()
        except TimeoutError:
            problem = pages.timed_out()
        if response is None:
            return problem
        if onward.request.transport is not None:
            onward.request.transport.abort()
        return response

    def _send(self, onward: Onward) -> "aiohttp.client._RequestContextManager":
        request = onward.request
        return self._client().request(
            request.method,
            onward.url,
            headers=onward.headers,
            data=request.content if request.can_read_body else None,
            allow_redirects=False,
        )


def _begin(upstream: aiohttp.ClientResponse) -> web.StreamResponse:
    headers = end_to_end(upstream.headers.items())
    headers["Server"] = "Google Frontend"
    return web.StreamResponse(status=upstream.status, reason=upstream.reason, headers=headers)
