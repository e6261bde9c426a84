"""Ways in as somebody else: by bulk, one by one, and from made-up organisations."""

import pytest

from provision.audit import Audit
from provision.audit.answers import HopKind, Verdict
from tests.audit_world import Size, snapshot

_SMALL = Size(
    services=30, jobs=6, functions=6, accounts=24, users=30, groups=9, bindings=160, callers=1
)


@pytest.fixture(scope="module", params=[1, 2, 3])
def audit(request: pytest.FixtureRequest) -> Audit:
    """Of three organisations, each with two projects."""
    return Audit(snapshot(_SMALL, request.param, ("team-a", "team-b")))


def test_the_same_seed_makes_the_same_organisation() -> None:
    """And another seed another one."""
    assert list(snapshot(_SMALL, 1)) == list(snapshot(_SMALL, 1))
    assert list(snapshot(_SMALL, 1)) != list(snapshot(_SMALL, 2))


def test_whoever_gets_in_by_bulk_has_a_path_of_that_verdict(audit: Audit) -> None:
    """Every principal that the bulk counts surely has a sure way, as itself or as another."""
    asked = 0
    for target in audit.targets.values():
        bulk = audit.indirect.impersonating(target)
        for name in audit.judge.universe.members(bulk.can):
            asked += 1
            paths = [*audit.indirect.paths(name, target), *audit.gates.paths(name, target)]
            verdicts = {path.verdict for path in paths if not path.second_order}
            assert Verdict.CAN in verdicts, (name, target.name)
    assert asked


def test_whoever_could_grant_by_bulk_has_a_path_with_a_change(audit: Audit) -> None:
    """Or gets in without any."""
    asked = 0
    for target in audit.targets.values():
        for name in audit.judge.universe.members(audit.indirect.granting(target).can):
            paths = [*audit.indirect.paths(name, target), *audit.gates.paths(name, target)]
            asked += any(path.second_order for path in paths)
            assert paths, (name, target.name)
    assert asked


def test_a_path_holds_together(audit: Audit) -> None:
    """Each hop begins where the last one ended; the last one ends at the target."""
    for target in audit.targets.values():
        for name in list(audit.judge.universe.members(audit.indirect.impersonating(target).can))[
            :5
        ]:
            paths = audit.indirect.paths(name, target, most=3)
            for path in (one for one in paths if not one.second_order):
                ends = [hop.end for hop in path.hops]
                assert path.hops[0].start == name
                assert [hop.start for hop in path.hops[1:]] == ends[:-1], path
                assert ends[-1] in {target.name, target.service}


def test_everybody_who_calls_by_themselves_is_told(audit: Audit) -> None:
    """From the caller on: as its account, and then in."""
    told = [path for target in audit.targets.values() for path in audit.indirect.callers(target)]
    assert told
    assert all(path.hops[0].kind is HopKind.CALLS_AS for path in told)


def test_all_are_told_in_the_order_in_which_they_were_read(audit: Audit) -> None:
    """Though those of a project are looked at together; and each as it is told alone."""
    found = list(audit.summaries())
    assert [one.target.name for one in found] == list(audit.targets)
    assert found == [audit.summary(name) for name in audit.targets]
    assert list(audit.standing()) == [(one.public, bool(one.unknown)) for one in found]


def test_one_answer_is_as_everybody_s_answers_have_it(audit: Audit) -> None:
    """The same paths, for whoever is told of."""
    for target in list(audit.targets)[:4]:
        for answer in audit.who(target):
            assert audit.answer(answer.principal, target) == answer
