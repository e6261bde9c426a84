"""What calls a service by itself, as the stage `callers` handles it; one file a product beside."""

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

from provision.plan import Unknown
from provision.spec.calls import CallerSpec, HttpCall

Json = Mapping[str, Any]
Root = str | Unknown
"""The root URL of the service: the audience of every token."""


class CalledBy(Protocol):
    """One schedule, subscription or queue; what is compared goes by words of our own."""

    @property
    def caller(self) -> CallerSpec:
        """What is declared."""

    @property
    def name(self) -> str:
        """Its full name."""

    def wanted(self, root: Root) -> dict[str, Any]:
        """What should be; pure."""

    def seen(self) -> dict[str, Any] | None:
        """What is; None when there is none."""

    def write(self, seen: Json | None, wanted: Json) -> None:
        """Create it, or update what differs."""


def request_of(call: HttpCall, root: Root) -> dict[str, Any]:
    """Method and address of a call."""
    if isinstance(root, Unknown):
        return {"method": call.method, "uri": root}
    query = f"?{urlencode(call.query)}" if call.query else ""
    return {"method": call.method, "uri": f"{root}{call.path}{query}"}


def token_of(caller: CallerSpec, root: Root) -> dict[str, Any]:
    """As whom a caller calls, and for what its token is."""
    return {"serviceAccount": caller.account.email, "audience": root}


def seen_token(target: Json) -> dict[str, Any]:
    """The same of what is; empty where there is no token."""
    token = target.get("oidcToken", {})
    return {
        "serviceAccount": token.get("serviceAccountEmail", ""),
        "audience": token.get("audience", ""),
    }


def oidc_of(wanted: Json) -> dict[str, str]:
    """The token as Google's messages have it."""
    return {"serviceAccountEmail": wanted["serviceAccount"], "audience": wanted["audience"]}
