"""WebSockets through the front door: two sockets, and messages passed between them."""

import asyncio
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

if TYPE_CHECKING:
    from provision.emulator.frontdoor.onward import Onward

_OWN_HEADERS = (
    "Host",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Protocol",
)


def is_websocket(request: web.BaseRequest) -> bool:
    """Whether the request asks to become a WebSocket (RFC 6455, 4.2.1)."""
    wanted = ",".join(request.headers.getall("Connection", ())).lower().split(",")
    return (
        request.method == "GET"
        and "upgrade" in (one.strip() for one in wanted)
        and request.headers.get("Upgrade", "").lower() == "websocket"
        and "Sec-WebSocket-Key" in request.headers
    )


def refuses_redirects() -> aiohttp.TraceConfig:
    """Keeps a session from following a container's redirect of a WebSocket anywhere."""

    async def stop(
        _session: aiohttp.ClientSession,
        _context: object,
        params: aiohttp.TraceRequestRedirectParams,
    ) -> None:
        found = params.response
        raise aiohttp.WSServerHandshakeError(
            found.request_info, (), status=found.status, headers=found.headers
        )

    config = aiohttp.TraceConfig()
    config.on_request_redirect.append(stop)
    return config


async def pass_websocket(session: aiohttp.ClientSession, onward: "Onward") -> web.WebSocketResponse:
    """Open a WebSocket to the container, then take the client's, and pass until one side ends.

    The service's timeout ends it too, as on Cloud Run.

    Raises:
        aiohttp.WSServerHandshakeError: the container answers something else.
        aiohttp.ClientError: the container does not answer.
    """
    request = onward.request
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    protocols = [name.strip() for name in offered.split(",") if name.strip()]
    headers = onward.headers
    for name in _OWN_HEADERS:
        headers.popall(name, None)
    async with session.ws_connect(
        onward.url, protocols=protocols, headers=headers, max_msg_size=0
    ) as inner:
        chosen = [inner.protocol] if inner.protocol else []
        outer = web.WebSocketResponse(protocols=chosen, max_msg_size=0)
        await outer.prepare(request)
        await _until_one_ends(inner, outer, onward.timeout)
        return outer


async def _until_one_ends(
    inner: aiohttp.ClientWebSocketResponse, outer: web.WebSocketResponse, seconds: float
) -> None:
    inward = asyncio.ensure_future(_pump(outer, inner))
    outward = asyncio.ensure_future(_pump(inner, outer))
    try:
        await asyncio.wait((inward, outward), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (inward, outward):
            task.cancel()
        await asyncio.gather(inward, outward, return_exceptions=True)
        await inner.close(code=outer.close_code or aiohttp.WSCloseCode.OK)
        await outer.close(code=inner.close_code or aiohttp.WSCloseCode.OK)


Socket = aiohttp.ClientWebSocketResponse | web.WebSocketResponse


async def _pump(source: Socket, target: Socket) -> None:
    async for message in source:
        if message.type is aiohttp.WSMsgType.TEXT:
            await target.send_str(message.data)
        elif message.type is aiohttp.WSMsgType.BINARY:
            await target.send_bytes(message.data)
