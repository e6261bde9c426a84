"""Credentials files that stand for a service account, at Google's own host names.

The product is not told of an emulator here: it asks iamcredentials.googleapis.com and
oauth2.googleapis.com, which the emulator's proxy answers, as it does for Google's own libraries.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.functional.invoking.conftest import Done, Orders, Seen, Shell

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator

_TARGET = "https://orders-1.asia-east1.run.app"
_POOL = "projects/1/locations/global/workloadIdentityPools/github"
_FEDERATED = "user:federated@example.com"


def _token(google: Shell, tmp_path: Path, credentials: dict[str, Any], *words: str) -> Done:
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps(credentials))
    environ = {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}
    return google.run("token", _TARGET, "--decode", "--json", *words, **environ)


def _impersonation(email: str) -> str:
    host = "https://iamcredentials.googleapis.com"
    return f"{host}/v1/projects/-/serviceAccounts/{email}:generateAccessToken"


def _federated(exchange: Seen, token: str, tmp_path: Path) -> dict[str, Any]:
    """A file of workload identity federation, as `create-cred-config` writes it.

    The exchange is one of RFC 8693 on this machine: it hands out `token`, which is one that the
    emulator issued to somebody, or that tells no e-mail, as a pool's principal has none.
    """
    (tmp_path / "subject").write_text("a token of somebody else's")
    told = {
        "access_token": token,
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
        "expires_in": 3600,
    }
    headers = {"Content-Type": "application/json"}
    exchange.answers["/v1/token"] = (200, headers, json.dumps(told).encode())
    return {
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{_POOL}/providers/github",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{exchange.origin}/v1/token",
        "credential_source": {"file": str(tmp_path / "subject")},
    }


def _let(emulator: "RunningEmulator", member: str, role: str, email: str) -> None:
    resource = f"projects/{emulator.project}/serviceAccounts/{email}"
    emulator.admin("POST", "/grants", resource=resource, role=role, member=member)


def test_federated_identity_mints_for_its_account(
    orders: Orders,
    google: Shell,
    serve: Callable[[], Seen],
    emulator: "RunningEmulator",
    tmp_path: Path,
) -> None:
    """The pool's own identity asks: the account itself may not impersonate itself."""
    email = orders.account("caller-one")
    _let(emulator, _FEDERATED, "roles/iam.workloadIdentityUser", email)
    told = _federated(serve(), emulator.token(_FEDERATED), tmp_path)
    told["service_account_impersonation_url"] = _impersonation(email)
    done = _token(google, tmp_path, told)
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert document["member"] == f"serviceAccount:{email}"
    assert document["audience"] == _TARGET


def test_federated_identity_without_an_account_is_told_to_name_one(
    orders: Orders,
    google: Shell,
    serve: Callable[[], Seen],
    emulator: "RunningEmulator",
    tmp_path: Path,
) -> None:
    """It has no ID token of its own; with --as it gets one of an account."""
    email = orders.account("caller-one")
    refused = _token(google, tmp_path, _federated(serve(), "ya29.of-a-pool", tmp_path))
    assert refused.code == 4
    assert "A federated identity without a service account has no ID token" in refused.err
    assert "--as" in refused.err
    _let(emulator, _FEDERATED, "roles/iam.workloadIdentityUser", email)
    told = _federated(serve(), emulator.token(_FEDERATED), tmp_path)
    done = _token(google, tmp_path, told, "--as", email)
    assert json.loads(done.out)["member"] == f"serviceAccount:{email}"


def test_impersonating_credentials_file_mints_as_whoever_made_it(
    orders: Orders, google: Shell, emulator: "RunningEmulator", tmp_path: Path
) -> None:
    """`gcloud auth application-default login --impersonate-service-account` writes these."""
    email = orders.account("caller-one")
    made = emulator.admin("POST", "/identities", member="user:developer@example.com")["adc"]
    told = {
        "type": "impersonated_service_account",
        "service_account_impersonation_url": _impersonation(email),
        "source_credentials": {key: made[key] for key in sorted(made) if key != "token_uri"},
        "delegates": [],
    }
    done = _token(google, tmp_path, told)
    assert done.code == 0, done.err
    assert json.loads(done.out)["member"] == f"serviceAccount:{email}"


def test_nobody_at_all_is_told_where_to_log_in(google: Shell) -> None:
    """Without credentials, gcloud or metadata server; the silent one is named."""
    done = google.run("token", _TARGET, PATH="/nowhere", GCE_METADATA_HOST="127.0.0.1:1")
    assert done.code == 2
    assert "GCE_METADATA_HOST names (127.0.0.1:1)" in done.err
    assert "application-default login" in done.err
