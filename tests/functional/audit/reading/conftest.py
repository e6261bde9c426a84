"""One emulator a file with everything in it that an audit reads; the tests only read."""

from collections.abc import Iterator

import pytest

from provision.clients.google import GoogleClients
from tests.conftest import RunningEmulator, StartEmulator
from tests.functional.audit import reading_world as world


@pytest.fixture(scope="module")
def running(start_emulator: StartEmulator) -> Iterator[RunningEmulator]:
    """An emulator with everything in it, for the tests of this file, which only read."""
    started = start_emulator("--engine", "none", "--operation-delay", "0")
    world.build(started)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def google(running: RunningEmulator) -> GoogleClients:
    """The product's clients, of the developer."""
    return world.google_of(running)


@pytest.fixture
def cloud(running: RunningEmulator) -> Iterator[RunningEmulator]:
    """The emulator with nothing recorded; its faults and delays are taken away afterwards."""
    running.admin("DELETE", "/faults")
    running.admin("DELETE", "/requests")
    yield running
    running.admin("DELETE", "/faults")
    running.admin("POST", "/settings", assetDelay=0)
