"""Cloud Storage as the default identity and as somebody without any role."""

import pytest

from tests.conftest import RunningEmulator
from tests.emulator.storage.kit import STRANGER, Storage


@pytest.fixture
def storage(emulator: RunningEmulator) -> Storage:
    """As the owner of the project."""
    return Storage(emulator)


@pytest.fixture
def stranger(emulator: RunningEmulator) -> Storage:
    """As somebody who may do nothing yet."""
    return Storage(emulator, STRANGER)


@pytest.fixture
def anonymous(emulator: RunningEmulator) -> Storage:
    """As nobody."""
    return Storage(emulator, "")
