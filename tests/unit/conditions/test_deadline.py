"""Until when: what is taken, and what is refused because it can be misread."""

from datetime import UTC, datetime, timedelta

import pytest

from provision.conditions import for_, from_now, until
from provision.errors import UsageError

NOW = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-24T18:00Z", "2026-12-24T18:00:00"),
        ("2026-12-24T18:00:30Z", "2026-12-24T18:00:30"),
        ("2026-12-24 18:00z", "2026-12-24T18:00:00"),
        ("2026-12-24T18:00+01:00", "2026-12-24T17:00:00"),
        ("2026-12-24T18:00-05:45", "2026-12-24T23:45:00"),
        ("2028-02-29T00:00Z", "2028-02-29T00:00:00"),
        ("2026-11-22T12:00:01Z", "2026-11-22T12:00:01"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59"),
    ],
)
def test_a_time_with_its_zone_is_taken(text: str, expected: str) -> None:
    """It is told in UTC."""
    assert until(text, NOW) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("2026-12-24T18:00", "which time zone", "2026-12-24T18:00Z is UTC"),
        ("2026-12-24", "the beginning or the end", "2026-12-25T00:00Z takes it in"),
        ("9999-12-31", "the beginning or the end", "9999-12-31T00:00Z"),
        ("2026-11-22T12:00Z", "is past: it is 2026-11-22T12:00:00Z now", "provision revoke"),
        ("2020-01-01T00:00Z", "is past", "provision revoke"),
        ("2026-02-30T00:00Z", "is no time", "2026-12-24T18:00Z"),
        ("2026-02-30", "is no time", "2026-12-24T18:00Z"),
        ("2026-12-24T24:00Z", "is no time", "2026-12-24T18:00Z"),
        ("2026-12-24T18:00+25:00", "is no time", "2026-12-24T18:00Z"),
        ("9999-12-31T23:59-01:00", "later than the year 9999", "access without an end"),
        ("24.12.2026", "is no time", "2026-12-24T18:00Z"),
        ("20261224T1800Z", "is no time", "2026-12-24T18:00Z"),
        ("tomorrow", "is no time", "2026-12-24T18:00Z"),
        ("", "is no time", "2026-12-24T18:00Z"),
        ("8h", "is no time", "2026-12-24T18:00Z"),
        ("2026-12-24T18:00Z ", "is no time", "2026-12-24T18:00Z"),
        ("\uff12\uff10\uff12\uff16-12-24T18:00Z", "is no time", "2026-12-24T18:00Z"),
    ],
)
def test_a_time_that_can_be_misread_is_refused(text: str, message: str, hint: str) -> None:
    """With how to write it."""
    with pytest.raises(UsageError) as refused:
        until(text, NOW)
    assert message in str(refused.value)
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", timedelta(minutes=30)),
        ("8h", timedelta(hours=8)),
        ("1d", timedelta(days=1)),
        ("2w", timedelta(weeks=2)),
        ("90s", timedelta(seconds=90)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("1w2d3h", timedelta(weeks=1, days=2, hours=3)),
    ],
)
def test_a_length_of_time_is_taken(text: str, expected: timedelta) -> None:
    """The moment it leads to is told in whole seconds, never too early."""
    assert for_(text) == expected
    assert from_now(text, NOW) == NOW.replace(microsecond=0) + expected + timedelta(seconds=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8",
        "h",
        "0h",
        "0h0m",
        "-8h",
        "+8h",
        "8 h",
        "1.5h",
        "8H",
        "1M",
        "1y",
        "1h1h",
        "8h ",
        "\uff18h",
    ],
)
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    """Months and years too: they have no fixed length."""
    with pytest.raises(UsageError) as refused:
        for_(text)
    assert "--for" in refused.value.hint


@pytest.mark.parametrize("text", ["9999999d", "999999999w"])
def test_what_a_condition_cannot_name_is_refused(text: str) -> None:
    """It ends with the year 9999."""
    with pytest.raises(UsageError, match="later than the year 9999"):
        from_now(text, NOW)
