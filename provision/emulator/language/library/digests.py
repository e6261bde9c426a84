"""``hash`` and ``uuid``.

Source: https://cloud.google.com/workflows/docs/reference/stdlib/hash/compute_checksum.
"""

import hashlib
import hmac
import uuid
from typing import Final

from provision.emulator.language.faults import value_fault
from provision.emulator.language.library.signature import Entry, plain, raw, text
from provision.emulator.language.values import Value

_ALGORITHMS: Final = ("MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512")


def _algorithm(named: Value, function: str) -> str:
    name = text(named, function)
    if name not in _ALGORITHMS:
        raise value_fault(f"unsupported hashing algorithm: {name[:100]}")
    return name.lower()


def _checksum(data: Value, algorithm: Value) -> Value:
    function = "hash.compute_checksum"
    given = raw(data, function)
    return hashlib.new(_algorithm(algorithm, function), given, usedforsecurity=False).digest()


def _hmac(key: Value, data: Value, algorithm: Value) -> Value:
    function = "hash.compute_hmac"
    secret, given = raw(key, function), raw(data, function)
    return hmac.digest(secret, given, _algorithm(algorithm, function))


def _uuid() -> Value:
    return str(uuid.uuid4())


FUNCTIONS: Final[dict[str, Entry]] = {
    "hash.compute_checksum": plain(_checksum, "data", "algorithm"),
    "hash.compute_hmac": plain(_hmac, "key", "data", "algorithm"),
    "uuid.generate": plain(_uuid),
}
