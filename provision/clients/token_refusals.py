"""Why a token service refused, in words, with the one thing to do about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from provision.clients.clock import Clock
from provision.errors import PermissionDeniedError, ProvisionError, UnavailableError, UsageError

_TOLERATED = 60.0
"""Seconds by which clocks may differ before it is worth a word."""
_REFUSED = 400
_BROKEN = 500
_TOO_MANY = 429


@dataclass(frozen=True)
class Refusal:
    """What a token endpoint answered.

    Args:
        status: HTTP status.
        code: OAuth's ``error``, as in ``invalid_grant``.
        said: its description; nothing of what was sent to it.
        skew: seconds by which our clock is ahead of the service's; None when it told no time.
    """

    status: int
    code: str
    said: str
    skew: float | None = None


class Dated:
    """google-auth's transport, remembering how our clock compares with the answering service's.

    Args:
        request: google-auth's own transport.
        clock: tells our time.
    """

    def __init__(self, request: Callable[..., Any], clock: Clock) -> None:
        self._request = request
        self._clock = clock
        self.skew: float | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - google-auth's
        """Send, and look at the answer's ``Date``."""
        response = self._request(*args, **kwargs)
        self.skew = skew_of(response.headers, self._clock.now())
        return response


def skew_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds by which `now` is ahead of a response's ``Date``; None when it has none."""
    told = next((value for name, value in headers.items() if name.lower() == "date"), "")
    try:
        moment = parsedate_to_datetime(told)
    except (TypeError, ValueError):
        return None
    return (now - moment.replace(tzinfo=moment.tzinfo or UTC)).total_seconds()


def skew_told(skew: float | None) -> str:
    """``This machine's clock is 12 min ahead of …``; empty while it is near enough."""
    if skew is None or abs(skew) <= _TOLERATED:
        return ""
    where = "ahead of" if skew > 0 else "behind"
    return f"This machine's clock is {lasting(abs(skew))} {where} the token service's."


def lasting(seconds: float) -> str:
    """``59 s``, ``12 min``, ``3 h 20 min`` or ``4 days``: a length of time, rounded down."""
    whole = int(seconds)
    if whole < 2 * 60:
        return f"{whole} s"
    if whole < 2 * 3600:
        return f"{whole // 60} min"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} days"


def of_google_auth(error: Exception, skew: float | None) -> Refusal:
    """What google-auth's error tells of the answer: ``("invalid_grant: …", {"error": …})``."""
    told = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
    said = told.get("error_description") or (error.args[0] if error.args else "")
    return Refusal(_REFUSED, str(told.get("error", "")), str(said)[:300], skew)


def refused(doing: str, email: str, key_id: str, refusal: Refusal) -> ProvisionError:
    """The error for a service account's key that was refused.

    Args:
        doing: what we were doing, to what.
        email: the key's account.
        key_id: the key's id; no secret.
        refusal: what was answered.
    """
    message = f"{doing}: {refusal.said or refusal.code or f'answered {refusal.status}'}"
    if refusal.status >= _BROKEN or refusal.status == _TOO_MANY:
        return UnavailableError(message, hint="Nothing is lost: run the same command again.")
    late = skew_told(refusal.skew)
    if late or "reasonable timeframe" in refusal.said:
        told = late or "The times in the signed request were refused."
        return UsageError(f"{message} {told}", hint="Set the clock (timedatectl set-ntp true).")
    if "Signature" in refusal.said:
        return UsageError(
            f"{message} Key {key_id} is deleted, disabled or expired.",
            hint=f"`gcloud iam service-accounts keys list --iam-account {email}` shows the keys"
            " that count. Better than a new key: impersonation (--as), or workload identity.",
        )
    if "account" in refusal.said:
        return UsageError(
            f"{message} {email} is deleted or disabled.",
            hint=f"`gcloud iam service-accounts describe {email}` tells which;"
            " `… enable` enables it again.",
        )
    return PermissionDeniedError(message, hint=f"The key is of {email}, id {key_id}.")
