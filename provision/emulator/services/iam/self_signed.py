"""Access tokens that a service account signs itself, as Google's libraries make them from a key.

They are JSON Web Tokens for one API (``aud``) or for scopes, signed with the account's key and sent
in place of an OAuth access token (https://google.aip.dev/auth/4111).
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from provision.emulator.rpc.hosts import google_host
from provision.emulator.seams import TokenError

_MAX_LIFETIME = 3600
_CLOCK_SKEW = 10
_SCOPES = frozenset(
    {
        "https://www.googleapis.com/auth/cloud-platform",
        "https://www.googleapis.com/auth/iam",
    }
)
_AUDIENCE = re.compile(r"https://([a-z0-9.-]+)/?")
Verify = Callable[[str], Mapping[str, Any]]


class SelfSignedTokens:
    """Tells whose self-signed token something is.

    Args:
        verify: the claims of a token that a key of its issuer signed; raises `TokenError`.
        clock: seconds since the epoch.
    """

    def __init__(self, verify: Verify, clock: Callable[[], float] = time.time) -> None:
        self._verify = verify
        self._clock = clock

    def member(self, token: str, api: str = "") -> str | None:
        """``serviceAccount:…``; None when it is no token of that kind, or not valid now and here.

        Args:
            token: what was sent as an access token.
            api: the API that is asked, as ``run``; empty where that is not told.
        """
        if token.count(".") != 2:  # noqa: PLR2004 - header, claims, signature
            return None
        try:
            claims = self._verify(token)
            issued, ends = float(claims["iat"]), float(claims["exp"])
        except (TokenError, KeyError, TypeError, ValueError, OverflowError):
            return None
        now = self._clock()
        lasts = issued - _CLOCK_SKEW <= now < ends <= issued + _MAX_LIFETIME
        own = claims.get("sub") == claims.get("iss")
        return f"serviceAccount:{claims['iss']}" if lasts and own and _is_for(claims, api) else None


def _is_for(claims: Mapping[str, Any], api: str) -> bool:
    """Whether it was made for an API of Google's, and not for another or for the token endpoint."""
    audience = claims.get("aud")
    if not audience:
        return bool(_SCOPES & set(str(claims.get("scope", "")).split()))
    found = _AUDIENCE.fullmatch(str(audience))
    meant = google_host(found.group(1)) if found else None
    return meant is not None and api in ("", meant.api)
