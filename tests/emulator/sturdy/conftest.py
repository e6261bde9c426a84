"""What the tests of faults, size and strange requests share."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import RunningEmulator

PARENT = "projects/demo-project/locations/asia-east1"
ACCOUNTS = "google.iam.admin.v1.IAM"
RUN = "google.cloud.run.v2.Services"

SetFault = Callable[..., dict[str, Any]]


@pytest.fixture
def fault(emulator: RunningEmulator) -> SetFault:
    """Sets a fault; all of them are gone after the test, as every test begins with a reset."""

    def set_one(method: str, **more: object) -> dict[str, Any]:
        told: dict[str, Any] = emulator.admin("POST", "/faults", method=method, **more)
        return told

    return set_one


@pytest.fixture
def statuses(emulator: RunningEmulator) -> Callable[[str], list[str]]:
    """Tells how each recorded request of a method ended."""

    def told(method: str) -> list[str]:
        return [one["status"] for one in emulator.requests() if one["method"] == method]

    return told
