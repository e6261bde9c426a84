"""What an ID token says, as text and as JSON: its claims, and never the token."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from provision.cli.console import results, safe
from provision.clients.token_refusals import lasting

_FIRST = ("aud", "azp", "email", "sub", "iss", "iat", "exp")
_TIMES = ("iat", "exp", "nbf")


def show_claims(claims: Mapping[str, Any], now: datetime) -> None:
    """Print the claims, those that decide first."""
    names = [*(name for name in _FIRST if name in claims), *sorted(set(claims) - set(_FIRST))]
    width = max((len(name) for name in names), default=0)
    for name in names:
        results.print(f"{safe(name):<{width}}  {safe(_shown(name, claims[name], now))}")


def moments(claims: Mapping[str, Any], now: datetime) -> dict[str, object]:
    """When a token was issued and when it ends, for JSON."""
    issued, ends = _moment(claims.get("iat")), _moment(claims.get("exp"))
    return {
        "issued_at": _stamp(issued) if issued else None,
        "expires_at": _stamp(ends) if ends else None,
        "seconds_left": int((ends - now).total_seconds()) if ends else None,
    }


def until(ends: datetime, now: datetime) -> str:
    """``58 min left`` or ``expired 3 h 2 min ago``."""
    left = (ends - now).total_seconds()
    return f"{lasting(left)} left" if left > 0 else f"expired {lasting(-left)} ago"


def _shown(name: str, value: object, now: datetime) -> str:
    moment = _moment(value) if name in _TIMES else None
    if moment is None:
        return value if isinstance(value, str) else json.dumps(value)
    told = moment.strftime("%Y-%m-%d %H:%M:%S UTC")
    if name == "exp":
        return f"{told}, {until(moment, now)}"
    ago = (now - moment).total_seconds()
    return f"{told}, {lasting(ago)} ago" if ago >= 0 else f"{told}, in {lasting(-ago)}"


def _moment(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
