"""A certificate authority of this emulator's own, good for Google's names and nothing else."""

import datetime as dt
import ssl
import tempfile
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from provision.emulator.store import write_atomically

NAMES = ("googleapis.com", "pkg.dev", "gcr.io", "accounts.google.com", "cloudfunctions.net")
"""What a certificate of this authority may be for: these names and all beneath them."""

# HTTP before HTTP/2: what can speak both gets the HTTP port; gRPC offers HTTP/2 alone.
PROTOCOLS = ("http/1.1", "h2")

_VALID = dt.timedelta(days=90)
_RENEWED_BEFORE = dt.timedelta(days=30)
_LEAF_VALID = dt.timedelta(days=7)
_SKEW = dt.timedelta(hours=1)
_KEPT_HOSTS = 256


class Authority:
    """Makes certificates for Google's hosts.

    Args:
        key: its private key, which never leaves the process and its `--data` folder.
        certificate: its own certificate.
    """

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self._certificate = certificate
        self._minted = lru_cache(maxsize=_KEPT_HOSTS)(self._mint)

    @classmethod
    def generate(cls, now: dt.datetime) -> Self:
        """A new one, valid for 90 days."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("provision emulator, for this machine only")
        builder = _builder(name, name, key.public_key(), now - _SKEW, now + _VALID)
        usage = _usage(signs_certificates=True)
        made = (
            builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(_constraints(), critical=True)
            .add_extension(_key_id(key), critical=False)
        )
        return cls(key, made.sign(key, hashes.SHA256()))

    @classmethod
    def kept(cls, file: Path, now: dt.datetime) -> Self:
        """The one in a file that only its owner may read; made anew when missing or soon over."""
        found = cls._read(file, now)
        if found is None:
            found = cls.generate(now)
            write_atomically(file, found.to_pem())
        return found

    @classmethod
    def _read(cls, file: Path, now: dt.datetime) -> Self | None:
        try:
            raw = file.read_bytes()
            key = serialization.load_pem_private_key(raw, password=None)
            certificate = x509.load_pem_x509_certificate(raw)
        except (OSError, ValueError):
            return None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            return None
        fresh = certificate.not_valid_after_utc - _RENEWED_BEFORE > now
        return cls(key, certificate) if fresh and _is_for_all(certificate) else None

    @property
    def pem(self) -> str:
        """Its certificate; public."""
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def to_pem(self) -> str:
        """Private key and certificate; secret."""
        return _pem(self._key) + self.pem

    def context(self, host: str, now: dt.datetime) -> ssl.SSLContext:
        """What a server needs to speak TLS as `host`; one a day and host."""
        return self._minted(host.lower(), now.date())

    def _mint(self, host: str, day: dt.date) -> ssl.SSLContext:
        start = dt.datetime.combine(day, dt.time(), dt.UTC) - dt.timedelta(days=1)
        key = ec.generate_private_key(ec.SECP256R1())
        start = max(start, self._certificate.not_valid_before_utc)
        end = min(start + _LEAF_VALID, self._certificate.not_valid_after_utc)
        issuer = self._certificate.subject
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        made = (
            _builder(_name(host), issuer, key.public_key(), start, end)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(purposes, critical=False)
            .add_extension(_key_id(key), critical=False)
            .add_extension(_issuer_id(self._key), critical=False)
        )
        certificate = made.sign(self._key, hashes.SHA256())
        return _context(certificate.public_bytes(serialization.Encoding.PEM).decode() + _pem(key))


def _context(chain: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(PROTOCOLS)
    # OpenSSL, as Python offers it, reads certificates from files only.
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(chain)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _name(common: str) -> x509.Name:
    # A common name has at most 64 characters; what counts is the alternative name.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    start: dt.datetime,
    end: dt.datetime,
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=public,
        serial_number=x509.random_serial_number(),
        not_valid_before=start,
        not_valid_after=end,
    )


def _is_for_all(certificate: x509.Certificate) -> bool:
    """Whether it may be used for every name; one of an earlier version knows fewer."""
    found = [one.value for one in certificate.extensions if one.value == _constraints()]
    return bool(found)


def _constraints() -> x509.NameConstraints:
    everywhere = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
    return x509.NameConstraints(
        permitted_subtrees=[x509.DNSName(name) for name in NAMES],
        excluded_subtrees=[x509.IPAddress(network) for network in everywhere],
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_id(key: ec.EllipticCurvePrivateKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _issuer_id(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
