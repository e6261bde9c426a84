"""What we make of conditions beside Google's own CEL, on random expressions."""

import datetime as dt
from typing import Any

import pytest
from cel_expr_python import cel
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from provision.conditions import Request, State, evaluate, problems, state
from provision.conditions.syntax import parse
from provision.conditions.tokens import ConditionSyntaxError
from provision.conditions.truth import BREAKS, FAILS, HOLDS, Outcome
from provision.conditions.window import stretches
from provision.policy import Condition

GOOGLES = cel.NewEnv(
    variables={
        "request.time": cel.Type.TIMESTAMP,
        "request.path": cel.Type.STRING,
        "request.host": cel.Type.STRING,
    }
)
PATHS = ("/", "/reports", "/reports/2026", 'a"b\\c', "/ä")
HOSTS = ("orders.example.com", "example.com", "")
TIMES = tuple(
    dt.datetime.fromisoformat(text)
    for text in (
        "2026-03-29T00:59:59.999+00:00",  # a second before summer time begins in Europe
        "2026-03-29T01:00:00+00:00",
        "2026-11-01T05:30:00+00:00",  # summer time has just ended in New York
        "2024-02-29T23:59:59+00:00",
        "2026-12-31T23:30:00+00:00",
        "1999-01-01T00:00:00+00:00",
    )
)
REQUESTS = st.builds(
    Request, st.sampled_from(TIMES), st.sampled_from(PATHS), st.sampled_from(HOSTS)
)


def written(text: str) -> str:
    """A text as a literal, in one of two quotes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def googles(expression: str, request: Request) -> Outcome | None:
    """What Google's evaluator makes of it; None: its checker refuses it as a condition."""
    try:
        compiled = GOOGLES.compile(expression)
    except (RuntimeError, ValueError):
        return None
    if compiled.return_type() != cel.Type.BOOL:
        return None
    known = {
        "request.time": request.time,
        "request.path": request.path,
        "request.host": request.host,
    }
    value = compiled.eval(data=known)
    if value.type() in (cel.Type.ERROR, cel.Type.UNKNOWN):
        return BREAKS
    plain: Any = value.plain_value()
    return HOLDS if plain else FAILS


NUMBERS = st.sampled_from(["0", "1", "-3", "6", "2026", "9223372036854775807", "0x1F"])
TEXTS = st.sampled_from(
    [
        "request.path",
        "request.host",
        *map(written, ("/", "/reports/", "example.com", "", "it's", "ä")),
        'r"\\n"',
        '"\\u00e4\\x2f"',
    ]
)
LENGTHS = st.sampled_from(["0s", "90s", "1h30m", "-1.5s", "2592000s", "250ms", "nonsense"]).map(
    lambda text: f"duration('{text}')"
)
MOMENTS = st.sampled_from(
    [
        "request.time",
        "request.time",
        *(
            f"timestamp('{text}')"
            for text in (
                "2026-03-29T03:00:00+02:00",
                "2026-12-24T18:00:00Z",
                "2024-02-29T23:59:59.5Z",
                "2023-02-29T00:00:00Z",
                "0001-01-03T00:00:00Z",
                "9999-12-30T00:00:00Z",
                "soon",
            )
        ),
    ]
)
ZONES = ("", "'UTC'", "'Europe/Berlin'", "'America/New_York'", "'+05:45'", "'-24:30'", "'Moon'")
GETTERS = (
    *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
    *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
)
SIGNS = ("==", "!=", "<", "<=", ">", ">=")


