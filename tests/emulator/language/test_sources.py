"""Sources that nobody would write on purpose: each is refused or executed, none takes us down."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provision.emulator.language import Raised, SourceError, compile_source
from provision.emulator.language.library import FUNCTIONS
from tests.emulator.language.world import CONNECTORS, World, answer, run


def _nested_steps(depth: int) -> str:
    body: object = [{"last": {"return": 1}}]
    for number in range(depth):
        body = [{f"s{number}": {"steps": body}}]
    return json.dumps(body)


@pytest.mark.parametrize(
    "source",
    [
        "[" * 60_000,
        "[" * 6_000 + "]" * 6_000,
        "{" * 6_000,
        "- " * 5_000,
        "a: &a [*a]",
        "&a {main: *a}",
        "- one: {return: *nothing}",
        "a: &a [1, 2]\nb: &b [" + "*a, " * 900 + "]\nc: &c [" + "*b, " * 900 + "]\nmain: *c",
        "main: {steps: [a: {return: '${" + "(" * 100 + "}'}]}",
        "main: {steps: [a: {return: '${" + "-" * 390 + "}'}]}",
        "main: {steps: [a: {return: '${" + "not " * 97 + "}'}]}",
        "? [a, b]\n: 1",
        "main: 5",
        "main: {steps: {a: 1}}",
        "main: {steps: [1, 2]}",
        "main: {steps: [{a: 1, b: 2}]}",
        "main: {steps: [{a: null}]}",
        "main: {steps: [{a: {}}]}",
        "main: {steps: [{a: {next: [b]}}]}",
        "main: {steps: [{a: {call: 5}}]}",
        "main: {steps: [{a: {call: sys.now, args: 5}}]}",
        "main: {steps: [{a: {for: [1]}}]}",
        "main: {steps: [{a: {parallel: [1]}}]}",
        "main: {steps: [{a: {parallel: {shared: x, for: {}}}}]}",
        "main: {steps: [{a: {parallel: {branches: [{a: 1}, {b: 2}]}}}]}",
        "main: {steps: [{a: {try: 5, except: {as: e, steps: []}}}]}",
        "main: {steps: [{a: {try: {call: sys.now}, except: 5}}]}",
        "main: {steps: [{a: {try: {call: sys.now}, retry: 5}}]}",
        "main: {steps: [{a: {switch: 5}}]}",
        "main: {steps: [{a: {switch: [5]}}]}",
        "main: {steps: [{a: {assign: {b: 1}}}]}",
        "main: {steps: [{a: {assign: [5]}}]}",
        "main: {params: a, steps: [{a: {return: 1}}]}",
        "main: {params: [5], steps: [{a: {return: 1}}]}",
        "main: {params: ['a b'], steps: [{a: {return: 1}}]}",
        "main: {params: [{a: '${1}'}], steps: [{a: {return: 1}}]}",
        "ma in: {steps: [{a: {return: 1}}]}\nmain: {steps: [{a: {return: 1}}]}",
        "main:\n\tsteps: []",
        "main: \x00",
        "main: \ud800",
        "x" * (128 * 1024 + 1),
        "%YAML 9.9\n---\nmain: 1",
        _nested_steps(60),
    ],
)
def test_a_hostile_source_is_refused(source: str) -> None:
    """With a message, and no other error."""
    with pytest.raises(SourceError) as caught:
        compile_source(source, CONNECTORS)
    assert caught.value.message.startswith(("main.yaml: parse error: ", "failed to build: "))


@pytest.mark.parametrize(("length", "deployed"), [(398, True), (399, False)])
def test_an_expression_has_at_most_400_characters(length: int, *, deployed: bool) -> None:
    """The quotes are of it, what is around it is not."""
    source = json.dumps([{"a": {"return": '${"' + "x" * length + '"}'}}])
    if deployed:
        assert run(source) == "x" * length
    else:
        with pytest.raises(SourceError, match="expression is longer than 400 characters"):
            run(source)


def test_steps_within_steps_have_room() -> None:
    """As deep as anybody writes them."""
    assert run(_nested_steps(20)) == 1


def test_calls_within_steps_within_calls_end_in_an_error_of_the_workflow() -> None:
    """Where the interpreter's own stack ends first."""
    steps: object = [{"down": {"call": "deep"}}]
    for number in range(16):
        steps = [{f"s{number}": {"steps": steps}}]
    source = {"main": {"steps": [{"go": {"call": "deep"}}]}, "deep": {"steps": steps}}
    with pytest.raises(Raised) as caught:
        run(json.dumps(source))
    assert isinstance(caught.value.value, dict)
    assert caught.value.value["tags"] == ["RecursionError", "RuntimeError"]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(alphabet="ab1.5+-*/%()[]{}\"',:<>=! \nandorinot", max_size=40))
def test_any_text_is_an_expression_or_is_not(text: str) -> None:
    """It has a value, raises an error of the language, or is refused."""
    said = "failed to build: "
    source = json.dumps(
        [{"init": {"assign": [{"a": {"b": [1]}}]}}, {"x": {"return": f"${{{text}}}"}}]
    )
    try:
        run(source)
    except Raised as raised:
        said = raised.context
    except SourceError as error:
        said = error.message
    assert said.startswith(("main.yaml: parse error: ", "failed to build: ")) or "Error: " in said


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(value=_VALUES, key=st.text(max_size=5))
def test_the_library_takes_any_value(value: object, key: str) -> None:
    """Every function of one or two arguments answers, or raises an error of the language."""
    for name, entry in FUNCTIONS.items():
        if entry.blocks or len(entry.required) > 2:
            continue
        arguments = ("args.value", "args.key")[: len(entry.required)]
        source = json.dumps(
            {
                "main": {
                    "params": ["args"],
                    "steps": [{"a": {"assign": [{"r": f"${{{name}({', '.join(arguments)})}}"}]}}],
                }
            }
        )
        with suppress(Raised):
            run(source, {"value": value, "key": key})  # type: ignore[dict-item] # any JSON


@pytest.mark.parametrize(
    ("body", "kind"),
    [("[" * 5_000 + "]" * 5_000, "text"), ("[" * 150 + "]" * 150, "error"), ("9" * 400, "value")],
)
def test_an_answer_that_is_nested_or_large_does_no_harm(body: str, kind: str) -> None:
    """A text where it cannot be read, an error where it would be too deep."""
    source = """
- call_it:
    call: http.get
    args: {url: "https://example.com/"}
    result: r
- told: {return: "${get_type(r.body)}"}
"""
    world = World([answer({"headers": {"content-type": "application/json"}, "body": body})])
    if kind == "error":
        with pytest.raises(Raised):
            run(source, None, world)
    else:
        assert run(source, None, world) == {"text": "string", "value": "double"}[kind]


def test_an_answer_is_no_larger_than_two_megabytes() -> None:
    """More is an error of its own kind; as much does not fit into a variable either."""
    source = "- call_it: {call: http.get, args: {url: 'https://example.com/'}}"
    most = 2 * 1024 * 1024
    assert run(source, None, World([answer({"body": "x" * most})])) is None
    with pytest.raises(Raised) as caught:
        run(source, None, World([answer({"body": "x" * (most + 1)})]))
    assert isinstance(caught.value.value, dict)
    assert caught.value.value["tags"] == ["ResourceLimitError"]
