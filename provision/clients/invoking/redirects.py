"""Redirects in words: where they lead, and what goes along."""

from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIGN_IN = "accounts.google.com"


class LeftOriginWarning(UserWarning):
    """A redirect left the service's origin; it was followed without the token."""


def explained(status: int, start: str, end: str, *, own: bool) -> str:
    """What a redirect did, in a sentence or two.

    Args:
        status: the HTTP status that redirected.
        start: the address that was asked.
        end: the address it leads to.
        own: whether it stays at the service's origin, never having left it.
    """
    told = f"HTTP {status} redirects {_shown(start)} to {_shown(end)}"
    if own:
        return f"{told}, which is the same service: the token went along."
    before, after = urlsplit(start), urlsplit(end)
    why = ""
    if (after.hostname or "").endswith(_SIGN_IN):
        why = (
            " That is a login page: Identity-Aware Proxy stands before the service, and wants a"
            " token for its own OAuth client as audience."
        )
    elif before.hostname == after.hostname and (before.scheme, after.scheme) == ("https", "http"):
        why = (
            " The application takes itself for http: TLS ends before it, so it has to go by the"
            " X-Forwarded-Proto header."
        )
    return f"{told}, another origin: no Authorization and no token went along.{why}"


def explain(response: object) -> tuple[str, ...]:
    """Each redirect on the way to a response, in words; none where there was none.

    Args:
        response: of an `Invoker` or of httpx.
    """
    history: Sequence[object] = getattr(response, "history", ())
    passed = [item for item in history if _redirects(item)]
    places = [str(getattr(item, "url", "")) for item in (*passed, response)]
    own, told = True, []
    for item, (start, end) in zip(passed, pairwise(places), strict=True):
        own = own and _place(places[0]) == _place(end)
        told.append(explained(int(getattr(item, "status_code", 0)), start, end, own=own))
    return tuple(told)


def _redirects(response: object) -> bool:
    return "location" in getattr(response, "headers", {})


def _place(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), port


def _shown(url: str) -> str:
    """Without its query, which may hold what nobody else is to see."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
