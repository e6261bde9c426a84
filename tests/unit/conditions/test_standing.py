"""Where a condition stands at a time, and what speaks against it on Cloud Run."""

import zoneinfo
from datetime import UTC, datetime

import pytest

from provision.conditions import State, problems, state
from provision.policy import Condition

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = 'request.time < timestamp("2026-12-24T18:00:00Z")'
BEFORE = 'request.time < timestamp("2026-11-01T00:00:00Z")'


@pytest.mark.parametrize(
    ("expression", "expected", "why"),
    [
        (LATER, State.ACTIVE, ""),
        ("true", State.ACTIVE, ""),
        ("request.time.getHours() == 12", State.ACTIVE, "now, not at all times"),
        ("resource.type != 'compute.googleapis.com/Disk'", State.ACTIVE, ""),
        (BEFORE, State.EXPIRED, "since 2026-11-01T00:00:00Z"),
        (f'{BEFORE} && request.path == "/a"', State.EXPIRED, "since 2026-11-01"),
        (f'{BEFORE} && resource.matchTag("1/env", "prod")', State.EXPIRED, "since 2026-11-01"),
        ('request.time < timestamp("2026-11-22T12:00:00Z")', State.EXPIRED, "since 2026-11-22T12"),
        ("request.time.getFullYear() == 2025", State.EXPIRED, "since 2026-01-01T00:00:00Z"),
        (
            'request.time.getFullYear("America/New_York") < 2026',
            State.EXPIRED,
            "since 2026-01-01T05:00:00Z",
        ),
        (
            'request.time - timestamp("2026-01-01T00:00:00Z") < duration("3600s")',
            State.EXPIRED,
            "since 2026-01-01T01:00:00Z",
        ),
        (f"({BEFORE} || {BEFORE}) && !({LATER})", State.NEVER, "no time meets it"),
        ('request.time > timestamp("2026-12-01T00:00:00Z")', State.NOT_YET, "from 2026-12-01"),
        (
            f'request.time >= timestamp("2026-12-01T00:00:00Z") && {LATER}',
            State.NOT_YET,
            "from 2026-12-01T00:00:00Z",
        ),
        (f'{BEFORE} || request.path == "/a"', State.CONDITIONAL, "depends on request.path"),
        (f'{LATER} && request.path == "/a"', State.CONDITIONAL, "it depends on request.path"),
        ('request.host == "a"', State.CONDITIONAL, "it depends on request.host"),
        ('resource.matchTag("1/env", "prod")', State.CONDITIONAL, "it depends on tags"),
        ("request.time.getHours() < 9", State.CONDITIONAL, "at certain times, not now"),
        ("has({}.jitAccessConstraint)", State.ELIGIBLE, "JIT Access"),
        (f"has({{}}.jitAccessConstraint) && {LATER}", State.ELIGIBLE, "JIT Access"),
        ("has({}.anything)", State.NEVER, "is false"),
        ("false", State.NEVER, "it says false"),
        ('resource.name == "a"', State.NEVER, "has no resource.name"),
        ('"l" in request.auth.access_levels', State.NEVER, "Identity-Aware Proxy"),
        ('request.time < timestamp("soon")', State.NEVER, "is no time"),
        ("request.time.getMonth() == 12", State.NEVER, "getMonth() == 12 is false"),
        ('!resource.name.startsWith("a")', State.UNKNOWN, "negation comes to is not documented"),
        (f'{LATER} && !resource.name.startsWith("a")', State.UNKNOWN, "has no resource.name"),
        ("request.wish", State.UNKNOWN, "not known here"),
        ("request.time <", State.UNKNOWN, "cannot be read here"),
        ("request.time.getHours('Moon') == 1", State.NEVER, "'Moon' is no time zone"),
        ("request.time > timestamp('2026-1-1T0:0:0Z')", State.UNKNOWN, "not quite a time"),
        (f"'{'x' * 9000}' == ''", State.NEVER, "x…"),
    ],
)
def test_where_a_condition_stands(expression: str, expected: State, why: str) -> None:
    """In one word, and why in a few."""
    found = state(Condition(expression), NOW)
    assert (found.state, why in found.why) == (expected, True), found


