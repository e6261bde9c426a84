"""Which header carries an ID token, and what a token says of itself. Pure.

Cloud Run takes the token from ``X-Serverless-Authorization`` where there is one, and passes
``Authorization`` on to the application; else from ``Authorization``.
https://cloud.google.com/run/docs/authenticating/service-to-service
"""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from provision.errors import UsageError

AUTHORIZATION = "Authorization"
SERVERLESS = "X-Serverless-Authorization"
BOTH = (AUTHORIZATION, SERVERLESS)

REFUSED = "Your client does not have permission to"
"""How Google's front end refuses; an application of its own would have to copy the words."""

_PARTS = 3


def header_for(names: Iterable[str]) -> str | None:
    """The header for the ID token, beside the headers that the caller brings.

    Args:
        names: names of the caller's headers, in any case.

    Returns:
        ``Authorization``; ``X-Serverless-Authorization`` where the caller has an Authorization of
        its own; None where it brings a token in ``X-Serverless-Authorization`` already.
    """
    brought = {name.lower() for name in names}
    if SERVERLESS.lower() in brought:
        return None
    return SERVERLESS if AUTHORIZATION.lower() in brought else AUTHORIZATION


def bearer(token: str) -> str:
    """The value of either header."""
    return f"Bearer {token}"


def claims_of(token: str) -> Mapping[str, Any]:
    """What a token says, its signature neither looked at nor given.

    Args:
        token: a JSON Web Token; secret.

    Raises:
        UsageError: it is none; the message has nothing of it.
    """
    parts = token.strip().split(".")
    if len(parts) != _PARTS:
        raise UsageError(
            "That is no ID token: it has not the three parts of one.",
            hint="An access token (ya29.…) opens Google's APIs, but no Cloud Run service.",
        )
    try:
        middle = parts[1] + "=" * (-len(parts[1]) % 4)
        told = json.loads(base64.urlsafe_b64decode(middle.encode("ascii")))
    except ValueError:  # UnicodeError, binascii.Error and JSONDecodeError are all of this kind
        told = None
    if not isinstance(told, dict):
        raise UsageError("That is no ID token: its claims cannot be read.")
    return told
