"""The first answers about a target, with the others counted: the same as all of them."""

from dataclasses import replace

import pytest

from provision.audit import Audit
from provision.audit.answers import Answer, Verdict
from provision.cli.audit_answers import How, how, worth_telling
from provision.cli.audit_first import first
from tests.audit_world import Size, snapshot

_MOST = 2
_SMALL = Size(services=30, jobs=6, functions=6, accounts=25, users=40, groups=12, bindings=260)
_SIZES = (
    replace(_SMALL, conditional=0.4, impersonation=0.3, deny=8, boundaries=5),
    replace(_SMALL, conditional=0.1, impersonation=0.4, unread=0.06, iap=0.2, disabled=0.2),
    replace(_SMALL, impersonation=0.2, callers=0.5, keys=0.3, deny=0, boundaries=0),
)


def _grouped(audit: Audit, target: str) -> dict[How, list[Answer]]:
    groups: dict[How, list[Answer]] = {}
    for one in worth_telling(audit.who(target)):
        kind = how(one)
        assert kind is not None
        groups.setdefault(kind, []).append(one)
    return groups


@pytest.mark.parametrize("size", _SIZES, ids=["conditions", "unread", "callers"])
@pytest.mark.parametrize("seed", range(2))
def test_the_first_answers_are_those_of_all_and_the_others_are_counted(
    size: Size, seed: int
) -> None:
    """In the same order, with the same verdicts, by the same ways; of every target."""
    audit = Audit(snapshot(size, seed=seed))
    asked = 0
    for target in audit.targets:
        found = first(audit, target, _MOST)
        if found is None:
            assert audit.public(target) is not Verdict.CANNOT
            continue
        asked += 1
        every = _grouped(audit, target)
        assert found.keys() == every.keys()
        for kind, rows in every.items():
            told = [(one.principal, one.verdict) for one in found[kind]]
            assert told == [(one.principal, one.verdict) for one in rows]
            assert list(found[kind][:_MOST]) == rows[:_MOST]
            if kind in {How.UNKNOWN, How.GRANT}:
                assert list(found[kind]) == rows
    assert asked > len(audit.targets) // 4
