"""Keys of service accounts in the forms that callers hold them in: files, certificates, JWTs."""

import base64
import datetime as dt
import hashlib
import json
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12 as pkcs12_files

from provision.emulator.iam.identities import subject
from provision.emulator.iam.signing import SigningKey, unverified_claims
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.seams import TokenError

_PKCS12_PASSWORD = b"notasecret"  # documented; the same for every such file of Google's


def credentials(kept: dict[str, Any], account: dict[str, Any], base: str) -> bytes:
    """A key file of type ``service_account``.

    Args:
        kept: the key.
        account: whose key it is.
        base: where the emulator listens; its token endpoint is beneath it.
    """
    email, key_id = account["email"], str(kept["name"]).rpartition("/")[2]
    file = {
        "type": "service_account",
        "project_id": account["projectId"],
        "private_key_id": key_id,
        "private_key": kept["pem"],
        "client_email": email,
        "client_id": account.get("uniqueId") or subject(f"serviceAccount:{email}"),
        "auth_uri": f"{base}/o/oauth2/auth",
        "token_uri": f"{base}/token",
        "auth_provider_x509_cert_url": f"{base}/oauth2/v1/certs",
        "client_x509_cert_url": f"{base}/robot/v1/metadata/x509/{email}",
        "universe_domain": "googleapis.com",
    }
    return json.dumps(file, indent=2).encode()


def pkcs12(kept: dict[str, Any]) -> bytes:
    """A PKCS #12 file with the key and its certificate; the password is Google's own."""
    key = serialization.load_pem_private_key(kept["pem"].encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("not an RSA key")
    return pkcs12_files.serialize_key_and_certificates(
        b"privatekey",
        key,
        x509.load_pem_x509_certificate(certificate(kept).encode()),
        None,
        serialization.BestAvailableEncryption(_PKCS12_PASSWORD),
    )


def certificate(kept: dict[str, Any]) -> str:
    """The public certificate, PEM: the uploaded one, or one made of the private key."""
    if "certificate" in kept:
        return str(kept["certificate"])
    return SigningKey.from_pem(kept["pem"]).certificate(kept["email"])


def public_key(kept: dict[str, Any]) -> bytes:
    """The bare public key, PEM."""
    return (
        x509.load_pem_x509_certificate(certificate(kept).encode())
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def uploaded(data: bytes) -> tuple[str, int, int]:
    """Key id, begin and end (µs) of an uploaded certificate. Raises `ApiError`."""
    try:
        found = x509.load_pem_x509_certificate(data)
        key = found.public_key()
    except ValueError as error:
        raise _unusable() from error
    if not isinstance(key, rsa.RSAPublicKey) or found.not_valid_after_utc < dt.datetime.now(dt.UTC):
        raise _unusable()
    raw = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    key_id = hashlib.sha1(raw, usedforsecurity=False).hexdigest()
    begin, end = found.not_valid_before_utc, found.not_valid_after_utc
    return key_id, int(begin.timestamp() * 1e6), int(end.timestamp() * 1e6)


def _unusable() -> ApiError:
    problem = "must be an RSA public key in an X.509 certificate that has not expired"
    return invalid("Request contains an invalid argument.", ("public_key_data", problem))


def verified(kept: dict[str, Any], token: str) -> dict[str, Any]:
    """The claims of a JWT that this key signed, whatever its lifetime. Raises `TokenError`."""
    if "pem" in kept:
        return SigningKey.from_pem(kept["pem"]).verified(token)
    key = x509.load_pem_x509_certificate(kept["certificate"].encode()).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise TokenError("the key is of no use for signatures")
    try:
        header, claims, signature = token.split(".")
        # Only RS256: whatever a token says of itself must not choose how it is checked.
        if json.loads(_decoded(header)).get("alg") != "RS256":
            raise TokenError("the token is not signed with RS256")
        signed = f"{header}.{claims}".encode()
        key.verify(_decoded(signature), signed, padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, AttributeError, RecursionError, InvalidSignature) as error:
        raise TokenError("the token could not be verified") from error
    return unverified_claims(token)


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
