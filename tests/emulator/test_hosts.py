"""Which API answers is told by the host, as at Google, for clients that come by way of a proxy."""

import http.client
import json
from collections.abc import Callable
from typing import Any

import pytest

from provision.emulator.rpc.hosts import GoogleHost, google_host, is_loopback
from tests.conftest import RunningEmulator

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def ask(emulator: RunningEmulator) -> Ask:
    """Sends one request whose target is an absolute address; status and decoded answer."""

    def send(url: str, method: str = "GET", /, token: str = "", **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(emulator.http.removeprefix("http://"), timeout=30)
        sent = {"Authorization": f"Bearer {token or emulator.token()}", **headers}
        connection.request(method, url, headers=sent)
        answer = connection.getresponse()
        raw = answer.read()
        connection.close()
        return answer.status, json.loads(raw) if raw.startswith(b"{") else raw.decode()

    return send


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("run.googleapis.com", GoogleHost("run")),
        ("RUN.googleapis.com:443", GoogleHost("run")),
        ("us-central1-run.googleapis.com", GoogleHost("run", "us-central1")),
        (
            "northamerica-northeast2-run.googleapis.com",
            GoogleHost("run", "northamerica-northeast2"),
        ),
        ("run.us-central1.rep.googleapis.com", GoogleHost("run", "us-central1")),
        ("asia-east1-docker.pkg.dev", GoogleHost("docker")),
        ("us.gcr.io", GoogleHost("docker")),
        ("accounts.google.com", GoogleHost("accounts")),
        ("127.0.0.1:8085", None),
        ("googleapis.com", None),
        ("run.googleapis.com.example.com", None),
        ("example.com/run.googleapis.com", None),
        ("evilgcr.io", None),
        ("", None),
    ],
)
def test_a_host_name_means_an_api_and_a_region(name: str, meant: GoogleHost | None) -> None:
    """Google's hosts are known by their whole name, whatever the port and the letters' case."""
    assert google_host(name) == meant


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1:80", True),
        ("[::1]:80", True),
        ("localhost", True),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("0.0.0.0", False),  # noqa: S104 - a host that must not pass
    ],
)
def test_only_loopback_is_loopback(host: str, *, loopback: bool) -> None:
    """A name that someone could point anywhere is none of this machine's."""
    assert is_loopback(host) == loopback


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("run", "v2/projects/P/locations/us-central1/services"),
        ("us-central1-run", "v2/projects/P/locations/us-central1/services"),
        ("run", "v1/projects/P/locations"),
        ("artifactregistry", "v1/projects/P/locations/us/repositories"),
        ("iam", "v1/projects/P/serviceAccounts"),
        ("cloudresourcemanager", "v3/projects/P"),
        ("serviceusage", "v1/projects/P/services"),
        ("oauth2", "tokeninfo?access_token=TOKEN"),
        ("www", "oauth2/v1/certs"),
        ("openidconnect", "v1/userinfo"),
    ],
)
def test_each_host_answers_for_its_own_api_alone(
    ask: Ask, emulator: RunningEmulator, host: str, path: str
) -> None:
    """A path is found on its API's host, and on no other API's."""
    path = path.replace("/P/", f"/{emulator.project}/").replace("/P", f"/{emulator.project}")
    path = path.replace("TOKEN", emulator.token())
    assert ask(f"http://{host}.googleapis.com/{path}")[0] == 200
    other = "iamcredentials"
    assert ask(f"http://{other}.googleapis.com/{path}")[0] == 404


def test_a_regional_host_refuses_another_region(ask: Ask, emulator: RunningEmulator) -> None:
    """A name in another region is not implemented there, in Google's words."""
    name = f"projects/{emulator.project}/locations/europe-west1/services/orders"
    status, answer = ask(f"http://us-central1-run.googleapis.com/v2/{name}")
    assert status == 501
    assert answer["error"]["status"] == "UNIMPLEMENTED"
    text = "Operation is not implemented, or supported, or enabled."
    assert answer["error"]["message"] == text
    status, answer = ask(f"http://europe-west1-run.googleapis.com/v2/{name}")
    assert (status, answer["error"]["status"]) == (404, "NOT_FOUND")


def test_an_api_that_is_not_emulated_says_so_by_name(ask: Ask) -> None:
    """Nothing pretends to be an API that is not there."""
    status, answer = ask("http://bigquery.googleapis.com/bigquery/v2/projects")
    assert status == 501
    text = "bigquery.googleapis.com is not offered by this emulator."
    assert answer["error"]["message"] == text


def test_other_hosts_are_not_proxied(ask: Ask) -> None:
    """The port is no proxy: an absolute target elsewhere is refused, loopback's own is not."""
    status, text = ask("http://example.com/v2/")
    assert status == 403
    assert text.startswith("this is no proxy")


@pytest.mark.parametrize(
    "host", ["run.googleapis.com", "gcr.io", "storage.googleapis.com", "accounts.google.com"]
)
def test_the_emulators_own_pages_are_on_its_own_host_only(ask: Ask, host: str) -> None:
    """``/_emulator`` exists on no other host, whatever a Host header says."""
    assert ask(f"http://{host}/_emulator")[0] in {404, 501}
    assert ask(f"http://{host}/_emulator", Host="127.0.0.1")[0] in {404, 501}


