"""Tokens and keys are told to nobody again, wherever in a request a caller put them."""

import re

REDACTED = "redacted"
_SECRETS = re.compile(
    r"ya29\.[A-Za-z0-9._-]+"  # access tokens
    r"|1//[A-Za-z0-9_-]{16,}"  # refresh tokens
    r"|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"  # JSON Web Tokens
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
    re.DOTALL,
)


def redacted(text: str) -> str:
    """The text with a word in the place of each token and private key in it."""
    return _SECRETS.sub(REDACTED, text)
