"""The edit that lets principals in: what is added, replaced, or left because it is there."""

from datetime import UTC, datetime, timedelta

import pytest

from provision.access.granting import MAX_CONDITIONS, Offer, Outcome, granted, written_by_us
from provision.conditions import compose, read
from provision.errors import ProvisionError
from provision.policy import Binding, Condition, Policy

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ROLE = "roles/run.invoker"
ANN, BOB = "user:ann@example.com", "user:bob@example.com"


def limited(hours: float | None = 8, path: str | None = None, reason: str = "") -> Offer:
    """What `--for`, `--path` and `--reason` offer."""
    until = NOW + timedelta(hours=hours) if hours is not None else None
    condition = compose(until=until, path=path, who="user:me@example.com", reason=reason)
    return Offer(ROLE, condition, read(condition))


def grant(policy: Policy, offer: Offer, *members: str) -> tuple[Policy, list[Outcome]]:
    """The policy afterwards, and what became of each."""
    after, told = granted(policy, members or (ANN,), offer, NOW)
    return after, [one.outcome for one in told]


def test_a_plain_grant_joins_the_binding_of_its_role() -> None:
    """One binding a role, whoever is in it already."""
    after, outcomes = grant(Policy((Binding(ROLE, (BOB,)),)), Offer(ROLE))
    assert after.bindings == (Binding(ROLE, (BOB, ANN)),)
    assert outcomes == [Outcome.GRANTED]


def test_what_is_granted_in_another_spelling_is_granted() -> None:
    """Case makes no difference in e-mails."""
    policy = Policy((Binding(ROLE, ("user:Ann@Example.com",)),))
    assert grant(policy, Offer(ROLE)) == (policy, [Outcome.ALREADY])


def test_a_deleted_principal_is_not_the_one_of_its_name() -> None:
    """A new account of the same address has to be let in anew; the deleted form stays."""
    gone = "deleted:user:ann@example.com?uid=1"
    after, outcomes = grant(Policy((Binding(ROLE, (gone,)),)), Offer(ROLE))
    assert after.bindings == (Binding(ROLE, (gone, ANN)),)
    assert outcomes == [Outcome.GRANTED]


def test_a_limited_grant_has_a_binding_of_its_own() -> None:
    """Several principals of one call share it."""
    offer = limited()
    after, _ = grant(Policy((Binding(ROLE, ("user:x@example.com",)),)), offer, ANN, BOB)
    assert after.bindings[1] == Binding(ROLE, (ANN, BOB), offer.condition)


def test_the_same_terms_again_change_nothing() -> None:
    """A second run of the same command with --until."""
    policy, _ = grant(Policy(), limited(reason="OPS-1"))
    assert grant(policy, limited()) == (policy, [Outcome.ALREADY])
    assert grant(policy, limited(reason="OPS-1")) == (policy, [Outcome.ALREADY])


@pytest.mark.parametrize(
    ("hours", "outcome"),
    [(24, Outcome.EXTENDED), (1, Outcome.SHORTENED), (None, Outcome.EXTENDED)],
)
def test_a_new_end_replaces_our_own_earlier_grant(hours: float | None, outcome: Outcome) -> None:
    """Of the same principal, role and path; the one before is told."""
    path = "/reports/*"
    policy, _ = grant(Policy(), limited(8, path))
    offer = limited(hours, path)
    after, told = granted(policy, [ANN], offer, NOW)
    assert after.bindings == (Binding(ROLE, (ANN,), offer.condition),)
    assert told[0].outcome is outcome
    assert told[0].before == NOW + timedelta(hours=8)


def test_a_grant_that_is_over_is_renewed_in_its_place() -> None:
    """Nothing that has run out stays behind."""
    old = compose(until=NOW - timedelta(hours=1), path=None, who="me", reason="")
    after, outcomes = grant(Policy((Binding(ROLE, (ANN,), old),)), limited())
    assert outcomes == [Outcome.RENEWED]
    assert [one.condition for one in after.bindings] == [limited().condition]


def test_another_reason_is_written_down() -> None:
    """The same end for another ticket."""
    policy, _ = grant(Policy(), limited(reason="OPS-1"))
    after, outcomes = grant(policy, limited(reason="OPS-2"))
    assert outcomes == [Outcome.CHANGED]
    condition = after.bindings[0].condition
    assert condition is not None
    assert read(condition).reason == "OPS-2"


