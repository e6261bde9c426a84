"""From what a user wrote to a member of a policy: nothing is guessed silently."""

import pytest

from provision.access.completing import Completer, Known, check_may_be_granted
from provision.errors import UsageError

ROBOT = "robot@demo-project.iam.gserviceaccount.com"


def completer(*known: Known, group: bool | None = None, answer: str = "") -> Completer:
    """One that knows some members, and where somebody may be asked."""
    return Completer(lambda: known, lambda _: group, (lambda _: answer) if answer else None)


def test_what_is_written_out_is_taken_as_it_is() -> None:
    """Each principal once, whatever its case."""
    named = completer().members(["user:Ann@example.com", "user:ann@example.com", "group:g@x.org"])
    assert [one.member for one in named] == ["user:Ann@example.com", "group:g@x.org"]
    assert [one.told_by for one in named] == ["", ""]


def test_an_account_is_known_by_its_domain() -> None:
    """And it is said how."""
    named = completer().members([ROBOT])[0]
    assert named.member == f"serviceAccount:{ROBOT}"
    assert "domain" in named.told_by


def test_an_address_that_stands_somewhere_is_completed_as_it_stands() -> None:
    """An address is a user's or a group's, never both."""
    known = Known(["group:Eng@example.com", "user:ann@example.com"], "in the spec")
    named = completer(known).members(["eng@example.com"])[0]
    assert named.member == "group:eng@example.com"
    assert "in the spec" in named.told_by


def test_a_group_that_cloud_identity_knows_is_a_group() -> None:
    """The one answer that it gives for sure."""
    assert completer(group=True).members(["eng@example.com"])[0].member == "group:eng@example.com"


def test_a_person_who_can_be_asked_is_asked() -> None:
    """And answers."""
    named = completer(answer="user").members(["ann@example.com"])[0]
    assert (named.member, named.told_by) == ("user:ann@example.com", "you said so")


def test_all_that_cannot_be_told_is_refused_at_once() -> None:
    """With what to write instead."""
    with pytest.raises(UsageError) as caught:
        completer().members(["ann@example.com", "nobody", "bob@example.com"])
    assert len(str(caught.value).splitlines()) == 3
    assert "user:bob@example.com or group:bob@example.com" in caught.value.hint


@pytest.mark.parametrize(
    "member",
    [
        "allUsers",
        "allAuthenticatedUsers",
        "deleted:user:ann@example.com?uid=1",
        "projectEditor:demo-project",
    ],
)
def test_nobody_is_let_in_who_cannot_be_named(member: str) -> None:
    """Everybody, nobody any more, and whoever holds a basic role."""
    with pytest.raises(UsageError):
        check_may_be_granted([member])