def test_the_own_pages_keep_refusing_rebound_names(ask: Ask, emulator: RunningEmulator) -> None:
    """The target's host counts: a name that is not loopback gets nothing of them."""
    assert ask("/_emulator", Host="rebound.example.com")[0] == 403
    assert ask(f"{emulator.http}/_emulator")[0] == 200
    assert ask("/_emulator", Host="user@127.0.0.1")[0] in {400, 403}


def test_the_registry_answers_on_googles_hosts(ask: Ask, emulator: RunningEmulator) -> None:
    """A Docker client of a Google host is sent to that host's own token endpoint."""
    connection = http.client.HTTPConnection(emulator.http.removeprefix("http://"), timeout=30)
    connection.request("GET", "/v2/", headers={"Host": "asia-east1-docker.pkg.dev"})
    answer = connection.getresponse()
    challenge = answer.headers["WWW-Authenticate"]
    assert 'realm="https://asia-east1-docker.pkg.dev/v2/token"' in challenge
    connection.close()
    assert ask("http://asia-east1-docker.pkg.dev/v2/")[0] == 200
    assert ask(f"http://gcr.io/v2/projects/{emulator.project}/locations/us/services")[0] == 404


def test_an_own_address_through_the_proxy_keeps_its_port(emulator: RunningEmulator) -> None:
    """Links name host and port as they were asked for, in absolute targets too."""
    connection = http.client.HTTPConnection(emulator.http.removeprefix("http://"), timeout=30)
    connection.request("GET", f"{emulator.http}/v2/")
    challenge = connection.getresponse().headers["WWW-Authenticate"]
    assert f'realm="{emulator.http}/v2/token"' in challenge
    connection.close()


def test_what_is_emulated_is_enabled(ask: Ask, emulator: RunningEmulator) -> None:
    """Service Usage says ENABLED of what there is, names the project by its number."""
    base = f"http://serviceusage.googleapis.com/v1/projects/{emulator.project}/services"
    _, run = ask(f"{base}/run.googleapis.com")
    assert run["state"] == "ENABLED"
    assert run["name"] == f"{run['parent']}/services/run.googleapis.com"
    assert run["parent"].removeprefix("projects/").isdigit()
    _, pages = ask(f"{base}?filter=state:ENABLED&pageSize=10")
    names = [one["config"]["name"] for one in pages["services"]]
    assert len(names) == 10
    _, rest = ask(f"{base}?pageSize=10&pageToken={pages['nextPageToken']}")
    names += [one["config"]["name"] for one in rest["services"]]
    assert "run.googleapis.com" in names
    assert "nextPageToken" not in rest
    name = f"projects/{emulator.project}/services/bigquery.googleapis.com"
    _, several = ask(f"{base}:batchGet?names={name}")
    assert [one["state"] for one in several["services"]] == ["DISABLED"]


def test_enabling_what_is_there_changes_nothing(ask: Ask, emulator: RunningEmulator) -> None:
    """Enabling what is emulated is done at once."""
    base = f"http://serviceusage.googleapis.com/v1/projects/{emulator.project}/services"
    status, answer = ask(f"{base}/run.googleapis.com:enable", "POST")
    assert (status, answer["done"]) == (200, True)
    assert answer["response"]["service"]["state"] == "ENABLED"


def test_enabling_something_else_is_remembered(ask: Ask, emulator: RunningEmulator) -> None:
    """An API that is not emulated can be enabled, by an operation; it still answers nothing."""
    base = f"http://serviceusage.googleapis.com/v1/projects/{emulator.project}/services"
    status, begun = ask(f"{base}/bigquery.googleapis.com:enable", "POST")
    assert (status, set(begun)) == (200, {"name"})
    _, ended = ask(f"http://serviceusage.googleapis.com/v1/{begun['name']}")
    assert ended["done"] is True
    assert set(ended["response"]["service"]) == {"name", "parent", "state"}
    assert ask(f"{base}/bigquery.googleapis.com")[1]["state"] == "ENABLED"
    listed = [one["config"]["name"] for one in ask(base)[1]["services"]]
    assert "bigquery.googleapis.com" in listed
    assert ask("http://bigquery.googleapis.com/bigquery/v2/projects")[0] == 501
    assert ask("http://serviceusage.googleapis.com/v1/operations/acat.p2-1-none")[0] == 404
    assert ask(f"{base}/nonsense:enable", "POST")[0] == 400


def test_service_usage_refuses_strangers(ask: Ask, emulator: RunningEmulator) -> None:
    """Without the permission, and for a project that is not there, it is the same refusal."""
    stranger = emulator.token("user:stranger@example.com")
    base = "http://serviceusage.googleapis.com/v1/projects"
    for project in (emulator.project, "no-such-project"):
        url = f"{base}/{project}/services/run.googleapis.com"
        status, answer = ask(url, token=stranger)
        assert status == 403
        text = "Permission denied to get service [run.googleapis.com]"
        assert answer["error"]["message"] == text
    assert ask(f"{base}/{emulator.project}/services", token="none")[0] == 401
