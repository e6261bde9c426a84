"""A request and where redirects take it; credentials stay with the origin they were meant for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from provision.clients.http_exchange import Headers, Http, Incoming, Outgoing
from provision.clients.invoking.redirects import explained
from provision.errors import ProvisionError, UnavailableError, UsageError
from provision.invoke.request_parts import Body, is_credential
from provision.tokens.audiences import origin

MAX_HOPS = 20
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SEE_OTHER = 303
_BECOME_GET = frozenset({301, 302})
_OF_THE_BODY = frozenset({"content-type", "content-encoding", "content-language"})
_DRAINED = 64 * 1024
"""Bytes of a redirect's own page that are read, so that its connection can be used again."""


@dataclass(frozen=True)
class Hop:
    """One request.

    Args:
        method: its method.
        url: where to.
        headers: all of them, credentials among them until the origin is left.
        body: what is sent.
        own: whether it goes to the origin that the token was meant for, never having left it.
    """

    method: str
    url: str
    headers: Headers = field(repr=False)
    body: Body | None = None
    own: bool = True

    @property
    def outgoing(self) -> Outgoing:
        """The request as it is sent, its body from the beginning."""
        if self.body is None:
            return Outgoing(self.method, self.url, self.headers)
        return Outgoing(self.method, self.url, self.headers, self.body.pieces(), self.body.length)

    def onward(self, status: int, location: str) -> "Hop":
        """Where a redirect leads, and with what.

        Raises:
            UsageError: it leads to no http address.
            ProvisionError: the body would have to be sent a second time and cannot be.
        """
        end = urljoin(self.url, location).partition("#")[0]
        own = self.own and origin(end) == origin(self.url)
        headers = self.headers
        if not own:
            headers = tuple(one for one in headers if not is_credential(one[0]))
        hop = replace(self, url=end, own=own, headers=headers)
        if _becomes_get(status, self.method):
            kept = tuple(one for one in headers if one[0].lower() not in _OF_THE_BODY)
            return replace(hop, method="GET", body=None, headers=kept)
        if self.body is not None and not self.body.again:
            raise ProvisionError(
                f"HTTP {status} asks to send the body again, which came from a pipe and is gone.",
                hint=f"Send it from a file (-d @FILE), or to {end.partition('?')[0]} at once.",
            )
        return hop


def _becomes_get(status: int, method: str) -> bool:
    """As browsers and curl do it (https://www.rfc-editor.org/rfc/rfc9110#section-15.4)."""
    if status == _SEE_OTHER:
        return method not in {"GET", "HEAD"}
    return status in _BECOME_GET and method == "POST"


def leads_on(incoming: Incoming) -> str:
    """Where an answer redirects to, as it says; empty when it is no redirect."""
    return incoming.header("location") if incoming.status in _REDIRECTS else ""


def shown_end(url: str, location: str) -> str:
    """Where a redirect leads, without the query, which may hold secrets."""
    return urljoin(url, location).partition("?")[0]


class Watch(Protocol):
    """Is told what happens on the way."""

    def sending(self, hop: Hop) -> None:
        """A request goes out."""

    def received(self, incoming: Incoming) -> None:
        """An answer begins."""

    def redirected(self, said: str) -> None:
        """A redirect is followed."""


@contextmanager
def answered(http: Http, hop: Hop, watch: Watch, *, follow: bool) -> Iterator[tuple[Hop, Incoming]]:
    """The answer to `hop`, or to what its redirects lead to.

    Args:
        http: sends.
        hop: the first request.
        watch: is told what happens.
        follow: whether redirects are followed.

    Raises:
        UnavailableError: nothing answered, or redirects go on and on.
    """
    for _ in range(MAX_HOPS + 1):
        watch.sending(hop)
        with http.exchange(hop.outgoing) as incoming:
            watch.received(incoming)
            location = leads_on(incoming) if follow else ""
            if not location:
                yield hop, incoming
                return
            following = _followed(hop, incoming.status, location)
            _drain(incoming)
        status, own = incoming.status, following.own
        watch.redirected(explained(status, hop.url, following.url, own=own))
        hop = following
    raise UnavailableError(
        f"{hop.method} {hop.url.partition('?')[0]}: redirected more than {MAX_HOPS} times.",
        hint="Without -L the first answer is shown, and where it leads.",
    )


def _followed(hop: Hop, status: int, location: str) -> Hop:
    try:
        return hop.onward(status, location)
    except (UsageError, ValueError):
        scheme = urlsplit(location).scheme or "?"
        raise UnavailableError(
            f"HTTP {status} redirects to an address of scheme {scheme!r}, which is not followed.",
            hint="Without -L the answer itself is shown.",
        ) from None


def _drain(incoming: Incoming) -> None:
    read = 0
    for piece in incoming.pieces():
        read += len(piece)
        if read > _DRAINED:
            return
