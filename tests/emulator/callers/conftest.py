"""What is called by what calls."""

from collections.abc import Iterator

import pytest

from tests.emulator.callers.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Something on this machine that writes down what comes."""
    with receiving() as made:
        yield made
