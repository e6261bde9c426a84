"""The cases of ``cases/``: a source, what it is given, what comes of it, and which page says so."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from provision.emulator.language import (
    HttpRequest,
    Oidc,
    Raised,
    SourceError,
    Value,
    compile_source,
)
from tests.emulator.language.world import CONNECTORS, World, answer, run

CASES = Path(__file__).parent / "cases"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
GRADES = ("documented", "seen", "assumed")
KNOWN = frozenset(
    (
        *("case", "page", "grade", "source", "argument", "answers", "result", "raises", "trace"),
        *("refused", "at", "requests", "sleeps", "logs", "connected"),
        *("with", "values", "errors", "invalid"),
    )
)


def _load() -> list[dict[str, Any]]:
    """Every case of every file, with the file in its name."""
    return [
        {**case, "case": f"{path.stem}: {case['case']}"}
        for path in sorted(CASES.glob("*.yaml"))
        for case in yaml.load(path.read_text(), _LOADER)  # noqa: S506 - a safe one, faster
    ]


ALL = _load()
EXECUTED = [case for case in ALL if "source" in case and "refused" not in case]
REFUSED = [case for case in ALL if "refused" in case]
EXPRESSIONS = [case for case in ALL if "source" not in case]


def _named(case: dict[str, Any]) -> str:
    return re.sub(r"\W+", "-", case["case"])


def _same(found: Value, expected: Any) -> bool:  # noqa: ANN401 - as a file tells it
    """Whether two values are the same, integers and doubles told apart."""
    return json.dumps(found, sort_keys=True) == json.dumps(expected, sort_keys=True)


def test_every_case_can_be_read_by_itself() -> None:
    """No unknown fields, a page and a known grade for each, no name twice."""
    assert len({case["case"] for case in ALL}) == len(ALL)
    for case in ALL:
        assert not case.keys() - KNOWN, case["case"]
        assert case["page"].startswith("https://"), case["case"]
        assert case.get("grade", "documented") in GRADES, case["case"]


@pytest.mark.parametrize("case", EXECUTED, ids=_named)
def test_a_source_results_in_what_the_page_says(case: dict[str, Any]) -> None:
    """The result or error, and what was asked of the world on the way."""
    world = World([answer(told) for told in case.get("answers", [])])
    if "raises" in case:
        with pytest.raises(Raised) as caught:
            run(case["source"], case.get("argument"), world)
        _check_error(caught.value, case)
    else:
        assert _same(run(case["source"], case.get("argument"), world), case["result"])
    _check_world(world, case)


def _check_error(raised: Raised, case: dict[str, Any]) -> None:
    expected, found = case["raises"], raised.value
    if isinstance(expected, dict) and isinstance(found, dict):
        found = {key: found[key] for key in found if key in expected}
    assert _same(found, expected)
    assert _same(json.loads(raised.payload), raised.value)
    if "trace" in case:
        assert raised.trace is not None
        shown = [f"{one.routine}.{one.step}:{one.line}:{one.column}" for one in raised.trace]
        assert shown == case["trace"]


def _check_world(world: World, case: dict[str, Any]) -> None:
    assert not world.answers, "more answers than were asked for"
    if "requests" in case:
        assert len(world.requests) == len(case["requests"])
        for sent, expected in zip(world.requests, case["requests"], strict=True):
            shown = _shown(sent)
            assert {key: shown[key] for key in expected} == expected
    for name in ("sleeps", "logs", "connected"):
        if name in case:
            assert _same([_listed(one) for one in getattr(world, name)], case[name])


def _listed(one: Any) -> Any:  # noqa: ANN401 - what a world keeps
    return list(one) if isinstance(one, tuple) else one


def _shown(sent: HttpRequest) -> dict[str, Any]:
    """A request as the files tell it."""
    auth = None
    if isinstance(sent.auth, Oidc):
        auth = f"OIDC {sent.auth.audience}"
    elif sent.auth is not None:
        auth = f"OAuth2 {' '.join(sent.auth.scopes)}"
    return {
        "method": sent.method,
        "url": sent.url,
        "headers": dict(sent.headers),
        "body": None if sent.body is None else sent.body.decode(),
        "auth": auth,
        "timeout": sent.timeout,
    }


@pytest.mark.parametrize("case", REFUSED, ids=_named)
def test_a_source_is_refused_in_words_that_name_it(case: dict[str, Any]) -> None:
    """The message, and where it is."""
    with pytest.raises(SourceError) as caught:
        compile_source(case["source"], CONNECTORS)
    assert case["refused"] in caught.value.message
    if "at" in case:
        assert f"{caught.value.line}:{caught.value.column}" == case["at"]


@pytest.mark.parametrize("case", EXPRESSIONS, ids=_named)
def test_expressions_have_the_values_the_page_says(case: dict[str, Any]) -> None:
    """Each value; each error by its tag; each that is no expression."""
    for text, expected in case.get("values", {}).items():
        assert _same(_evaluated(text, case), expected), text
    for text, tag in case.get("errors", {}).items():
        with pytest.raises(Raised) as caught:
            _evaluated(text, case)
        assert isinstance(caught.value.value, dict), text
        tags = caught.value.value["tags"]
        assert isinstance(tags, list), text
        assert tag in tags, text
    for text in case.get("invalid", []):
        with pytest.raises(SourceError):
            _evaluated(text, case)


def _evaluated(text: str, case: dict[str, Any]) -> Value:
    """The value of one expression, with the variables of its case."""
    variables = case.get("with", {})
    steps: list[Any] = [{"init": {"assign": [{name: f"${{given.{name}}}"}]}} for name in variables]
    for number, step in enumerate(steps):
        steps[number] = {f"init{number}": step["init"]}
    steps.append({"answer": {"return": f"${{{text}}}"}})
    return run(json.dumps({"main": {"params": ["given"], "steps": steps}}), variables)