def test_without_a_time_zone_database_nothing_is_told_of_zones() -> None:
    """Small images come without it: that says nothing against the condition."""
    expression = "request.time.getHours('Asia/Kathmandu') == 12 && request.path != 'zones'"
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    try:
        found = state(Condition(expression), NOW)
    finally:
        zoneinfo.reset_tzpath()
    assert (found.state, found.why) == (
        State.UNKNOWN,
        "this machine knows no time zones and it depends on request.path",
    )


def test_no_condition_is_active() -> None:
    """A binding without one grants at any time."""
    assert state(None, NOW).state is State.ACTIVE


def test_the_last_moment_still_counts() -> None:
    """A grant ends with the second that it names, not before."""
    condition = Condition(LATER)
    end = datetime(2026, 12, 24, 18, tzinfo=UTC)
    assert state(condition, end.replace(hour=17, minute=59, second=59)).state is State.ACTIVE
    assert state(condition, end).state is State.EXPIRED
    assert state(condition, NOW).until == end


def test_a_path_never_opens_a_job() -> None:
    """Jobs get conditions from above only, and have no path."""
    found = state(Condition('request.path == "/a"'), NOW, kind="job")
    assert (found.state, found.why) == (
        State.NEVER,
        "a Cloud Run job has no request.path (services have it)",
    )


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "no valid expression: nothing is written"),
        ("request.time <", "the end comes too early (at character 15)"),
        ("'a", "a text that does not end (at character 1)"),
        ("foo == 1", "IAM documents no foo"),
        ("request.time.soon()", "IAM documents no soon()"),
        ("request.path.matches('x')", "IAM documents no matches()"),
        ("request.time", "request.time is no condition but a timestamp"),
        ("request.path < 5", "< does not take (string, int)"),
        ("request.time < '2027'", "< does not take (timestamp, string)"),
        ("true || request.path", "request.path is no condition but a string"),
        ("request.time < timestamp('soon')", 'timestamp("soon") is no time'),
        ("true" + " && true" * 13, "13 logical operators; IAM takes 12"),
        ("resource.name == 'a'", "it never grants: a Cloud Run service has no resource.name"),
        ("destination.port == 1", "only Identity-Aware Proxy tells it"),
        ("principal.subject == 'a'", "principal access boundary"),
        ("has({}.jitAccessConstraint)", "it never grants"),
        ("resource.matchTag('a')", "resource.matchTag does not take (string)"),
        ("(" * 61 + "true" + ")" * 61, "nested more than 60 times"),
        ("1" + " + 1" * 61 + " == 1", "nested or chained more than 60 times"),
        ("'" + "x" * 10_001 + "' == ''", "longer than 10000 characters"),
        ("9223372036854775808 > 0", "64 bits"),
        ("request.time > timestamp('2027-01-01T00:00:00Z') && false", "it never grants"),
    ],
)
def test_what_speaks_against_a_condition(expression: str, words: str) -> None:
    """What IAM would refuse, and what would never grant on a service."""
    assert words in "; ".join(problems(expression))


@pytest.mark.parametrize(
    "expression",
    [
        LATER,
        BEFORE,
        "true" + " && true" * 12,
        'request.path == "/a" || request.host.endsWith(".example.com")',
        "resource.matchTag('1/env', 'prod')",
        "resource.type != 'compute.googleapis.com/Disk' || resource.name.startsWith('a')",
        "!resource.name.startsWith('a')",
    ],
)
def test_nothing_speaks_against_what_can_grant(expression: str) -> None:
    """An end that is past is no fault of the expression."""
    assert problems(expression) == []
