"""The service that is called: its address, and the tokens for it."""

import os
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from provision.clients.clock import Clock
from provision.clients.id_tokens import IdTokens, Minted
from provision.clients.invoking.source import TokenSource
from provision.errors import UsageError
from provision.tokens.audiences import (
    as_given,
    for_address,
    is_loopback,
    origin,
    require_private_way,
)

_FUNCTIONS = ".cloudfunctions.net"


@dataclass(frozen=True)
class Service:
    """An address and whom it is called as.

    Args:
        url: where it answers; https, or http on this machine.
        audience: what tokens are for; by the address where empty.
        service_account: whom to speak as, or a chain of accounts separated by commas, the last
            spoken as; the caller itself where empty.
    """

    url: str
    audience: str = ""
    service_account: str = ""
    origin: str = field(init=False)

    def __post_init__(self) -> None:
        """Refuse what no token may be sent to.

        Raises:
            UsageError: the address is none, or one where others could read the token.
        """
        require_private_way(self.url)
        if "?" in self.url or "#" in self.url:
            raise UsageError(
                "A service's address has neither a query nor a fragment.",
                hint="Give them with the request.",
            )
        if self.wanted_audience.endswith(_FUNCTIONS):
            raise UsageError(
                f"{self.url} is the address of all functions of a project, and of none.",
                hint="A function's address ends with its name, which is part of the audience.",
            )
        object.__setattr__(self, "origin", origin(self.url))

    @property
    def wanted_audience(self) -> str:
        """What tokens are for."""
        return (as_given(self.audience) if self.audience else for_address(self.url)).value

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine."""
        return is_loopback(urlsplit(self.url).hostname or "")

    def owns(self, url: str) -> bool:
        """Whether an address is of this service's origin."""
        try:
            return origin(url) == self.origin
        except UsageError:
            return False

    def require_own(self, url: str) -> None:
        """Refuse an address elsewhere.

        Raises:
            UsageError: it is of another origin.
        """
        if not self.owns(url):
            raise UsageError(
                f"This invoker speaks to {self.origin} and to nobody else.",
                hint="Make another one for another service.",
            )

    def whole(self, path: str) -> str:
        """The address of `path` below this service's; no slash is added.

        Args:
            path: beginning with a slash or a question mark; empty for the service's address; or
                a whole address of this service.

        Raises:
            UsageError: it is neither, or an address elsewhere.
        """
        if path and path[0] not in "/?":
            if "://" in path:
                self.require_own(path)
                return path
            raise UsageError(
                f"{path!r} is no path.", hint=f"Begin it with a slash, as in {'/' + path!r}."
            )
        start = self.url.removesuffix("/") if path.startswith("/") else self.url
        return f"{start}{path}"

    def tokens(self, credentials: Any = None, clock: Clock | None = None) -> TokenSource:  # noqa: ANN401 - google-auth's
        """Where the tokens come from.

        Args:
            credentials: google-auth's, of whoever calls; found as everywhere where None.
            clock: tells the time.
        """
        clock = clock or Clock()
        mint = _Minting(self, credentials, clock)
        return TokenSource(mint, clock)


class _Minting:
    """Finds out who calls when the first token is wanted, and mints."""

    def __init__(self, service: Service, credentials: Any, clock: Clock) -> None:  # noqa: ANN401
        self._service = service
        self._find = partial(_id_tokens, credentials, clock)
        self._tokens: IdTokens | None = None

    def __call__(self, *, fresh: bool) -> Minted:
        if self._tokens is None:
            self._tokens = self._find()
        service = self._service
        return self._tokens.mint(
            service.wanted_audience, service.service_account or None, fresh=fresh
        )


def _id_tokens(credentials: Any, clock: Clock) -> IdTokens:  # noqa: ANN401 - google-auth's
    from provision.clients.credentials import caller_of, load_caller
    from provision.clients.google import GoogleClients
    from provision.clients.local_cloud import find_local_cloud

    local = find_local_cloud(os.environ)
    if credentials is None:
        caller = load_caller(os.environ, local, None)
    else:
        caller = caller_of(credentials, local)
    return IdTokens(GoogleClients(caller, local), clock)
