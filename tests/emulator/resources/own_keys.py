"""Keys of one's own, for service accounts that take public keys."""

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

_Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def certificate(key: _Private, days: float = 2) -> bytes:
    """A self-signed certificate, PEM, that ends so many days from now."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "orders")])
    end = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    built = built.public_key(key.public_key()).serial_number(7)
    built = built.not_valid_before(end - dt.timedelta(days=9)).not_valid_after(end)
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def new_key() -> rsa.RSAPrivateKey:
    """An RSA key that the emulator does not know."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    """The private key as key files have it."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
