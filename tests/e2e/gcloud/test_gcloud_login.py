"""`provision token` with nothing but gcloud's own login, at Google's own host names."""

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from provision.tokens.audiences import GCLOUD_CLIENT_ID
from tests.e2e.emulator_shell import evaluated, new_shell
from tests.e2e.gcloud.conftest import Gcloud

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator

pytestmark = pytest.mark.timeout(600)

_TARGET = "https://orders-1.asia-east1.run.app"


@pytest.fixture
def mine(gcloud_program: str, local: "RunningEmulator", tmp_path: Path) -> Gcloud:
    """A user's gcloud with a login, and no Application Default Credentials anywhere."""
    local.admin("POST", "/reset")
    environ = evaluated(new_shell(local.http, tmp_path))
    for name in ("PROVISION_EMULATOR", "GOOGLE_APPLICATION_CREDENTIALS"):
        environ.pop(name)
    environ["PYTHONPATH"] = str(Path(__file__).parents[3])
    return Gcloud(gcloud_program, environ)


def _decoded(gcloud: Gcloud) -> dict[str, Any]:
    command = [sys.executable, "-m", "provision", "token", _TARGET, "--decode", "--json"]
    done = subprocess.run(
        command, env=dict(gcloud.environ), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_gcloud_s_user_gets_gcloud_s_audience(mine: Gcloud) -> None:
    """As `gcloud auth print-identity-token`; what Cloud Run makes of it is told."""
    told = _decoded(mine)
    assert told["member"] == "user:developer@example.com"
    assert told["audience"] == GCLOUD_CLIENT_ID
    assert "gcloud's client id" in told["notes"][0]


def test_key_that_gcloud_holds_gets_the_audience_it_asks_for(
    mine: Gcloud, local: "RunningEmulator", tmp_path: Path
) -> None:
    """An activated service account is spoken as, without a key file in the environment."""
    mine.told("iam service-accounts create robots")
    email = f"robots@{local.project}.iam.gserviceaccount.com"
    mine.told(f"iam service-accounts keys create {tmp_path}/key.json --iam-account={email}")
    mine.told(f"auth activate-service-account --key-file={tmp_path}/key.json")
    told = _decoded(mine)
    assert (told["member"], told["audience"]) == (f"serviceAccount:{email}", _TARGET)
    assert told["notes"] == []
