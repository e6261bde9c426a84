"""What docs/scale.md counts is what a reading does: as many calls of each kind."""

from collections import Counter
from collections.abc import Iterator

import pytest

from provision.clients.google import GoogleClients
from provision.clients.reading.follow import Wanted
from provision.clients.reading.steps import Outcome, Step
from provision.clients.reading.walk import Walk
from provision.snapshot import Snapshot
from provision.snapshot.records import AnyRecord, CallerKind, Kind, Part
from scripts.scale import LARGE, Organisation, by_inventory, by_quota, by_services, pages
from tests.conftest import RunningEmulator, StartEmulator
from tests.functional.audit import reading_world as world

_INVENTORIED = ("//cloudfunctions.", "//iap.", "//cloudscheduler.", "//workflows.")
"""Of these the inventory has no policies that count."""


@pytest.fixture(scope="module")
def cloud(start_emulator: StartEmulator) -> Iterator[RunningEmulator]:
    """An emulator with everything in it, for the tests of this file, which only read."""
    started = start_emulator("--engine", "none", "--operation-delay", "0")
    world.build(started)
    yield started
    started.stop()


class Reading:
    """A reading of the organisation, its calls counted.

    Args:
        google: the clients to call with.
        inventory: whether Cloud Asset Inventory is asked.
    """

    def __init__(self, google: GoogleClients, *, inventory: bool) -> None:
        self.steps: list[Step] = []
        self._records: list[AnyRecord] = []
        wanted = Wanted(world.ORG, inventory=inventory)
        self.calls = Walk(google, wanted, self._keep).go()
        self.found = Snapshot.of(self._records)

    def _keep(self, step: Step, outcome: Outcome) -> None:
        self.steps.append(step)
        self._records += outcome.records

    @property
    def kinds(self) -> Counter[str]:
        """Calls by kind of step."""
        return Counter(step.kind for step in self.steps if step.kind != "no policy")

    def places(self, kind: str) -> int:
        """In how many locations there were calls of a kind."""
        return len({step.rest[0] for step in self.steps if step.kind == kind})


def counted(reading: Reading, live: Reading) -> Organisation:
    """What a reading found there; how many places a service has, the live one tells."""
    found = reading.found
    names = {one.name for one in found.containers}
    targets = Counter(one.kind for one in found.targets)
    first = sum(one.generation == 1 for one in found.targets)
    callers = Counter(one.kind for one in found.callers)
    topics = {one.by for one in found.callers if one.by}
    unread = [one for one in found.unread if one.part is Part.ROLE]
    kept = [one for one in found.policies if one.bindings]
    bare = [one.resource for one in found.policies if not one.bindings]
    return Organisation(
        projects=sum(name.startswith("projects/") for name in names),
        folders=sum(name.startswith("folders/") for name in names),
        regions=live.places("services"),
        scheduler_places=live.places("schedules"),
        queue_places=live.places("queues"),
        services=targets[Kind.SERVICE],
        jobs=targets[Kind.JOB],
        instances=targets[Kind.INSTANCE],
        first_functions=first,
        functions=targets[Kind.FUNCTION] - first,
        accounts=len(found.accounts),
        keys=len(found.keys),
        groups=len(found.groups),
        hidden_groups=sum(one.part is Part.MEMBERS for one in found.unread),
        roles=len(found.roles) + len(unread),
        deny=len(found.deny_policies),
        boundaries=len(found.boundaries),
        iap=sum(one.resource.startswith("//iap.") for one in found.policies),
        subscriptions=callers[CallerKind.PUSH],
        triggers=callers[CallerKind.TRIGGER],
        workflows=callers[CallerKind.WORKFLOW],
        schedules=callers[CallerKind.SCHEDULER],
        queues=callers[CallerKind.QUEUE],
        topics=len(topics),
        topic_projects=len({one.split("/")[4] for one in topics}),
        policies=sum(not one.resource.startswith(_INVENTORIED) for one in kept),
        bare_projects=sum(name.startswith("projects/") for name in bare),
        bare_folders=sum(name.startswith("folders/") for name in bare),
        tags=any(step.kind == "tags" for step in reading.steps),
    )


def test_the_calls_of_a_reading_are_those_that_are_counted(cloud: RunningEmulator) -> None:
    """By kind and in sum, in both ways; nothing else is asked."""
    google = world.google_of(cloud)
    for inventory, formula in ((False, by_services), (True, by_inventory)):
        cloud.admin("DELETE", "/requests")
        reading = Reading(google, inventory=inventory)
        asked = cloud.requests()
        live = Reading(google, inventory=False) if inventory else reading
        told = formula(counted(reading, live))
        assert told == reading.kinds
        assert told.total() == len(asked)


@pytest.mark.parametrize(
    ("things", "lists", "size", "expected"),
    [(0, 3, 100, 3), (300, 3, 100, 3), (301, 3, 100, 6), (100_000, 1, 1000, 100)],
)
def test_a_list_has_a_page_even_when_it_is_empty(
    things: int, lists: int, size: int, expected: int
) -> None:
    """And one more where it is full."""
    assert pages(things, lists, size) == expected


def test_the_inventory_spares_a_large_organisation_most_calls() -> None:
    """All but what has to be read live; deny policies cost as much either way."""
    ours, theirs = by_services(LARGE), by_inventory(LARGE)
    assert theirs.total() * 5 < ours.total()
    assert by_quota(ours)["iam-deny"] == by_quota(theirs)["iam-deny"] > LARGE.projects
