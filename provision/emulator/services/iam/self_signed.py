"""Access tokens that a service account signs itself, as Google's libraries make them from a key.

They are JSON Web Tokens for one API (``aud``) or for scopes, signed with the account's key and sent
in place of an OAuth access token (https://google.aip.dev/auth/4111).
"""

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from provision.emulator.seams import TokenError

_MAX_LIFETIME = 3600
_CLOCK_SKEW = 10
_SCOPES = frozenset(
    {
        "https://www.googleapis.com/auth/cloud-platform",
        "https://www.googleapis.com/auth/iam",
    }
)
_HOSTS = (".googleapis.com", ".pkg.dev")
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

    def member(self, token: str) -> str | None:
        """``serviceAccount:…``; None when it is no token of that kind, or not valid now."""
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
        return f"serviceAccount:{claims['iss']}" if lasts and own and _is_for_us(claims) else None


def _is_for_us(claims: Mapping[str, Any]) -> bool:
    """Whether it was made for an API of Google's, and not for the token endpoint or a service."""
    audience = claims.get("aud")
    if audience:
        address = urlsplit(str(audience))
        host = address.hostname or ""
        return address.scheme == "https" and address.path in {"", "/"} and host.endswith(_HOSTS)
    return bool(_SCOPES & set(str(claims.get("scope", "")).split()))
