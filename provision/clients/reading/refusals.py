"""What a refused call means: none there, later, not for us, or the end of the whole reading."""

import re
from typing import Any

_WEDGED = re.compile(r"\s+")
_LONGEST = 400
_OVER_REST = re.compile(r"^[A-Z]+ https?://\S+: ")
"""What Google's library puts before the words of a REST service."""
_DISABLED = "SERVICE_DISABLED"
_LIMITED = "RATE_LIMIT_EXCEEDED"


def is_passing(error: Exception) -> bool:
    """Whether the same call may well succeed in a moment."""
    import requests
    from google.api_core import exceptions as google
    from google.auth.exceptions import TransportError

    again = (
        google.TooManyRequests,
        google.ServiceUnavailable,
        google.InternalServerError,
        google.BadGateway,
        google.GatewayTimeout,
        google.Aborted,
        google.RetryError,
        requests.ConnectionError,
        requests.Timeout,
        TransportError,
    )
    return isinstance(error, again)


def is_too_much(error: Exception) -> bool:
    """Whether too much was asked at once."""
    from google.api_core.exceptions import TooManyRequests

    return isinstance(error, TooManyRequests)


def told_limit(error: Exception) -> int:
    """How many calls a minute a quota is, when the service says so; 0 when it does not.

    Google's own limiter tells it in the refusal (google.rpc.ErrorInfo, ``RATE_LIMIT_EXCEEDED``);
    not all refusals have a unit, whose limit then says it in its name.
    """
    metadata = getattr(error, "metadata", None) or {}
    value = str(metadata.get("quota_limit_value", ""))
    if getattr(error, "reason", None) != _LIMITED or not value.isdecimal():
        return 0
    unit = str(metadata.get("quota_unit", ""))
    named = not unit and "PerMinute" in str(metadata.get("quota_limit", ""))
    return int(value) if named or unit.startswith("1/min") else 0


def asked_to_wait(error: Exception) -> float:
    """Seconds that a service asks to wait (google.rpc.RetryInfo); 0 when it does not say."""
    from google.rpc.error_details_pb2 import RetryInfo

    for detail in getattr(error, "details", ()) or ():
        if isinstance(detail, RetryInfo):
            return float(detail.retry_delay.ToTimedelta().total_seconds())
        if isinstance(detail, dict) and "retryDelay" in detail:  # over REST
            return _seconds(str(detail["retryDelay"]))
    return 0.0


def _seconds(text: str) -> float:
    """Of a duration in JSON, ``1.5s``."""
    try:
        return float(text.removesuffix("s"))
    except ValueError:
        return 0.0


def is_ours(error: Exception) -> bool:
    """Whether a service or the way to it refused: anything else is a fault of this program."""
    import requests
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError

    known = (GoogleAPICallError, RetryError, GoogleAuthError, requests.RequestException)
    return isinstance(error, known)


def is_end(error: Exception) -> bool:
    """Whether no call at all can succeed: the credentials are refused."""
    from google.api_core.exceptions import Unauthorized
    from google.auth.exceptions import GoogleAuthError, TransportError

    if isinstance(error, TransportError):
        return False
    return isinstance(error, Unauthorized | GoogleAuthError)


def is_disabled(error: Exception, projects: tuple[str, ...]) -> bool:
    """Whether the API is off in the very project that was asked about: so it has nothing there.

    The same words are said of the project that pays for the call, which tells nothing of others.

    Args:
        error: what the call raised.
        projects: that project as ``projects/ID`` and ``projects/NUMBER``.
    """
    if getattr(error, "reason", None) != _DISABLED:
        return False
    metadata = getattr(error, "metadata", None) or {}
    return metadata.get("consumer", "") in projects


def is_absent(error: Exception) -> bool:
    """Whether the service says that there is no such thing."""
    from google.api_core.exceptions import NotFound

    return isinstance(error, NotFound)


def is_not_offered(error: Exception) -> bool:
    """Whether the API has no such collection there."""
    from google.api_core.exceptions import MethodNotImplemented, NotFound

    return isinstance(error, MethodNotImplemented | NotFound)


def is_nowhere(error: Exception) -> bool:
    """Whether the service is not in that location (Cloud Scheduler's words)."""
    return is_bad_page(error) and "is not a valid location" in str(error)


def is_bad_page(error: Exception) -> bool:
    """Whether the token of a page may be what is refused."""
    from google.api_core.exceptions import BadRequest

    return isinstance(error, BadRequest)


def why(error: Exception, needs: str) -> str:
    """What the service said, on one line, with the permission that it takes.

    Args:
        error: what the call raised.
        needs: the permission; empty when it is not known.
    """
    said = _WEDGED.sub(" ", str(getattr(error, "message", "") or error)).strip()
    said = _OVER_REST.sub("", said)[:_LONGEST].rstrip(" .") or type(error).__name__
    if not _is_forbidden(error) or not needs or needs.lower() in said.lower():
        return said
    return f"{said} ({needs} is needed)"


def _is_forbidden(error: Exception) -> bool:
    from google.api_core.exceptions import Forbidden

    return isinstance(error, Forbidden)


def checked(answer: Any) -> Any:  # noqa: ANN401 - requests.Response to JSON
    """The JSON of a REST answer; a refusal is raised as gRPC clients raise it."""
    from google.api_core.exceptions import from_http_response

    if not answer.ok:
        raise from_http_response(answer)
    return answer.json()
