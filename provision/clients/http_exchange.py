"""HTTP as a stream in both directions: a request goes out and its answer comes in piece by piece.

urllib3 is used beneath requests, whose sessions would fetch whole pieces before they hand any on,
normalise paths, follow ``netrc`` and rewrite headers. Here the path goes out as it was written,
nothing is decoded, nothing is tried twice, and no redirect is followed.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from provision.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

PIECE = 64 * 1024
"""Bytes that are held of a body at a time."""
CONNECT_SECONDS = 30.0

Headers = tuple[tuple[str, str], ...]
"""Names and values in their order; a name may stand several times."""

_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name other certificates than the usual ones, as requests and curl read them."""


@dataclass(frozen=True)
class Outgoing:
    """A request.

    Args:
        method: its method.
        url: where to; the path and query are sent as they are.
        headers: all of them but Host and the body's framing; may hold secrets.
        body: what is sent, piece by piece; None for none.
        length: bytes of the body; None when it is not known, and is then sent in chunks.
    """

    method: str
    url: str
    headers: Headers = field(default=(), repr=False)
    body: Iterable[bytes] | None = field(default=None, repr=False)
    length: int | None = None

    def __str__(self) -> str:
        """As messages name it; a query may hold secrets and is left out."""
        return f"{self.method} {self.url.partition('?')[0]}"


@dataclass(frozen=True)
class Incoming:
    """An answer as it begins; its body comes with `pieces`.

    Args:
        status: HTTP status.
        reason: the words after the status.
        version: ``HTTP/1.1``.
        headers: as they came.
    """

    status: int
    reason: str
    version: str
    headers: Headers = field(repr=False)
    _response: "BaseHTTPResponse" = field(repr=False)
    _asked: str = ""

    def header(self, name: str) -> str:
        """The first value of a header, whatever its case; empty when there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def pieces(self) -> Iterator[bytes]:
        """The body, each piece as soon as it came, undecoded.

        Raises:
            UnavailableError: it broke off.
        """
        response: Any = self._response  # read1 is not in urllib3's base class
        with _told(self._asked):
            while piece := response.read1(PIECE, decode_content=False):
                yield piece


class Http:
    """Sends requests; safe to use from several threads at once, connections are kept open."""

    def __init__(self) -> None:
        self._managers: dict[str, Any] = {}
        self._lock = Lock()

    @contextmanager
    def exchange(self, request: Outgoing, *, silence: float | None = None) -> Iterator[Incoming]:
        """Send `request`; the answer is there as soon as its headers are.

        Args:
            request: what to send.
            silence: seconds without a byte after which it is given up; None waits on.

        Raises:
            UnavailableError: nothing answered.
            UsageError: it holds what HTTP has no place for, as a line break in its method.
        """
        response = self._sent(request, silence)
        try:
            yield Incoming(
                status=response.status,
                reason=response.reason or "",
                version=response.version_string,
                headers=tuple(response.headers.items()),
                _response=response,
                _asked=str(request),
            )
        finally:
            # What was not read to its end cannot be used for another request.
            response.close()

    def _sent(self, request: Outgoing, silence: float | None) -> Any:  # noqa: ANN401 - urllib3's
        from urllib3 import HTTPHeaderDict, Timeout
        from urllib3.util import SKIP_HEADER

        headers = HTTPHeaderDict()
        for name, value in request.headers:
            headers.add(name, value.encode("utf-8", "surrogateescape").decode("latin-1"))
        for name in ("Accept-Encoding", "User-Agent"):  # else urllib3 adds its own
            if name not in headers:
                headers.add(name, SKIP_HEADER)
        if request.body is not None and request.length is not None:
            headers.add("Content-Length", str(request.length))
        with _told(str(request)):
            pool, target = self._way(request.url)
            return pool.urlopen(
                request.method,
                target,
                body=request.body,
                headers=headers,
                timeout=Timeout(connect=CONNECT_SECONDS, read=silence),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
                assert_same_host=False,
            )

    def _way(self, url: str) -> tuple[Any, str]:
        """What to send through, and the target to name there."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        proxy = find_proxy(url)
        manager = self._manager(proxy)
        if proxy and parts.scheme == "http":
            return manager, url
        target = url[len(origin) :].partition("#")[0]
        return manager.connection_from_url(origin), target if target[:1] == "/" else f"/{target}"

    def _manager(self, proxy: str) -> Any:  # noqa: ANN401 - urllib3's
        from urllib3 import PoolManager, ProxyManager

        with self._lock:
            if proxy not in self._managers:
                options: dict[str, Any] = {"maxsize": 64, **certificates()}
                self._managers[proxy] = (
                    ProxyManager(proxy, **options) if proxy else PoolManager(**options)
                )
            return self._managers[proxy]


def find_proxy(url: str) -> str:
    """The proxy that the environment names for `url`; empty for none.

    This machine's own addresses are asked without one.
    """
    from requests.utils import get_environ_proxies, select_proxy

    from provision.clients.outside import on_this_machine

    if on_this_machine(url):
        return ""
    found = select_proxy(url, get_environ_proxies(url)) or ""
    return found if not found or "://" in found else f"http://{found}"


def certificates() -> dict[str, str]:
    """Whom to trust, as everything else here does that goes through requests."""
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    named = next(
        (os.environ[name] for name in _CERTIFICATES if os.environ.get(name)), DEFAULT_CA_BUNDLE_PATH
    )
    return {"ca_cert_dir" if Path(named).is_dir() else "ca_certs": named}


@contextmanager
def _told(asked: str) -> Iterator[None]:
    """Turn what urllib3 raises into one of our errors."""
    from urllib3 import exceptions

    try:
        yield
    except exceptions.HTTPError as error:
        raise UnavailableError(f"{asked}: {_in_words(error)}.", hint=_next(error)) from error
    except ValueError:
        # http.client's words repeat a header's value, which may be secret.
        raise UsageError(
            f"{asked}: this cannot be sent: a sign in its method, path or headers is not HTTP's."
        ) from None


def _in_words(error: Exception) -> str:
    from urllib3 import exceptions

    words: tuple[tuple[type[Exception], str], ...] = (
        (exceptions.NameResolutionError, "the host's name does not resolve"),
        (exceptions.NewConnectionError, "the connection is refused, or there is no way there"),
        (exceptions.ConnectTimeoutError, f"no connection within {CONNECT_SECONDS:.0f} s"),
        (exceptions.ReadTimeoutError, "no answer in time"),
        (exceptions.ProxyError, "the proxy that the environment names does not let it through"),
        (exceptions.SSLError, "its certificate is not trusted, or no TLS is spoken there"),
        (exceptions.IncompleteRead, "the answer broke off before its end"),
        (exceptions.ProtocolError, "the connection broke off"),
    )
    return next((said for kind, said in words if isinstance(error, kind)), type(error).__name__)


def _next(error: Exception) -> str:
    from urllib3 import exceptions

    if isinstance(error, exceptions.ProxyError):
        return "HTTPS_PROXY and NO_PROXY in the environment say which hosts go through a proxy."
    if isinstance(error, exceptions.SSLError):
        return "REQUESTS_CA_BUNDLE names another file of certificates to trust."
    if isinstance(error, exceptions.NameResolutionError | exceptions.NewConnectionError):
        return "Is the address right, and is there a way to it from this machine?"
    return ""