def two(
    left: st.SearchStrategy[str], signs: tuple[str, ...], right: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    """Two parts and a sign between them, sometimes in brackets."""
    return st.builds(
        lambda a, sign, b, brackets: f"({a} {sign} {b})" if brackets else f"{a} {sign} {b}",
        left,
        st.sampled_from(signs),
        right,
        st.booleans(),
    )


def called(
    target: st.SearchStrategy[str], names: tuple[str, ...], *arguments: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    """A method of something simple."""
    return st.builds(
        lambda on, name, *given: f"{on}.{name}({', '.join(given)})",
        target,
        st.sampled_from(names),
        *arguments,
    )


WIDER_LENGTHS = st.one_of(LENGTHS, two(LENGTHS, ("+", "-"), LENGTHS), two(MOMENTS, ("-",), MOMENTS))
WIDER_MOMENTS = st.one_of(MOMENTS, two(MOMENTS, ("+", "-"), LENGTHS), two(LENGTHS, ("+",), MOMENTS))
WIDER_NUMBERS = st.one_of(
    NUMBERS,
    called(MOMENTS, GETTERS, st.sampled_from(ZONES)),
    called(LENGTHS, ("getHours", "getMinutes", "getSeconds", "getMilliseconds")),
    two(NUMBERS, ("+", "-", "*", "/", "%"), NUMBERS),
    TEXTS.map(lambda text: f"size({text})"),
)
LISTED = st.builds(
    lambda one, others: f"{one} in [{', '.join(others)}]",
    WIDER_NUMBERS,
    st.lists(NUMBERS, max_size=3),
)
PLAIN = st.one_of(
    st.sampled_from(["true", "false", "has({}.x)", "has({'x': 1}.x)", "{'a': true}.a"]),
    called(TEXTS, ("startsWith", "endsWith", "contains"), TEXTS),
    *(two(part, SIGNS, part) for part in (TEXTS, WIDER_NUMBERS, WIDER_LENGTHS, WIDER_MOMENTS)),
    LISTED,
)
WRONG = st.one_of(
    two(TEXTS, SIGNS, NUMBERS),
    two(MOMENTS, ("+", "<"), TEXTS),
    TEXTS,
    st.sampled_from(["request.nothing == 1", "true &", "!", "(true", "'a' in 'b'", "--true"]),
)


def deeper(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Parts joined by logic."""
    return st.one_of(
        two(part, ("&&", "||", "==", "!="), part),
        part.map(lambda one: f"!({one})"),
        st.builds(lambda a, b, c: f"({a} ? {b} : {c})", part, part, part),
    )


RIGHT = st.recursive(PLAIN, deeper, max_leaves=6)
ANYTHING = st.recursive(st.one_of(PLAIN, PLAIN, PLAIN, WRONG), deeper, max_leaves=5)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(ANYTHING, REQUESTS)
def test_the_same_as_google_s_evaluator_when_all_is_known(
    expression: str, request: Request
) -> None:
    """It holds, fails or breaks alike, and what Google's checker refuses has a problem here."""
    theirs = googles(expression, request)
    if theirs is None:
        assert problems(expression)
        return
    ours = evaluate(expression, request)
    assert ours.possible is theirs, (expression, ours)
    assert not [one for one in problems(expression) if "does not take" in one]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(RIGHT, REQUESTS, st.sets(st.sampled_from(["time", "path", "host"]), min_size=1))
def test_nothing_that_is_told_is_contradicted_by_what_was_not_known(
    expression: str, request: Request, withheld: set[str]
) -> None:
    """Whatever the unknown turns out to be, its outcome was held to be possible."""
    told = Request(
        None if "time" in withheld else request.time,
        None if "path" in withheld else request.path,
        None if "host" in withheld else request.host,
    )
    before = evaluate(expression, told)
    after = googles(expression, request)
    assume(after is not None)
    assert after is not None
    assert after & before.possible, (expression, before)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(RIGHT, st.sampled_from(TIMES), REQUESTS)
def test_what_is_expired_never_grants_again(
    expression: str, now: dt.datetime, later: Request
) -> None:
    """And what is said of a stretch of time is true of every moment in it."""
    assert later.time is not None
    outcome = googles(expression, later)
    assume(outcome is not None)
    assert outcome is not None
    said = state(Condition(expression), now).state
    if later.time >= now:
        assert not (said in (State.EXPIRED, State.NEVER) and outcome is HOLDS), expression
    moment = dt.timedelta(microseconds=1)
    nanos = (later.time - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // moment * 1000
    there = next(one for one in stretches(expression) if nanos <= one.last.nanos)
    assert outcome & there.truth.possible, (expression, there)


@pytest.mark.parametrize(
    "expression",
    [
        "1 + 2 * 3 - 4 / 2 % 3 == 5",
        "2 - 1 - 1 == 0 && 8 / 4 / 2 == 1",
        "-5 / 3 == -1 && -5 % 3 == -2 && 5 % -3 == 2",
        "- -1 == 1 && --true && !!true",
        "!-1 == 1",
        "1 < 2 == true",
        "1 < 2 < 3",
        "true ? false : true ? true : true",
        "true ? true : 1",
        "(true ? 1 : 'a') == 1",
        "true || false && false",
        "true || 1",
        "1 in [1, 2,] && 'a' in {'a': 1,}",
        "size([1, 2]) == 2 && size({}) == 0 && 'ö'.size() == 1",
        "request.path.size(1) == 1",
        ".request.path != ''",
        "has(1)",
        "{'a': {'b': 1}}.a.b == 1",
        "{1: 2}[1] == 2 && [[1]][0][0] == 1",
        "[1][-1] == 1 || true",
        "null == null",
        "null == 1",
        "request.path == null",
        "true < false || 'a' < 'B' || 1.5 < 1.25",
        "1 == 1.0",
        "0x1F == 31 && 0777 == 777 && 1.5e1 == 15.0 && .5 == 0.5",
        "1. == 1.0",
        "1e400 > 1.0",
        "9223372036854775808 > 0",
        "-9223372036854775808 < 0",
        r"'\x41\101\u0041\U00000041\?\`' == 'AAAA?`'",
        r"'\q' == 'q'",
        r"'\ud800' == ''",
        r"'\400' == ''",
        r"r'\n' == '\\n'",
        "'a\nb' == ''",
        "'''a'b\nc''' == \"a'b\\nc\"",
        "'''''' == '' && \"\"\"\"\"\" == \"\"",
        "'a' 'b' == 'ab'",
        "'a' + 'b' == 'ab' && [1] + [2] == [1, 2]",
        "true // && false",
        "/* no */ true",
        "tr ue",
        "for == 1",
        "in == 1",
        "1if == 1",
        "request.time.getHours(",
        "(true",
        "true)",
        "[1,,2] == []",
        "timestamp('2016-12-31T23:59:60Z') == timestamp('2017-01-01T00:00:00Z')",
        "timestamp('2026-01-01t00:00:00z') == timestamp('2026-01-01T00:00:00.0000000001Z')",
        "timestamp('2026-01-01T00:00:00') == request.time",
        "timestamp('2026-01-01T24:00:00Z') == request.time",
        "timestamp('2026-01-01T00:00:00+24:00') == request.time",
        "timestamp('12026-01-01T00:00:00Z') == request.time",
        "duration('.5s') == duration('500ms') && duration('1.s') == duration('+1s')",
        "duration('0') == duration('0ns')",
        "duration('inf') > duration('0s')",
        "duration('1d') > duration('0s')",
        "duration('87660000h').getHours() == 87660000",
        "duration('87660001h').getHours() > 1",
        "duration('2400000h') + duration('1s') > duration('0s')",
        "duration('2500000h') + duration('100000h') > duration('0s')",
        "duration('-1500ms').getMilliseconds() == -500 && duration('-1500ms').getSeconds() == -1",
        "timestamp('9999-12-31T23:59:59Z') + duration('1s') > request.time",
        "request.time.getHours('2:00') == request.time.getHours('+02:00')",
        "request.time.getHours('+0200') == 1",
        "request.time.getHours('europe/berlin') == 1",
        "request.time.getHours('-24:30') >= 0 && request.time.getHours('+01:99') >= 0",
    ],
)
def test_corners_of_the_language_are_read_alike(expression: str) -> None:
    """Precedence, literals, brackets, and the ends of the ranges of numbers and times."""
    request = Request(TIMES[0], PATHS[1], HOSTS[0])
    theirs = googles(expression, request)
    if theirs is None:
        assert problems(expression)
    else:
        assert evaluate(expression, request).possible is theirs


LETTERS = (
    *("request", "time", "path", ".", "startsWith", "(", ")", "[", "]", "{", "}", ",", ":", "?"),
    *("!", "-", "&&", "||", "==", "<", "in", "'a'", '"', "'", "'''", "\\", "1", "0x", "1.5e3", "u"),
    *("true", "null", "for", "has", "timestamp", "//", "\n", " ", "\x00", "\ud800", "é", "9" * 40),
)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(LETTERS), max_size=20).map("".join))
def test_no_text_breaks_the_reader(expression: str) -> None:
    """Whatever is written is read, or refused at a place in the text."""
    wrong: list[int] = []
    try:
        parse(expression)
    except ConditionSyntaxError as error:
        wrong.append(error.at)
    assert all(0 <= at <= len(expression) for at in wrong)
    evaluate(expression, Request())
    problems(expression)
    state(Condition(expression), TIMES[0])