def test_others_in_our_earlier_binding_keep_their_terms() -> None:
    """Only the one who was named gets the new end."""
    offer = limited(8)
    policy, _ = grant(Policy(), offer, ANN, BOB)
    after, _ = grant(policy, limited(24), ANN)
    assert after.bindings[0] == Binding(ROLE, (BOB,), offer.condition)


@pytest.mark.parametrize(
    "condition",
    [
        Condition('request.time < timestamp("2026-11-22T13:00:00Z")', "theirs"),
        Condition(
            'request.time < timestamp("2026-11-22T13:00:00Z") && request.host == "a"',
            "provision grant until 2026-11-22T13:00:00Z",
        ),
        Condition(
            'request.time < timestamp("2026-11-23T13:00:00Z")',
            "provision grant until 2026-11-22T13:00:00Z",
            "Asked by user:me@example.com until 2026-11-22T13:00:00Z",
        ),
        Condition(
            'request.time < timestamp("2026-11-22T13:00:00Z")',
            "provision grant until 2026-11-22T13:00:00Z",
        ),
        Condition(
            'request.time <= timestamp("2026-11-22T13:00:00Z")',
            "provision grant until 2026-11-22T13:00:00Z",
            "Asked by user:me@example.com until 2026-11-22T13:00:00Z",
        ),
    ],
)
def test_what_others_wrote_or_changed_is_never_replaced(condition: Condition) -> None:
    """A title of ours is not enough: the whole condition has to be ours."""
    theirs = Binding(ROLE, (ANN,), condition)
    after, told = granted(Policy((theirs,)), [ANN], limited(), NOW)
    assert after.bindings[0] == theirs
    assert told[0].outcome is Outcome.GRANTED
    assert told[0].beside == (condition,)


@pytest.mark.parametrize("path", [None, "/a", "/a/*", "/ü/*", "/" + "long/" * 60 + "x"])
@pytest.mark.parametrize("reason", ["", "OPS-7: für Ännes Audit", "until 2027: x"])
@pytest.mark.parametrize("who", ["user:me@example.com", "principal://a/" + "x" * 200, ""])
def test_what_was_written_is_known_again(path: str | None, reason: str, who: str) -> None:
    """Also where title and description had to be cut."""
    until = NOW + timedelta(hours=8)
    condition = compose(until=until, path=path, who=who, reason=reason)
    found = written_by_us(condition)
    assert found is not None
    assert (found.until, found.reason) == (until, reason)


def test_a_grant_for_another_path_stands_beside() -> None:
    """It is another grant."""
    policy, _ = grant(Policy(), limited(8, "/a"))
    after, _ = grant(policy, limited(8, "/b"))
    assert len(after.bindings) == 2


def test_a_grant_without_a_limit_stands_beside_the_limited_one() -> None:
    """And says so."""
    policy, _ = grant(Policy(), limited())
    after, told = granted(policy, [ANN], Offer(ROLE), NOW)
    assert after.bindings == (*policy.bindings, Binding(ROLE, (ANN,)))
    assert told[0].beside == (limited().condition,)


def test_an_end_means_nothing_to_whom_holds_it_for_good() -> None:
    """Nothing is written, and it is told apart from success."""
    policy = Policy((Binding(ROLE, (ANN,)),))
    after, outcomes = grant(policy, limited(), ANN, BOB)
    assert outcomes == [Outcome.UNLIMITED, Outcome.GRANTED]
    assert after.bindings[0] == policy.bindings[0]


def test_more_conditions_than_iam_takes_are_refused_beforehand() -> None:
    """20 bindings of one role and principal."""
    bindings = tuple(
        Binding(ROLE, (ANN,), Condition(f'request.path == "/{n}"', str(n)))
        for n in range(MAX_CONDITIONS)
    )
    assert grant(Policy(bindings[1:]), limited())[1] == [Outcome.GRANTED]
    with pytest.raises(ProvisionError, match="under 21 conditions"):
        grant(Policy(bindings), limited())
    assert grant(Policy(bindings), limited(), BOB)[1] == [Outcome.GRANTED]
