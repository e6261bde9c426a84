"""When a schedule is due next, from a moment that is given."""

import datetime as dt

import pytest

from provision.emulator.services.callers.scheduler.cron import parsed, zone

NOON = dt.datetime(2026, 3, 13, 12, 0, 30, tzinfo=dt.UTC)  # a Friday


@pytest.mark.parametrize(
    ("schedule", "due"),
    [
        ("* * * * *", "2026-03-13T12:01"),
        ("0 3 * * *", "2026-03-14T03:00"),
        ("*/15 12 * * *", "2026-03-13T12:15"),
        ("5/20 * * * *", "2026-03-13T12:05"),
        ("0 9-17/4 * * *", "2026-03-13T13:00"),
        ("30 4 1,15 * *", "2026-03-15T04:30"),
        ("0 0 * * MON-FRI", "2026-03-16T00:00"),
        ("0 0 * * 7", "2026-03-15T00:00"),
        ("0 0 * * sun", "2026-03-15T00:00"),
        ("0 0 29 feb *", "2028-02-29T00:00"),
        # Either the thirteenth or a Monday.
        ("0 0 13 * 1", "2026-03-16T00:00"),
        ("every 10 minutes", "2026-03-13T12:10"),
        ("every 24 hours", "2026-03-14T12:00"),
    ],
)
def test_a_schedule_is_due(schedule: str, due: str) -> None:
    """The first fitting minute after the one that runs."""
    found = parsed(schedule)
    assert found is not None
    moment = found.next(NOON)
    assert moment is not None
    assert moment.strftime("%Y-%m-%dT%H:%M") == due


@pytest.mark.parametrize("schedule", ["0 0 31 2 *", "0 0 30 feb *"])
def test_days_that_never_come_are_never_due(schedule: str) -> None:
    """The schedule is one all the same."""
    found = parsed(schedule)
    assert found is not None
    assert found.next(NOON) is None


@pytest.mark.parametrize(
    "schedule",
    [
        *("", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *"),
        *("* * * * 8", "*/0 * * * *", "5-1 * * * *", "a * * * *", "@daily", "every 0 minutes"),
        *("1,,2 * * * *", "every blue moon", "1-2-3 * * * *", "٣ * * * *"),
    ],
)
def test_what_is_no_schedule_is_none(schedule: str) -> None:
    """Neither cron nor App Engine's words."""
    assert parsed(schedule) is None


@pytest.mark.parametrize("schedule", ["every monday 09:00", "1st,third tue of month 17:00"])
def test_app_engine_s_days_are_schedules(schedule: str) -> None:
    """When they are due is not told."""
    found = parsed(schedule)
    assert found is not None
    assert found.next(NOON) is None


def test_a_day_is_one_of_the_zone() -> None:
    """Three in the morning of Vienna is two o'clock UTC in winter."""
    vienna = zone("Europe/Vienna")
    found = parsed("0 3 * * *")
    assert found is not None
    assert vienna is not None
    moment = found.next(NOON.astimezone(vienna))
    assert moment is not None
    assert moment.astimezone(dt.UTC).hour == 2
    assert zone("Mars/Olympus") is None
    assert zone("../etc/passwd") is None
