"""Two audits compared: who gained, who lost, by which change; held against each answer alone."""

import random
from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from provision.audit import Audit
from provision.audit.answers import Verdict
from provision.audit.diff import EVERYBODY_ELSE, ChangeKind, Diff, Moved, compare
from provision.audit.forms import normal
from provision.snapshot import Snapshot
from provision.snapshot.records import (
    Account,
    AnyRecord,
    Binding,
    Boundary,
    Container,
    DenyPolicy,
    DenyRule,
    Group,
    Kind,
    Membership,
    Part,
    Policy,
    Role,
    Target,
    Unread,
)
from tests.audit_world import Size
from tests.audit_world import snapshot as made_up
from tests.unit.audit.finding_worlds import (
    ANN,
    AT,
    CALLER,
    CALLS,
    FOLDER,
    INVOKER,
    NARROW,
    ORDERS,
    ORGANIZATION,
    PROJECT,
    group,
    policy,
    snapshot,
)

BOB = "user:bob@example.com"
TEAM = "group:team@example.com"
_SERVICE = Target(ORDERS, Kind.SERVICE, ingress="all")
_CUSTOM = "projects/shop-prod/roles/caller"


def _diff(before: tuple[AnyRecord, ...], after: tuple[AnyRecord, ...]) -> Diff:
    return compare(Audit(snapshot(before), AT), Audit(snapshot(after), AT))


def _one(moves: tuple[Moved, ...], who: str) -> Moved:
    found = [one for one in moves if one.principal == who]
    assert len(found) == 1, moves
    return found[0]


def _gained(found: Diff, who: str, kind: ChangeKind) -> Moved:
    """The one who gained on the one service, by a change of that kind."""
    moved = _one(found.targets[0].gained, who)
    assert [one.kind for one in moved.causes] == [kind], moved
    return moved


def _lost(found: Diff, who: str, kind: ChangeKind) -> Moved:
    moved = _one(found.targets[0].lost, who)
    assert [one.kind for one in moved.causes] == [kind], moved
    return moved


_BOUND = policy(ORDERS, (NARROW, ANN))
_TEAM_BOUND = policy(ORDERS, (NARROW, TEAM))


def test_equal_snapshots_differ_in_nothing() -> None:
    """Whatever the order of their records."""
    records = list(made_up(Size(), seed=3))
    found = compare(Audit(Snapshot.of(records)), Audit(Snapshot.of(reversed(records))))
    assert not found


def test_a_new_binding_lets_somebody_in_and_its_removal_takes_it_away() -> None:
    """And is named as the cause."""
    found = _diff((), (_BOUND,))
    moved = _gained(found, ANN, ChangeKind.BINDING)
    assert (moved.before, moved.after) == (Verdict.CANNOT, Verdict.CAN)
    assert moved.causes[0].words == f"{ANN} was given {NARROW}"
    assert (found.changes[0].gained, found.changes[0].lost) == (1, 0)
    assert _lost(_diff((_BOUND,), ()), ANN, ChangeKind.BINDING).after is Verdict.CANNOT


def test_a_condition_that_is_added_weakens() -> None:
    """From can to while."""
    conditional = policy(ORDERS, (NARROW, ANN, 'request.path == "/"'))
    moved = _lost(_diff((_BOUND,), (conditional,)), ANN, ChangeKind.BINDING)
    assert moved.after is Verdict.WHILE


def test_who_comes_into_a_group_gains_alone() -> None:
    """Those who were in it have what they had."""
    before = (_TEAM_BOUND, group(TEAM, ANN))
    found = _diff(before, (_TEAM_BOUND, group(TEAM, ANN, BOB)))
    _gained(found, BOB, ChangeKind.MEMBERSHIP)
    assert len(found.targets[0].gained) == 1


def test_who_is_in_a_group_that_is_bound_is_told_with_it() -> None:
    """A group that gains is one line with the number of those in it."""
    members = group(TEAM, ANN, BOB)
    found = _diff((members,), (_TEAM_BOUND, members))
    assert _gained(found, TEAM, ChangeKind.BINDING).members == 2
    assert len(found.targets[0].gained) == 1
    assert found.changes[0].gained == 3


def test_groups_that_contain_each_other_are_told_once() -> None:
    """One of them stands for both."""
    other = "group:other@example.com"
    groups = (group(TEAM, other, ANN), group(other, TEAM))
    found = _diff(groups, (*groups, _TEAM_BOUND))
    assert len(found.targets[0].gained) == 1
    assert found.targets[0].gained[0].members == 1


