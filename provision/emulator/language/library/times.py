"""``time``. Source: https://cloud.google.com/workflows/docs/reference/stdlib/time."""

import datetime as dt
import math
import re
import zoneinfo
from typing import Final

from provision.emulator.language.faults import value_fault
from provision.emulator.language.library.signature import (
    Entry,
    number,
    optional_text,
    plain,
    text,
)
from provision.emulator.language.values import Value

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?([Zz]|[+-]\d\d(:?\d\d)?)?)?", re.ASCII
)


def moment(given: str) -> dt.datetime:
    """A moment as ISO 8601 writes it; in UTC, where it does not say. Raises `Raised`."""
    if not _ISO.fullmatch(given):
        raise value_fault(f"'{given[:100]}' is no time in ISO 8601")
    try:
        found = dt.datetime.fromisoformat(given.upper())
    except ValueError as error:
        raise value_fault(f"'{given[:100]}' is no time in ISO 8601") from error
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _format(seconds: Value, timezone: Value) -> Value:
    since = number(seconds, "time.format")
    name = optional_text(timezone, "time.format")
    zone = _zone(name) if name else dt.UTC
    try:
        whole = math.floor(since)
        micros = round((since - whole) * 1_000_000)
        shown = (_EPOCH + dt.timedelta(seconds=whole, microseconds=micros)).astimezone(zone)
    except (OverflowError, ValueError) as error:
        raise value_fault("the time is out of range") from error
    return shown.isoformat().replace("+00:00", "Z")


def _zone(name: str) -> dt.tzinfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise value_fault(f"unknown time zone {name[:100]}") from error


def _parse(value: Value) -> Value:
    try:
        return (moment(text(value, "time.parse")) - _EPOCH).total_seconds()
    except OverflowError as error:
        raise value_fault("the time is out of range") from error


FUNCTIONS: Final[dict[str, Entry]] = {
    "time.format": plain(_format, "seconds", "timezone?"),
    "time.parse": plain(_parse, "value"),
}
