"""What the local door lets through, and what it changes on the way. Pure.

Whoever reaches the door calls the service as its owner, so a web page that happens to be open in
the same browser must not reach it: neither by a name of its own that resolves to this machine (DNS
rebinding), nor by a request across sites.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from provision.clients.http_exchange import Headers
from provision.errors import UsageError
from provision.invoke.proxy.cookies import at_home
from provision.tokens.audiences import is_loopback, origin
from provision.tokens.authorization import AUTHORIZATION, SERVERLESS, bearer, header_for

_HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization"),
        *("proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)
"""For one connection only (https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)."""
_OURS_TO_SEND = frozenset({"host", "content-length", "expect", SERVERLESS.lower()})
_NOT_FOR_HOME = frozenset({"alt-svc", "strict-transport-security"})
"""They speak of the service's own address, and would turn a browser away from this one."""
_NEVER = frozenset({"CONNECT", "TRACE"})
"""CONNECT makes a proxy to anywhere; TRACE would show the token to whoever asks."""
_READING = frozenset({"GET", "HEAD"})
_ONCE = frozenset({"host", "origin", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"})
"""What is decided by: a second one would leave open which of them counts."""
_HOST = re.compile(r"(?P<name>[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")


@dataclass(frozen=True)
class Refusal:
    """Why a request is not passed on.

    Args:
        status: HTTP status.
        why: in a sentence, for whoever sent it.
    """

    status: int
    why: str


def refusal(method: str, headers: Headers) -> Refusal | None:
    """Why a request is not passed on; None when it is.

    A link from elsewhere may be followed, as browsers do with cookies that are ``SameSite=Lax``:
    whoever linked sees nothing of the answer.

    Args:
        method: the request's method.
        headers: as they came in.
    """
    told = {name.lower(): value for name, value in headers}
    host, site = told.get("host", ""), told.get("sec-fetch-site", "none").lower()
    if method in _NEVER:
        return Refusal(405, f"{method} is not passed on.")
    if not _is_local(host):
        return Refusal(
            403, "This address answers as localhost or 127.0.0.1 only, against DNS rebinding."
        )
    if "origin" in told and not _is_own(told["origin"].lower(), host.lower(), site):
        return Refusal(403, "A page of another origin may not use this address.")
    if site in {"cross-site", "same-site"}:
        navigates = told.get("sec-fetch-mode") == "navigate"
        into_a_tab = told.get("sec-fetch-dest") == "document"
        if not (method in _READING and navigates and into_a_tab):
            return Refusal(403, "A page of another origin may not use this address.")
    return None


def malformed(raw: str, headers: Headers) -> Refusal | None:
    """Why a request can be read in more than one way; None when it cannot.

    Args:
        raw: what it asks for, as it stands in the request line.
        headers: as they came in.
    """
    if _path_of(raw) is None:
        return Refusal(400, "What is asked for is no path.")
    names = [name.lower() for name, _ in headers]
    twice = next((name for name in sorted(_ONCE) if names.count(name) > 1), "")
    return Refusal(400, f"The header {twice} stands twice.") if twice else None


def _path_of(raw: str) -> str | None:
    """Path and query of what a request line asks for; None where it would be another host's.

    Put behind an address, ``@evil.example`` or ``.evil.example`` would name another host, and the
    token would go there.
    """
    if raw.startswith("/"):
        return raw
    try:
        parts = urlsplit(raw)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return None
    return f"{parts.path or '/'}?{parts.query}".removesuffix("?")


def _is_own(stated: str, host: str, site: str) -> bool:
    """Whether a page that we served asks.

    A form of a page whose Referrer-Policy is no-referrer says ``Origin: null``; what a browser then
    says of the site is as sure, for no page can write that header
    (https://fetch.spec.whatwg.org/#append-a-request-origin-header).
    """
    return stated == f"http://{host}" or (stated == "null" and site == "same-origin")


def is_websocket(method: str, headers: Headers) -> bool:
    """Whether a request wants to become a WebSocket (RFC 6455, 4.2.1)."""
    told = {name.lower(): value.lower() for name, value in headers}
    wanted = (one.strip() for one in told.get("connection", "").split(","))
    return method == "GET" and "upgrade" in wanted and told.get("upgrade", "") == "websocket"


def _is_local(host: str) -> bool:
    found = _HOST.fullmatch(host.lower())
    name = found["name"].strip("[]") if found else ""
    return is_loopback(name) or name.endswith(".localhost")


@dataclass(frozen=True)
class Change:
    """What changes between the browser and the service.

    Args:
        base: the service's address, perhaps with a path.
        owned: origins that are the service's as well.
        first_generation: it is a function of the first generation, which takes a token in
            ``Authorization`` alone.
    """

    base: str
    owned: tuple[str, ...] = ()
    first_generation: bool = False

    def outward(self, headers: Headers, host: str, token: str) -> Headers:
        """The headers for the service: as if the browser had asked it directly, with a token.

        Args:
            headers: the browser's.
            host: what the browser takes this address for, as ``localhost:8080``.
            token: the ID token.
        """
        named = _named_by_connection(headers)
        kept = tuple(
            (name, self._abroad(name, " ".join(value.split("\r\n")), host))
            for name, value in headers
            if name.lower() not in _HOP_BY_HOP | _OURS_TO_SEND | named
        )
        brought = [name for name, _ in kept]
        header = (header_for(brought) or AUTHORIZATION) if self.first_generation else SERVERLESS
        return (*kept, (header, bearer(token)))

    def homeward(self, headers: Headers, host: str) -> Headers:
        """The headers for the browser: redirects and cookies lead back to this address."""
        named = _named_by_connection(headers)
        return tuple(
            (name, self._home(name, value, host))
            for name, value in headers
            if name.lower() not in _HOP_BY_HOP | _NOT_FOR_HOME | named
        )

    def target(self, raw: str) -> str:
        """The address of what the browser asks for; `raw` as it stands in the request line.

        Raises:
            UsageError: it is no path; see `malformed`.
        """
        path = _path_of(raw)
        if path is None:
            raise UsageError("What is asked for is no path.")
        return self.base + path

    def _abroad(self, name: str, value: str, host: str) -> str:
        """An address of ours becomes the service's: it would not know the other one."""
        ours = f"http://{host}"
        if name.lower() in {"origin", "referer"} and value.lower().startswith(ours.lower()):
            return origin(self.base) + value[len(ours) :]
        return value

    def _home(self, name: str, value: str, host: str) -> str:
        if name.lower() == "set-cookie":
            return at_home(value)
        if name.lower() in {"location", "content-location"}:
            return self._led_home(value, host)
        return value

    def _led_home(self, location: str, host: str) -> str:
        """A redirect within the service stays here; any other one is left as it is."""
        if location.startswith("/") and not location.startswith("//"):
            return self._below(location) or location
        whole = f"https:{location}" if location.startswith("//") else location
        try:
            start = origin(whole)
        except UsageError:
            return location
        if start.partition("://")[2] not in set(self._hosts()):
            return location
        path = urlsplit(whole)._replace(scheme="", netloc="").geturl()
        inner = self._below(path if path.startswith("/") else f"/{path}")
        return location if inner is None else f"http://{host}{inner}"

    def _below(self, path: str) -> str | None:
        """`path` as it is asked for here; None where it is another's at the same host."""
        prefix = urlsplit(self.base).path.rstrip("/")
        if path != prefix and not path.startswith((f"{prefix}/", f"{prefix}?", f"{prefix}#")):
            return None
        inner = path.removeprefix(prefix)
        return inner if inner.startswith("/") else f"/{inner}"

    def _hosts(self) -> Iterator[str]:
        """The service's hosts, whatever scheme a redirect has: applications see plain http."""
        for url in (self.base, *self.owned):
            yield origin(url).partition("://")[2]


def _named_by_connection(headers: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Headers that ``Connection`` says are for one connection only."""
    return frozenset(
        one.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for one in value.split(",")
    )
