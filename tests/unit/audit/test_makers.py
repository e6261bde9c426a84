"""Who can make something: a few who are looked for by themselves, and everybody at once."""

import random
from itertools import product

import pytest

from provision.audit import makers
from provision.audit.asking import Asking
from provision.audit.creators import Creators
from provision.audit.degrees import Degrees, union
from provision.audit.judge import Judge
from provision.snapshot import Snapshot
from tests.unit.audit.odd_world import AT, odd_world
from tests.unit.audit.random_world import NOON, World

_TIMES = 5
"""Times that some are asked about, of each organisation."""


@pytest.mark.parametrize("chunk", range(4))
def test_a_few_are_found_among_everybody(chunk: int) -> None:
    """Whoever was asked about before, and as sure as both are."""
    for seed in range(chunk * 50, (chunk + 1) * 50):
        _agree(World(seed).snapshot(), seed)


@pytest.mark.parametrize("seed", range(40))
def test_a_few_are_found_in_odd_organisations(seed: int) -> None:
    """With conditions, policies that were not read, and sets of every form."""
    _agree(odd_world(seed), seed)


@pytest.mark.parametrize("often", [0, 2])
def test_after_some_questions_everybody_is_looked_for(
    often: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers stay the same."""
    monkeypatch.setattr(makers, "_OFTEN", often)
    for seed in range(20):
        _agree(World(seed).snapshot(), seed)


@pytest.mark.parametrize("seed", range(60))
def test_all_permissions_at_once_are_each_by_itself(seed: int) -> None:
    """Whoever has one of them on a project, or may change a target."""
    for snapshot in (World(seed).snapshot(), odd_world(seed)):
        asking = Asking(Judge(snapshot, max(AT, NOON)))
        creators = Creators(asking)
        for made in (creators.code, creators.calls):
            asked = [*product(made.permissions, made.projects)]
            asked += [(made.updates[one.kind], one.name) for one in made.changed.values()]
            assert made.everybody == union(asking.who(*one) for one in asked)


def _agree(snapshot: Snapshot, seed: int) -> None:
    drawn = random.Random(seed)  # noqa: S311 - nothing secret
    judge = Judge(snapshot, max(AT, NOON))
    whole, asked = (Creators(Asking(judge)) for _ in range(2))
    for _ in range(_TIMES):
        some = _some(drawn, len(judge.universe))
        for everybody, few in ((whole.code, asked.code), (whole.calls, asked.calls)):
            assert few.among(some) == some.both(everybody.everybody), seed


def _some(drawn: random.Random, many: int) -> Degrees:
    """Few, each with a degree."""
    bits = [0, 0, 0, 0]
    for _ in range(drawn.randrange(6)):
        place = drawn.randrange(many)
        for degree in range(drawn.randrange(4), 4):
            bits[degree] |= 1 << place
    return Degrees(*bits)
