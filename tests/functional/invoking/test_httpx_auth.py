"""`InvokerAuth`, the same for httpx, sync and async."""

import asyncio
import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest

from provision.errors import UsageError
from provision.invoke import InvokerAuth, LeftOriginWarning, explain
from tests.functional.invoking.conftest import CUT, Orders, Seen, Shifted

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator

pytestmark = pytest.mark.usefixtures("here")

_FOREIGN = "Basic Zm9yZWlnbg=="


def test_one_call_opens_a_private_service(orders: Orders) -> None:
    """Let in with a free Authorization and with a foreign one."""
    auth = InvokerAuth(orders.url)
    assert httpx.get(orders.url, auth=auth).status_code == 200
    foreign = httpx.get(orders.url, auth=auth, headers={"Authorization": _FOREIGN})
    assert foreign.status_code == 200
    assert foreign.request.headers["Authorization"] == _FOREIGN


def test_async_clients_mint_once(orders: Orders, emulator: "RunningEmulator") -> None:
    """Five requests at the same time are let in with one token."""
    auth = InvokerAuth(orders.url, service_account=orders.account("caller-one"))

    async def call() -> list[int]:
        async with httpx.AsyncClient(auth=auth, base_url=orders.url) as client:
            answers = await asyncio.gather(*(client.get("/") for _ in range(5)))
        return [answer.status_code for answer in answers]

    assert asyncio.run(call()) == [200] * 5
    asked = [one["method"] for one in emulator.requests()]
    assert asked.count("google.iam.credentials.v1.IAMCredentials/GenerateIdToken") == 1


@pytest.mark.parametrize(
    "brought",
    [{}, {"Authorization": _FOREIGN}, {"x-serverless-authorization": "Bearer brought"}],
)
def test_redirect_elsewhere_takes_no_header_along(
    serve: Callable[[], Seen], brought: dict[str, str]
) -> None:
    """What httpx by itself would do is carry X-Serverless-Authorization anywhere."""
    seen, other = serve(), serve()
    seen.redirect("/away", f"{other.origin}/there")
    with (
        httpx.Client(auth=InvokerAuth(seen.origin), follow_redirects=True) as client,
        pytest.warns(LeftOriginWarning, match="another origin"),
    ):
        answer = client.get(f"{seen.origin}/away", headers=brought)
    assert not {"authorization", "x-serverless-authorization"} & set(other.headers("/there"))
    assert "no token went along" in explain(answer)[0]


def test_redirect_within_the_service_is_asked_again_with_the_token(
    serve: Callable[[], Seen],
) -> None:
    """With a foreign Authorization: refused on the redirect, then sent once more, body and all."""
    seen = serve()
    seen.redirect("/one", "/two", 307)
    seen.answers["/two"] = (403, {}, b"Your client does not have permission to get URL")
    with httpx.Client(auth=InvokerAuth(seen.origin), follow_redirects=True) as client:
        client.post(f"{seen.origin}/one", headers={"Authorization": _FOREIGN}, content=b"body")
    tokens = ["x-serverless-authorization" in headers for _, headers in seen.requests]
    assert [path for path, _ in seen.requests] == ["/one", "/two", "/two"]
    assert tokens == [True, False, True]
    assert seen.bodies == [b"body"] * 3


def test_token_that_the_caller_brought_is_sent_as_it_is(serve: Callable[[], Seen]) -> None:
    """Within the service's redirects, too; and the caller's request keeps it."""
    seen = serve()
    seen.redirect("/one", "/two", 307)
    seen.answers["/two"] = (403, {}, b"Your client does not have permission to get URL")
    own = {"X-Serverless-Authorization": "Bearer brought"}
    with httpx.Client(auth=InvokerAuth(seen.origin), follow_redirects=True) as client:
        answer = client.post(f"{seen.origin}/one", headers=own, content=b"body")
    tokens = [headers.get("x-serverless-authorization") for _, headers in seen.requests]
    assert tokens == ["Bearer brought", None, "Bearer brought"]
    assert not any("authorization" in headers for _, headers in seen.requests)
    assert answer.request.headers["X-Serverless-Authorization"] == "Bearer brought"


@pytest.mark.parametrize("brought", [{}, {"Authorization": _FOREIGN}])
def test_token_is_in_nothing_that_is_seen(
    serve: Callable[[], Seen], brought: dict[str, str]
) -> None:
    """Neither in reprs nor in pickles of what is answered; also not where nothing answers."""
    seen = serve()
    auth = InvokerAuth(seen.origin)
    answer = httpx.get(seen.origin, auth=auth, headers=brought)
    [headers] = [headers for _, headers in seen.requests]
    name = "x-serverless-authorization" if brought else "authorization"
    token = headers[name].removeprefix("Bearer ").encode()
    assert token.startswith(b"ey")
    assert token not in pickle.dumps(answer)
    assert token not in repr((auth, vars(auth), answer.request.headers.raw)).encode()
    seen.answers["/"] = CUT
    with pytest.raises(httpx.RemoteProtocolError) as caught:
        httpx.get(seen.origin, auth=auth, headers=brought)
    assert token not in repr(caught.value.request.headers.raw).encode()


def test_refusal_of_an_old_token_is_tried_once_more(
    orders: Orders, emulator: "RunningEmulator"
) -> None:
    """An expired token that our slow clock takes for good is replaced, sync and async."""
    account = orders.account("caller-one")
    auth = InvokerAuth(orders.url, service_account=account, clock=Shifted(-1200))
    emulator.admin("POST", "/settings", idTokenLifetime=0)
    assert httpx.get(orders.url, auth=auth).status_code == 401
    emulator.admin("POST", "/settings", idTokenLifetime=3600)

    async def call() -> int:
        async with httpx.AsyncClient(auth=auth) as client:
            return (await client.post(orders.url, content=b"body")).status_code

    assert asyncio.run(call()) == 200


def test_body_that_cannot_be_sent_twice_is_sent_once(
    orders: Orders, emulator: "RunningEmulator"
) -> None:
    """A generator is used up by the first request: the refusal is the answer."""
    account = orders.account("caller-one")
    auth = InvokerAuth(orders.url, service_account=account, clock=Shifted(-1200))
    emulator.admin("POST", "/settings", idTokenLifetime=0)
    answer = httpx.post(orders.url, auth=auth, content=(part for part in (b"a", b"b")))
    assert answer.status_code == 401


def test_address_elsewhere_is_refused(serve: Callable[[], Seen]) -> None:
    """One flow is for one service, and nothing is sent to others."""
    seen, other = serve(), serve()
    with pytest.raises(UsageError):
        httpx.get(other.origin, auth=InvokerAuth(seen.origin))
    assert other.requests == []
