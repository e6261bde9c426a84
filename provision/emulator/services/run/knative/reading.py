"""What every request of v1 carries in the same way: its body, its token, how many it wants."""

import json
from typing import Any

from aiohttp import web

from provision.emulator.rpc.calls import bearer
from provision.emulator.rpc.status import invalid


async def body_of(request: web.Request) -> Any:  # noqa: ANN401 - JSON
    """The decoded JSON body; None when there is none. Raises `ApiError`."""
    raw = await request.read()
    if not raw.strip():
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise invalid(f"Invalid JSON payload received. {error}") from error


def token_of(request: web.Request) -> str | None:
    """The access token that was sent, if any."""
    return bearer(request.headers.get("Authorization")) or request.query.get("access_token")


def page_size(request: web.Request) -> int:
    """How many entries are asked for; 0 when nothing readable says so."""
    text = request.query.get("pageSize", "")
    return int(text) if text.isdecimal() else 0
