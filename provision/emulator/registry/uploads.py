"""Blobs on their way in: in one piece, in many, broken off and resumed, or mounted."""

import re
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from provision.emulator.registry.blobs import DigestMismatchError
from provision.emulator.registry.call import Call
from provision.emulator.registry.gatekeeper import DOWNLOAD, Gatekeeper
from provision.emulator.registry.names import is_digest, parse_name
from provision.emulator.registry.refusals import Refusal
from provision.emulator.registry.store import Store

_RANGE = re.compile(r"(?:bytes[= ])?(\d{1,18})-(\d{1,18})(?:/(?:\d+|\*))?")
_PIECE = 1 << 20


class Uploads:
    """The upload half of the registry.

    Args:
        store: where blobs go.
        gatekeeper: asked about the repository a blob is mounted from.
    """

    def __init__(self, store: Store, gatekeeper: Gatekeeper) -> None:
        self._store = store
        self._gatekeeper = gatekeeper
        self._busy: set[str] = set()

    async def start(self, call: Call) -> web.StreamResponse:
        """POST: mount a blob, take a whole one, or open an upload."""
        query = call.request.query
        if "mount" in query and self._mounted(call, query["mount"], query.get("from", "")):
            return _created(call, query["mount"])
        self._store.drop_stale_uploads()
        upload = self._store.files.begin()
        self._store.catalog.add_upload(upload, call.name)
        if "digest" in query:
            return await self._complete(call, upload)
        return _accepted(call, upload, 0)

    def _mounted(self, call: Call, digest: str, source: str) -> bool:
        """Whether it could be mounted; whatever is in the way, the client may push instead."""
        try:
            origin = parse_name(call.request.host, source) if source else call.name
        except Refusal:
            return False
        if origin.repository != call.name.repository and not self._gatekeeper.may(
            call.member, DOWNLOAD, origin
        ):
            return False
        if not is_digest(digest) or not self._store.catalog.has_blob(origin.repository, digest):
            return False
        self._store.wanted.want(call.name.repository, digest)
        self._store.catalog.add_blob(call.name.repository, digest)
        return True

    async def status(self, call: Call) -> web.StreamResponse:
        """GET: how far an upload got."""
        upload, received = self._find(call)
        return _accepted(call, upload, received, status=204)

    async def append(self, call: Call) -> web.StreamResponse:
        """PATCH: the next piece."""
        upload, received = self._find(call)
        _check_range(call, upload, received)
        received = await self._receive(call, upload)
        return _accepted(call, upload, received)

    async def complete(self, call: Call) -> web.StreamResponse:
        """PUT: the last piece, if any, and the digest of the whole."""
        upload, received = self._find(call)
        _check_range(call, upload, received)
        return await self._complete(call, upload)

    async def cancel(self, call: Call) -> web.StreamResponse:
        """DELETE: drop an upload."""
        upload, _ = self._find(call)
        self._store.files.abandon(upload)
        self._store.catalog.drop_upload(upload)
        return web.Response(status=204, headers={"Docker-Upload-UUID": upload})

    async def _complete(self, call: Call, upload: str) -> web.StreamResponse:
        digest = call.request.query.get("digest", "")
        if not is_digest(digest):
            raise _bad_digest()
        await self._receive(call, upload)
        self._busy.add(upload)
        self._store.wanted.want(call.name.repository, digest)
        try:
            await self._store.files.finish(upload, digest)
        except DigestMismatchError:
            self._store.wanted.settle(call.name.repository, [digest])
            raise _bad_digest() from None
        finally:
            self._busy.discard(upload)
            self._store.catalog.drop_upload(upload)
        self._store.require_file(digest)
        self._store.catalog.add_blob(call.name.repository, digest)
        return _created(call, digest)

    async def _receive(self, call: Call, upload: str) -> int:
        self._busy.add(upload)
        try:
            return await self._store.files.append(upload, _pieces(call.request))
        finally:
            self._busy.discard(upload)

    def _find(self, call: Call) -> tuple[str, int]:
        upload = call.request.match_info["upload"]
        received = self._store.files.received(upload)
        if received is None or not self._store.catalog.has_upload(upload, call.name):
            raise Refusal(404, "BLOB_UPLOAD_UNKNOWN", "The upload is unknown to the registry.")
        if upload in self._busy:
            raise Refusal(409, "BLOB_UPLOAD_INVALID", "The upload is being written to already.")
        return upload, received


async def _pieces(request: web.Request) -> AsyncIterator[bytes]:
    """The body in pieces of about a MiB, and what there is of it before a cut is told."""
    gathered = bytearray()
    try:
        async for part in request.content.iter_any():
            gathered += part
            if len(gathered) >= _PIECE:
                piece, gathered = bytes(gathered), bytearray()
                yield piece
    except (aiohttp.ClientError, aiohttp.web.RequestPayloadError, ConnectionError):
        if gathered:
            yield bytes(gathered)
        raise Refusal(400, "BLOB_UPLOAD_INVALID", "The upload broke off.") from None
    if gathered:
        yield bytes(gathered)


def _check_range(call: Call, upload: str, received: int) -> None:
    header = call.request.headers.get("Content-Range")
    if header is None:
        return
    match = _RANGE.fullmatch(header.strip())
    length = call.request.content_length
    if match and int(match.group(1)) == received:
        size = int(match.group(2)) - received + 1
        if length is None or size == length:
            return
    headers = _progress(call, upload, received)
    raise Refusal(416, "BLOB_UPLOAD_INVALID", "The piece does not continue the upload.", headers)


def _progress(call: Call, upload: str, received: int) -> dict[str, str]:
    return {
        "Location": f"/v2/{call.path}/blobs/uploads/{upload}",
        "Range": f"0-{max(received - 1, 0)}",
        "Docker-Upload-UUID": upload,
    }


def _accepted(call: Call, upload: str, received: int, status: int = 202) -> web.Response:
    return web.Response(status=status, headers=_progress(call, upload, received))


def _created(call: Call, digest: str) -> web.Response:
    location = f"/v2/{call.path}/blobs/{digest}"
    return web.Response(status=201, headers={"Location": location, "Docker-Content-Digest": digest})


def _bad_digest() -> Refusal:
    return Refusal(400, "DIGEST_INVALID", "The provided digest did not match the uploaded content.")
