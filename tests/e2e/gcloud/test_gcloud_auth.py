"""Real gcloud's identities: keys that the emulator issued, ID tokens, and Docker's login."""

import base64
import json
import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from google.cloud import artifactregistry_v1

from tests.conftest import DEVELOPER, Clients, ImagePusher
from tests.e2e.emulator_shell import evaluated, new_shell
from tests.e2e.gcloud.conftest import Gcloud, as_member

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator

pytestmark = pytest.mark.timeout(600)

AUDIENCE = "https://orders-0123456789.us-central1.run.app"
GCLOUD_CLIENT = "32555940559.apps.googleusercontent.com"
ACCOUNT = "robots"


def _claims(token: str) -> dict[str, Any]:
    part = token.strip().split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


@pytest.fixture
def account(local: "RunningEmulator", local_gcloud: Gcloud) -> str:
    """The e-mail of a new service account."""
    local.admin("POST", "/reset")
    local_gcloud.told(f"iam service-accounts create {ACCOUNT}")
    return f"{ACCOUNT}@{local.project}.iam.gserviceaccount.com"


@pytest.fixture
def activated(
    gcloud_program: str, local: "RunningEmulator", account: str, tmp_path: Path
) -> Gcloud:
    """A user's gcloud on `local`, in which a key of the account has been activated."""
    mine = Gcloud(gcloud_program, evaluated(new_shell(local.http, tmp_path)))
    key = tmp_path / "key.json"
    create = f"iam service-accounts keys create {key} --iam-account={account}"
    assert "created key" in mine.told(create)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    told = mine.told(f"auth activate-service-account --key-file={key}")
    assert f"Activated service account credentials for: [{account}]" in told
    return mine


def test_a_key_acts_as_its_account(activated: Gcloud, account: str) -> None:
    """An activated key is the active account, without any right until one is granted."""
    listed = activated.json("auth list")
    assert {one["account"]: one["status"] for one in listed} == {
        account: "ACTIVE",
        "developer@example.com": "",
    }
    refusal = activated.refused("iam service-accounts list")
    assert "PERMISSION_DENIED" in refusal
    assert "iam.serviceAccounts.list" in refusal
    assert account in refusal
    activated.told("config set account developer@example.com")
    assert account in [one["email"] for one in activated.json("iam service-accounts list")]


def test_a_key_prints_id_tokens(activated: Gcloud, local: "RunningEmulator", account: str) -> None:
    """A key's ID token has the audience asked for, the account's e-mail and a signature."""
    token = activated(f"auth print-identity-token --audiences={AUDIENCE}").strip()
    claims = _claims(token)
    assert claims["aud"] == AUDIENCE
    assert claims["email"] == account
    assert claims["exp"] - claims["iat"] == 3600
    verified = local.admin("GET", f"/../tokeninfo?id_token={token}")
    assert verified["aud"] == AUDIENCE


def test_a_deleted_key_opens_nothing(
    activated: Gcloud, local_gcloud: Gcloud, account: str, tmp_path: Path
) -> None:
    """Once its key is deleted, nothing is to be had with it any more."""
    keys = f"iam service-accounts keys list --iam-account={account} --managed-by=user"
    (key,) = local_gcloud.json(keys)
    name = key["name"].rpartition("/")[2]
    local_gcloud.told(f"iam service-accounts keys delete {name} --iam-account={account}")
    elsewhere = activated.having(CLOUDSDK_CONFIG=str(tmp_path / "elsewhere"))
    refusal = elsewhere.refused(f"auth activate-service-account --key-file={tmp_path}/key.json")
    assert "invalid_grant" in refusal
    assert "Invalid JWT Signature" in refusal


def test_impersonation_prints_id_tokens(local_gcloud: Gcloud, account: str) -> None:
    """Who may act as an account gets its ID token, with its e-mail only when asked for."""
    line = f"auth print-identity-token --impersonate-service-account={account}"
    claims = _claims(local_gcloud(f"{line} --audiences={AUDIENCE}"))
    assert claims["aud"] == AUDIENCE
    assert "email" not in claims
    with_email = _claims(local_gcloud(f"{line} --audiences={AUDIENCE} --include-email"))
    assert with_email["email"] == account


