"""IAM: keys of service accounts: brought along, switched off, counted, forbidden."""

import base64
import json
import time
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from google.api_core import exceptions
from google.auth import crypt, jwt
from google.cloud import iam_admin_v1

from tests.conftest import Clients, RunningEmulator
from tests.emulator.resources.own_keys import certificate, new_key, pem
from tests.emulator.resources.test_accounts_life import EMAIL, NAME, make_account

_Kind = iam_admin_v1.ListServiceAccountKeysRequest.KeyType


def exchange(emulator: RunningEmulator, private_key: str) -> int:
    """Ask the token endpoint with an assertion that the key signs; the HTTP status."""
    now = int(time.time())
    claims = {
        "iss": EMAIL,
        "aud": f"{emulator.http}/token",
        "iat": now,
        "exp": now + 600,
        "scope": "https://www.googleapis.com/auth/cloud-platform",
    }
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": jwt.encode(crypt.RSASigner.from_string(private_key), claims).decode(),
    }
    return requests.post(f"{emulator.http}/token", data=form, timeout=30).status_code


def test_an_uploaded_key_signs_until_it_is_switched_off(
    grpc_clients: Clients, emulator: RunningEmulator
) -> None:
    """Its assertions are taken; not those of a stranger's key, not while it is off."""
    make_account(grpc_clients)
    key, iam = new_key(), grpc_clients.iam
    assert exchange(emulator, pem(key)) == 400
    uploaded = iam.upload_service_account_key(
        request={"name": NAME, "public_key_data": certificate(key)}
    )
    assert exchange(emulator, pem(key)) == 200
    assert exchange(emulator, pem(new_key())) == 400
    iam.disable_service_account_key(request={"name": uploaded.name})
    assert exchange(emulator, pem(key)) == 400
    iam.enable_service_account_key(request={"name": uploaded.name})
    assert exchange(emulator, pem(key)) == 200
    iam.delete_service_account_key(name=uploaded.name)
    assert exchange(emulator, pem(key)) == 400


def test_an_uploaded_key_signs_only_while_its_certificate_is_valid(
    grpc_clients: Clients, emulator: RunningEmulator
) -> None:
    """One that begins tomorrow, for nine days, is good for nothing today."""
    make_account(grpc_clients)
    key = new_key()
    data = certificate(key, days=10)
    request = {"name": NAME, "public_key_data": data}
    grpc_clients.iam.upload_service_account_key(request=request)
    assert exchange(emulator, pem(key)) == 400


@pytest.mark.parametrize("what", ["text", "elliptic", "expired"])
def test_only_rsa_certificates_in_force_are_uploaded(grpc_clients: Clients, what: str) -> None:
    """Neither text, nor keys of another kind, nor certificates that have ended."""
    make_account(grpc_clients)
    data = {
        "text": b"no certificate",
        "elliptic": certificate(ec.generate_private_key(ec.SECP256R1())),
        "expired": certificate(new_key(), days=-1),
    }[what]
    with pytest.raises(exceptions.InvalidArgument):
        grpc_clients.iam.upload_service_account_key(request={"name": NAME, "public_key_data": data})


def test_an_account_has_ten_keys_of_its_users(grpc_clients: Clients) -> None:
    """The eleventh is refused; Google's own key does not count and cannot be deleted."""
    make_account(grpc_clients)
    iam = grpc_clients.iam
    for _ in range(10):
        iam.create_service_account_key(name=NAME)
    with pytest.raises(exceptions.FailedPrecondition, match="Precondition check failed"):
        iam.create_service_account_key(name=NAME)
    asked = {"name": NAME, "key_types": [_Kind.SYSTEM_MANAGED]}
    system = iam.list_service_account_keys(request=asked).keys
    assert len(system) == 1
    assert len(iam.list_service_account_keys(name=NAME).keys) == 11
    with pytest.raises(exceptions.FailedPrecondition):
        iam.delete_service_account_key(name=system[0].name)


def test_the_organization_forbids_keys(grpc_clients: Clients, emulator: RunningEmulator) -> None:
    """Making and uploading have a constraint each."""
    make_account(grpc_clients)
    iam = grpc_clients.iam
    constraint = "iam.disableServiceAccountKeyCreation"
    emulator.admin("POST", "/orgpolicy", constraint=constraint, enforce=True)
    with pytest.raises(exceptions.FailedPrecondition, match="Key creation is not allowed"):
        iam.create_service_account_key(name=NAME)
    request: dict[str, Any] = {"name": NAME, "public_key_data": certificate(new_key())}
    assert iam.upload_service_account_key(request=request).name
    constraint = "iam.disableServiceAccountKeyUpload"
    emulator.admin("POST", "/orgpolicy", constraint=constraint, enforce=True)
    request["public_key_data"] = certificate(new_key())
    with pytest.raises(exceptions.FailedPrecondition):
        iam.upload_service_account_key(request=request)


def test_key_files_and_public_keys_belong_together(grpc_clients: Clients) -> None:
    """JSON and PKCS #12; the certificate and the bare key verify what the private key signs."""
    make_account(grpc_clients)
    iam = grpc_clients.iam
    made = iam.create_service_account_key(name=NAME)
    file = json.loads(made.private_key_data)
    assert (file["client_email"], file["private_key_id"]) == (EMAIL, made.name.rpartition("/")[2])
    signature = crypt.RSASigner.from_string(file["private_key"]).sign(b"text")
    for form in ("TYPE_X509_PEM_FILE", "TYPE_RAW_PUBLIC_KEY"):
        found = iam.get_service_account_key({"name": made.name, "public_key_type": form})
        verifier = crypt.RSAVerifier.from_string(found.public_key_data)
        assert verifier.verify(b"text", signature)
    asked = {"name": NAME, "private_key_type": "TYPE_PKCS12_FILE"}
    packed = iam.create_service_account_key(request=asked).private_key_data
    key, shown, _ = pkcs12.load_key_and_certificates(packed, b"notasecret")
    assert isinstance(key, rsa.RSAPrivateKey)
    assert shown is not None
    assert shown.public_key() == key.public_key()


def test_the_private_key_is_told_once(grpc_clients: Clients) -> None:
    """Neither reading nor listing a key tells it again, for made and uploaded ones alike."""
    make_account(grpc_clients)
    iam = grpc_clients.iam
    made = iam.create_service_account_key(name=NAME)
    secret = base64.b64encode(made.private_key_data)
    listed = iam.list_service_account_keys(name=NAME)
    found = iam.get_service_account_key(name=made.name)
    assert not found.private_key_data
    assert secret not in iam_admin_v1.ListServiceAccountKeysResponse.serialize(listed)
    assert not any(one.private_key_data for one in listed.keys)
