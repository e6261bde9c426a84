"""What expressions are made of at the moment of evaluation: times, durations, and what is unknown.

Nanoseconds are kept as integers, as the language has them; Python's own types stop at microseconds.
"""

import datetime as dt
import re
import zoneinfo
from dataclasses import dataclass
from functools import lru_cache

_NANO = 1_000_000_000
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FIRST = int((dt.datetime(1, 1, 1, tzinfo=dt.UTC) - _EPOCH).total_seconds()) * _NANO
_LAST = int((dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC) - _EPOCH).total_seconds())
_LAST = _LAST * _NANO + _NANO - 1
_MAX_DURATION = 2**63 - 1  # some 292 years, as in Google's own evaluator
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_UNITS = {"h": 3600 * _NANO, "m": 60 * _NANO, "s": _NANO, "ms": 10**6, "us": 10**3, "ns": 1}
_PART = re.compile(r"(\d{1,18})(?:\.(\d{0,18}))?(h|ms|m|s|us|ns)", re.ASCII)
_OFFSET = re.compile(r"([+-]?)(\d\d):(\d\d)", re.ASCII)


class CelError(ValueError):
    """A part of an expression has no value: what depends on it cannot be told."""


@dataclass(frozen=True)
class Unknown:
    """What cannot be told.

    Args:
        unequal: whether it is at least known to differ from whatever it is compared with.
    """

    unequal: bool = False


UNKNOWN = Unknown()


@dataclass(frozen=True, order=True)
class Duration:
    """A span of time in nanoseconds. Raises `CelError` when it is beyond the language's range."""

    nanos: int

    def __post_init__(self) -> None:
        """Check the range."""
        if abs(self.nanos) > _MAX_DURATION:
            raise CelError("duration overflow")


@dataclass(frozen=True, order=True)
class Timestamp:
    """A moment in nanoseconds since the epoch. Raises `CelError` beyond the years 1 to 9999."""

    nanos: int

    def __post_init__(self) -> None:
        """Check the range."""
        if not _FIRST <= self.nanos <= _LAST:
            raise CelError("timestamp overflow")

    @classmethod
    def of(cls, moment: dt.datetime) -> "Timestamp":
        """The same moment."""
        since = moment - _EPOCH
        return cls((since.days * 86_400 + since.seconds) * _NANO + since.microseconds * 1000)

    def local(self, zone: str) -> dt.datetime:
        """The calendar at this moment in a time zone. Raises `CelError` for none such."""
        try:
            moment = _EPOCH + dt.timedelta(microseconds=self.nanos // 1000)
            return moment.astimezone(_zone(zone))
        except OverflowError as error:
            raise CelError("timestamp overflow") from error


@lru_cache(maxsize=256)
def _zone(name: str) -> dt.tzinfo:
    fixed = _OFFSET.fullmatch(name)
    if fixed:
        sign = -1 if fixed[1] == "-" else 1
        span = dt.timedelta(hours=int(fixed[2]), minutes=int(fixed[3]))
        if span >= dt.timedelta(days=1):
            raise CelError(f"invalid timezone: {name}")
        return dt.timezone(sign * span)
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CelError(f"invalid timezone: {name}") from error


def timestamp(text: str) -> Timestamp:
    """A moment as RFC 3339 writes it. Raises `CelError`."""
    found = _RFC3339.fullmatch(text)
    if not found:
        raise CelError(f"invalid timestamp: {text}")
    try:
        zone = "+00:00" if found[4] in "Zz" else found[4]
        moment = dt.datetime.fromisoformat(f"{found[1]}T{found[2]}{zone}")
        return Timestamp(Timestamp.of(moment).nanos + int((found[3] or "0").ljust(9, "0")))
    except (ValueError, OverflowError) as error:
        raise CelError(f"invalid timestamp: {text}") from error


def duration(text: str) -> Duration:
    """A span of time as in ``1h30m`` or ``3600s``. Raises `CelError`."""
    sign, rest = (-1 if text[:1] == "-" else 1), text.removeprefix("-").removeprefix("+")
    total, at = 0, 0
    for part in _PART.finditer(rest):
        if part.start() != at:
            break
        unit, fraction = _UNITS[part[3]], part[2] or ""
        total += int(part[1]) * unit + int(fraction or "0") * unit // 10 ** len(fraction)
        at = part.end()
    if not at or at != len(rest):
        raise CelError(f"invalid duration: {text}")
    return Duration(sign * total)
