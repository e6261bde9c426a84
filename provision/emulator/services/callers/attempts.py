"""Attempts at a request, as Cloud Scheduler, Cloud Tasks and Pub/Sub tell of them and repeat them.

The statuses are those of "HTTP Mapping" in ``google/rpc/code.proto``; how long is waited between
attempts stands in the comments of ``RetryConfig`` in both APIs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from google.rpc import status_pb2

from provision.emulator.rpc.wellknown import Code
from provision.emulator.services.callers.sending import (
    NoTokenError,
    OAuthToken,
    OidcToken,
    Outgoing,
    Sender,
    SendingError,
    TookTooLongError,
)

_CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    416: "OUT_OF_RANGE",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_NOT_GIVEN = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"),
        *("te", "trailer", "keep-alive", "proxy-connection", "proxy-authorization"),
    }
)
"""Headers that belong to a connection; what somebody gives of them is left out (documented)."""
_PRODUCTS = ("x-google-", "x-appengine-", "x-cloudscheduler-", "x-cloudtasks-")
_SHORTEST = 0.01
"""Seconds that pass between two attempts at least: nothing is to keep the machine busy."""
_KINDS: tuple[tuple[type[SendingError], str], ...] = (
    (NoTokenError, "PERMISSION_DENIED"),
    (TookTooLongError, "DEADLINE_EXCEEDED"),
    (SendingError, "UNAVAILABLE"),
)


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended.

    Args:
        http: the answer's HTTP status; 0 when none came.
        code: canonical code by name; ``OK`` of an answer of 2xx.
        why: in words, when no answer came.
    """

    http: int
    code: str
    why: str = ""

    @property
    def good(self) -> bool:
        """Whether the receiver has taken it."""
        return self.code == "OK"

    def status(self, message: str = "") -> Any:  # noqa: ANN401 - a google.rpc.Status
        """As a message."""
        return status_pb2.Status(code=Code.Value(self.code), message=self.why or message)


async def attempt(sender: Sender, outgoing: Outgoing) -> Outcome:
    """Send a request once."""
    if outgoing.token is not None:  # there is one credential, whatever else was given
        kept = {k: v for k, v in outgoing.headers.items() if k.lower() != "authorization"}
        outgoing = replace(outgoing, headers=kept)
    try:
        answer = await sender.send(outgoing)
    except SendingError as error:
        code = next(code for kind, code in _KINDS if isinstance(error, kind))
        return Outcome(0, code, str(error))
    except ValueError as error:  # an address or a header that cannot be
        return Outcome(0, "INVALID_ARGUMENT", str(error))
    return Outcome(answer.status, code_of(answer.status))


def code_of(http: int) -> str:
    """The canonical code of an HTTP status, by name."""
    if HTTPStatus.OK <= http < HTTPStatus.MULTIPLE_CHOICES:
        return "OK"
    if http in _CODES:
        return _CODES[http]
    if HTTPStatus.BAD_REQUEST <= http < HTTPStatus.INTERNAL_SERVER_ERROR:
        return "FAILED_PRECONDITION"
    return "INTERNAL" if http >= HTTPStatus.INTERNAL_SERVER_ERROR else "UNKNOWN"


def headers_of(given: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The headers of a request: those that its owner gave, less what only a product says.

    Args:
        given: by the owner; names count without regard to case.
        own: the product's, which come first.
    """
    taken = {name.lower() for name in own} | _NOT_GIVEN
    passed = {
        name: value
        for name, value in given.items()
        if name.lower() not in taken and not name.lower().startswith(_PRODUCTS)
    }
    return {**passed, **own}


def token_of(target: Any) -> OidcToken | OAuthToken | None:  # noqa: ANN401 - a message
    """Whose token goes with a request, by a message with ``oidc_token`` and ``oauth_token``."""
    kind = target.WhichOneof("authorization_header")
    if kind == "oidc_token":
        return OidcToken(target.oidc_token.service_account_email, target.oidc_token.audience)
    if kind == "oauth_token":
        scopes = tuple(target.oauth_token.scope.split())
        return OAuthToken(target.oauth_token.service_account_email, scopes)
    return None


def backoff(retry: int, least: float, most: float, doublings: int) -> float:
    """Seconds to wait before a retry: doubled so often, then growing by the same each time.

    Args:
        retry: which it is, from 0.
        least: the first wait.
        most: the longest wait.
        doublings: how often it is doubled.
    """
    doubled = min(retry, doublings, 64)
    return max(_SHORTEST, min(most, least * 2.0**doubled * (retry - doubled + 1)))


def seconds(duration: Any) -> float:  # noqa: ANN401 - a Duration
    """A duration in seconds."""
    return float(duration.seconds + duration.nanos / 1e9)
