"""Until when, or at what time: what `--until`, `--for` and `--at` say. Pure.

What can be misread is refused.
"""

import re
from datetime import UTC, datetime, timedelta

from provision.errors import UsageError

LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The last second that a timestamp of protobuf, and so a condition, can name."""

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_LENGTH = r"(?:[0-9]{1,9}[wdhms])+"
_PART = r"([0-9]+)([wdhms])"
_TIME = (
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ](?P<clock>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?P<zone>[Zz]|[-+][0-9]{2}:[0-9]{2})?)?"
)
_UNTIL, _AT = "--until", "--at"


def for_(text: str) -> timedelta:
    """A length of time: ``30m``, ``8h``, ``1d``, ``2w``, ``1h30m``.

    Raises:
        UsageError: for anything else, and for no time at all.
    """
    if not re.fullmatch(_LENGTH, text):
        raise UsageError(
            f"--for {text!r} is no length of time.",
            hint="Write it as in --for 30m, 8h, 1d, 2w or 1h30m.",
        )
    parts = re.findall(_PART, text)
    if len({unit for _, unit in parts}) < len(parts):
        raise UsageError(f"--for {text!r} says a unit twice.", hint="Write it as in --for 1h30m.")
    try:
        found = sum((timedelta(**{_UNITS[unit]: int(n)}) for n, unit in parts), timedelta())
    except OverflowError:
        raise _too_late(f"--for {text}") from None
    if not found:
        raise UsageError(f"--for {text!r} is no time at all.", hint="Write it as in --for 8h.")
    return found


def from_now(text: str, now: datetime) -> datetime:
    """The moment that ``--for TEXT`` means, in whole seconds, never less than was asked for.

    Raises:
        UsageError: for what is no length of time, and past the year 9999.
    """
    try:
        found = now.astimezone(UTC) + for_(text)
        found += timedelta(microseconds=-found.microsecond % 1_000_000)
    except OverflowError:
        raise _too_late(f"--for {text}") from None
    return found


def until(text: str, now: datetime) -> datetime:
    """A moment with its time zone, as ``2026-12-24T18:00Z``, in UTC.

    Args:
        text: as written.
        now: with a time zone; what lies before it is refused.

    Raises:
        UsageError: for a time that cannot be read, has no zone, or is past; the hint says how.
    """
    moment = _read(text, _UNTIL)
    if moment <= now:
        raise UsageError(
            f"--until {text} is past: it is {now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} now.",
            hint="Grant until later, or take access away with `provision revoke`.",
        )
    return moment


def at(text: str, now: datetime) -> datetime:
    """A moment, past or to come: as of `until`, ``now``, or so long before or after it: ``-2d``.

    Args:
        text: as written.
        now: with a time zone.

    Raises:
        UsageError: for a time that cannot be read or has no zone; the hint says how.
    """
    if text == "now":
        return now.astimezone(UTC)
    if re.fullmatch(f"[-+]{_LENGTH}", text):
        try:
            length = for_(text[1:])
            return now.astimezone(UTC) + (length if text[0] == "+" else -length)
        except (UsageError, OverflowError):
            raise UsageError(f"{_AT} {text} is no time.", hint=_shown(_AT)) from None
    return _read(text, _AT)


def _read(text: str, option: str) -> datetime:
    found = re.fullmatch(_TIME, text)
    if found is None:
        raise UsageError(f"{option} {text!r} is no time.", hint=_shown(option))
    if found["zone"] is None:
        raise _ambiguous(text, found["day"], found["clock"], option)
    return _moment(text, found, option)


def _shown(option: str) -> str:
    forms = "2026-12-24T18:00+01:00" if option == _UNTIL else "now, -2d or +8h"
    return f"Write it as in {option} 2026-12-24T18:00Z{',' if option == _AT else ' or'} {forms}."


def _moment(text: str, found: re.Match[str], option: str) -> datetime:
    zone = found["zone"].upper().replace("Z", "+00:00")
    try:
        local = datetime.fromisoformat(f"{found['day']}T{found['clock']}{zone}")
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is no time: {error}.", hint=_shown(option)) from error
    try:
        return local.astimezone(UTC)
    except OverflowError:
        raise _too_late(f"{option} {text}") from None


def _ambiguous(text: str, day: str, clock: str | None, option: str) -> UsageError:
    try:
        start = datetime.fromisoformat(f"{day}T{clock or '00:00'}+00:00")
    except ValueError as error:
        return UsageError(f"{option} {text!r} is no time: {error}.", hint=_shown(option))
    if clock is not None:
        return UsageError(
            f"{option} {text!r} does not say in which time zone.",
            hint=f"{day}T{clock}Z is UTC; {day}T{clock}+01:00 is an hour earlier.",
        )
    following = start + timedelta(days=1) if start.date() < LATEST.date() else start
    return UsageError(
        f"{option} {text!r} can mean the beginning or the end of that day.",
        hint=f"{day}T00:00Z leaves it out, {following:%Y-%m-%d}T00:00Z takes it in.",
    )


def _too_late(said: str) -> UsageError:
    return UsageError(
        f"{said} is later than the year 9999, which a condition cannot name.",
        hint="Leave it out for access without an end.",
    )
