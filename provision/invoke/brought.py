"""What a request brings to show who calls. Pure."""

from collections.abc import Mapping
from typing import Any

from provision.clients.http_exchange import Headers
from provision.errors import UsageError
from provision.invoke.explain import Asked, Credential
from provision.tokens.authorization import AUTHORIZATION, SERVERLESS, claims_of

_ACCESS = "ya29."


def asked_of(method: str, url: str, headers: Headers) -> Asked:
    """The request as an explanation sees it: whose token it brings, and never the token.

    Args:
        method: its method.
        url: where it went.
        headers: as they went out; ``X-Serverless-Authorization`` is the one that is checked where
            there is one.
    """
    for checked in (SERVERLESS, AUTHORIZATION):
        values = [value for name, value in headers if name.lower() == checked.lower()]
        if values:
            return _with(method, url, checked, values)
    return Asked(method, url)


def _with(method: str, url: str, header: str, values: list[str]) -> Asked:
    scheme, _, token = values[0].strip().partition(" ")
    kind, claims = Credential.OTHER, {}
    if len(values) > 1:
        kind = Credential.SEVERAL
    elif scheme.lower() == "bearer" and token.strip().startswith(_ACCESS):
        kind = Credential.ACCESS
    elif scheme.lower() == "bearer":
        claims = _claims(token)
        kind = Credential.ID if claims else Credential.OTHER
    return Asked(method, url, kind, _member(claims), header, claims)


def _claims(token: str) -> dict[str, Any]:
    try:
        return dict(claims_of(token))
    except UsageError:
        return {}


def _member(claims: Mapping[str, Any]) -> str:
    email = str(claims.get("email", ""))
    if not email:
        return ""
    return f"serviceAccount:{email}" if email.endswith(".gserviceaccount.com") else f"user:{email}"
