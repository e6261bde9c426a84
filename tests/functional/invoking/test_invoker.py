"""`Invoker`, the requests session that carries ID tokens, on the emulator's front door."""

import json
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from google.oauth2 import service_account

from provision.errors import NotFoundError, PermissionDeniedError, UsageError
from provision.invoke import Invoker, LeftOriginWarning, explain
from tests.functional.invoking.conftest import CUT, REGION, Orders, Seen, Shifted

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator

pytestmark = pytest.mark.usefixtures("here")

_FOREIGN = "Basic Zm9yZWlnbg=="


def test_three_lines_open_a_private_service(orders: Orders) -> None:
    """The plainest use is let in, where a request without a token is refused."""
    service = Invoker(orders.url)
    assert service.get("/reports").status_code == 200
    assert requests.get(f"{orders.url}/reports", timeout=30).status_code == 403


def test_name_of_a_target_is_looked_up(orders: Orders) -> None:
    """By its full name, or with project and region beside it; what is not there is told."""
    assert Invoker.for_target(orders.name).get("/").status_code == 200
    place = {"project": orders.emulator.project, "region": REGION}
    service = Invoker.for_target("service/orders", **place)
    assert service.audience == orders.url
    with pytest.raises(NotFoundError):
        Invoker.for_target("service/other", **place)


def test_foreign_authorization_moves_the_token(orders: Orders) -> None:
    """Of the request, of the session, or as auth=: all three are let in and kept."""
    service = Invoker(orders.url)
    by_request = service.get("/", headers={"authorization": _FOREIGN})
    by_auth = service.get("/", auth=("foreign", ""))
    service.headers["Authorization"] = _FOREIGN
    by_session = service.get("/")
    for answer in (by_request, by_auth, by_session):
        assert answer.status_code == 200
        assert answer.request.headers["Authorization"].startswith("Basic ")


def test_server_gets_one_token_in_the_right_header(serve: Callable[[], Seen]) -> None:
    """In Authorization when it is free; beside a foreign one in X-Serverless-Authorization."""
    seen = serve()
    service = Invoker(seen.origin)
    service.get("/free")
    service.get("/foreign", headers={"Authorization": _FOREIGN})
    service.get("/own", headers={"X-Serverless-Authorization": "Bearer mine"})
    free, foreign, own = (seen.headers(path) for path in ("/free", "/foreign", "/own"))
    assert free["authorization"].startswith("Bearer ey")
    assert "x-serverless-authorization" not in free
    assert foreign["authorization"] == _FOREIGN
    assert foreign["x-serverless-authorization"].startswith("Bearer ey")
    assert own["x-serverless-authorization"] == "Bearer mine"
    assert "authorization" not in own