def test_impersonation_without_the_right_is_refused(
    local_gcloud: Gcloud, local: "RunningEmulator", account: str, tmp_path: Path
) -> None:
    """Who may not act as an account is told which permission is missing."""
    stranger = as_member(local_gcloud, local, "user:stranger@example.com", tmp_path)
    refusal = stranger.refused(
        f"auth print-identity-token --impersonate-service-account={account} --audiences={AUDIENCE}"
    )
    assert "iam.serviceAccounts.getAccessToken" in refusal


def test_a_user_prints_id_tokens(local_gcloud: Gcloud) -> None:
    """A user's ID token is for gcloud's own client; another audience is not to be had."""
    claims = _claims(local_gcloud("auth print-identity-token"))
    assert claims["email"] == DEVELOPER.partition(":")[2]
    assert claims["aud"] == claims["azp"] == GCLOUD_CLIENT
    refusal = local_gcloud.refused(f"auth print-identity-token --audiences={AUDIENCE}")
    assert "Invalid account type for `--audiences`" in refusal


def test_an_authorized_user_file_is_taken(
    local_gcloud: Gcloud, local: "RunningEmulator", tmp_path: Path
) -> None:
    """Credentials of any user in a file are gcloud's identity where it is told so."""
    made = local.admin("POST", "/identities", member="user:ann@example.com")
    file = tmp_path / "ann.json"
    file.write_text(json.dumps(made["adc"]))
    ann = local_gcloud.having(
        CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE=str(file),
        CLOUDSDK_AUTH_TOKEN_HOST=f"{local.http}/token",
    )
    assert _claims(ann("auth print-identity-token"))["email"] == "ann@example.com"


def test_the_users_own_configuration_is_not_touched(local_gcloud: Gcloud) -> None:
    """Whatever gcloud writes goes to the emulator's folder and not to the home."""
    local_gcloud("config list")
    assert not (Path(local_gcloud.environ["HOME"]) / ".config").exists()
    assert Path(local_gcloud.environ["CLOUDSDK_CONFIG"]).is_dir()


@pytest.fixture
def skopeo() -> str:
    """Where skopeo is."""
    found = shutil.which("skopeo")
    if found is None:
        pytest.skip("skopeo is not installed; it is who asks gcloud's credential helper here")
    return found


def test_dockers_login_is_gclouds_helper(
    local_gcloud: Gcloud, local: "RunningEmulator", skopeo: str, tmp_path: Path
) -> None:
    """After ``auth configure-docker``, an image is pushed to Google's host name by the helper."""
    local.admin("POST", "/reset")
    Clients(local, "grpc", DEVELOPER).repositories.create_repository(
        parent=f"projects/{local.project}/locations/us-central1",
        repository_id="images",
        repository=artifactregistry_v1.Repository(format_="DOCKER"),
    ).result(timeout=30)
    path = f"us-central1/{local.project}/images/app"
    ImagePusher(local).push(path, "v1")
    folder = tmp_path / "docker"
    folder.mkdir()
    own = {"DOCKER_CONFIG": str(folder), "REGISTRY_AUTH_FILE": str(folder / "config.json")}
    logged_in = local_gcloud.having(**own)
    logged_in("auth configure-docker us-central1-docker.pkg.dev")
    helpers = json.loads((folder / "config.json").read_text())["credHelpers"]
    assert helpers == {"us-central1-docker.pkg.dev": "gcloud"}
    copied = subprocess.run(
        [
            *(skopeo, "copy", "--src-tls-verify=false"),
            f"--src-creds=oauth2accesstoken:{local.token()}",
            f"docker://{local.about['registry']}/{path}:v1",
            f"docker://us-central1-docker.pkg.dev/{local.project}/images/app:v2",
        ],
        check=False,
        capture_output=True,
        text=True,
        env=dict(logged_in.environ),
        timeout=120,
    )
    assert copied.returncode == 0, copied.stderr
    tags = f"artifacts docker tags list us-central1-docker.pkg.dev/{local.project}/images/app"
    assert len(local_gcloud.json(tags)) == 2
    pushed = [one for one in local.requests() if one["method"] == "registry/PUT manifests"]
    assert pushed[-1]["principal"] == DEVELOPER
