"""Who the front door lets in, seen over plain HTTP; without an engine a placeholder answers."""

import socket
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.emulator.data_side.conftest import DataSide

ANN = "user:ann@example.com"
CHECKOUT = "serviceAccount:checkout@acme-prod.iam.gserviceaccount.com"
GCLOUD = "32555940559.apps.googleusercontent.com"
INVOKE = "run.routes.invoke"


def _get(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers=headers, timeout=30, allow_redirects=False)


def _bearer(side: "DataSide", member: str, audience: str, lifetime: float = 3600) -> str:
    return f"Bearer {side.identities.id_token(member, audience, lifetime)}"


def _raw(url: str, *lines: str, path: str = "/x") -> bytes:
    """Send header lines exactly as they are; returns the status line."""
    host = url.removeprefix("http://")
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), 10) as connection:
        head = "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close", *lines])
        connection.sendall(f"{head}\r\n\r\n".encode())
        return connection.makefile("rb").readline()


def test_nobody_is_refused(side: "DataSide") -> None:
    """No Authorization: 403 and the page with the path; so is a CORS preflight."""
    _, url, _ = side.open_service("orders")
    answer = _get(f"{url}/a<b>")
    assert answer.status_code == 403
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<h1>Error: Forbidden</h1>" in answer.text
    assert "permission to get URL <code>/a%3Cb%3E</code> from this server." in answer.text
    assert requests.options(url, timeout=30).status_code == 403


def test_an_invoker_is_let_in(side: "DataSide") -> None:
    """A token for the service's address of a member with the permission reaches the revision."""
    key, url, _ = side.open_service("orders")
    side.grants.allow(CHECKOUT, INVOKE, key.name)
    answer = _get(url, Authorization=_bearer(side, CHECKOUT, url))
    assert answer.status_code == 200
    assert answer.headers["X-Provision-Emulator"] == "placeholder"
    assert "does not really run" in answer.text


def test_a_member_without_the_permission_is_refused(side: "DataSide") -> None:
    """A valid token is not enough: 403, as for nobody."""
    _, url, _ = side.open_service("orders")
    answer = _get(url, Authorization=_bearer(side, CHECKOUT, url))
    assert answer.status_code == 403
    assert "<h1>Error: Forbidden</h1>" in answer.text


def test_the_scheme_may_be_in_lower_case(side: "DataSide") -> None:
    """`bearer` is taken like `Bearer`."""
    key, url, _ = side.open_service("orders")
    side.grants.allow(ANN, INVOKE, key.name)
    token = side.identities.id_token(ANN, url)
    assert _get(url, Authorization=f"bearer {token}").status_code == 200


@pytest.mark.parametrize("kind", ["garbage", "empty", "basic", "access", "audience", "expired"])
def test_what_cannot_be_verified_is_refused_as_such(side: "DataSide", kind: str) -> None:
    """Anything but a good token for this service gets 401, whoever the member may be."""
    key, url, _ = side.open_service("orders")
    side.grants.allow(ANN, INVOKE, key.name)
    value = {
        "garbage": "Bearer not.a.token",
        "empty": "Bearer ",
        "basic": "Basic YW5uOnNlY3JldA==",
        "access": f"Bearer {side.identities.access_token(ANN)}",
        "audience": _bearer(side, ANN, "https://elsewhere.example.com"),
        "expired": _bearer(side, ANN, url, lifetime=-3600),
    }[kind]
    answer = _get(f"{url}/path", Authorization=value)
    assert answer.status_code == 401
    assert "permission to the requested URL <code>/path</code>." in answer.text


def test_a_token_signed_by_somebody_else_is_refused(side: "DataSide") -> None:
    """A token whose payload was changed after it was signed gets 401."""
    key, url, _ = side.open_service("orders")
    side.grants.allow(ANN, INVOKE, key.name)
    theirs = side.identities.id_token(CHECKOUT, url).split(".")
    ours = side.identities.id_token(ANN, url).split(".")
    forged = ".".join([theirs[0], ours[1], theirs[2]])
    assert _get(url, Authorization=f"Bearer {forged}").status_code == 401


def test_two_authorization_headers_are_refused(side: "DataSide") -> None:
    """Even when both are good."""
    key, url, _ = side.open_service("orders")
    side.grants.allow(ANN, INVOKE, key.name)
    line = f"Authorization: {_bearer(side, ANN, url)}"
    assert b" 200 " in _raw(url, line)
    assert b" 401 " in _raw(url, line, line)


def test_the_serverless_header_is_the_one_that_counts(side: "DataSide") -> None:
    """With both headers only X-Serverless-Authorization is looked at, for better or worse."""
    key, url, _ = side.open_service("orders")
    side.grants.allow(ANN, INVOKE, key.name)
    good = _bearer(side, ANN, url)
    both = {"X-Serverless-Authorization": good, "Authorization": "Bearer the-apps-own"}
    assert _get(url, **both).status_code == 200
    swapped = {"X-Serverless-Authorization": "Bearer bad", "Authorization": good}
    assert _get(url, **swapped).status_code == 401