def test_netrc_has_no_say(
    serve: Callable[[], Seen], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither at first nor after a redirect; requests itself would send the file's password."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ann password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    seen, other = serve(), serve()
    seen.redirect("/away", f"{other.origin}/there")
    with pytest.warns(LeftOriginWarning):
        Invoker(seen.origin).get("/away")
    requests.get(f"{seen.origin}/plain", timeout=30)
    assert seen.headers("/plain")["authorization"].startswith("Basic ")
    assert seen.headers("/away")["authorization"].startswith("Bearer ey")
    assert "authorization" not in other.headers("/there")


def test_redirect_elsewhere_takes_no_header_along(serve: Callable[[], Seen]) -> None:
    """Both headers stay behind, coming back brings none, and the response can be explained."""
    seen, other = serve(), serve()
    seen.redirect("/away?secret=1", f"{other.origin}/there")
    other.redirect("/there", f"{seen.origin}/back")
    service = Invoker(seen.origin)
    with pytest.warns(LeftOriginWarning, match="another origin") as warned:
        answer = service.get("/away?secret=1", headers={"Authorization": _FOREIGN})
    for headers in (other.headers("/there"), seen.headers("/back")):
        assert not {"authorization", "x-serverless-authorization"} & set(headers)
    first, second = explain(answer)
    assert f"{seen.origin}/away to {other.origin}/there" in first
    assert "no token went along" in first
    assert "no token went along" in second
    assert not any("secret" in str(one.message) for one in warned)


def test_redirect_within_the_service_takes_the_token_along(serve: Callable[[], Seen]) -> None:
    """As frameworks do that want a slash at the end."""
    seen = serve()
    seen.redirect("/reports", "/reports/", 307)
    answer = Invoker(seen.origin).post("/reports", data=b"body", auth=("a", "b"))
    headers = seen.headers("/reports/")
    assert headers["authorization"].startswith("Basic ")
    assert headers["x-serverless-authorization"].startswith("Bearer ey")
    assert seen.bodies == [b"body", b"body"]
    assert "the token went along" in explain(answer)[0]


def test_slash_is_never_added(serve: Callable[[], Seen]) -> None:
    """What is asked for is what was given, below the address of the service."""
    seen = serve()
    for base, path in (("/name", ""), ("/name", "/x"), ("/name/", "/x"), ("/name", "?y=1")):
        Invoker(f"{seen.origin}{base}").get(path)
    Invoker(seen.origin).get("/of/https://example.com/")
    asked = [path for path, _ in seen.requests]
    assert asked == ["/name", "/name/x", "/name/x", "/name?y=1", "/of/https://example.com/"]


def test_token_is_in_nothing_that_is_seen(serve: Callable[[], Seen]) -> None:
    """Neither in reprs nor in pickles, of the session or of what it answers."""
    seen = serve()
    service = Invoker(seen.origin)
    answer = service.get("/")
    token = seen.headers("/")["authorization"].removeprefix("Bearer ")
    shown = repr(service) + repr(vars(service)) + repr(answer.request.headers)
    assert token not in shown
    for thing in (service, answer):
        assert token.encode() not in pickle.dumps(thing)
    again = pickle.loads(pickle.dumps(service))  # noqa: S301 - our own
    assert again.get("/again").status_code == 200


def test_error_has_no_token(serve: Callable[[], Seen]) -> None:
    """A request that got no answer is told without its token."""
    seen = serve()
    seen.answers["/"] = CUT
    with pytest.raises(requests.ConnectionError) as caught:
        Invoker(seen.origin).get("/", timeout=30)
    assert caught.value.request is not None
    assert "Authorization" not in caught.value.request.headers
    assert seen.headers("/")["authorization"].startswith("Bearer ey")


@pytest.mark.parametrize(
    "url",
    [
        "http://orders-1.asia-east1.run.app",
        "ftp://127.0.0.1",
        "orders",
        "https://user:secret@orders-1.asia-east1.run.app",
        "https://orders-1.asia-east1.run.app?x=1",
        "",
    ],
)
def test_address_that_no_token_may_go_to_is_refused(url: str) -> None:
    """At once, before anybody is asked for a token."""
    with pytest.raises(UsageError) as caught:
        Invoker(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("path", ["reports", "https://example.com/", "//", "http://["])
def test_address_elsewhere_is_refused(serve: Callable[[], Seen], path: str) -> None:
    """One invoker speaks to one service."""
    seen = serve()
    if path == "//":
        Invoker(seen.origin).get(path)
        assert seen.requests[0][0].startswith("/")
        return
    with pytest.raises(UsageError):
        Invoker(seen.origin).get(path)
    assert seen.requests == []


def test_many_threads_mint_once(
    orders: Orders, serve: Callable[[], Seen], emulator: "RunningEmulator"
) -> None:
    """Eight threads that want a token at the same time get the same one."""
    seen = serve()
    service = Invoker(seen.origin, service_account=orders.account("caller-one"))
    barrier = threading.Barrier(8)

    def call() -> None:
        barrier.wait()
        service.get("/")

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen.requests) == 8
    assert len({headers["authorization"] for _, headers in seen.requests}) == 1
    assert _mints(emulator) == 1


def test_token_is_replaced_before_it_ends(
    orders: Orders, serve: Callable[[], Seen], emulator: "RunningEmulator"
) -> None:
    """With less than five minutes left a new one is minted; with more the old one is kept."""
    seen, account = serve(), orders.account("caller-one")
    for lifetime, mints in ((3600, 1), (200, 2)):
        emulator.admin("POST", "/settings", idTokenLifetime=lifetime)
        service = Invoker(seen.origin, service_account=account)
        emulator.admin("DELETE", "/requests")
        service.get("/")
        service.get("/")
        asked = [one["method"] for one in emulator.requests()]
        assert asked.count("google.iam.credentials.v1.IAMCredentials/GenerateIdToken") == mints


def test_refusal_of_an_old_token_is_tried_once_more(
    orders: Orders, emulator: "RunningEmulator"
) -> None:
    """Where our clock is behind, an expired token looks good to us: the service's clock counts."""
    account = orders.account("caller-one")
    service = Invoker(orders.url, service_account=account, clock=Shifted(-1200))
    emulator.admin("POST", "/settings", idTokenLifetime=0)
    assert service.get("/").status_code == 401
    assert _mints(emulator) == 2
    emulator.admin("POST", "/settings", idTokenLifetime=3600)
    assert service.post("/", data=b"body").status_code == 200
    assert _mints(emulator) == 3


def test_refusal_of_a_good_token_is_not_tried_again(
    serve: Callable[[], Seen], emulator: "RunningEmulator"
) -> None:
    """A 401 of the application's own is the application's answer."""
    seen = serve()
    seen.answers["/"] = (401, {}, b"Your client does not have permission to the requested URL")
    assert Invoker(seen.origin).get("/").status_code == 401
    assert len(seen.requests) == 1
    emulator.admin("POST", "/settings", idTokenLifetime=400)
    seen.answers["/"] = (401, {}, b"Log in first")
    assert Invoker(seen.origin).get("/").text == "Log in first"
    assert len(seen.requests) == 2


def _mints(emulator: "RunningEmulator") -> int:
    asked = [one["method"] for one in emulator.requests()]
    return asked.count("google.iam.credentials.v1.IAMCredentials/GenerateIdToken")


def test_accounts_and_audiences_are_chosen_by_parameter(orders: Orders) -> None:
    """A custom audience opens the service, and another one does not."""
    account = orders.account("caller-one")
    live = orders.live
    live.custom_audiences.append("https://orders.example.com")
    orders.clients.services.update_service(service=live).result(timeout=30)
    for audience, status in (("https://orders.example.com", 200), ("https://other", 401)):
        service = Invoker(orders.url, service_account=account, audience=audience)
        assert service.audience == audience
        assert service.get("/").status_code == status


def test_account_that_may_not_be_impersonated_names_the_least_role(orders: Orders) -> None:
    """Whoever is refused learns which role is missing, on which account."""
    account = orders.account("caller-one")
    other = orders.account("other-one", invoker=False)
    service = Invoker(orders.url, service_account=f"{other},{account}")
    with pytest.raises(PermissionDeniedError) as caught:
        service.get("/")
    assert "roles/iam.serviceAccount" in caught.value.hint


def test_answers_are_streamed(serve: Callable[[], Seen]) -> None:
    """A body is not read before it is asked for, and a file can be sent."""
    seen = serve()
    seen.answers["/big"] = (200, {}, b"x" * 200_000)
    with Invoker(seen.origin).get("/big", stream=True) as answer:
        assert answer.raw.tell() == 0
        assert sum(len(part) for part in answer.iter_content(65_536)) == 200_000
    Invoker(seen.origin).post("/file", data=(part for part in (b"a", b"b")))
    assert seen.headers("/file")["transfer-encoding"] == "chunked"


def test_clock_that_is_off_is_named(orders: Orders, tmp_path: Path) -> None:
    """A signed request of another hour is refused: by how much is told, and in which direction."""
    email = orders.account("caller-one")
    orders.key(email, tmp_path / "key.json")
    info = json.loads((tmp_path / "key.json").read_text())
    key = service_account.Credentials.from_service_account_info(info, scopes=["openid"])
    for off, said in (
        (-7200, r"clock is (2 h 0|119) min behind"),
        (7200, "clock is 2 h 0 min ahead"),
    ):
        late = Invoker(orders.url, credentials=key, clock=Shifted(off))
        with pytest.raises(UsageError, match=said) as caught:
            late.get("/")
        assert "Set the clock" in caught.value.hint
    assert Invoker(orders.url, credentials=key).get("/").status_code == 200
    with pytest.raises(TypeError):
        pickle.dumps(Invoker(orders.url, credentials=key))
