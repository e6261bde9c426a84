"""Who can call, until when; and whose time is over."""

from datetime import UTC, datetime, timedelta

from provision.access.standing import grants, pruned
from provision.conditions import State, compose
from provision.policy import Binding, Condition, Policy
from provision.roles import predefined

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ROLE = "roles/run.invoker"
ANN, BOB = "user:ann@example.com", "user:bob@example.com"


def ours(hours: float, path: str | None = None) -> Condition:
    """A condition of `provision grant` that ends in some hours."""
    return compose(until=NOW + timedelta(hours=hours), path=path, who=ANN, reason="OPS-1")


def carries(role: str) -> bool | None:
    """As the table of roles says; one role cannot be read."""
    return None if role == "projects/p/roles/unreadable" else role in predefined()


THEIRS = Condition('request.time < timestamp("2026-11-01T00:00:00Z")', "for October")


def test_everybody_who_can_call_is_told_with_where_it_stands() -> None:
    """Public members first, then who gets in, then who does not."""
    policy = Policy(
        (
            Binding(ROLE, (BOB, "deleted:user:x@example.com?uid=1")),
            Binding(ROLE, (ANN,), ours(-1)),
            Binding(ROLE, ("user:carol@example.com",), ours(1, "/a")),
            Binding("roles/run.viewer", ("user:looks@example.com",)),
            Binding("projects/p/roles/unreadable", ("allUsers",)),
        )
    )
    found = grants(policy, "projects/p", carries, NOW, "service")
    assert [(one.member, one.state) for one in found] == [
        ("allUsers", State.ACTIVE),
        (BOB, State.ACTIVE),
        ("user:carol@example.com", State.CONDITIONAL),
        ("deleted:user:x@example.com?uid=1", State.ACTIVE),
        (ANN, State.EXPIRED),
    ]
    assert [one.lets_in for one in found] == [True, True, True, False, False]
    assert [one.certain for one in found] == [False, True, True, True, True]
    assert found[2].terms.reason == "OPS-1"


def test_only_our_own_expired_grants_are_taken_out() -> None:
    """What others wrote, and what has not ended, stays as it is."""
    kept = (
        Binding(ROLE, (BOB,)),
        Binding(ROLE, (ANN,), ours(1)),
        Binding(ROLE, (ANN,), THEIRS),
    )
    policy = Policy((*kept, Binding(ROLE, (ANN, BOB), ours(-1))))
    after, over = pruned(policy, NOW)
    assert after.bindings == kept
    assert [one.member for one in over] == [ANN, BOB]
    assert over[0].since == NOW - timedelta(hours=1)


def test_everybodys_expired_bindings_go_when_asked_for() -> None:
    """And nothing else."""
    policy = Policy((Binding(ROLE, (BOB,)), Binding("roles/run.viewer", (ANN,), THEIRS)))
    after, over = pruned(policy, NOW, everybodys=True)
    assert after.bindings == policy.bindings[:1]
    assert [one.member for one in over] == [ANN]


def test_nothing_expired_is_nothing_to_change() -> None:
    """The policy is the same one."""
    policy = Policy((Binding(ROLE, (BOB,)),))
    assert pruned(policy, NOW, everybodys=True) == (policy, ())
