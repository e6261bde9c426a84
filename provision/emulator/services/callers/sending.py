"""Requests that Google's own products send on behalf of a project: Workflows, Scheduler and so on.

They go over the network to the address that they are for, as those of anybody do, and the front
door decides about them. Two things are special: a product can have a token of an account, which its
service agent asks for; and what it sends counts as sent from inside of the project whose it is
(https://cloud.google.com/run/docs/securing/ingress#internal-services).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, urlsplit

import aiohttp
from yarl import URL

from provision.emulator.rpc.hosts import is_loopback
from provision.emulator.services.callers.agents import agent_of
from provision.emulator.services.callers.lines import Lines
from provision.emulator.world import World

_CONNECT_SECONDS = 10.0
_LONGEST_HEADER = 65536
_CLOUD_PLATFORM = ("https://www.googleapis.com/auth/cloud-platform",)
_PORTS = {"http": 80, "https": 443}

Locate = Callable[[str, int], Awaitable[tuple[str, int] | None]]
"""Where one of Google's host names, with a port, answers in the emulator; None for nowhere."""


@dataclass(frozen=True)
class OidcToken:
    """An ID token of an account.

    Args:
        account: its e-mail address.
        audience: what the token is for; the address that is asked when empty.
    """

    account: str
    audience: str = ""


@dataclass(frozen=True)
class OAuthToken:
    """An access token of an account.

    Args:
        account: its e-mail address.
        scopes: what it is good for; everything in Google Cloud when there are none.
    """

    account: str
    scopes: tuple[str, ...] = _CLOUD_PLATFORM


@dataclass(frozen=True)
class Outgoing:
    """A request that is to be sent.

    Args:
        api: the product that sends it, as in ``workflows``.
        project: id of the project on whose behalf.
        method: HTTP method.
        url: whole address.
        headers: what it says of itself; without a token, which is added here.
        body: as it is sent; nothing when empty.
        token: of whom a token goes with it; None for nobody's.
        timeout: seconds until the whole answer has to be there.
        most: bytes that the answer's body may have.
    """

    api: str
    project: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    token: OidcToken | OAuthToken | None = None
    timeout: float = 1800.0
    most: int = 32 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """What came back.

    Args:
        status: HTTP status.
        reason: the words beside it.
        headers: in the order they came; a name may be there more than once.
        body: as it was sent.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """The first value of a header, whatever its case; empty without one."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")


class SendingError(Exception):
    """No answer came; the text says why."""


class UnreachableError(SendingError):
    """There is no such address, or nothing answers there."""


class BrokenOffError(SendingError):
    """The connection ended before the whole answer was there."""


class TookTooLongError(SendingError):
    """The answer was not there in time."""


class TooLargeError(SendingError):
    """The answer is larger than the product takes."""


class NoTokenError(SendingError):
    """The product's agent gets no token of the account, or there is no such account."""


class Sender:
    """Sends requests.

    Args:
        world: accounts and tokens.
        locate: where Google's host names answer.
    """

    def __init__(self, world: World, locate: Locate) -> None:
        self._world = world
        self._locate = locate
        self.lines = Lines()

    async def send(self, outgoing: Outgoing) -> Answer:
        """Send a request; redirects are answers like any other.

        Raises:
            SendingError: no answer came; which one of its kinds says why.
        """
        headers = {**outgoing.headers, **self._credentials(outgoing)}
        parts = urlsplit(outgoing.url)
        where, host = await self._destination(parts)
        headers.setdefault("Host", host)
        prepared = replace(outgoing, url=where, headers=headers)
        try:
            async with asyncio.timeout(outgoing.timeout):
                return await self._exchange(prepared)
        except TimeoutError as error:
            seconds = f"{outgoing.timeout:g}"
            raise TookTooLongError(f"no answer within {seconds} seconds") from error
        except aiohttp.ClientConnectorError as error:
            raise UnreachableError(f"{host} does not answer: {error.strerror}") from error
        except (aiohttp.InvalidURL, ValueError) as error:
            raise UnreachableError(f"{host} cannot be asked: {error}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise BrokenOffError(f"{host} broke off: {error}") from error

    def _credentials(self, outgoing: Outgoing) -> dict[str, str]:
        token = outgoing.token
        if token is None:
            return {}
        member = f"serviceAccount:{token.account}"
        self._check_token(outgoing, token)
        identities = self._world.identities
        if isinstance(token, OidcToken):
            text = identities.id_token(member, token.audience or outgoing.url)
        else:
            text = identities.access_token(member, scopes=token.scopes or _CLOUD_PLATFORM)
        return {"Authorization": f"Bearer {text}"}

    def _check_token(self, outgoing: Outgoing, token: OidcToken | OAuthToken) -> None:
        """Raise `NoTokenError` unless the product's agent gets a token of the account."""
        world = self._world
        account = world.accounts.get(token.account)
        if account is None or not world.identities.may_act(f"serviceAccount:{token.account}"):
            raise NoTokenError(f"service account {token.account} does not exist or is disabled")
        agent = agent_of(world, outgoing.api, outgoing.project)
        kind = "OpenIdToken" if isinstance(token, OidcToken) else "AccessToken"
        permission = f"iam.serviceAccounts.get{kind}"
        if not world.access.allowed(f"serviceAccount:{agent}", permission, account["name"]):
            raise NoTokenError(f"{agent} lacks {permission} on {token.account}")

    async def _destination(self, parts: SplitResult) -> tuple[str, str]:
        """The address to connect to and the host that was meant. Raises `UnreachableError`."""
        try:
            name, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise UnreachableError(f"no address: {error}") from error
        if parts.scheme not in _PORTS or not name:
            raise UnreachableError("only addresses of http:// and https:// with a host are asked")
        host = parts.netloc.rpartition("@")[2]
        found = await self._locate(name, port or _PORTS[parts.scheme])
        rest = parts._replace(fragment="")
        if found is not None:  # no TLS on the way to it: it is in this process
            return rest._replace(scheme="http", netloc="{}:{}".format(*found)).geturl(), host
        if not is_loopback(host):
            raise UnreachableError(f"{host} is neither in this emulator nor on this machine")
        return rest._replace(netloc=host).geturl(), host

    async def _exchange(self, outgoing: Outgoing) -> Answer:
        with self.lines.of(outgoing.project) as make_socket:
            connector = aiohttp.TCPConnector(force_close=True, socket_factory=make_socket)
            async with (
                aiohttp.ClientSession(
                    connector=connector,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                    max_line_size=_LONGEST_HEADER,
                    max_field_size=_LONGEST_HEADER,
                    skip_auto_headers=("User-Agent", "Accept", "Content-Type"),
                ) as session,
                session.request(
                    outgoing.method,
                    URL(outgoing.url),
                    headers=outgoing.headers,
                    data=outgoing.body or None,
                    allow_redirects=False,
                ) as answer,
            ):
                body = await _read(answer, outgoing.most)
                told = tuple((str(name), value) for name, value in answer.headers.items())
                return Answer(answer.status, answer.reason or "", told, body)


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """The body. Raises `TooLargeError`."""
    read = bytearray()
    async for piece in answer.content.iter_any():
        read += piece
        if len(read) > most:
            raise TooLargeError(f"the answer has more than {most} bytes")
    return bytes(read)