def test_a_deny_policy_takes_away() -> None:
    """From those whom it names."""
    rule = DenyRule(("principal://goog/subject/ann@example.com",), ("run.googleapis.com/*.*",))
    both = policy(ORDERS, (NARROW, ANN), (NARROW, BOB))
    found = _diff((both,), (both, DenyPolicy(FOLDER, "guard", (rule,))))
    _lost(found, ANN, ChangeKind.DENY)
    assert len(found.targets[0].lost) == 1


def test_a_custom_role_that_gains_the_permission_lets_its_holders_in() -> None:
    """Without a change of any policy."""
    bound = policy(PROJECT, (_CUSTOM, ANN))
    before = (bound, Role(_CUSTOM, ("run.services.get",)))
    after = (bound, Role(_CUSTOM, ("run.services.get", "run.routes.invoke")))
    assert (
        "run.routes.invoke" in _gained(_diff(before, after), ANN, ChangeKind.ROLE).causes[0].words
    )


def test_turning_the_invoker_check_off_lets_everybody_in() -> None:
    """Told as one, with those who are named somewhere counted."""
    found = _diff((_SERVICE, _BOUND), (replace(_SERVICE, invoker_check=False), _BOUND))
    moved = _gained(found, "allUsers", ChangeKind.GATE)
    assert moved.causes[0].words == "the invoker check was turned off"
    assert found.targets[0].lost == ()


def test_iap_cuts_those_off_who_are_bound_on_the_service() -> None:
    """IAP asks first."""
    found = _diff((_SERVICE, _BOUND), (replace(_SERVICE, iap=True), _BOUND))
    _lost(found, ANN, ChangeKind.GATE)


def test_a_disabled_account_loses_what_it_has() -> None:
    """No token is minted for it."""
    bound = policy(ORDERS, (NARROW, CALLS))
    disabled = Account(CALLER, CALLS.partition(":")[2], disabled=True)
    _lost(_diff((bound,), (bound, disabled)), CALLS, ChangeKind.ACCOUNT)


def test_a_project_that_moves_loses_what_it_inherited() -> None:
    """And is named."""
    bound = policy(FOLDER, (NARROW, ANN))
    moved = Container(PROJECT, ORGANIZATION, number="111")
    _lost(_diff((bound,), (bound, moved)), ANN, ChangeKind.PLACE)


def test_time_alone_ends_access() -> None:
    """Nobody changed anything: the condition is over, the membership ended."""
    ending = policy(
        ORDERS,
        (NARROW, ANN, 'request.time < timestamp("2026-06-02T00:00:00Z")'),
        (NARROW, TEAM),
    )
    team = Group(TEAM, (Membership(BOB, AT + timedelta(hours=12)),))
    read = snapshot((ending, team))
    found = compare(Audit(read, AT), Audit(read, AT + timedelta(days=1)))
    _lost(found, ANN, ChangeKind.TIME)
    _lost(found, BOB, ChangeKind.TIME)


def test_a_new_target_is_a_gain_of_those_who_can_invoke_it() -> None:
    """By its being there."""
    other = ORDERS.replace("orders", "baskets")
    bound = policy(PROJECT, (NARROW, ANN))
    found = _diff((bound,), (bound, Target(other, Kind.SERVICE), Policy(other)))
    assert found.targets[0].target == other
    _gained(found, ANN, ChangeKind.TARGET)


def test_a_function_that_goes_with_its_service_is_told_to_be_gone_once() -> None:
    """Two changes account for it, in the same words."""
    name = ORDERS.replace("orders", "resize")
    other = name.replace("run.", "cloudfunctions.").replace("/services/", "/functions/")
    function = Target(other, Kind.FUNCTION, generation=2, service=name)
    found = _diff((Target(name, Kind.SERVICE), policy(name, (NARROW, ANN)), function), ())
    gone = next(one for one in found.targets if one.target == other)
    lost = _one(gone.lost, ANN)
    assert [one.words for one in lost.causes].count("it is gone") == len((name, other))
    assert lost.by.count("it is gone") == 1


def test_what_can_no_longer_be_read_makes_answers_unknown_not_none() -> None:
    """Whoever had access perhaps has it still, and so has everybody else."""
    found = _diff((_BOUND,), (Unread(ORDERS, Part.POLICY, "403 denied"),))
    moved = _one(found.targets[0].lost, ANN)
    assert moved.after is Verdict.UNKNOWN
    assert ChangeKind.READING in {one.kind for one in moved.causes}
    assert _one(found.targets[0].gained, EVERYBODY_ELSE).after is Verdict.UNKNOWN


