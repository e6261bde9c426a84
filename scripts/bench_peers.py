#!/usr/bin/env python3
"""The peers that throughput is held against: bare servers that always answer alike.

bench_peers.py FILE FILE   answers HTTP with the first file's bytes and gRPC with the second's;
                           prints one line of JSON: {"http": "…", "grpc": "…", "pid": …}

GET /stream?megabytes=500 is answered with so many, and POST /stream takes any body, piece by piece.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import grpc
from aiohttp import web


class _Always(grpc.GenericRpcHandler):
    """Answers every method with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def service(self, handler_call_details: Any) -> Any:  # noqa: ANN401, ARG002 - grpc's signature
        """The handler of any call."""
        return grpc.unary_unary_rpc_method_handler(self._run)

    async def _run(self, _: bytes, __: Any) -> bytes:  # noqa: ANN401 - grpc's signature
        return self._answer


_MEGABYTE = bytes(1024 * 1024)


async def _stream(request: web.Request) -> web.StreamResponse:
    megabytes = int(request.query["megabytes"])
    answer = web.StreamResponse(headers={"Content-Length": str(megabytes * len(_MEGABYTE))})
    await answer.prepare(request)
    for _ in range(megabytes):
        await answer.write(_MEGABYTE)
    return answer


async def _taken(request: web.Request) -> web.Response:
    taken = 0
    async for piece in request.content.iter_any():
        taken += len(piece)
    return web.Response(text=str(taken))


async def main(http_answer: bytes, grpc_answer: bytes) -> None:
    """Serve until killed."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=http_answer, content_type="application/json")

    app = web.Application()
    app.router.add_get("/stream", _stream)
    app.router.add_post("/stream", _taken)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_Always(grpc_answer),))
    grpc_port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    http = f"http://127.0.0.1:{runner.addresses[0][1]}"
    told = {"http": http, "grpc": f"127.0.0.1:{grpc_port}", "pid": os.getpid()}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*(Path(name).read_bytes() for name in sys.argv[1:3])))
