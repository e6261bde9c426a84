"""Who can invoke by a policy, and the edit that makes it exactly the spec."""

from datetime import UTC, datetime

import pytest

from provision.invokers import Wanted, bound, missing_roles, others, public, with_exactly
from provision.policy import Binding, Condition, Policy
from provision.roles import predefined

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
INVOKER = "roles/run.invoker"
ANN = "user:ann@example.com"
BOB = "user:bob@example.com"


def carries(role: str) -> bool | None:
    """As the roles' own listing says; a custom role that nobody may read is not known."""
    return None if role == "projects/p/roles/unreadable" else role in predefined()


def wanted(*members: str, exclusive: bool = False) -> Wanted:
    """What a spec with these invokers wants."""
    return Wanted(INVOKER, members, exclusive)


def until(time: str) -> Condition:
    """A condition as `provision grant` writes it."""
    return Condition(f'request.time < timestamp("{time}")', "provision grant until then")


def test_members_are_compared_as_google_compares_them() -> None:
    """Case does not matter in e-mails, so the other spelling is no second grant."""
    policy = Policy((Binding(INVOKER, ("user:Ann@Example.com",)),))
    assert bound(policy, wanted(ANN)) == {ANN}
    assert with_exactly(policy, wanted(ANN), ()) == policy


def test_a_conditional_binding_is_no_grant() -> None:
    """A condition may stop holding, so the spec's invoker gets a binding of its own."""
    policy = Policy((Binding(INVOKER, (ANN,), Condition("request.path == '/a'")),))
    assert bound(policy, wanted(ANN)) == frozenset()
    assert with_exactly(policy, wanted(ANN), ()).bindings == (
        *policy.bindings,
        Binding(INVOKER, (ANN,)),
    )


@pytest.mark.parametrize("role", sorted(predefined()))
def test_public_members_are_found_in_every_role_that_carries_the_permission(role: str) -> None:
    """The invoker role is only one of them."""
    policy = Policy((Binding(role, ("allAuthenticatedUsers", ANN)),))
    found = public(policy, wanted(ANN), carries)
    assert [holding.member for holding in found] == ["allAuthenticatedUsers"]
    assert with_exactly(policy, wanted(), found).bindings == (Binding(role, (ANN,)),)


def test_a_role_that_cannot_be_read_counts_as_open() -> None:
    """When in doubt, a public member opens the service."""
    policy = Policy((Binding("projects/p/roles/unreadable", ("allUsers",)),))
    assert len(public(policy, wanted(), carries)) == 1


def test_public_members_of_harmless_roles_are_left() -> None:
    """Who may look at a service does not thereby call it."""
    policy = Policy((Binding("roles/run.viewer", ("allUsers",)),))
    assert public(policy, wanted(), carries) == ()


def test_public_members_that_the_spec_names_stay() -> None:
    """The spec says so in so many words."""
    policy = Policy((Binding(INVOKER, ("allUsers",)),))
    assert public(policy, wanted("allUsers"), carries) == ()


def test_others_are_told_but_not_what_is_granted_for_a_time() -> None:
    """An unexpired binding of `provision grant` is spared; an expired one is not."""
    policy = Policy(
        (
            Binding(INVOKER, (BOB,)),
            Binding(INVOKER, ("user:later@example.com",), until("2026-11-22T00:00:00Z")),
            Binding(INVOKER, ("user:past@example.com",), until("2026-11-20T00:00:00Z")),
            Binding("roles/run.admin", ("group:ops@example.com",)),
            Binding("roles/run.viewer", ("user:looks@example.com",)),
            Binding(INVOKER, ("deleted:user:gone@example.com?uid=1",)),
        )
    )
    found = [holding.member for holding in others(policy, wanted(ANN), carries, NOW)]
    assert found == [BOB, "user:past@example.com", "group:ops@example.com"]


def test_everything_else_in_the_policy_is_kept() -> None:
    """Order, conditions and deleted members of other people survive an edit."""
    theirs = Binding("roles/run.viewer", ("user:x@example.com", "deleted:user:y@example.com?uid=2"))
    under = Binding(INVOKER, (BOB,), Condition("request.host == 'a'", "theirs"))
    policy = Policy((theirs, Binding(INVOKER, (BOB, "allUsers")), under))
    edited = with_exactly(policy, wanted(ANN), public(policy, wanted(ANN), carries))
    assert edited.bindings == (theirs, Binding(INVOKER, (BOB, ANN)), under)


def test_further_roles_are_given_told_and_missed_beside_the_invoker_s() -> None:
    """What an account needs beside being an invoker; the spelling of a member does not count."""
    viewer = "roles/run.viewer"
    both = Wanted(INVOKER, (ANN, BOB), exclusive=True, further=((viewer, ANN),))
    policy = Policy((Binding(INVOKER, ("user:Ann@Example.com",)),))
    assert bound(policy, both) == {ANN}
    assert missing_roles(policy, both, ANN) == {viewer}
    assert missing_roles(policy, both, BOB) == {INVOKER}
    edited = with_exactly(policy, both, ())
    assert bound(edited, both) == both.all == {ANN, BOB, f"{ANN} as {viewer}"}
    assert missing_roles(edited, both, ANN) == frozenset()
    assert edited.holders(viewer) == (ANN,)
    assert others(edited, both, carries, NOW) == ()