def test_who_may_mint_tokens_of_an_invoker_gains() -> None:
    """By a binding on the account, which no policy of the target shows."""
    bound = policy(ORDERS, (NARROW, CALLS))
    minting = policy(CALLER, ("roles/iam.serviceAccountTokenCreator", ANN))
    _gained(_diff((bound,), (bound, minting)), ANN, ChangeKind.BINDING)


@pytest.mark.parametrize(
    "after",
    [
        policy(PROJECT, ("roles/storage.objectViewer", ANN)),
        Container(PROJECT, FOLDER, number="111", title="Shop"),
        replace(_SERVICE, labels=(("team", "shop"),)),
    ],
    ids=["role", "title", "labels"],
)
def test_what_leads_nowhere_is_no_difference(after: AnyRecord) -> None:
    """Roles without a permission on the way, names, labels."""
    assert not _diff((_SERVICE,), (_SERVICE, after))


def test_a_change_without_effect_is_told_as_a_change() -> None:
    """Somebody who had access is given it once more."""
    found = _diff((_BOUND,), (policy(ORDERS, (NARROW, ANN), (INVOKER, ANN)),))
    assert [(one.kind, one.gained) for one in found.changes] == [(ChangeKind.BINDING, 0)]
    assert found.targets == ()


def test_a_boundary_that_comes_is_told() -> None:
    """Which cuts minting, and no request."""
    boundary = Boundary(f"{ORGANIZATION}/locations/global/principalAccessBoundaryPolicies/b")
    assert [one.kind for one in _diff((), (boundary,)).changes] == [ChangeKind.BOUNDARY]


_SMALL = Size(services=12, jobs=2, functions=4, accounts=8, users=12, groups=6, bindings=60)


def _altered(records: list[AnyRecord], chance: random.Random) -> list[AnyRecord]:
    """The same organisation some time later."""
    people = [one for record in records if isinstance(record, Group) for one in record.members]

    def bindings(one: Policy) -> Policy:
        members = tuple(each.member for each in chance.sample(people, min(2, len(people))))
        kept = tuple(each for each in one.bindings if chance.random() < 0.8)
        return replace(one, bindings=(*kept, Binding(INVOKER, members)))

    def members(one: Group) -> Group:
        return replace(one, members=tuple(m for m in one.members if chance.random() < 0.7))

    def target(one: Target) -> Target:
        return replace(one, invoker_check=not one.invoker_check)

    alter: dict[type, Callable[..., AnyRecord]] = {
        Policy: bindings,
        Group: members,
        Target: target,
    }
    return [
        alter[type(one)](one) if type(one) in alter and chance.random() < 0.1 else one
        for one in records
    ]


@pytest.mark.parametrize("seed", range(12))
def test_the_difference_is_what_the_answers_one_by_one_differ_in(seed: int) -> None:
    """For every principal that is named and every target, by `why` on either side."""
    chance = random.Random(seed)  # noqa: S311 - made up, not secret
    records = list(made_up(_SMALL, seed=seed))
    old, new = Audit(Snapshot.of(records)), Audit(Snapshot.of(_altered(records, chance)))
    told = {one.target: (*one.gained, *one.lost) for one in compare(old, new).targets}
    names = [name for name in new.judge.universe.names if name in old.judge.universe]
    for target in new.targets:
        moves = {one.principal: one for one in told.get(target, ())}
        for name in chance.sample(names, 25):
            before, after = old.why(name, target).verdict, new.why(name, target).verdict
            moved = moves.get(name) or _within(moves.values(), name, (old, new), (before, after))
            seen = (moved.before, moved.after) if moved else (before, before)
            assert seen == (before, after), (target, name)


def _within(
    moves: Iterable[Moved], name: str, audits: tuple[Audit, Audit], way: tuple[Verdict, Verdict]
) -> Moved | None:
    """The set that moved that way with somebody in it, if any did."""
    for one in moves:
        if (one.before, one.after) != way or not one.members:
            continue
        if one.principal == EVERYBODY_ELSE:
            return one
        for audit in audits:
            extent = audit.judge.members(one.principal)
            position = audit.judge.universe.bit(normal(name))
            if position is not None and (extent.sure | extent.maybe) >> position & 1:
                return one
    return None
