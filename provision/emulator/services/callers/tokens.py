"""The account as which a request is sent by Cloud Scheduler or Cloud Tasks.

Source: the comments of ``OidcToken`` and ``OAuthToken`` in both APIs: the account has to be of the
same project, and the caller must be allowed to act as it. The refusal is quoted in
googleapis/nodejs-tasks#249.
"""

from typing import Any
from urllib.parse import urlsplit

from provision.emulator.rpc.calls import Call
from provision.emulator.services.callers.acting import find_account, may_act_as
from provision.emulator.services.callers.words import scheduler_refusal
from provision.emulator.world import World

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def settle_token(world: World, call: Call, target: Any, name: str, address: str = "") -> None:  # noqa: ANN401 - a message
    """Raise `ApiError` unless the caller may act as a target's account; fill in the defaults.

    Args:
        world: the accounts.
        call: who sets it.
        target: a message with ``oidc_token`` and ``oauth_token``; changed in place.
        name: canonical name of what sends the requests.
        address: the audience where none is given; empty for none.
    """
    kind = target.WhichOneof("authorization_header")
    if kind is None:
        return
    token = getattr(target, kind)
    email = find_account(world, token.service_account_email, name.split("/")[1])
    if email is None or email != token.service_account_email or not may_act_as(world, call, email):
        raise scheduler_refusal("iam.serviceAccounts.actAs", token.service_account_email)
    if kind == "oidc_token":
        token.audience = token.audience or address
    else:
        token.scope = token.scope or _SCOPE


def is_address(text: str) -> bool:
    """Whether a request can be sent to it: HTTP or HTTPS with a host."""
    try:
        parts = urlsplit(text)
        known = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and known
