"""The emulator's own endpoints: what was asked of it, faults, identities, and who may ask."""

import pytest
import requests
from google.api_core import exceptions
from google.auth.transport.requests import Request
from google.cloud import run_v2
from google.oauth2.credentials import Credentials

from tests.conftest import Clients, RunningEmulator, make_repository

PARENT = "projects/demo-project/locations/asia-east1"


def test_every_request_is_recorded(clients: Clients, emulator: RunningEmulator) -> None:
    """Method, resource, transport, principal, status, and whether it writes."""
    emulator.admin("DELETE", "/requests")
    with pytest.raises(exceptions.NotFound):
        clients.services.get_service(name=f"{PARENT}/services/orders")
    recorded = emulator.requests()
    assert len(recorded) == 1
    told = recorded[0]
    assert told["method"] == "google.cloud.run.v2.Services/GetService"
    assert told["resource"] == f"{PARENT}/services/orders"
    assert told["transport"] in ("grpc", "rest")
    assert told["principal"] == "user:developer@example.com"
    assert told["status"] == "NOT_FOUND"
    assert told["write"] is False


def test_writes_are_told_from_reads(grpc_clients: Clients, emulator: RunningEmulator) -> None:
    """Making a repository is one write; looking at its operation is none."""
    emulator.admin("DELETE", "/requests")
    make_repository(grpc_clients, emulator.project)
    writes = [told["method"].rpartition("/")[2] for told in emulator.requests() if told["write"]]
    assert writes == ["CreateRepository"]


def test_requests_without_a_token_are_recorded_too(emulator: RunningEmulator) -> None:
    """With no principal and the status that was answered."""
    emulator.admin("DELETE", "/requests")
    requests.get(f"{emulator.http}/v2/{PARENT}/services", timeout=30)
    told = emulator.requests()[0]
    assert (told["principal"], told["status"]) == ("", "UNAUTHENTICATED")


def make(clients: Clients, name: str) -> None:
    """Make an account."""
    clients.iam.create_service_account(
        request={"name": "projects/demo-project", "account_id": name}
    )


@pytest.mark.parametrize(("when", "there"), [("before", False), ("after", True)])
def test_a_fault_happens_once_before_or_after_the_write(
    grpc_clients: Clients,
    emulator: RunningEmulator,
    when: str,
    there: bool,
) -> None:
    """With `after` the write takes effect, and the caller is told of an error all the same."""
    emulator.admin(
        "POST",
        "/faults",
        method="google.iam.admin.v1.IAM/CreateServiceAccount",
        code="INTERNAL",
        message="broken",
        times=1,
        when=when,
    )
    with pytest.raises(exceptions.InternalServerError, match="broken"):
        make(grpc_clients, "orders-run")
    listed = grpc_clients.iam.list_service_accounts(name="projects/demo-project")
    assert any(one.email.startswith("orders-run@") for one in listed) is there
    make(grpc_clients, "another-one")


def test_web_pages_and_foreign_hosts_may_not_ask(emulator: RunningEmulator) -> None:
    """An Origin header or a host that is not loopback is refused (DNS rebinding)."""
    url = f"{emulator.http}/_emulator"
    for headers in ({"Origin": "https://example.com"}, {"Host": "rebound.example.com:80"}):
        assert requests.get(url, headers=headers, timeout=30).status_code == 403
    port = emulator.http.rpartition(":")[2]
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
        assert requests.get(url, headers={"Host": host}, timeout=30).status_code == 200


def test_the_default_identity_s_credentials_are_good_for_tokens(emulator: RunningEmulator) -> None:
    """A refresh token gives an access token and an ID token, with the right client only."""
    about = emulator.admin("GET", "")
    assert about["http"] == emulator.http
    adc = about["adc"]
    form = {
        "grant_type": "refresh_token",
        "refresh_token": adc["refresh_token"],
        "client_id": adc["client_id"],
        "client_secret": adc["client_secret"],
    }
    answer = requests.post(adc["token_uri"], data=form, timeout=30).json()
    assert answer["token_type"] == "Bearer"
    info = requests.get(
        f"{emulator.http}/tokeninfo", params={"access_token": answer["access_token"]}, timeout=30
    ).json()
    assert info["email"] == "developer@example.com"
    claims = requests.get(
        f"{emulator.http}/tokeninfo", params={"id_token": answer["id_token"]}, timeout=30
    ).json()
    assert claims["aud"] == adc["client_id"]
    credentials = Credentials(
        None,
        refresh_token=adc["refresh_token"],
        token_uri=adc["token_uri"],
        client_id=adc["client_id"],
        client_secret=adc["client_secret"],
    )
    credentials.refresh(Request())
    assert credentials.valid
    wrong = requests.post(adc["token_uri"], data={**form, "client_secret": "x"}, timeout=30)
    assert wrong.json()["error"] == "invalid_client"


def test_projects_can_be_added(emulator: RunningEmulator, grpc_clients: Clients) -> None:
    """A new project is owned by the developer and has its compute account."""
    made = emulator.admin("POST", "/projects", projectId="acme-prod")
    project = grpc_clients.projects.get_project(name="projects/acme-prod")
    assert project.name == f"projects/{made['projectNumber']}"
    accounts = list(grpc_clients.iam.list_service_accounts(name="projects/acme-prod"))
    assert accounts[0].email.startswith(made["projectNumber"])


def test_reset_takes_everything_away_and_keeps_tokens(
    grpc_clients: Clients, emulator: RunningEmulator
) -> None:
    """What was made is gone; the token still tells who calls."""
    make(grpc_clients, "orders-run")
    emulator.admin("POST", "/reset")
    listed = grpc_clients.iam.list_service_accounts(name="projects/demo-project")
    assert not any(one.email.startswith("orders-run@") for one in listed)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/identities", {"member": "ann@example.com"}),
        ("/faults", {"method": "x", "code": "NOPE"}),
        ("/groups", {"group": "staff@example.com"}),
        ("/projects", {}),
        ("/settings", {"iamDelay": "soon"}),
        ("/orgpolicy", {"constraint": "x", "allowed": 5}),
        ("/orgpolicy", {"constraint": "x", "allowed": [5]}),
    ],
)
def test_bad_requests_are_told_apart(
    emulator: RunningEmulator, path: str, body: dict[str, object]
) -> None:
    """400 with a sentence, on a line of its own in a terminal."""
    answer = requests.post(f"{emulator.http}/_emulator{path}", json=body, timeout=30)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert answer.text.endswith("}\n")


def test_a_public_service_can_be_forbidden(
    grpc_clients: Clients, emulator: RunningEmulator, pushed_image: str
) -> None:
    """run.managed.requireInvokerIam refuses to turn the invoker check off."""
    emulator.admin("POST", "/orgpolicy", constraint="run.managed.requireInvokerIam", enforce=True)
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    service = run_v2.Service(template=template, invoker_iam_disabled=True)
    with pytest.raises(exceptions.FailedPrecondition, match="not currently available"):
        grpc_clients.services.create_service(parent=PARENT, service_id="orders", service=service)
