"""Every command of an audit in every form, or refused in words, by the real program."""

import json
import re
from typing import Any

import jsonschema
import pytest

from provision.snapshot.records import Policy
from tests.functional.audit import acme
from tests.functional.audit.conftest import Offline
from tests.unit.audit.test_sarif import LOG

QUESTIONS = (
    (0, ("who", acme.ORDERS)),
    (0, ("what", acme.BOB)),
    (4, ("why", acme.DEE, acme.ORDERS)),
    (3, ("check",)),
)


def _results(offline: Offline, *words: str) -> list[dict[str, Any]]:
    done = offline(*words, "--sarif")
    log = json.loads(done.out)
    jsonschema.validate(log, LOG)
    found: list[dict[str, Any]] = log["runs"][0]["results"]
    return found


@pytest.mark.parametrize(("code", "words"), QUESTIONS)
def test_every_question_is_answered_in_every_form(
    offline: Offline, code: int, words: tuple[str, ...]
) -> None:
    """With the exit code that the same answer has as text."""
    for form in ("csv", "sarif", "html"):
        done = offline(*words, f"--{form}")
        assert done.code == code, done.err
        assert done.out


def test_findings_of_one_target_are_those_about_it(offline: Offline) -> None:
    """Of `who`: no other target's."""
    rules = {one["ruleId"] for one in _results(offline, "who", acme.ORDERS)}
    assert {"external-member", "id-token-minter", "group-not-read"} <= rules
    assert rules.isdisjoint({"public-by-binding", "invoker-check-off"})


def test_findings_of_one_principal_are_those_that_it_is_meant_by(offline: Offline) -> None:
    """Of `what`: its own, its sets' and everybody's, and no other principal's."""
    named = {one["properties"].get("principal") for one in _results(offline, "what", acme.BOB)}
    assert acme.BOB in named
    assert "allUsers" in named
    assert "user:eve@example.com" not in named


def test_a_page_of_one_target_has_no_other(offline: Offline) -> None:
    """It is the report's page, of what was asked about alone."""
    page = offline("who", acme.SHOP, "--html").out
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    assert [one["name"] for one in json.loads(found[1])["targets"]] == [acme.SHOP]


def test_a_difference_is_told_in_every_form(offline: Offline) -> None:
    """Who gained is new, and who lost is absent; everybody's gain is an error."""
    old = acme.write(offline.path("old.jsonl"), Policy(acme.SHOP))
    words = ("diff", str(old), "acme.jsonl")
    log = json.loads(offline.run(*words, "--sarif").out)
    jsonschema.validate(log, LOG)
    results = log["runs"][0]["results"]
    anybody = next(one for one in results if one["properties"]["principal"] == "allUsers")
    assert (anybody["ruleId"], anybody["level"]) == ("gained-access", "error")
    assert anybody["baselineState"] == "new"
    assert "allUsers was given roles/run.invoker" in anybody["message"]["text"]
    page = offline.run(*words, "--html").out
    assert "<td>allUsers" in page
    assert "<script" not in page
    assert not re.search(r"src=|href=|url\(|@import", page)


def test_results_of_one_rule_are_told_apart_by_code_scanning(offline: Offline) -> None:
    """All of them lie in one file: their line's hash is each one's own."""
    hashes = [
        one["partialFingerprints"]["primaryLocationLineHash"] for one in _results(offline, "report")
    ]
    assert len(set(hashes)) == len(hashes)
    assert all(re.fullmatch(r"[0-9a-f]{16}:1", one) for one in hashes)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("snapshot", "-o", "x.jsonl", "--snapshot", "acme.jsonl"), "is judged afterwards"),
        (("snapshot", "-o", "x.jsonl", "--csv"), "is judged afterwards"),
        (("diff", "acme.jsonl", "acme.jsonl", "--snapshot", "x"), "two snapshots, OLD and NEW"),
        (("sql", "acme-prod.audit", "--html"), "the result is SQL"),
    ],
)
def test_what_means_nothing_is_refused_in_words(
    offline: Offline, words: tuple[str, ...], said: str
) -> None:
    """And says what to run."""
    done = offline.run(*words)
    assert done.code == 2
    assert said in " ".join(done.err.split())
    assert "Next: " in done.err
    assert not offline.path("x.jsonl").exists()
