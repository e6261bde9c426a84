"""The published cases of `tests/iam_cases`, each asked of our own evaluator."""

import re

import pytest

from provision.audit import Audit
from provision.audit.answers import Answer
from tests.iam_cases.names import shortened
from tests.iam_cases.reading import Ask, Case, cases
from tests.iam_cases.telling import lines, names_block

CASES = tuple(cases())


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_a_case_is_answered_as_its_source_says(case: Case) -> None:
    """The verdict with its names, the paths, what stops, and who can send a request at all."""
    snapshot = case.snapshot()
    wrong = []
    for ask in case.asks:
        answer = Audit(snapshot, ask.at).why(ask.principal, ask.target)
        wrong += [f"{_question(ask)}: {problem}" for problem in _problems(ask, answer)]
    for target, words in case.reach.items():
        found = Audit(snapshot).reach(target)
        if found.value != words:
            wrong.append(f"reach of {shortened(target)}: {found.value}, not {words}")
    assert not wrong, f"{case.rule}\n  " + "\n  ".join(wrong)


def _question(ask: Ask) -> str:
    return shortened(f"{ask.principal} → {ask.target} at {ask.at:%Y-%m-%dT%H:%M:%SZ}")


def _problems(ask: Ask, answer: Answer) -> list[str]:
    told = lines(answer)
    found = []
    if answer.verdict is not ask.verdict:
        found.append(f"{answer.verdict}, not {ask.verdict}; {told} {answer.reasons}")
    conditions = [hop.condition for path in answer.paths for hop in path.hops]
    said = " ".join([*answer.reasons, *conditions])
    found += [f"{name} is not named in {said!r}" for name in ask.names if name not in said]
    first = [line for line in told if "can grant itself" not in line]
    missing = [line for line in ask.paths if line not in first]
    if missing or (ask.only and len(first) > len(ask.paths)):
        found.append(f"paths {first}, not {list(ask.paths)}")
    for text in ask.blocks:
        if not any(names_block(text, block) for block in answer.blocks):
            found.append(f"blocks {answer.blocks}, not {text!r}")
    granting = [line for line in told if "can grant itself" in line]
    if ask.granting is not None and not _told(ask.granting, granting):
        found.append(f"could grant {granting}, not {list(ask.granting)}")
    return found


def _told(expected: tuple[str, ...], granting: list[str]) -> bool:
    """Whether all that is expected is there, and nothing where nothing is."""
    return set(expected) <= set(granting) and bool(expected) == bool(granting)


def test_the_suite_is_large_and_every_case_of_it_has_a_name_of_its_own() -> None:
    """So that a case can be cited."""
    assert len(CASES) >= 150
    assert len({case.id for case in CASES}) == len(CASES)


def test_every_rule_has_a_public_source() -> None:
    """A page, a public thread or a public listing; what is inferred says so in its grade."""
    bare = [
        case.id
        for case in CASES
        if case.grade != "inference"
        and not any(re.match(r"https://|public role listing", one) for one in case.sources)
    ]
    assert not bare
