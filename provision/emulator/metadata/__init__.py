"""The metadata server that containers of the emulator find through ``GCE_METADATA_HOST``.

It tells by the connection's address which revision asks, and hands out tokens of that revision's
service account only. Endpoints and headers as Cloud Run's
(https://cloud.google.com/run/docs/container-contract#metadata-server).
"""

import json
from collections.abc import Callable

from aiohttp import web

from provision.emulator.metadata.entries import Answer, entry
from provision.emulator.seams import Identities, RevisionToRun

_FLAVOR = {"Metadata-Flavor": "Google", "Server": "Metadata Server for Serverless"}
_PREFIX = "/computeMetadata/v1"

Caller = Callable[[str], RevisionToRun | None]
"""Which running revision a connection from an address comes from."""


class MetadataServer:
    """Serves metadata on the gateway of the containers' network.

    Args:
        identities: issues the tokens.
        caller: finds the revision that asks.
    """

    def __init__(self, identities: Identities, caller: Caller) -> None:
        self._identities = identities
        self._caller = caller
        self._runner: web.ServerRunner | None = None
        self.port = 0

    async def start(self, host: str) -> None:
        """Listen on a free port of `host`; it is then in `port`. Raises `OSError`."""
        self._runner = web.ServerRunner(web.Server(self._serve))
        await self._runner.setup()
        await web.TCPSite(self._runner, host, 0).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        answer = self._answer(request)
        if isinstance(answer.body, str):
            text, content_type = answer.body, "application/text"
        else:
            text, content_type = json.dumps(answer.body), "application/json"
        return web.Response(
            text=text, status=answer.status, content_type=content_type, headers=_FLAVOR
        )

    def _answer(self, request: web.BaseRequest) -> Answer:
        revision = self._caller(request.remote or "")
        if revision is None:
            return Answer("Only containers of this emulator are answered.\n", 403)
        if request.path == "/":
            return Answer("computeMetadata/\n")
        forwarded = "X-Forwarded-For" in request.headers
        if request.headers.get("Metadata-Flavor") != "Google" or forwarded:
            # The header keeps a page in a browser, or a proxy, from fetching tokens.
            return Answer("Missing required header: Metadata-Flavor: Google\n", 403)
        if request.method not in ("GET", "HEAD"):
            return Answer("Only GET is allowed.\n", 405)
        if not request.path.startswith(_PREFIX):
            return Answer("Not found.\n", 404)
        return entry(
            request.path.removeprefix(_PREFIX).strip("/"),
            request.query,
            revision,
            self._identities,
        )
