"""An object's content on its way out: all of it, or a range."""

import re
from http import HTTPStatus
from typing import BinaryIO

from aiohttp import web

from provision.emulator.services.storage.checksums import etag
from provision.emulator.services.storage.errors import missing
from provision.emulator.services.storage.objects import Media
from provision.emulator.services.storage.records import Stored

_RANGE = re.compile(r"bytes=(?:(\d+)-(\d*)|-(\d+))")
_PIECE = 1 << 18
_COPIED = {
    "contentEncoding": "Content-Encoding",
    "contentDisposition": "Content-Disposition",
    "contentLanguage": "Content-Language",
}


async def send(request: web.Request, media: Media) -> web.StreamResponse:
    """Answer a request with a content, which stays what it is while it is sent."""
    try:
        file = media.path.open("rb")
    except FileNotFoundError:  # overwritten or deleted since it was looked up
        stored = media.stored
        raise missing(f"No such object: {stored.bucket}/{stored.name}") from None
    with file:
        size = media.stored.content.size
        asked = _RANGE.fullmatch(request.headers.get("Range", "").strip())
        place = (0, size) if asked is None else _place(asked, size)
        if place is None:
            return _beyond(size)
        answer = web.StreamResponse(headers=_headers(media.stored))
        if asked is not None:
            answer.set_status(HTTPStatus.PARTIAL_CONTENT)
            answer.headers["Content-Range"] = f"bytes {place[0]}-{place[1] - 1}/{size}"
        answer.content_length = place[1] - place[0]
        await answer.prepare(request)
        await _write(answer, file, *place)
        return answer


async def _write(answer: web.StreamResponse, file: BinaryIO, first: int, end: int) -> None:
    file.seek(first)
    while first < end and (piece := file.read(min(_PIECE, end - first))):
        await answer.write(piece)
        first += len(piece)
    await answer.write_eof()


def _beyond(size: int) -> web.Response:
    return web.Response(
        status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        text="Request range not satisfiable",
        headers={"Content-Range": f"bytes */{size}"},
    )


def _place(found: re.Match[str], size: int) -> tuple[int, int] | None:
    """First byte and end of what is asked for; None where there is nothing of it."""
    if found.group(3):
        wanted = int(found.group(3))
        return (max(0, size - wanted), size) if size and wanted else None
    first = int(found.group(1))
    end = min(int(found.group(2)) + 1, size) if found.group(2) else size
    return (first, end) if first < end else None


def _headers(stored: Stored) -> dict[str, str]:
    content, settings = stored.content, stored.settings
    told = {header: _line(settings[key]) for key, header in _COPIED.items() if settings.get(key)}
    kind = settings.get("contentType", "application/octet-stream")
    return {
        "Content-Type": _line(kind),
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
        "ETag": f'"{etag(stored.generation, stored.metageneration)}"',
        "Server": "UploadServer",
        "X-Goog-Generation": str(stored.generation),
        "X-Goog-Metageneration": str(stored.metageneration),
        "X-Goog-Hash": f"crc32c={content.crc32c},md5={content.md5}",
        "X-Goog-Storage-Class": settings.get("storageClass", "STANDARD"),
        "X-Goog-Stored-Content-Encoding": _line(settings.get("contentEncoding", "identity")),
        "X-Goog-Stored-Content-Length": str(content.size),
        **told,
    }


def _line(text: str) -> str:
    """A header's value: one line, of letters, whatever somebody put into the metadata."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text).encode("utf-8", "replace").decode()
