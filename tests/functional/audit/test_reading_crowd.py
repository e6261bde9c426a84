"""Reading a thousand services by Cloud Asset Inventory, page by page, and interrupted."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from provision.clients.google import GoogleClients
from provision.clients.reading import read, write
from provision.clients.reading.follow import Wanted
from provision.clients.reading.inventory import KINDS
from provision.clients.reading.journal import beside
from provision.clients.reading.steps import Outcome, Step
from provision.clients.reading.walk import Walk
from provision.snapshot import Snapshot, load
from provision.snapshot.records import AnyRecord, Header, Target
from scripts.crowd import deploy, multiply
from scripts.scale import pages
from tests.conftest import DEVELOPER, RunningEmulator, StartEmulator
from tests.functional.audit import reading_world as world

COUNT = 1_010
"""Services beside `orders`: two pages of assets, three of policies."""
_SERVICES = "run.googleapis.com/Service"


@pytest.fixture(scope="module")
def crowded(
    start_emulator: StartEmulator, tmp_path_factory: pytest.TempPathFactory
) -> RunningEmulator:
    """An emulator that was started on a folder with thousands of services."""
    folder = tmp_path_factory.mktemp("crowd")
    first = start_emulator("--engine", "none", "--data", str(folder), "--operation-delay", "0")
    deploy(first.about)
    roles = ("roles/cloudasset.viewer", "roles/iam.securityReviewer")
    for role in roles:
        first.admin("POST", "/grants", resource=world.PROJECT, member=DEVELOPER, role=role)
    first.stop()
    multiply(folder, COUNT)
    return start_emulator("--engine", "none", "--data", str(folder))


@pytest.fixture(scope="module")
def google(crowded: RunningEmulator) -> GoogleClients:
    """The product's clients, of the developer."""
    return world.google_of(crowded)


@pytest.fixture(scope="module")
def whole(google: GoogleClients) -> Snapshot:
    """The project, read without any trouble."""
    return read(google, world.PROJECT, inventory=True)


@pytest.fixture
def cloud(crowded: RunningEmulator) -> RunningEmulator:
    """The emulator, without faults."""
    crowded.admin("DELETE", "/faults")
    crowded.admin("DELETE", "/requests")
    return crowded


def known(records: Snapshot) -> Counter[AnyRecord]:
    """What a snapshot holds, in no order, the header and the inventory's own gap aside."""
    return Counter(
        one for one in records if not isinstance(one, Header) and "instances" not in str(one)
    )


def test_every_page_is_read_and_none_twice(google: GoogleClients) -> None:
    """Thousands of services and their policies, as live; in as many calls as there are pages."""
    steps: list[Step] = []
    records: list[AnyRecord] = []

    def keep(step: Step, outcome: Outcome) -> None:
        steps.append(step)
        records.extend(outcome.records)

    Walk(google, Wanted(world.PROJECT, inventory=True), keep).go()
    listed = sum(one.kind == "inventory" and one.rest[0] == _SERVICES for one in steps)
    searched = sum(one.kind == "inventory of policies" for one in steps)
    assert (listed, searched) == (pages(COUNT + 1, 1, 1000), pages(COUNT + 2, 1, 500)) == (2, 3)
    assert len(steps) == len(set(steps))
    live = known(read(google, world.PROJECT))
    assert known(Snapshot.of(records)) == live
    assert sum(isinstance(one, Target) for one in live) == COUNT + 1


def start_reading(cloud: RunningEmulator, file: Path, pages_read: int) -> subprocess.Popen[str]:
    """`provision audit snapshot --inventory`, each page late, until so many were answered."""
    late = {"kind": "latency", "seconds": 0.5, "times": None}
    cloud.admin("POST", "/faults", method="*.AssetService/*", **late)
    command = [sys.executable, "-m", "provision", "audit", "snapshot", "--inventory"]
    process = subprocess.Popen(
        [*command, "--scope", "project/demo-project", "-o", str(file)],
        env={**os.environ, "PROVISION_EMULATOR": cloud.http},
        stderr=subprocess.DEVNULL,
        text=True,
    )
    while answered(file) < pages_read:
        assert process.poll() is None
    return process


def answered(file: Path) -> int:
    """How many calls to the inventory a file's journal has the answers of."""
    journal = beside(file)
    lines = journal.read_bytes().splitlines()[1:] if journal.exists() else []
    kinds = [f'[["{kind}",'.encode() for kind in KINDS if kind != "no policy"]
    return sum(line.startswith(tuple(kinds)) for line in lines)


@pytest.mark.parametrize("pages_read", [9, 11], ids=["among assets", "among policies"])
def test_an_interrupted_run_goes_on_with_the_next_page(
    cloud: RunningEmulator,
    google: GoogleClients,
    whole: Snapshot,
    tmp_path: Path,
    pages_read: int,
) -> None:
    """No page whose answer came is asked for again, and nothing is missing or double."""
    file = tmp_path / "org.jsonl.zst"
    process = start_reading(cloud, file, pages_read)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    before = answered(file)
    cloud.admin("DELETE", "/faults")
    cloud.admin("DELETE", "/requests")
    write(google, world.PROJECT, file, inventory=True)
    asked = [one for one in cloud.requests() if "AssetService" in one["method"]]
    assert len(asked) == 8 + 2 + 3 - before
    assert known(load(file)) == known(whole)


@pytest.mark.parametrize("method", ["ListAssets", "SearchAllIamPolicies"])
def test_a_page_that_is_not_there_any_more_is_asked_from_the_first(
    cloud: RunningEmulator, google: GoogleClients, whole: Snapshot, method: str
) -> None:
    """Its token ended while the run was interrupted; what was listed before counts once."""
    skip = 9 if method == "ListAssets" else 2
    ended = {"code": "INVALID_ARGUMENT", "message": "the page token ended", "times": 1}
    cloud.admin("POST", "/faults", method=f"*.AssetService/{method}", skip=skip, **ended)
    found = read(google, world.PROJECT, inventory=True)
    (played,) = cloud.admin("GET", "/faults")["faults"]
    assert played["played"] == 1
    assert known(found) == known(whole)
