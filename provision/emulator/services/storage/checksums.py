"""Checksums and etags of objects.

CRC32C (Castagnoli) is not in Python's standard library: two bytes are taken at a time from a table.
"""

import base64
import functools
import hashlib
import struct
from array import array

_POLYNOMIAL = 0x82F63B78
_WORD = 16
_FULL = 0xFFFFFFFF


@functools.cache
def _table() -> "array[int]":
    """What becomes of each sixteen bits."""
    found = array("I", bytes(4 << _WORD))
    for value in range(1 << _WORD):
        crc = value
        for _ in range(_WORD):
            crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
        found[value] = crc
    return found


class Checksums:
    """MD5 and CRC32C of what is fed, and its length."""

    def __init__(self) -> None:
        self.size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._crc = _FULL

    def feed(self, piece: bytes) -> None:
        """Take the next piece."""
        self.size += len(piece)
        self._md5.update(piece)
        table, crc = _table(), self._crc
        even = len(piece) & ~1
        for (word,) in struct.iter_unpack("<H", memoryview(piece)[:even]):
            crc = (crc >> _WORD) ^ table[(crc ^ word) & 0xFFFF]
        if even != len(piece):
            crc = (crc >> 8) ^ _byte(crc ^ piece[-1])
        self._crc = crc

    @property
    def md5(self) -> str:
        """``md5Hash``."""
        return base64.b64encode(self._md5.digest()).decode()

    @property
    def crc32c(self) -> str:
        """``crc32c``: four bytes, the most significant first."""
        return base64.b64encode((self._crc ^ _FULL).to_bytes(4, "big")).decode()


def _byte(low: int) -> int:
    """What becomes of eight bits: those of sixteen whose upper half is empty, half the way."""
    crc = low & 0xFF
    for _ in range(8):
        crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
    return crc


def etag(generation: int, metageneration: int) -> str:
    """The etag of an object: both numbers as a message's fields 1 and 2."""
    raw = b"\x08" + _varint(generation) + b"\x10" + _varint(metageneration)
    return base64.b64encode(raw).decode()


def bucket_etag(metageneration: int) -> str:
    """The etag of a bucket, ``CAE=`` at first."""
    return base64.b64encode(b"\x08" + _varint(metageneration)).decode()


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
