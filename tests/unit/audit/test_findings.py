"""The rules of an audit: what each finds, and nearly finds; ids, order, severities, commands."""

import pytest

from provision.audit.findings import BY_NAME, CATALOGUE, Rule
from tests.unit.audit.finding_pairs import PAIRS


def test_every_rule_has_a_world_and_a_near_one() -> None:
    """No rule is in the catalogue untested, and none has two names."""
    assert set(PAIRS) == set(BY_NAME)
    assert len(CATALOGUE) == len(BY_NAME)


@pytest.mark.parametrize("rule", PAIRS)
def test_a_rule_finds_what_it_is_about(rule: str) -> None:
    """In a world with just that, once."""
    assert len(PAIRS[rule][0].of(rule)) == 1


@pytest.mark.parametrize("rule", PAIRS)
def test_a_rule_finds_nothing_in_a_world_nearly_the_same(rule: str) -> None:
    """Where the one thing that makes it so is not there."""
    assert PAIRS[rule][1].of(rule) == []


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.name)
def test_a_rule_says_what_is_so_why_it_matters_and_what_mends_it(rule: Rule) -> None:
    """In sentences that end, but for the title."""
    assert rule.why.endswith(".")
    assert rule.mend.endswith((".", "`"))
    assert not rule.title.endswith(".")
