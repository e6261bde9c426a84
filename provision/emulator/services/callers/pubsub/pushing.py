"""Where a subscription pushes to, and as whom.

Source: the comments of ``google.pubsub.v1.PushConfig`` and "Authenticate push subscriptions".
"""

from typing import Any
from urllib.parse import urlsplit

from provision.emulator.rpc.calls import Call
from provision.emulator.rpc.hosts import is_loopback
from provision.emulator.rpc.status import invalid
from provision.emulator.services.callers.acting import find_account, may_act_as
from provision.emulator.services.callers.pubsub.names import wrong
from provision.emulator.services.callers.words import pubsub_refusal
from provision.emulator.world import World

_HELP = "https://cloud.google.com/pubsub/docs/subscriber#create"
_VERSIONS = ("v1", "v1beta1", "v1beta2")
_ACCOUNT = "PushConfig::oidc_token::service_account_email"


def check_push(world: World, call: Call, config: Any, name: str) -> None:  # noqa: ANN401 - PushConfig
    """Raise `ApiError` for a push configuration that cannot be, or not by this caller.

    Args:
        world: the accounts.
        call: who sets it.
        config: as it is to be.
        name: the subscription's canonical name.
    """
    if not config.push_endpoint:
        if config.HasField("oidc_token"):
            raise wrong("PushConfig::push_endpoint")
        return
    if not _is_endpoint(config.push_endpoint):
        raise invalid(
            f"Invalid push endpoint given (endpoint={config.push_endpoint[:500]}). Refer to "
            f"{_HELP} for more information."
        )
    if config.attributes.get("x-goog-version", "v1") not in _VERSIONS:
        raise wrong("PushConfig::attributes")
    if config.HasField("oidc_token"):
        _check_account(world, call, config.oidc_token, name)


def _is_endpoint(address: str) -> bool:
    """Whether it is an address over TLS, or of this machine, where services answer without."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        known = parts.port is None or parts.port > 0
    except ValueError:
        return False
    local = parts.scheme == "http" and is_loopback(host)
    return bool(host) and known and (parts.scheme == "https" or local)


def _check_account(world: World, call: Call, token: Any, name: str) -> None:  # noqa: ANN401 - OidcToken
    """The account is one of the subscription's project, and the caller may act as it."""
    email = find_account(world, token.service_account_email, name.split("/")[1])
    if email is None or email != token.service_account_email:
        raise wrong(_ACCOUNT)
    if not may_act_as(world, call, email):
        raise pubsub_refusal("iam.serviceAccounts.actAs", email)
