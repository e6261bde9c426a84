"""Tokens that a service account signs itself: what Google's libraries send with a key."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from google.auth import crypt, jwt
from google.cloud import iam_admin_v1

from tests.conftest import Clients, RunningEmulator

Sign = Callable[..., str]
API = "https://run.googleapis.com/"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@pytest.fixture
def email(grpc_clients: Clients, emulator: RunningEmulator) -> str:
    """The e-mail of a service account that may view the project."""
    made = grpc_clients.iam.create_service_account(
        request=iam_admin_v1.CreateServiceAccountRequest(
            name=f"projects/{emulator.project}", account_id="signer"
        )
    )
    emulator.admin(
        "POST",
        "/grants",
        resource=f"projects/{emulator.project}",
        member=f"serviceAccount:{made.email}",
        role="roles/viewer",
    )
    return str(made.email)


@pytest.fixture
def key(grpc_clients: Clients, email: str) -> dict[str, Any]:
    """A key of the account, as its file has it."""
    made = grpc_clients.iam.create_service_account_key(name=f"projects/-/serviceAccounts/{email}")
    content: dict[str, Any] = json.loads(made.private_key_data)
    return content


@pytest.fixture
def sign(key: dict[str, Any], email: str) -> Sign:
    """Signs a token of the account, good for an hour where nothing else is said."""

    def made(**changes: object) -> str:
        now = int(time.time())
        claims = {"iss": email, "sub": email, "iat": now, "exp": now + 3600, "aud": API, **changes}
        signer = crypt.RSASigner.from_service_account_info(key)
        return str(jwt.encode(signer, claims).decode())

    return made


def _status(emulator: RunningEmulator, token: str) -> int:
    url = f"{emulator.http}/v2/projects/{emulator.project}/locations/us-central1/services"
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(url, headers=headers, timeout=30).status_code


@pytest.mark.parametrize("changes", [{}, {"aud": "https://run.googleapis.com"}, {"scope": SCOPE}])
def test_a_token_that_an_account_signed_is_its_own(
    emulator: RunningEmulator, sign: Sign, email: str, changes: dict[str, str]
) -> None:
    """It opens what the account may, in the account's name."""
    assert _status(emulator, sign(**changes)) == 200
    assert emulator.requests()[-1]["principal"] == f"serviceAccount:{email}"


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(time.time()) - 60, "iat": int(time.time()) - 120},
        {"exp": int(time.time()) + 7200},
        {"iat": int(time.time()) + 600},
        {"sub": "someone@example.com"},
        {"iss": "someone@example.com"},
        {"aud": "https://orders.example.com"},
        {"aud": "https://oauth2.googleapis.com/token"},
        {"aud": "http://run.googleapis.com/"},
        {"aud": "https://artifactregistry.googleapis.com/"},
        {"aud": "https://[run.googleapis.com/"},
        {"aud": "https://user@run.googleapis.com/"},
        {"exp": 10**400, "iat": 10**400},
        {"aud": "", "scope": "https://www.googleapis.com/auth/userinfo.email"},
        {"aud": ""},
        {"exp": "soon"},
        {"iat": None},
    ],
)
def test_other_tokens_are_nobodys(
    emulator: RunningEmulator, sign: Sign, changes: dict[str, object]
) -> None:
    """Expired, long-lived, another's, for another audience or without any: not authenticated."""
    assert _status(emulator, sign(**changes)) == 401


def test_a_forged_token_is_nobodys(emulator: RunningEmulator, sign: Sign) -> None:
    """A token with another signature, or none, is not the account's."""
    head, claims, signature = sign().split(".")
    assert _status(emulator, f"{head}.{claims}.{signature[:-8]}AAAAAAAA") == 401
    assert _status(emulator, f"{head}.{claims}.") == 401
    assert _status(emulator, "..") == 401


def test_it_ends_with_its_key_and_with_its_account(
    emulator: RunningEmulator, grpc_clients: Clients, sign: Sign, email: str
) -> None:
    """A disabled account's token is refused, and one whose key was deleted."""
    token = sign()
    name = f"projects/-/serviceAccounts/{email}"
    grpc_clients.iam.disable_service_account(
        request=iam_admin_v1.DisableServiceAccountRequest(name=name)
    )
    assert _status(emulator, token) == 401
    grpc_clients.iam.enable_service_account(
        request=iam_admin_v1.EnableServiceAccountRequest(name=name)
    )
    assert _status(emulator, token) == 200
    kinds = [iam_admin_v1.ListServiceAccountKeysRequest.KeyType.USER_MANAGED]
    asked = {"name": name, "key_types": kinds}
    keys = grpc_clients.iam.list_service_account_keys(request=asked).keys
    for one in keys:
        grpc_clients.iam.delete_service_account_key(name=one.name)
    assert _status(emulator, token) == 401
