"""Everybody at once and one by one are judged by different code: it must say the same."""

import pytest

from provision.audit.answers import Verdict
from provision.audit.audit import Audit
from provision.audit.judge import Judge
from provision.snapshot import Snapshot
from tests.unit.audit.odd_world import AT, JOB, PROXIED, SERVICE, odd_world

_ACCOUNT = "//iam.googleapis.com/projects/one/serviceAccounts/app@one.iam.gserviceaccount.com"
_RESOURCES = (SERVICE, JOB, _ACCOUNT, "projects/one", "organizations/1")
_PERMISSIONS = (
    "run.routes.invoke",
    "run.jobs.run",
    "iam.serviceAccounts.getAccessToken",
    "resourcemanager.projects.setIamPolicy",
    "cloudscheduler.jobs.run",
)
_SEEDS = range(40)


@pytest.mark.parametrize("seed", _SEEDS)
def test_everybody_at_once_is_judged_as_one_by_one(seed: int) -> None:
    """Whatever the world: the same verdict for every name, permission and resource."""
    judge = Judge(odd_world(seed), AT)
    for resource in _RESOURCES:
        for permission in _PERMISSIONS:
            holders = judge.holders(permission, resource)
            at_once = [holders.verdict(place) for place in range(len(judge.universe))]
            alone = [judge.judge(name, permission, resource) for name in judge.universe.names]
            assert at_once == [one.verdict for one in alone], (permission, resource)


@pytest.mark.parametrize("seed", _SEEDS)
def test_an_answer_says_why(seed: int) -> None:
    """A path where somebody gets in, reasons where it is not known, blocks where nobody does."""
    audit = Audit(odd_world(seed), AT)
    for target in audit.targets:
        for name in audit.judge.universe.names:
            answer = audit.why(name, target)
            first = [path for path in answer.paths if not path.second_order]
            if answer.verdict in {Verdict.CAN, Verdict.WHILE}:
                assert first[0].verdict is answer.verdict
                assert bool(first[0].condition) is (answer.verdict is Verdict.WHILE)
            elif answer.verdict is Verdict.UNKNOWN:
                assert answer.reasons
            else:
                assert answer.blocks
                assert not first


@pytest.mark.parametrize("seed", _SEEDS)
def test_the_three_questions_agree(seed: int) -> None:
    """Whom `who` names and what `what` names is as `why` has it; nobody is left out."""
    audit = Audit(odd_world(seed), AT)
    names = audit.judge.universe.names
    by_what = {name: {one.target: one.verdict for one in audit.what(name)} for name in names}
    for target in audit.targets:
        by_who = {one.principal: one.verdict for one in audit.who(target)}
        public = audit.public(target)
        for name in names:
            verdict = audit.why(name, target).verdict
            assert by_what[name].get(target, Verdict.CANNOT) is verdict, (name, target)
            if name in by_who:
                assert by_who[name] is verdict, (name, target)
            elif verdict is Verdict.UNKNOWN:
                assert audit.rest(target) or public is not Verdict.CANNOT, (name, target)
            else:
                assert verdict is Verdict.CANNOT or public is not Verdict.CANNOT, (name, target)


def test_two_judges_of_one_snapshot_say_the_same_in_the_same_order() -> None:
    """What was read in another order is told in the same one."""
    first = odd_world(7)
    second = Snapshot.of(reversed(list(first)))
    names = Judge(first, AT).universe.names
    assert names == Judge(second, AT).universe.names
    for target in (SERVICE, JOB, PROXIED):
        one, other = (Audit(snapshot, AT).who(target) for snapshot in (first, second))
        assert [(a.principal, a.verdict) for a in one] == [(a.principal, a.verdict) for a in other]
