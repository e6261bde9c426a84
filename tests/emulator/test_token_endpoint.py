"""The token endpoint and user info: times that are off, keys that are not good, tokens that are."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from google.auth import crypt, jwt
from google.cloud import iam_admin_v1

from tests.conftest import Clients, RunningEmulator

ANN = "user:ann@example.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
Exchange = Callable[..., requests.Response]


@pytest.fixture
def key(grpc_clients: Clients, emulator: RunningEmulator) -> dict[str, Any]:
    """A key of the account `signer`, as its file has it."""
    account = grpc_clients.iam.create_service_account(
        request=iam_admin_v1.CreateServiceAccountRequest(
            name=f"projects/{emulator.project}", account_id="signer"
        )
    )
    made = grpc_clients.iam.create_service_account_key(
        name=f"projects/-/serviceAccounts/{account.email}"
    )
    content: dict[str, Any] = json.loads(made.private_key_data)
    return content


@pytest.fixture
def exchange(key: dict[str, Any], emulator: RunningEmulator) -> Exchange:
    """Exchanges an assertion of the account whose clock is off by some seconds."""

    def made(off: float = 0, lasts: float = 3600, **claims: object) -> requests.Response:
        now = int(time.time() + off)
        content = {
            "iss": key["client_email"],
            "aud": key["token_uri"],
            "scope": SCOPE,
            "iat": now,
            "exp": now + int(lasts),
            **claims,
        }
        signer = crypt.RSASigner.from_service_account_info(key)
        form = {"grant_type": GRANT, "assertion": jwt.encode(signer, content).decode()}
        return requests.post(f"{emulator.http}/token", data=form, timeout=30)

    return made


@pytest.mark.parametrize("off", [-1800, -60, 0, 60, 300])
def test_a_clock_may_be_off_a_little(exchange: Exchange, off: float) -> None:
    """Some minutes ahead, or behind by less than the assertion lasts."""
    answer = exchange(off)
    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 3599


@pytest.mark.parametrize(
    ("off", "lasts"), [(3600, 3600), (1200, 3600), (-3700, 3600), (-120, 60), (0, 7200)]
)
def test_an_assertion_out_of_time_is_refused(exchange: Exchange, off: float, lasts: float) -> None:
    """Made in the future, over already, or for longer than an hour: in Google's words."""
    answer = exchange(off, lasts)
    assert answer.status_code == 400
    told = answer.json()
    assert told["error"] == "invalid_grant"
    assert "Token must be a short-lived token (60 minutes)" in told["error_description"]


@pytest.mark.parametrize(
    ("claims", "error", "words"),
    [
        ({"aud": "https://orders.example.com"}, "invalid_grant", "Failed audience check"),
        ({"scope": ""}, "invalid_scope", "scope or ID token audience"),
        ({"iss": "nobody@demo-project.iam.gserviceaccount.com"}, "invalid_grant", "Invalid"),
        ({"sub": "ann@example.com"}, "unauthorized_client", "unauthorized"),
    ],
)
def test_an_assertion_has_to_be_the_account_s_own_and_for_this_endpoint(
    exchange: Exchange, claims: dict[str, object], error: str, words: str
) -> None:
    """400 with OAuth's error and Google's description."""
    answer = exchange(**claims)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert words in answer.json()["error_description"]


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_a_key_that_is_not_good_any_more_makes_no_tokens(
    exchange: Exchange, key: dict[str, Any], grpc_clients: Clients, how: str
) -> None:
    """Neither access nor ID tokens, in the words of a wrong signature."""
    email = key["client_email"]
    name = f"projects/-/serviceAccounts/{email}/keys/{key['private_key_id']}"
    assert exchange().status_code == 200
    if how == "disabled":
        grpc_clients.iam.disable_service_account_key(request={"name": name})
    else:
        grpc_clients.iam.delete_service_account_key(name=name)
    for claims in ({}, {"target_audience": "https://orders.example.com"}):
        answer = exchange(**claims)
        assert answer.status_code == 400
        assert answer.json() == {
            "error": "invalid_grant",
            "error_description": "Invalid JWT Signature.",
        }


def user_info(emulator: RunningEmulator, token: str) -> requests.Response:
    """What the endpoint tells the holder of an access token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(f"{emulator.http}/v1/userinfo", headers=headers, timeout=30)


def test_user_info_tells_whose_a_token_is(
    emulator: RunningEmulator, exchange: Exchange, key: dict[str, Any]
) -> None:
    """Of a user and of a service account, with the id that their ID tokens carry."""
    told = user_info(emulator, emulator.token(ANN)).json()
    assert (told["email"], told["email_verified"]) == ("ann@example.com", True)
    assert told["sub"].isdecimal()
    account = user_info(emulator, exchange().json()["access_token"]).json()
    assert (account["email"], account["sub"]) == (key["client_email"], key["client_id"])


def test_user_info_is_told_to_nobody_else(
    emulator: RunningEmulator, exchange: Exchange, grpc_clients: Clients, key: dict[str, Any]
) -> None:
    """Without a token, with a wrong one, an ID token, or that of a disabled account: 401."""
    good = exchange().json()["access_token"]
    identity = exchange(target_audience="https://orders.example.com").json()["id_token"]
    assert user_info(emulator, good).status_code == 200
    name = f"projects/-/serviceAccounts/{key['client_email']}"
    grpc_clients.iam.disable_service_account(request={"name": name})
    for token in ("", "ya29.wrong", good[:-4], identity, good):
        assert user_info(emulator, token).status_code == 401
