"""Schedules as Cloud Scheduler takes them: unix-cron, and App Engine's ``every 5 minutes``.

Source: "Cron job format and time zone" in Cloud Scheduler's documentation. When both the day of the
month and the day of the week are given, either is enough.
"""

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d{1,4}))?", re.ASCII)
_EVERY = re.compile(r"every ([1-9]\d{0,3}) (minutes|mins|hours)(?: (?:from .+|synchronized))?")
_AT = re.compile(
    r"(?:every|(?:\d{1,2}(?:st|nd|rd|th)?|first|second|third|fourth|fifth)(?:,\w+)*)"
    r" \w+(?:,\w+)*(?: of \w+(?:,\w+)*)? \d{1,2}:\d\d"
)
_YEARS = 5
_SUNDAY = 7
_FIELDS = 5


@dataclass(frozen=True)
class Schedule:
    """When a job is due.

    Args:
        minutes: of the hour; with `hours`, `days`, `months` and `weekdays` (0 is Sunday).
        hours: of the day.
        days: of the month.
        months: of the year.
        weekdays: of the week.
        either: whether the day of the month or that of the week is enough.
        seconds: of an interval instead; 0 for none.
    """

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    either: bool = False
    seconds: int = 0

    def next(self, after: dt.datetime) -> dt.datetime | None:
        """The first moment after another, in whole minutes; None when it is years away or never.

        Args:
            after: in the schedule's time zone.
        """
        if self.seconds:
            return after + dt.timedelta(seconds=self.seconds)
        start = after.replace(second=0, microsecond=0) + dt.timedelta(minutes=1)
        for offset in range(366 * _YEARS):
            day = start.date() + dt.timedelta(days=offset)
            if not self._has(day):
                continue
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    time = dt.time(hour, minute, tzinfo=after.tzinfo)
                    found = dt.datetime.combine(day, time)
                    if found >= start:
                        return found
        return None

    def _has(self, day: dt.date) -> bool:
        month_day = day.day in self.days
        week_day = day.isoweekday() % _SUNDAY in self.weekdays
        due = (month_day or week_day) if self.either else (month_day and week_day)
        return day.month in self.months and due


def parsed(text: str) -> Schedule | None:
    """What a schedule says; None when it is none."""
    words = text.split()
    if len(words) != _FIELDS:
        return _interval(" ".join(words).lower())
    minutes = _values(words[0], 0, 59)
    hours = _values(words[1], 0, 23)
    days = _values(words[2], 1, 31)
    months = _values(words[3], 1, 12, _MONTHS, 1)
    weekdays = _values(words[4], 0, _SUNDAY, _DAYS)
    if None in (minutes, hours, days, months, weekdays):
        return _interval(" ".join(words).lower())
    restricted = [one for one in (words[2], words[4]) if not one.startswith("*")]
    return Schedule(
        minutes or frozenset(),
        hours or frozenset(),
        days or frozenset(),
        months or frozenset(),
        frozenset(one % _SUNDAY for one in weekdays or ()),
        either=len(restricted) > 1,
    )


def _interval(text: str) -> Schedule | None:
    """App Engine's form; of one that names days and hours the next moment is not told."""
    found = _EVERY.fullmatch(text)
    if found is not None:
        unit = 3600 if found.group(2) == "hours" else 60
        return Schedule(seconds=int(found.group(1)) * unit)
    return Schedule() if _AT.fullmatch(text) else None


def _values(
    text: str, least: int, most: int, names: tuple[str, ...] = (), first: int = 0
) -> frozenset[int] | None:
    """The numbers of one field; None when it is malformed."""
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            return None
        star, low, high, step = match.groups()
        begin = least if star else _number(low, names, first)
        # ``5/15`` goes from five to the end.
        end = most if star or (step and not high) else _number(high or low, names, first)
        if not least <= begin <= end <= most or step == "0":
            return None
        found.update(range(begin, end + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, names: tuple[str, ...], first: int) -> int:
    """A number, or the place of a name; -1 for what is neither."""
    if text.isdecimal():
        return int(text)
    lowered = text.lower()
    return names.index(lowered) + first if lowered in names else -1


def zone(name: str) -> ZoneInfo | None:
    """The time zone of a name of the tz database; None when there is none."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return None
