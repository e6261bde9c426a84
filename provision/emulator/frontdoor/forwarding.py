"""Passing an admitted request to its container and the answer back, both as streams."""

import asyncio

import aiohttp
from aiohttp import web

from provision.emulator.frontdoor import pages
from provision.emulator.frontdoor.onward import Onward, end_to_end
from provision.emulator.frontdoor.pages import Page
from provision.emulator.frontdoor.websocket import (
    is_websocket,
    pass_websocket,
    refuses_redirects,
)

_CONNECT_SECONDS = 3.0


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
                trace_configs=[refuses_redirects()],
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
        except aiohttp.WSServerHandshakeError as refusal:
            return _refused(refusal)
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


def _refused(refusal: aiohttp.WSServerHandshakeError) -> web.Response:
    """The container's answer to who wanted a WebSocket and does not get one; its body is lost."""
    headers = end_to_end((refusal.headers or {}).items())
    for name in ("Content-Length", "Content-Encoding"):
        headers.popall(name, None)
    headers["Server"] = "Google Frontend"
    return web.Response(status=refusal.status, headers=headers)
