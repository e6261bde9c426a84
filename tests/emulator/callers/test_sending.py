"""Requests of Google's products: as whom, from where, and how they end without an answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from google.iam.v1 import policy_pb2

from provision.emulator.services.callers.agents import ServiceAgents, agent_of
from provision.emulator.services.callers.sending import (
    Answer,
    BrokenOffError,
    NoTokenError,
    OAuthToken,
    OidcToken,
    Outgoing,
    Sender,
    SendingError,
    TookTooLongError,
    TooLargeError,
    UnreachableError,
)
from provision.emulator.world import Settings, World

PROJECT = "demo-project"
ACCOUNT = f"caller@{PROJECT}.iam.gserviceaccount.com"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def world() -> World:
    """A project with an account, where Workflows has been used."""
    made = World(None, Settings(), (PROJECT,))
    project = made.hierarchy.find(PROJECT)
    assert project is not None
    made.add_account(project, ACCOUNT)
    ServiceAgents(made).appear("workflows", f"projects/{PROJECT}/workflows/orders")
    return made


async def _nowhere(_host: str, _port: int) -> None:
    """No name of Google's answers."""


def sent(world: World, serve: Serve, **fields: Any) -> tuple[Answer, Sender]:  # noqa: ANN401 - of Outgoing
    """What a request to something on this machine was answered, and who sent it."""
    sender = Sender(world, _nowhere)

    async def send() -> Answer:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        url = f"http://{host}:{port}/work?a=b"
        outgoing = Outgoing("workflows", PROJECT, "GET", url)
        async with server:
            return await sender.send(replace(outgoing, **fields))

    return asyncio.run(send()), sender


def answering(*pieces: bytes, seconds: float = 0) -> Serve:
    """Something that answers with these pieces, a while later."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        await asyncio.sleep(seconds)
        writer.writelines(pieces)
        writer.close()

    seen: list[bytes] = []
    serve.seen = seen  # type: ignore[attr-defined] # what came, for the test
    return serve


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Two: 1\r\nX-Two: 2\r\n\r\nok"


def seen_by(serve: Serve) -> str:
    """The one request that came, its line and headers."""
    [request] = serve.seen  # type: ignore[attr-defined] # set by `answering`
    return str(request.decode())


def test_an_answer_is_told_as_it_came(world: World) -> None:
    """Repeated headers too; what the request says of itself is sent, and nothing beside it."""
    serve = answering(OK)
    answer, _ = sent(world, serve, headers={"X-Order": "7"})
    assert (answer.status, answer.reason, answer.body) == (200, "OK", b"ok")
    assert [value for name, value in answer.headers if name == "X-Two"] == ["1", "2"]
    assert answer.header("x-two") == "1"
    lines = seen_by(serve).split("\r\n")
    assert lines[0] == "GET /work?a=b HTTP/1.1"
    assert "X-Order: 7" in lines
    assert not any(line.startswith(("Authorization", "User-Agent")) for line in lines)


def test_a_redirect_is_an_answer(world: World) -> None:
    """Whoever asked decides whether to follow it."""
    moved = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    answer, _ = sent(world, answering(moved))
    assert (answer.status, answer.header("Location")) == (302, "/elsewhere")


@pytest.mark.parametrize(
    ("serve", "fields", "kind"),
    [
        (answering(OK, seconds=5), {"timeout": 0.05}, TookTooLongError),
        (answering(OK), {"most": 1}, TooLargeError),
        (answering(OK[:-1]), {}, BrokenOffError),
        (answering(b""), {}, BrokenOffError),
        (answering(b"no HTTP\r\n\r\n"), {}, BrokenOffError),
        (answering(OK), {"url": "http://127.0.0.1:9/"}, UnreachableError),
        (answering(OK), {"url": "https://orders.example.com/"}, UnreachableError),
        (answering(OK), {"url": "ftp://127.0.0.1/"}, UnreachableError),
        (answering(OK), {"url": "http://127.0.0.1:999999/"}, UnreachableError),
        (answering(OK), {"url": "orders"}, UnreachableError),
    ],
)
def test_what_is_no_answer_is_told_by_its_kind(
    world: World, serve: Serve, fields: dict[str, Any], kind: type[SendingError]
) -> None:
    """Too late, too large, broken off, or never connected."""
    with pytest.raises(SendingError) as caught:
        sent(world, serve, **fields)
    assert type(caught.value) is kind


def test_an_id_token_is_the_accounts_and_for_the_audience(world: World) -> None:
    """For the address called where no audience is given."""
    for audience in ("", "https://orders.example.com"):
        serve = answering(OK)
        sent(world, serve, token=OidcToken(ACCOUNT, audience))
        [line] = [one for one in seen_by(serve).split("\r\n") if one.startswith("Authorization: ")]
        claims = world.identities.claims(line.removeprefix("Authorization: Bearer "))
        assert (claims["email"], claims["email_verified"]) == (ACCOUNT, True)
        assert claims["aud"] == audience or str(claims["aud"]).endswith("/work?a=b")


def test_an_access_token_is_good_for_its_scopes(world: World) -> None:
    """Those that were set, or all of Google Cloud."""
    serve = answering(OK)
    scope = "https://www.googleapis.com/auth/devstorage.read_only"
    sent(world, serve, token=OAuthToken(ACCOUNT, (scope,)))
    [line] = [one for one in seen_by(serve).split("\r\n") if one.startswith("Authorization: ")]
    token = line.removeprefix("Authorization: Bearer ")
    assert world.identities.member(token) == f"serviceAccount:{ACCOUNT}"
    assert world.identities.scopes(token) == frozenset({scope})


@pytest.mark.parametrize("token", [OidcToken(ACCOUNT), OAuthToken(ACCOUNT)])
def test_no_token_without_the_agents_role(world: World, token: OidcToken | OAuthToken) -> None:
    """The product's service agent asks for the token; nothing is sent when it may not."""
    world.policies.set(f"projects/{PROJECT}", policy_pb2.Policy(version=3))
    serve = answering(OK)
    with pytest.raises(NoTokenError, match=agent_of(world, "workflows", PROJECT)):
        sent(world, serve, token=token)
    assert serve.seen == []  # type: ignore[attr-defined] # set by `answering`


@pytest.mark.parametrize("account", ["nobody@demo-project.iam.gserviceaccount.com", ACCOUNT])
def test_no_token_for_an_account_that_is_not_or_not_active(world: World, account: str) -> None:
    """Neither for one that was never made nor for one that is disabled."""
    world.accounts.put(ACCOUNT, {**(world.accounts.get(ACCOUNT) or {}), "disabled": True})
    with pytest.raises(NoTokenError, match="does not exist or is disabled"):
        sent(world, answering(OK), token=OidcToken(account))


def test_only_its_own_connection_is_from_inside(world: World) -> None:
    """By both ends of it, as long as it lasts; a neighbour's connection is nobody's."""
    found: list[str | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far, near = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
        await reader.readuntil(b"\r\n\r\n")
        other = (far[0], far[1] + 1)
        found.extend(sender.lines.project(one, near) for one in (far, other))
        writer.write(OK)
        writer.close()
        ends.append((far, near))

    sender = Sender(world, _nowhere)
    ends: list[tuple[Any, Any]] = []

    async def send() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = "http://{}:{}/".format(*server.sockets[0].getsockname())
        async with server:
            await sender.send(Outgoing("workflows", PROJECT, "GET", url))

    asyncio.run(send())
    assert found == [PROJECT, None]
    assert sender.lines.project(*ends[0]) is None
