"""The local address: takes a browser's requests, and passes them on as streams, in both directions.

A thread for each connection, by the standard library's server: the connections of one person's
browser are few. Nothing is held of a body but a piece of it.
"""

import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from provision.clients.http_exchange import Headers, Http, Incoming, Outgoing
from provision.clients.invoking.source import TokenSource
from provision.clients.outside import Answer
from provision.clients.websocket_tunnel import tunnel
from provision.errors import ProvisionError
from provision.invoke.proxy.bodies import Body, FramingError, write_chunk
from provision.invoke.proxy.rules import Change, Refusal, is_websocket, malformed, refusal

_KEPT = 4096
"""Bytes of an answer that are kept to explain it."""
_NO_BODY = frozenset({204, 304})
_UNAUTHORIZED = 401
_READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Seen:
    """One request that was passed on, for whoever watches; never with a token.

    Args:
        method: its method.
        url: where it went.
        headers: as they went out; the token is among them.
        answer: what came back, with the beginning of its body.
    """

    method: str
    url: str
    headers: Headers = field(repr=False)
    answer: Answer = field(repr=False)


@dataclass(frozen=True)
class House:
    """What every request shares.

    Args:
        change: what changes on the way.
        tokens: ID tokens, replaced before they end.
        http: sends.
        seen: told of each request; called from several threads.
    """

    change: Change
    tokens: TokenSource
    http: Http
    seen: Callable[[Seen], None]


class Door(ThreadingHTTPServer):
    """Listens on one loopback address.

    Args:
        host: ``127.0.0.1`` or ``::1``.
        port: which; 0 for any.
        house: what requests share.

    Raises:
        OSError: something else listens there, or there is no such address.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    patience = 120.0
    """Seconds until a request's head is there; then its connection is closed."""
    # Another server's port is never taken over, and our own is free again at once.
    allow_reuse_address = True

    def __init__(self, host: str, port: int, house: House) -> None:
        self.house = house
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Passing)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as overridden
        """A browser that goes away is no error; anything else is a bug, and told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Passing(BaseHTTPRequestHandler):
    """One connection of a browser."""

    protocol_version = "HTTP/1.1"
    server: Door

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Every method is passed on alike; the standard library asks for ``do_METHOD``."""
        if name.startswith("do_"):
            return self._pass
        raise AttributeError(name)

    def log_message(self, *_: object) -> None:
        """Whoever watches is told by `House.seen`; a request's line may hold secrets."""

    def handle_one_request(self) -> None:
        """One request; its body and its answer take as long as they like."""
        self.connection.settimeout(self.server.patience)
        super().handle_one_request()

    def _pass(self) -> None:
        self._begun = False
        self.connection.settimeout(None)
        headers = _as_text(self.headers.items())
        refused = malformed(self._raw, headers) or refusal(self.command, headers)
        if refused is None and self.headers.defects:
            refused = Refusal(400, "The headers cannot be read.")
        if refused is not None:
            self._say(refused.status, refused.why)
            return
        try:
            if is_websocket(self.command, headers):
                self._tunnel(headers)
                return
            body = Body(self.rfile, headers)
            with ExitStack() as stack:
                request, incoming = stack.enter_context(self._answered(headers, body))
                self._pass_back(request, incoming)
        except FramingError as error:
            self._say(400, f"The body cannot be read: {error}.")
        except ProvisionError as error:
            self._failed(error)
        else:
            self.close_connection = self.close_connection or not body.at_end

    @property
    def _raw(self) -> str:
        """What is asked for, as it was written: the standard library's own reading is another."""
        return self.requestline.split()[1]

    def _tunnel(self, headers: Headers) -> None:
        """A WebSocket, whose bytes are passed on as they are until either side ends it."""
        house, host = self.server.house, self.headers["Host"]
        self.close_connection = True
        token = house.tokens.get().token
        request = Outgoing(
            self.command,
            house.change.target(self._raw),
            house.change.outward(headers, host, token),
        )
        status = tunnel(request, self.connection, lambda found: house.change.homeward(found, host))
        house.seen(Seen(self.command, request.url, request.headers, Answer(status)))

    @contextmanager
    def _answered(self, headers: Headers, body: Body) -> Iterator[tuple[Outgoing, Incoming]]:
        """The service's answer; asked once more where the token may just have ended."""
        house = self.server.house
        minted = house.tokens.get()
        for last in (body.is_there or self.command not in _READING, True):
            request = self._outgoing(headers, body, minted.token)
            with house.http.exchange(request) as incoming:
                told = {name.lower(): value for name, value in incoming.headers}
                stale = incoming.status == _UNAUTHORIZED and house.tokens.may_be_stale(minted, told)
                if last or not stale:
                    yield request, incoming
                    return
            minted = house.tokens.renewed(minted)

    def _outgoing(self, headers: Headers, body: Body, token: str) -> Outgoing:
        change, host = self.server.house.change, self.headers["Host"]
        return Outgoing(
            self.command,
            change.target(self._raw),
            change.outward(headers, host, token),
            body.pieces() if body.is_there else None,
            body.length,
        )

    def _pass_back(self, request: Outgoing, incoming: Incoming) -> None:
        change, host = self.server.house.change, self.headers["Host"]
        headers = change.homeward(incoming.headers, host)
        sized = any(name.lower() == "content-length" for name, _ in headers)
        empty = self.command == "HEAD" or incoming.status in _NO_BODY
        chunked = not sized and not empty and self.request_version != "HTTP/1.0"
        self.send_response_only(incoming.status, incoming.reason)
        for name, value in headers:
            self.send_header(name, value)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif not sized and not empty:
            self.send_header("Connection", "close")
        self._begun = True
        self.end_headers()
        beginning = self._body(incoming, chunked=chunked)
        told = {name.lower(): value for name, value in reversed(incoming.headers)}
        answer = Answer(incoming.status, beginning.decode("utf-8", "replace"), told)
        self.server.house.seen(Seen(self.command, request.url, request.headers, answer))

    _begun = False

    def _body(self, incoming: Incoming, *, chunked: bool) -> bytes:
        """Write the body as it comes; its beginning."""
        beginning = b""
        for piece in incoming.pieces():
            if len(beginning) < _KEPT:
                beginning += piece[: _KEPT - len(beginning)]
            if chunked:
                write_chunk(self.wfile, piece)
            else:
                self.wfile.write(piece)
        if chunked:
            write_chunk(self.wfile, b"")
        return beginning

    def _failed(self, error: ProvisionError) -> None:
        """What went wrong on the way; an answer that has begun is broken off, never rounded off."""
        if self._begun:
            self.close_connection = True
            return
        self._say(502, f"{error}" + (f"\nNext: {error.hint}" if error.hint else ""))

    def _say(self, status: int, text: str) -> None:
        """Answer by ourselves, and end the connection: a body may still be on its way."""
        content = f"provision proxy: {text}\n".encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _as_text(headers: Iterable[tuple[str, str]]) -> Headers:
    """Headers as the rest of the program has them; sent on, they are the same bytes again."""
    return tuple(
        (name, value.encode("latin-1").decode("utf-8", "surrogateescape"))
        for name, value in headers
    )
