"""An access token is good for its scopes alone, whatever its holder may do."""

import pytest
import requests
from google.cloud import iam_credentials_v1

from tests.conftest import Clients, RunningEmulator

PROJECT = "projects/demo-project"
SERVICES = f"/v2/{PROJECT}/locations/asia-east1/services"
REPOSITORIES = f"/v1/{PROJECT}/locations/asia-east1/repositories"
AUTH = "https://www.googleapis.com/auth/"


@pytest.fixture
def account(emulator: RunningEmulator, grpc_clients: Clients) -> str:
    """The e-mail of an account that may do everything in the project."""
    made = grpc_clients.iam.create_service_account(
        request={"name": PROJECT, "account_id": "worker"}
    )
    member = f"serviceAccount:{made.email}"
    emulator.admin("POST", "/grants", resource=PROJECT, member=member, role="roles/owner")
    return str(made.email)


def _token(clients: Clients, account: str, *scopes: str) -> str:
    request = iam_credentials_v1.GenerateAccessTokenRequest(
        name=f"projects/-/serviceAccounts/{account}", scope=[AUTH + one for one in scopes]
    )
    return str(clients.credentials.generate_access_token(request=request).access_token)


@pytest.mark.parametrize(
    ("scope", "method", "path", "allowed"),
    [
        ("cloud-platform", "GET", SERVICES, True),
        ("run.readonly", "GET", SERVICES, True),
        ("run.readonly", "DELETE", f"{SERVICES}/orders", False),
        ("run", "DELETE", f"{SERVICES}/orders", True),
        ("run", "GET", REPOSITORIES, False),
        ("cloud-platform.read-only", "GET", REPOSITORIES, True),
        ("cloud-platform.read-only", "GET", SERVICES, False),
        ("cloud-platform.read-only", "DELETE", f"{REPOSITORIES}/images", False),
        ("pubsub", "GET", f"/v1/{PROJECT}/topics", True),
        ("devstorage.read_only", "GET", f"/v1/{PROJECT}/topics", False),
        ("devstorage.read_only", "GET", f"/v3/{PROJECT}", False),
        ("devstorage.read_only", "GET", f"/v1/{PROJECT}/services", False),
    ],
)
def test_a_token_does_what_its_scopes_hold(  # noqa: PLR0913, PLR0917 - what a request is made of
    emulator: RunningEmulator,
    grpc_clients: Clients,
    account: str,
    scope: str,
    method: str,
    path: str,
    *,
    allowed: bool,
) -> None:
    """An owner's token with another scope is refused in Google's words."""
    headers = {"Authorization": f"Bearer {_token(grpc_clients, account, scope)}"}
    answer = requests.request(method, emulator.http + path, headers=headers, timeout=30)
    if allowed:
        assert answer.status_code in {200, 404}
        return
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (403, "PERMISSION_DENIED")
    assert error["message"] == "Request had insufficient authentication scopes."
    assert error["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"


def test_token_info_tells_the_scopes(
    emulator: RunningEmulator, grpc_clients: Clients, account: str
) -> None:
    """Those that were asked for, and no others."""
    params = {"access_token": _token(grpc_clients, account, "run", "run.readonly")}
    told = requests.get(f"{emulator.http}/tokeninfo", params=params, timeout=30).json()
    assert told["scope"] == f"{AUTH}run {AUTH}run.readonly"
