"""A request on its way to a container: where it goes, and with which headers."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Iterable

# https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
# `Expect` is answered here already: a container that ignores it would never see the body.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "expect",
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
TRACE = "X-Cloud-Trace-Context"
IAP_HEADERS = (
    "X-Goog-Authenticated-User-Email",
    "X-Goog-Authenticated-User-Id",
    "X-Goog-IAP-JWT-Assertion",
)
"""What Identity-Aware Proxy tells an application; nobody else's are passed on by it."""


@dataclass(frozen=True)
class Onward:
    """A request on its way to a container.

    Args:
        request: as it came.
        address: host and port of the container.
        timeout: seconds it may take, its answer included.
        credential: the checked header and its value without the signature, if any.
        prefix: the beginning of the path that the container does not see, ``/NAME`` of functions.
        told: headers by which Identity-Aware Proxy tells of the caller; None where it is not on.
        spent: a header that was for Identity-Aware Proxy, which the container does not see.
    """

    request: web.BaseRequest
    address: tuple[str, int]
    timeout: float
    credential: tuple[str, str] | None
    prefix: str = ""
    told: Mapping[str, str] | None = None
    spent: str = ""

    @property
    def url(self) -> URL:
        """The container's URL, the path exactly as the client wrote it."""
        host, port = self.address
        return URL(f"http://{host}:{port}{below(self.prefix, self.request)}", encoded=True)

    @property
    def headers(self) -> CIMultiDict[str]:
        """The client's headers with Google's changes."""
        headers = end_to_end(self.request.headers.items())
        if self.told is not None:
            for name in (*IAP_HEADERS, self.spent):
                headers.popall(name, None)
            headers.update(self.told)
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


def host_name(request: web.BaseRequest) -> str:
    """The host that was asked for, without its port and in lower case; empty for no host name."""
    try:
        return (urlsplit(f"//{request.host}").hostname or "").lower()
    except ValueError:
        return ""


def raw_target(request: web.BaseRequest) -> str:
    """Path and query as they were written, also of a request in absolute form.

    A fragment is nobody's business but the client's; what is decided is decided about the same
    text that the container gets.
    """
    target = request.raw_path.partition("#")[0]
    if target.startswith("/"):
        return target
    parts = urlsplit(target)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.path or '/'}{query}"


def target_path(request: web.BaseRequest) -> str:
    """The path as it was written, without its query."""
    return raw_target(request).partition("?")[0]


def below(prefix: str, request: web.BaseRequest) -> str:
    """What comes after the prefix in path and query, as it was written; it begins with a slash."""
    rest = raw_target(request).removeprefix(prefix)
    return rest if rest.startswith("/") else f"/{rest}"


def end_to_end(headers: "Iterable[tuple[str, str]]") -> CIMultiDict[str]:
    """The headers without those that are for one connection only."""
    kept: CIMultiDict[str] = CIMultiDict(headers)
    for value in kept.getall("Connection", []):
        for name in value.split(","):
            if name.strip().lower() != "host":  # every request has one
                kept.popall(name.strip(), None)
    for name in _HOP_BY_HOP:
        kept.popall(name, None)
    return kept
