"""A service account's key file as the password, as Docker takes it for Artifact Registry."""

import base64
import json
from typing import TYPE_CHECKING

import pytest
from google.cloud import iam_admin_v1

from tests.conftest import DEVELOPER, Clients
from tests.emulator.registry.conftest import PREFIX, PROJECT
from tests.emulator.registry.talk import Peer

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator

NAME = "pusher"
ACCOUNT = f"projects/{PROJECT}/serviceAccounts/{NAME}@{PROJECT}.iam.gserviceaccount.com"


@pytest.fixture
def iam(judged_emulator: "RunningEmulator") -> iam_admin_v1.IAMClient:
    """IAM, with an account that may write to the repository `one`."""
    client = Clients(judged_emulator, "grpc", DEVELOPER).iam
    if not any(
        one.name == ACCOUNT for one in client.list_service_accounts(name=f"projects/{PROJECT}")
    ):
        client.create_service_account(name=f"projects/{PROJECT}", account_id=NAME)
        resource = f"projects/{PROJECT}/locations/asia-east1/repositories/one"
        member = f"serviceAccount:{ACCOUNT.rpartition('/')[2]}"
        role = "roles/artifactregistry.writer"
        judged_emulator.admin("POST", "/grants", resource=resource, member=member, role=role)
    return client


@pytest.fixture
def key(iam: iam_admin_v1.IAMClient) -> iam_admin_v1.ServiceAccountKey:
    """A new key of the account."""
    return iam.create_service_account_key(name=ACCOUNT)


def _peer(subject: Peer, user: str, password: bytes) -> Peer:
    basic = base64.b64encode(user.encode() + b":" + password).decode()
    return Peer(subject.host, PREFIX, {"Authorization": f"Basic {basic}"})


@pytest.mark.parametrize("encoded", [False, True])
def test_a_key_file_signs_in(
    subject: Peer, key: iam_admin_v1.ServiceAccountKey, encoded: bool
) -> None:
    """As it is or in base64; what the account may do is decided by its roles."""
    password = base64.b64encode(key.private_key_data) if encoded else key.private_key_data
    peer = _peer(subject, "_json_key_base64" if encoded else "_json_key", password)
    assert peer.call("GET", "/v2/token").status == 200
    assert peer.begin("by-key").status == 202
    other = peer.call("POST", f"/v2/{peer.name('by-key', 'two')}/blobs/uploads/")
    assert other.outcome == "403 DENIED"


def test_a_deleted_key_signs_nobody_in(
    subject: Peer, iam: iam_admin_v1.IAMClient, key: iam_admin_v1.ServiceAccountKey
) -> None:
    """Nor does one of a disabled account."""
    other = iam.create_service_account_key(name=ACCOUNT)
    iam.delete_service_account_key(name=key.name)
    deleted = _peer(subject, "_json_key", key.private_key_data)
    assert deleted.begin("by-key").outcome == "401 UNAUTHORIZED"
    kept = _peer(subject, "_json_key", other.private_key_data)
    assert kept.begin("by-key").status == 202
    iam.disable_service_account(request={"name": ACCOUNT})
    assert kept.begin("by-key").outcome == "401 UNAUTHORIZED"
    iam.enable_service_account(request={"name": ACCOUNT})


def test_a_file_of_nonsense_signs_nobody_in(
    subject: Peer, key: iam_admin_v1.ServiceAccountKey
) -> None:
    """Neither what is no key file nor one with another account's name."""
    file = json.loads(key.private_key_data)
    compute = "1-compute@developer.gserviceaccount.com"
    for password in (
        b"{}",
        b"[]",
        b"not JSON",
        json.dumps({**file, "client_email": compute}).encode(),
        json.dumps({**file, "private_key": "x"}).encode(),
        json.dumps({**file, "private_key": 7}).encode(),
    ):
        answer = _peer(subject, "_json_key", password).begin("by-key")
        assert answer.outcome == "401 UNAUTHORIZED"
