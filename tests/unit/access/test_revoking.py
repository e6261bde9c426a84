"""The edit that takes principals out of every role that lets them in."""

from provision.access.revoking import revoked
from provision.policy import Binding, Condition, Policy
from provision.roles import predefined

ROLE = "roles/run.invoker"
ANN, BOB = "user:ann@example.com", "user:bob@example.com"
SOME = Condition('request.path == "/a"', "some")
UNREADABLE = "projects/p/roles/unreadable"


def carries(role: str) -> bool | None:
    """As the table of roles says; one role cannot be read."""
    return None if role == UNREADABLE else role in predefined()


def test_every_binding_that_lets_somebody_in_is_left() -> None:
    """Conditional ones and other roles that carry the permission too."""
    policy = Policy(
        (
            Binding(ROLE, (BOB, "user:Ann@example.com")),
            Binding(ROLE, (ANN,), SOME),
            Binding("roles/run.admin", (ANN, BOB)),
        )
    )
    after, told = revoked(policy, [ANN], carries)
    assert after.bindings == (Binding(ROLE, (BOB,)), Binding("roles/run.admin", (BOB,)))
    assert [held.binding.role for held in told[0].taken] == [ROLE, ROLE, "roles/run.admin"]


def test_what_lets_nobody_in_is_left_alone() -> None:
    """Roles for looking, roles that cannot be read, deleted namesakes."""
    policy = Policy(
        (
            Binding("roles/run.viewer", (ANN,)),
            Binding(UNREADABLE, (ANN,)),
            Binding(ROLE, ("deleted:user:ann@example.com?uid=1",)),
        )
    )
    after, told = revoked(policy, [ANN], carries)
    assert after == policy
    assert told[0].taken == ()


def test_a_role_that_is_named_is_the_only_one_that_is_left() -> None:
    """Even one that lets nobody in."""
    policy = Policy((Binding(ROLE, (ANN,)), Binding("roles/run.viewer", (ANN,))))
    after, _ = revoked(policy, [ANN], carries, "roles/run.viewer")
    assert after.bindings == (Binding(ROLE, (ANN,)),)


def test_each_principal_is_told_what_it_lost() -> None:
    """Those who held nothing lost nothing."""
    policy = Policy((Binding(ROLE, (BOB,)),))
    _, told = revoked(policy, [ANN, BOB], carries)
    assert [len(one.taken) for one in told] == [0, 1]
