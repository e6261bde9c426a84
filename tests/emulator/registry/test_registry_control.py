"""The same conversations with the emulator's registry and with Debian's docker-registry."""

from typing import TYPE_CHECKING

import pytest

from tests.emulator.registry.conftest import ROOT
from tests.emulator.registry.differences import DIFFERENCES, Difference
from tests.emulator.registry.pulling import PULLING
from tests.emulator.registry.pushing import PUSHING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulator.registry.pushing import Conversation
    from tests.emulator.registry.talk import Answer, Peer

_REASONS = {(one.step, one.ours, one.theirs): one.reason for one in DIFFERENCES}


def _difference(step: str, ours: "Answer", theirs: "Answer") -> "Iterator[Difference]":
    """What differs in a step; headers and body count where status and code are the same."""
    reason = _REASONS.get((step, ours.outcome, theirs.outcome), "no reason is known")
    one, other = ours.facts(), theirs.facts()
    fields = {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}
    if ours.outcome != theirs.outcome:
        yield Difference(step, ours.outcome, theirs.outcome, reason)
    elif fields:
        yield Difference(step, ours.outcome, theirs.outcome, reason, tuple(sorted(fields)))


@pytest.mark.parametrize("conversation", PUSHING + PULLING, ids=lambda one: one.__name__)
def test_the_registry_answers_as_docker_registry_does(
    conversation: "Conversation", subject: "Peer", control: "Peer"
) -> None:
    """Status, error code, headers and body of each step; only known differences are allowed."""
    title = conversation.__name__
    found = {
        difference
        for (step, ours), (_, theirs) in zip(
            conversation(subject), conversation(control), strict=True
        )
        for difference in _difference(f"{title}: {step}", ours, theirs)
    }
    assert found == {one for one in DIFFERENCES if one.step.startswith(f"{title}: ")}


def test_every_difference_is_told_in_the_documents() -> None:
    """Each reason stands in docs/emulator.md in its own words."""
    told = " ".join((ROOT / "docs" / "emulator.md").read_text().split())
    assert [one.reason for one in DIFFERENCES if one.reason not in told] == []