def test_gclouds_own_audience_is_taken_from_users_only(side: "DataSide") -> None:
    """A user's token from gcloud opens the service; a service account's has to name it."""
    key, url, _ = side.open_service("orders")
    for member, status in ((ANN, 200), (CHECKOUT, 401)):
        side.grants.allow(member, INVOKE, key.name)
        assert _get(url, Authorization=_bearer(side, member, GCLOUD)).status_code == status


def test_custom_audiences_are_taken(side: "DataSide") -> None:
    """A custom audience is as good as the address."""
    key, url, _ = side.open_service("orders", audiences=("orders.example.com",))
    side.grants.allow(CHECKOUT, INVOKE, key.name)
    answer = _get(url, Authorization=_bearer(side, CHECKOUT, "orders.example.com"))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY"},
        {"ingress": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"},
        {"ingress": "INGRESS_TRAFFIC_NONE"},
        {"ingress": "INGRESS_TRAFFIC_OF_A_KIND_NOT_KNOWN_YET"},
        {"default_url_disabled": True},
        {"revision": None},
    ],
)
def test_an_address_out_of_reach_answers_404_before_anything_else(
    side: "DataSide", changes: dict[str, Any]
) -> None:
    """From this machine, even an invoker and a public service get 404; no header helps."""
    key, url, _ = side.open_service("orders", invoker_iam_disabled=True, **changes)
    side.grants.allow(ANN, INVOKE, key.name)
    forged = {"X-Forwarded-For": "10.0.0.1", "X-Google-Internal": "true", "Forwarded": "for=10.1"}
    for headers in ({}, {"Authorization": _bearer(side, ANN, url)}, forged):
        answer = _get(url, **headers)
        assert answer.status_code == 404
        assert "<title>404 Page not found</title>" in answer.text


@pytest.mark.parametrize("path", ["/healthz", "/_ah/health", "/deep/varz?x=1"])
def test_reserved_paths_are_googles_own(side: "DataSide", path: str) -> None:
    """They never reach the container, not even of a public service."""
    _, url, _ = side.open_service("orders", invoker_iam_disabled=True)
    assert _get(f"{url}{path}").status_code == 404
    assert _get(f"{url}/health?z").status_code == 200


@pytest.mark.parametrize("path", ["/health%7A", "/%5fah/health", "/%5Fah%2Fhealth", "/healthz#x"])
def test_reserved_paths_are_known_in_any_spelling(side: "DataSide", path: str) -> None:
    """What is the same path to a server is the same to the front door."""
    _, url, _ = side.open_service("orders", invoker_iam_disabled=True)
    assert b" 404 " in _raw(url, path=path)


def test_a_deleted_service_answers_404(side: "DataSide") -> None:
    """While its port is still open there is nothing behind it."""
    key, url, _ = side.open_service("orders")
    del side.routes.routes[key]
    assert _get(url).status_code == 404


def test_without_the_invoker_check_everybody_gets_in(side: "DataSide") -> None:
    """The check disabled, or allUsers bound: no token is needed, and any header passes."""
    _, first, _ = side.open_service("open", invoker_iam_disabled=True)
    key, second, _ = side.open_service("bound")
    side.grants.allow("allUsers", INVOKE, key.name)
    for url in (first, second):
        assert _get(url).status_code == 200
        assert _get(url, Authorization="Bearer the-apps-own").status_code == 200


def test_identity_aware_proxy_stands_before_the_invoker_check(side: "DataSide") -> None:
    """Nobody is sent to sign in; a token for the service is not one for the proxy."""
    key, url, _ = side.open_service("orders", iap_enabled=True)
    side.grants.allow(ANN, INVOKE, key.name)
    answer = _get(url)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("https://accounts.google.com/")
    assert answer.headers["X-Goog-IAP-Generated-Response"] == "true"
    assert _get(url, Authorization=_bearer(side, ANN, url)).status_code == 401


def test_a_port_is_kept_over_a_restart(side: "DataSide") -> None:
    """Closed, a service is not there; opened on the same port, it has the same address."""
    key, url, local = side.open_service("orders")
    side.run(side.door.close(key))
    with pytest.raises(requests.ConnectionError):
        _get(url)
    port = int(url.rpartition(":")[2])
    assert side.run(side.door.open(key, port)) == (port, (local, url))
    assert _get(url).status_code == 403


def test_a_taken_port_is_an_error(side: "DataSide") -> None:
    """Opening on a port that something else holds says so."""
    key, _, _ = side.open_service("orders")
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        side.run(side.door.open(key, taken.getsockname()[1]))


def test_only_loopback_is_listened_on(side: "DataSide") -> None:
    """The machine's other addresses refuse the connection."""
    _, url, _ = side.open_service("orders")
    own = socket.gethostbyname_ex("localhost")[2]
    assert set(own) == {"127.0.0.1"}
    other = ("127.0.0.2", int(url.rpartition(":")[2]))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(other, 5)
