"""RSA keys that sign tokens, with the forms Google publishes them in: PEM certificate and JWK."""

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from provision.emulator.seams import TokenError

_BITS = 2048
_VALIDITY = dt.timedelta(days=3650)


class SigningKey:
    """One RSA key pair.

    Args:
        private: the private key.
    """

    def __init__(self, private: rsa.RSAPrivateKey) -> None:
        self._private = private
        der = private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.key_id = hashlib.sha1(der, usedforsecurity=False).hexdigest()

    @classmethod
    def generate(cls) -> "SigningKey":
        """A new key of 2048 bits."""
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=_BITS))

    @classmethod
    def from_pem(cls, pem: str) -> "SigningKey":
        """A key as `to_pem` wrote it."""
        key = serialization.load_pem_private_key(pem.encode(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("not an RSA key")
        return cls(key)

    def to_pem(self) -> str:
        """The private key, PKCS #8 without a password."""
        return self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    def certificate(self, subject: str) -> str:
        """A self-signed PEM certificate of the public key."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject[:64])])
        start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._private.public_key())
            .serial_number(int(self.key_id[:16], 16) + 1)
            .not_valid_before(start)
            .not_valid_after(start + _VALIDITY)
            .sign(self._private, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM).decode()

    def to_jwk(self) -> dict[str, str]:
        """The public key as a JSON Web Key."""
        numbers = self._private.public_key().public_numbers()
        return {
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "kid": self.key_id,
            "n": _b64(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
            "e": _b64(numbers.e.to_bytes(3, "big")),
        }

    def sign(self, data: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 over SHA-256."""
        return self._private.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def jwt(self, claims: Mapping[str, Any]) -> str:
        """A JSON Web Token over the claims."""
        header = {"alg": "RS256", "kid": self.key_id, "typ": "JWT"}
        signed = f"{_b64_json(header)}.{_b64_json(claims)}"
        return f"{signed}.{_b64(self.sign(signed.encode()))}"

    def verified(self, token: str) -> dict[str, Any]:
        """The claims of a token that this key signed. Raises `TokenError`.

        Neither lifetime nor audience are looked at.
        """
        try:
            header, claims, signature = token.split(".")
            # Only RS256: whatever a token says of itself must not choose how it is checked.
            if json.loads(_unb64(header)).get("alg") != "RS256":
                raise TokenError("the token is not signed with RS256")
            self._private.public_key().verify(
                _unb64(signature),
                f"{header}.{claims}".encode(),
                padding.PKCS1v15(),
                hashes.SHA256(),
            )
            content = json.loads(_unb64(claims))
        except (ValueError, AttributeError, RecursionError, InvalidSignature) as error:
            raise TokenError("the token could not be verified") from error
        if not isinstance(content, dict):
            raise TokenError("the token holds no claims")
        return content


def unverified_claims(token: str) -> dict[str, Any]:
    """The claims as they are written, to find whose key to verify with. Raises `TokenError`."""
    try:
        content = json.loads(_unb64(token.split(".")[1]))
    except (ValueError, IndexError, RecursionError) as error:
        raise TokenError("the token is malformed") from error
    if not isinstance(content, dict):
        raise TokenError("the token holds no claims")
    return content


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _b64_json(content: object) -> str:
    return _b64(json.dumps(content, separators=(",", ":")).encode())


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
