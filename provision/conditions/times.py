"""Timestamps, durations and time zones of the condition language. Pure.

Sources: the date/time attributes of IAM (iam/docs/conditions-attribute-reference) and the
definition of CEL. A text that cannot be read makes a condition that never grants.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from provision.conditions.tokens import MAX_INT
from provision.conditions.values import (
    SECOND,
    Failed,
    Instant,
    Range,
    Span,
    Type,
    Unknown,
    Value,
    shown,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

FIRST = Instant(-62_135_596_800 * SECOND)
"""0001-01-01T00:00:00Z: the earliest timestamp of protobuf, and so of CEL."""

LAST = Instant(253_402_300_800 * SECOND - 1)
"""The last nanosecond of the year 9999: the latest."""

_LONGEST = 315_576_000_001 * SECOND - 1
"""Ten thousand years, and not a second more: the longest duration of protobuf."""

# Compiled when first used (re keeps them): a condition needs one or two of them.
_TIMESTAMP = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:)([0-9]{2})"
    r"(?:\.([0-9]{1,9})[0-9]*)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_LOOSE = (
    r"[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}T[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:[.][0-9]+)?(?:Z|[+-].+)"
)
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_OFFSET = r"([+-]?)([0-9]{1,2}):([0-9]{2})"
_DURATION = r"([-+]?)((?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:h|ms|m|s|us|ns))+|0)"
_PART = r"([0-9]*)\.?([0-9]*)(h|ms|m|s|us|ns)"
_LONGEST_TEXT = 100
_UNITS = {
    "h": 3600 * SECOND,
    "m": 60 * SECOND,
    "s": SECOND,
    "ms": SECOND // 1000,
    "us": SECOND // 1_000_000,
    "ns": 1,
}


def instant_of(time: datetime) -> Instant:
    """A moment of Python's as one of CEL's.

    Args:
        time: with its time zone.
    """
    return Instant((time - _EPOCH) // _MICROSECOND * 1000)


def datetime_of(instant: Instant) -> datetime:
    """A moment of CEL's as one of Python's, in UTC, what is less than a microsecond left off."""
    return _EPOCH + timedelta(microseconds=instant.nanos // 1000)


def timestamp(text: str) -> Instant | Failed | Unknown:
    """A text in the form of RFC 3339; with a digit too few, it may be one or not."""
    found = re.fullmatch(_TIMESTAMP, text)
    failed = Failed(f'timestamp("{shown(text)}") is no time, so the condition never grants')
    if found is None:
        if re.fullmatch(_LOOSE, text) is None:
            return failed
        return Unknown(
            Type.TIMESTAMP, f"{shown(text)} is not quite a time", frozenset({"timestamp()"})
        )
    day, clock, seconds, fraction, zone_text = found.groups()
    leap = seconds == "60"  # means the next minute
    offset = zone_text.upper().replace("Z", "+00:00")
    try:
        whole = datetime.fromisoformat(f"{day}T{clock}{'59' if leap else seconds}{offset}")
    except ValueError:
        return failed
    nanos = instant_of(whole).nanos + (SECOND if leap else int((fraction or "").ljust(9, "0")))
    return _within(nanos)


def day(text: str) -> Instant | Failed:
    """A date as the moment at which it begins in UTC."""
    try:
        if re.fullmatch(_DATE, text):
            return instant_of(datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC))
    except ValueError:
        pass
    return Failed(f'date("{shown(text)}") is no date, so the condition never grants')


def duration(text: str) -> Span | Failed:
    """A length of time as ``3600s`` or ``1h30m``."""
    found = re.fullmatch(_DURATION, text) if len(text) <= _LONGEST_TEXT else None
    if found is None:
        return Failed(f'duration("{shown(text)}") is no duration')
    nanos = 0
    for whole, part, unit in re.findall(_PART, found[2]):
        nanos += int(whole or "0") * _UNITS[unit]
        nanos += int(part or "0") * _UNITS[unit] // 10 ** len(part)
    return _lasting(-nanos if found[1] == "-" else nanos)


def _lasting(nanos: int) -> Span | Failed:
    return Span(nanos) if abs(nanos) <= _LONGEST else Failed("a duration over 10,000 years")


def reckoned(nanos: int) -> Span | Failed:
    """A duration that a sum or difference makes: CEL reckons in 64 bits, so up to 292 years."""
    if -MAX_INT - 1 <= nanos <= MAX_INT:
        return Span(nanos)
    return Failed("a sum or difference of times over 292 years")


def moved(instant: Instant, span: Span) -> Instant | Failed:
    """A moment, later by `span`."""
    return _within(instant.nanos + span.nanos)


def _within(nanos: int) -> Instant | Failed:
    if FIRST.nanos <= nanos <= LAST.nanos:
        return Instant(nanos)
    return Failed("a time outside of the years 1 to 9999")


def year_begins(year: int, zone_name: str) -> Instant | None:
    """The moment at which a year begins by the clocks of a time zone; None if there is none."""
    try:
        nearly = instant_of(datetime(year, 1, 1, tzinfo=UTC))
        local = _local(nearly, zone_name)
    except (ValueError, OverflowError):
        return None
    if not isinstance(local, datetime):
        return None
    ahead = local.replace(tzinfo=UTC) - datetime_of(nearly)
    return Instant(nearly.nanos - ahead // _MICROSECOND * 1000)


def _local(moment: Instant, zone_name: str) -> datetime | Failed | Unknown:
    """A moment by the clocks of a time zone, by its name or its distance from UTC, as ``+02:00``.

    Raises:
        OverflowError: before the year 1 or after 9999 there.
    """
    import zoneinfo

    offset = re.fullmatch(_OFFSET, zone_name)
    if offset:
        distance = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return datetime_of(moment) + (-distance if offset[1] == "-" else distance)
    try:
        return datetime_of(moment).astimezone(zoneinfo.ZoneInfo(zone_name or "UTC"))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        if not _knows_zones():
            return Unknown(Type.INT, "this machine knows no time zones", frozenset({"time zones"}))
        return Failed(f"{shown(zone_name)!r} is no time zone")


def _knows_zones() -> bool:
    """Whether the time zone database is there; small images come without it."""
    import zoneinfo

    try:
        zoneinfo.ZoneInfo("America/New_York")
    except zoneinfo.ZoneInfoNotFoundError:
        return False
    return True


def _day_of_week(time: datetime) -> int:
    return time.isoweekday() % 7


GETTERS: dict[str, tuple[Callable[[datetime], int], int, int]] = {
    "getFullYear": (lambda time: time.year, 1, 9999),
    "getMonth": (lambda time: time.month - 1, 0, 11),
    "getDate": (lambda time: time.day, 1, 31),
    "getDayOfMonth": (lambda time: time.day - 1, 0, 30),
    "getDayOfWeek": (_day_of_week, 0, 6),
    "getDayOfYear": (lambda time: time.timetuple().tm_yday - 1, 0, 365),
    "getHours": (lambda time: time.hour, 0, 23),
    "getMinutes": (lambda time: time.minute, 0, 59),
    "getSeconds": (lambda time: time.second, 0, 59),
    "getMilliseconds": (lambda time: time.microsecond // 1000, 0, 999),
}
"""What can be read off a timestamp, with the least and the largest it can be."""


def read_off(getter: str, moment: Instant, zone_name: str = "UTC") -> Value:
    """Part of a date or time in a time zone."""
    try:
        time = _local(moment, zone_name)
    except OverflowError:
        return Unknown(Type.INT, "years before 1 and after 9999 are not told", frozenset({getter}))
    return GETTERS[getter][0](time) if isinstance(time, datetime) else time


def read_off_range(getter: str, moments: Range, zone_name: str = "UTC") -> Value:
    """The same of a moment between two: years exactly, all else as what it can be at all."""
    _, least, most = GETTERS[getter]
    for place, end in enumerate((moments.low, moments.high)):
        found = read_off(getter, Instant(end), zone_name)
        if isinstance(found, Failed):
            return found
        if isinstance(found, Unknown) and "time zones" in found.names:
            return found
        if getter == "getFullYear" and isinstance(found, int):
            least, most = (least, found) if place else (found, most)
    return least if least == most else Range(Type.INT, least, most)


SPANS = {
    "getHours": 3600 * SECOND,
    "getMinutes": 60 * SECOND,
    "getSeconds": SECOND,
    "getMilliseconds": SECOND // 1000,
}
"""What can be read off a duration: the whole of it, in these units."""


def read_off_span(getter: str, span: Span) -> int:
    """A duration in whole units, cut towards zero."""
    whole = abs(span.nanos) // SPANS[getter]
    if getter == "getMilliseconds":
        whole %= 1000
    return -whole if span.nanos < 0 else whole
