"""The diff between what is and what should be."""

from dataclasses import dataclass, field

import pytest

from provision.plan import (
    Action,
    Change,
    FieldChange,
    Unknown,
    diff,
    in_short,
    lines_that_differ,
)


@dataclass(frozen=True)
class Thing:
    """A state with everything a state may hold."""

    size: int
    fields: dict[str, object] = field(default_factory=dict)
    seen: str = field(compare=False, default="")


def test_equal_states_do_not_differ() -> None:
    """Fields that the server fills are no difference."""
    assert diff(Thing(1, seen="a"), Thing(1, seen="b")) == ()


def test_a_difference_names_the_smallest_thing() -> None:
    """Paths go through mappings and through lists of one length."""
    before = Thing(1, {"template": {"containers": [{"image": "a", "port": 1}]}})
    after = Thing(1, {"template": {"containers": [{"image": "b", "port": 1}]}})
    assert diff(before, after) == (FieldChange("template.containers[0].image", "a", "b"),)


def test_what_is_new_is_told_leaf_by_leaf() -> None:
    """A value that is known later stands at its own path, not inside another."""
    after = Thing(1, {"template": {"containers": [{"image": Unknown("push")}]}})
    assert diff(None, after) == (
        FieldChange("size", None, 1),
        FieldChange("template.containers[0].image", None, Unknown("push")),
    )


def test_lists_of_other_lengths_differ_whole() -> None:
    """There is no telling which item of a shorter list is which."""
    assert diff(Thing(1, {"urls": ["a"]}), Thing(1, {"urls": ["a", "b"]})) == (
        FieldChange("urls", ["a"], ["a", "b"]),
    )


def test_what_is_taken_away_has_no_after() -> None:
    """A key that is not desired any more is a change to nothing."""
    assert diff(Thing(1, {"env": {"A": "1"}}), Thing(1, {"env": {}})) == (
        FieldChange("env.A", "1", None),
    )


def test_only_dataclasses_are_states() -> None:
    """Anything else is a mistake of ours and says so."""
    with pytest.raises(TypeError, match="dataclass"):
        diff("a", "b")


@pytest.mark.parametrize(
    ("observed", "differs", "action"),
    [
        (None, True, Action.CREATE),
        (Thing(1), True, Action.UPDATE),
        (Thing(1), False, Action.NOTHING),
    ],
)
def test_the_action_follows_from_the_change(
    observed: Thing | None, differs: bool, action: Action
) -> None:
    """Nothing there yet is created, a difference is updated, and no difference is left alone."""
    fields = (FieldChange("size", 1, 2),) if differs else ()
    assert Change("deploy", "a thing", observed, Thing(2), fields).action is action


def test_what_is_not_known_yet_says_until_when() -> None:
    """As plans print it."""
    assert str(Unknown("push")) == "(known after push)"


def test_of_a_text_with_several_lines_those_that_differ_are_told() -> None:
    """Those that go and those that come; what is new altogether is not repeated."""
    change = FieldChange("source", "a\nb\nc\n", "a\nB\nc\n")
    assert lines_that_differ(change) == ("- b", "+ B")
    assert lines_that_differ(FieldChange("source", None, "a\nb\n")) == ()
    assert lines_that_differ(FieldChange("name", "a", "b")) == ()


def test_of_very_many_lines_the_rest_is_counted() -> None:
    """A plan is read by people."""
    before, after = ("\n".join(f"{word} {n}" for n in range(9)) for word in ("old", "new"))
    told = lines_that_differ(FieldChange("source", before, after), most=4)
    assert len(told) == 5
    assert told[-1] == "… and 14 more"


def test_a_text_in_short_is_one_line() -> None:
    """Itself, or how many lines it has."""
    assert in_short("one line\n") == "one line\n"
    assert in_short("a\nb\n") == "2 lines"
