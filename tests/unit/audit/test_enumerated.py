"""The evaluator against a plain enumeration of the rules, on thousands of small organisations."""

import random
from itertools import product

import pytest

from provision.audit import Audit
from provision.audit.answers import Answer, Verdict
from provision.snapshot import Snapshot
from tests.unit.audit.enumerator import Enumerator
from tests.unit.audit.random_world import NOON, PRINCIPALS, World

CAN, WHILE, UNKNOWN, CANNOT = Verdict
_CHUNK = 100
_ASKED = 3
"""Principals who are asked about in each organisation, drawn by its seed."""

_NAMELESS = ("allUsers", "allAuthenticatedUsers")


@pytest.mark.parametrize("chunk", range(20))
def test_every_verdict_is_the_enumerated_one(chunk: int) -> None:
    """For every target, of a hundred organisations at a time; a failure names its seed."""
    seeds = range(chunk * _CHUNK, (chunk + 1) * _CHUNK)
    assert not [wrong for seed in seeds for wrong in _wrong(seed, named=True)]


@pytest.mark.parametrize("chunk", range(2))
def test_nor_does_it_take_a_record_to_be_asked_about(chunk: int) -> None:
    """Principals whom no record names get the answers that follow from the sets they are in."""
    seeds = range(chunk * _CHUNK, (chunk + 1) * _CHUNK)
    assert not [wrong for seed in seeds for wrong in _wrong(seed, named=False)]


def _wrong(seed: int, *, named: bool) -> list[tuple[int, str, str, str]]:
    """Pairs of which the evaluator and the enumerator say something different."""
    snapshot = World(seed, named=named).snapshot()
    audit, enumerator = Audit(snapshot), Enumerator(snapshot, NOON)
    wrong = []
    for principal, target in product(_drawn(seed), audit.targets):
        found = audit.why(principal, target).verdict
        expected = enumerator.verdict(principal, target)
        if found is not expected:
            wrong.append((seed, principal, target, f"{found}, not {expected}"))
    return wrong


def _drawn(seed: int) -> list[str]:
    return random.Random(seed).sample(PRINCIPALS, _ASKED)  # noqa: S311 - nothing secret


@pytest.mark.parametrize("chunk", range(4))
def test_all_questions_have_the_same_answer(chunk: int) -> None:
    """What `why` says of a pair, `who` says of the target, `what` of the principal, and so on."""
    wrong = []
    for seed in range(10_000 + chunk * 20, 10_000 + (chunk + 1) * 20):
        snapshot = World(seed).snapshot()
        audit = Audit(snapshot)
        asked = {
            (name, target): audit.why(name, target)
            for name, target in product(_everybody(audit), audit.targets)
        }
        problems = (*_of_who(audit, asked), *_of_what(audit, asked), *_of_sets(audit, asked))
        wrong += [(seed, *problem) for problem in problems]
    assert not wrong


Asked = dict[tuple[str, str], Answer]
Problem = tuple[str, str, str]


def _everybody(audit: Audit) -> list[str]:
    universe = audit.judge.universe
    return list(universe.members(universe.all))


def _of_who(audit: Audit, asked: Asked) -> list[Problem]:
    """`who` leaves out only those who get in as anybody does, or of whom nothing is known."""
    wrong = []
    for target in audit.targets:
        told = {answer.principal: answer for answer in audit.who(target)}
        wrong += [
            (name, target, f"who: {answer.verdict}")
            for name, answer in told.items()
            if answer.verdict is not asked[name, target].verdict
        ]
        anybody = min((told[one].verdict.rank for one in _NAMELESS if one in told), default=9)
        rest = UNKNOWN.rank if audit.rest(target) else anybody
        for (name, where), answer in asked.items():
            if where != target or name in told or answer.verdict is CANNOT:
                continue
            if answer.verdict.rank < min(anybody, rest):
                wrong.append((name, target, f"who: nothing, not {answer.verdict}"))
    return wrong


def _of_what(audit: Audit, asked: Asked) -> list[Problem]:
    """`what` leaves out only what the principal does not get into."""
    wrong = []
    for name in {name for name, _ in asked}:
        told = {answer.target: answer.verdict for answer in audit.what(name)}
        wrong += [
            (name, target, f"what: {told.get(target, CANNOT)}, not {asked[name, target].verdict}")
            for target in audit.targets
            if told.get(target, CANNOT) is not asked[name, target].verdict
        ]
    return wrong


def _of_sets(audit: Audit, asked: Asked) -> list[Problem]:
    """The bits of the bulk answer are those of the answers one by one, or those of anybody."""
    wrong = []
    universe = audit.judge.universe
    for target in audit.targets:
        sets = audit.sets(target)
        summary = dict(audit.summary(target).verdicts)
        single = [name for name in _everybody(audit) if not universe.mask(name) & universe.sets]
        own = sum(bool(universe.mask(name) & sets.can) for name in single)
        if summary.get(CAN, 0) != own:
            wrong.append(("", target, f"summary: {summary}, not {own} that can"))
        for name in _everybody(audit):
            bit, answer = universe.mask(name), asked[name, target]
            if (sets.can | sets.while_ | sets.via) & bit and answer.verdict.rank > WHILE.rank:
                wrong.append((name, target, f"sets: in, not {answer.verdict}"))
            if sets.unknown & bit and answer.verdict is CANNOT:
                wrong.append((name, target, "sets: unknown, not cannot"))
            could = any(path.second_order for path in answer.paths)
            if sets.granting & bit and not could:
                wrong.append((name, target, "sets: could grant, by no path"))
    return wrong


@pytest.mark.parametrize("chunk", range(4))
def test_in_bulk_as_one_by_one(chunk: int) -> None:
    """The holders of a permission are those who are judged to have it, each with that verdict."""
    wrong = []
    for seed in range(20_000 + chunk * 25, 20_000 + (chunk + 1) * 25):
        judge = Audit(World(seed).snapshot()).judge
        for permission, resource in _questions(World(seed).snapshot()):
            holders = judge.holders(permission, resource)
            for name in judge.universe.members(judge.universe.all):
                position = judge.universe.bit(name)
                assert position is not None
                one = judge.judge(name, permission, resource).verdict
                if holders.verdict(position) is not one:
                    wrong.append((seed, name, permission, resource, holders.verdict(position), one))
    assert not wrong


def _questions(snapshot: Snapshot) -> list[tuple[str, str]]:
    accounts = [one.name for one in snapshot.accounts]
    minting = ("iam.serviceAccounts.getOpenIdToken", "iam.serviceAccounts.implicitDelegation")
    return [
        *product(("run.routes.invoke",), [one.name for one in snapshot.targets[:2]]),
        ("run.jobs.run", snapshot.targets[2].name),
        *product(minting, accounts),
        ("run.services.setIamPolicy", snapshot.targets[0].name),
        *product(("resourcemanager.projects.setIamPolicy",), ("projects/p", "projects/q")),
    ]
