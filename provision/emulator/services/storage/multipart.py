"""Uploads of one request: metadata as JSON and content, as ``multipart/related``."""

import json
import re
from collections.abc import Mapping
from typing import Any

from provision.emulator.services.storage.errors import wrong

_BOUNDARY = re.compile(r"""boundary=(?:"([^"]+)"|'([^']+)'|([^\s;]+))""", re.IGNORECASE)
_BLANK = re.compile(rb"\r?\n\r?\n")


def parted(content_type: str, body: bytes) -> tuple[dict[str, Any], bytes]:
    """Metadata, with the content's type, and content. Raises `StorageError`.

    Lines may end with a line feed alone, as gcloud's do.

    Args:
        content_type: of the request.
        body: all of it.
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise wrong("Missing multipart boundary.")
    mark = re.escape(b"--" + next(filter(None, found.groups())).encode())
    # One kind of line ends throughout: a content's own last carriage return stays its own.
    end = rb"\r\n" if re.search(mark + rb"[ \t]*\r\n", body) else rb"\n"
    line = re.compile(rb"(?:\A|" + end + rb")" + mark + rb"(?:--)?[ \t]*(?:" + end + rb"|\Z)")
    places = list(line.finditer(body))
    if len(places) < 3:  # noqa: PLR2004 - before, between and after two parts
        raise wrong("Multipart upload must contain exactly two parts.")
    # The content may hold anything but the boundary; what follows the last one is not looked at.
    first = body[places[0].end() : places[1].start()]
    second = body[places[1].end() : places[2].start()]
    _, described = _part(first)
    headers, content = _part(second)
    metadata = _decoded(described)
    kind = headers.get("content-type")
    return ({"contentType": kind, **metadata} if kind else metadata), content


def _part(raw: bytes) -> tuple[Mapping[str, str], bytes]:
    """Headers, by their names in lower case, and what follows them."""
    end = _BLANK.search(raw)
    if raw.startswith((b"\n", b"\r\n")):  # no headers at all
        return {}, raw.partition(b"\n")[2]
    if end is None:
        raise wrong("Malformed multipart body.")
    lines = raw[: end.start()].decode("latin-1").splitlines()
    named = (line.partition(":") for line in lines)
    return {key.strip().lower(): value.strip() for key, _, value in named}, raw[end.end() :]


def _decoded(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text or b"{}")
    except (ValueError, RecursionError) as error:
        raise wrong("Parse Error", "parseError") from error
    if not isinstance(found, dict):
        raise wrong("Parse Error", "parseError")
    return found
