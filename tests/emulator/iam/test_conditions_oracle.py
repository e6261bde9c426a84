"""The evaluator of conditions against Google's own CEL, on random expressions of what both know."""

import datetime as dt
from typing import Any

from cel_expr_python import cel
from hypothesis import given, settings
from hypothesis import strategies as st

from provision.emulator.iam.cel.checker import Declarations
from provision.emulator.iam.cel.evaluator import evaluate
from provision.emulator.iam.cel.functions import STANDARD
from provision.emulator.iam.cel.lexer import CelSyntaxError
from provision.emulator.iam.cel.syntax import parse
from provision.emulator.iam.cel.values import Duration, Timestamp, Unknown

NOW = dt.datetime(2026, 3, 29, 1, 30, 15, 250_000, tzinfo=dt.UTC)
PATH = "/orders/2026/a.b"
OURS = Declarations({"now": "timestamp", "path": "string"}, STANDARD)
GOOGLES = cel.NewEnv(variables={"now": cel.Type.TIMESTAMP, "path": cel.Type.STRING})
REFUSED, UNTOLD = "refused", "untold"
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def ours(expression: str) -> object:
    """What the emulator makes of an expression."""
    try:
        _, tree = OURS.check(parse(expression))
    except CelSyntaxError:
        return REFUSED
    found = evaluate(tree, {"now": Timestamp.of(NOW), "path": PATH}, STANDARD)
    if isinstance(found, Timestamp | Duration):
        return (type(found).__name__, found.nanos // 1000)
    return UNTOLD if isinstance(found, Unknown) else found


def googles(expression: str) -> object:
    """What Google's evaluator makes of it."""
    try:
        compiled = GOOGLES.compile(expression)
    except (RuntimeError, ValueError):
        return REFUSED
    value = compiled.eval(data={"now": NOW, "path": PATH})
    if value.type() in (cel.Type.ERROR, cel.Type.UNKNOWN):
        return UNTOLD
    plain: Any = value.plain_value()
    if isinstance(plain, dt.datetime):
        return ("Timestamp", (plain - EPOCH) // dt.timedelta(microseconds=1))
    if isinstance(plain, dt.timedelta):
        return ("Duration", plain // dt.timedelta(microseconds=1))
    return plain


ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "+05:30", "-08:00", "No/Such")
INTS = st.one_of(
    st.integers(-5, 5),
    st.sampled_from([2**63 - 1, -(2**63), 2**62, 1900, 2026]),
).map(str)
STRINGS = st.one_of(
    st.just("path"),
    st.sampled_from(["", "/orders", "a.b", "b", "ö", "x\\ty", "it\\'s"]).map(
        lambda text: f"'{text}'"
    ),
)
DURATIONS = st.sampled_from(["0s", "1h30m", "-5m", "1.5s", "250ms", "3600s", "junk", "1d"]).map(
    lambda text: f"duration('{text}')"
)
MOMENTS = st.one_of(
    st.just("now"),
    st.sampled_from(
        [
            "2026-01-01T00:00:00Z",
            "2026-03-29T03:30:15.25+02:00",
            "1999-12-31T23:59:59.999999Z",
            "0001-01-03T00:00:00Z",
            "9999-12-29T23:59:59Z",
            "2026-02-30T00:00:00Z",
            "yesterday",
        ]
    ).map(lambda text: f"timestamp('{text}')"),
)
GETTERS = (
    *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
    *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
)


def joined(operators: list[str], *operands: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Two operands with one of the operators between them, in brackets."""
    return st.tuples(operands[0], st.sampled_from(operators), operands[-1]).map(
        lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
    )


def deeper(kind: str, parts: dict[str, st.SearchStrategy[str]]) -> st.SearchStrategy[str]:
    """An expression of a type, one step deeper than its parts."""
    ints, strings, spans = parts["int"], parts["string"], parts["duration"]
    moments, bools = parts["timestamp"], parts["bool"]
    choice = st.tuples(bools, parts[kind], parts[kind]).map(lambda p: f"({p[0]} ? {p[1]} : {p[2]})")
    found: dict[str, list[st.SearchStrategy[str]]] = {
        "int": [
            joined(["+", "-", "*", "/", "%"], ints),
            ints.map(lambda one: f"-({one})"),
            st.tuples(moments, st.sampled_from(GETTERS)).map(lambda p: f"{p[0]}.{p[1]}()"),
            st.tuples(moments, st.sampled_from(GETTERS), st.sampled_from(ZONES)).map(
                lambda p: f"{p[0]}.{p[1]}('{p[2]}')"
            ),
            st.tuples(spans, st.sampled_from(["getHours", "getMinutes", "getSeconds"])).map(
                lambda p: f"{p[0]}.{p[1]}()"
            ),
        ],
        "string": [joined(["+"], strings)],
        "duration": [joined(["+", "-"], spans), joined(["-"], moments)],
        "timestamp": [joined(["+", "-"], moments, spans), joined(["+"], spans, moments)],
        "bool": [
            *(joined(["<", "<=", ">", ">=", "==", "!="], part) for part in parts.values()),
            joined(["&&", "||"], bools),
            bools.map(lambda one: f"!({one})"),
            st.tuples(strings, st.sampled_from(["startsWith", "endsWith"]), strings).map(
                lambda p: f"{p[0]}.{p[1]}({p[2]})"
            ),
            st.tuples(ints, st.lists(ints, max_size=3)).map(
                lambda p: f"({p[0]} in [{', '.join(p[1])}])"
            ),
            joined(["<", "=="], ints, strings),
            st.just("has({}.x)"),
            st.just("has({'x': 1}.x)"),
            strings.map(lambda one: f"({one})"),
        ],
    }
    return st.one_of(parts[kind], choice, *found[kind])


PLAIN: dict[str, st.SearchStrategy[str]] = {
    "int": INTS,
    "string": STRINGS,
    "duration": DURATIONS,
    "timestamp": MOMENTS,
    "bool": st.sampled_from(["true", "false"]),
}
ONCE = {kind: deeper(kind, PLAIN) for kind in PLAIN}
TWICE = {kind: deeper(kind, ONCE) for kind in PLAIN}


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(st.one_of(*TWICE.values()))
def test_random_expressions_mean_what_google_s_evaluator_says(expression: str) -> None:
    """The same value, the same refusal, and nothing told where Google tells an error."""
    assert ours(expression) == googles(expression), expression
