"""IAM: the life of service accounts beyond making and reading them, in Google's words."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.auth import jwt
from google.cloud import iam_admin_v1

from tests.conftest import Clients, RunningEmulator

PROJECT = "projects/demo-project"
EMAIL = "orders-run@demo-project.iam.gserviceaccount.com"
NAME = f"{PROJECT}/serviceAccounts/{EMAIL}"
ANN = "user:ann@example.com"


def make_account(clients: Clients, account_id: str = "orders-run") -> iam_admin_v1.ServiceAccount:
    """A service account."""
    request = {"name": PROJECT, "account_id": account_id}
    made: iam_admin_v1.ServiceAccount = clients.iam.create_service_account(request=request)
    return made


def test_an_account_that_never_was_is_unknown(grpc_clients: Clients) -> None:
    """By any of its names; one that was made and deleted does not exist (both recorded)."""
    for name in (NAME, f"projects/-/serviceAccounts/{EMAIL}"):
        with pytest.raises(exceptions.NotFound, match="Unknown service account"):
            grpc_clients.iam.get_service_account(name=name)
    make_account(grpc_clients)
    grpc_clients.iam.delete_service_account(name=NAME)
    with pytest.raises(exceptions.NotFound, match=f"Service account {NAME} does not exist."):
        grpc_clients.iam.get_service_account(name=NAME)


def test_who_may_not_look_learns_nothing(clients_of: Callable[[str], Clients]) -> None:
    """A stranger is refused alike for accounts that are there and for those that are not."""
    for name in (NAME, f"projects/-/serviceAccounts/{EMAIL}"):
        with pytest.raises(exceptions.PermissionDenied, match="or it may not exist"):
            clients_of(ANN).iam.get_service_account(name=name)


def test_another_project_s_name_does_not_find_an_account(
    grpc_clients: Clients, emulator: RunningEmulator
) -> None:
    """The project of a name is that of the account, or a dash."""
    emulator.admin("POST", "/projects", projectId="another-one")
    make_account(grpc_clients)
    with pytest.raises(exceptions.NotFound):
        grpc_clients.iam.get_service_account(name=f"projects/another-one/serviceAccounts/{EMAIL}")


def test_a_restored_account_is_what_it_was(
    grpc_clients: Clients, clients_of: Callable[[str], Clients]
) -> None:
    """Its unique id, its own policy, its roles and its key are back."""
    made = make_account(grpc_clients)
    iam = grpc_clients.iam
    policy = iam.get_iam_policy(request={"resource": NAME})
    policy.bindings.add(role="roles/iam.serviceAccountUser", members=[ANN])
    iam.set_iam_policy(request={"resource": NAME, "policy": policy})
    project = grpc_clients.projects.get_iam_policy(resource=PROJECT)
    project.bindings.add(role="roles/run.viewer", members=[f"serviceAccount:{EMAIL}"])
    grpc_clients.projects.set_iam_policy(request={"resource": PROJECT, "policy": project})
    key = iam.create_service_account_key(name=NAME)
    iam.delete_service_account(name=NAME)
    deleted = f"{PROJECT}/serviceAccounts/{made.unique_id}"
    assert iam.undelete_service_account(request={"name": deleted}).restored_account == made
    policy = iam.get_iam_policy(request={"resource": deleted})
    assert [list(one.members) for one in policy.bindings] == [[ANN]]
    assert iam.get_service_account_key(name=key.name).name == key.name
    parent = f"{PROJECT}/locations/asia-east1"
    assert not list(clients_of(f"serviceAccount:{EMAIL}").services.list_services(parent=parent))


def test_an_account_is_not_restored_over_its_namesake(grpc_clients: Clients) -> None:
    """The new one has another unique id and none of the old keys."""
    old = make_account(grpc_clients)
    key = grpc_clients.iam.create_service_account_key(name=NAME)
    grpc_clients.iam.delete_service_account(name=NAME)
    assert make_account(grpc_clients).unique_id != old.unique_id
    with pytest.raises(exceptions.NotFound):
        grpc_clients.iam.get_service_account_key(name=key.name)
    deleted = f"{PROJECT}/serviceAccounts/{old.unique_id}"
    with pytest.raises(exceptions.FailedPrecondition):
        grpc_clients.iam.undelete_service_account(request={"name": deleted})


def test_a_project_has_a_hundred_accounts(grpc_clients: Clients) -> None:
    """One more is refused, with the time after which Google says to come back."""
    there = len(list(grpc_clients.iam.list_service_accounts(name=PROJECT)))
    for number in range(100 - there):
        make_account(grpc_clients, f"account-{number}")
    with pytest.raises(exceptions.ResourceExhausted, match="Maximum number of") as caught:
        make_account(grpc_clients, "one-too-many")
    assert [detail.retry_delay.seconds for detail in caught.value.details] == [86_401]


@pytest.mark.parametrize("size", [0, 7, 1000])
def test_accounts_come_in_pages(grpc_clients: Clients, size: int) -> None:
    """Twenty by default and a hundred at most; all of them in the end, each once."""
    for number in range(25):
        make_account(grpc_clients, f"account-{number}")
    request = {"name": PROJECT, "page_size": size}
    pages = list(grpc_clients.iam.list_service_accounts(request=request).pages)
    emails = [one.email for page in pages for one in page.accounts]
    assert (len(emails), len(set(emails))) == (26, 26)
    assert len(pages[0].accounts) == {0: 20, 7: 7, 1000: 26}[size]


def _get(emulator: RunningEmulator, path: str) -> Any:  # noqa: ANN401 - JSON
    headers = {"Authorization": f"Bearer {emulator.token()}"}
    return requests.get(f"{emulator.http}/v1/{path}", headers=headers, timeout=30).json()


def test_iam_s_errors_have_the_older_list_too(emulator: RunningEmulator) -> None:
    """As recorded: domain, message and reason beside the newer form."""
    text = "Unknown service account"
    assert _get(emulator, NAME)["error"] == {
        "code": 404,
        "message": text,
        "status": "NOT_FOUND",
        "errors": [{"message": text, "domain": "global", "reason": "notFound"}],
    }


def test_names_of_credentials_have_no_project(grpc_clients: Clients) -> None:
    """IAM Credentials takes ``projects/-`` alone, and tells of an account that is missing."""
    make_account(grpc_clients)
    ask = grpc_clients.credentials.generate_id_token
    with pytest.raises(exceptions.InvalidArgument):
        ask(name=NAME, audience="https://x.example.com")
    missing = "projects/-/serviceAccounts/nobody@demo-project.iam.gserviceaccount.com"
    with pytest.raises(exceptions.NotFound, match="Gaia id not found for email nobody@"):
        ask(name=missing, audience="https://x.example.com")


def test_access_tokens_last_an_hour_unless_the_organization_says_otherwise(
    grpc_clients: Clients, emulator: RunningEmulator
) -> None:
    """Twelve hours for accounts that the organisation policy names, and no second more."""
    make_account(grpc_clients)
    name = f"projects/-/serviceAccounts/{EMAIL}"
    scope = ["https://www.googleapis.com/auth/cloud-platform"]
    ask = grpc_clients.credentials.generate_access_token

    def refused(seconds: int) -> None:
        with pytest.raises(exceptions.InvalidArgument):
            ask(name=name, scope=scope, lifetime={"seconds": seconds})

    refused(3601)
    constraint = "iam.allowServiceAccountCredentialLifetimeExtension"
    emulator.admin("POST", "/orgpolicy", constraint=constraint, allowed=[EMAIL])
    token = ask(name=name, scope=scope, lifetime={"seconds": 43_200}).access_token
    info = requests.get(f"{emulator.http}/tokeninfo", params={"access_token": token}, timeout=30)
    assert 43_000 < int(info.json()["expires_in"]) <= 43_200
    refused(43_201)
    with pytest.raises(exceptions.InvalidArgument):
        ask(name=name, scope=[])


@pytest.mark.parametrize("payload", ["no JSON", "[]", '{"exp": "soon"}', '{"exp": 99999999999}'])
def test_what_is_no_set_of_claims_is_not_signed(grpc_clients: Clients, payload: str) -> None:
    """A JSON object that ends within 12 hours, or not at all."""
    make_account(grpc_clients)
    with pytest.raises(exceptions.InvalidArgument):
        grpc_clients.credentials.sign_jwt(
            name=f"projects/-/serviceAccounts/{EMAIL}", payload=payload
        )


def test_a_disabled_account_gives_out_nothing(grpc_clients: Clients) -> None:
    """No token and no signature, until it is switched on again."""
    make_account(grpc_clients)
    name = f"projects/-/serviceAccounts/{EMAIL}"
    grpc_clients.iam.disable_service_account(request={"name": name})
    with pytest.raises(exceptions.FailedPrecondition):
        grpc_clients.credentials.generate_id_token(name=name, audience="x")
    with pytest.raises(exceptions.FailedPrecondition):
        grpc_clients.credentials.sign_blob(name=name, payload=b"x")
    grpc_clients.iam.enable_service_account(request={"name": name})
    token = grpc_clients.credentials.generate_id_token(name=name, audience="x").token
    assert jwt.decode(token, verify=False)["aud"] == "x"


def test_an_id_token_s_subject_is_the_account_s_unique_id(grpc_clients: Clients) -> None:
    """Also for an account that has the name of a deleted one."""
    make_account(grpc_clients)
    grpc_clients.iam.delete_service_account(name=NAME)
    second = make_account(grpc_clients)
    name = f"projects/-/serviceAccounts/{EMAIL}"
    token = grpc_clients.credentials.generate_id_token(name=name, audience="x").token
    assert jwt.decode(token, verify=False)["sub"] == second.unique_id
