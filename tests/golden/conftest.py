"""The recordings, where they are at hand."""

from pathlib import Path

import pytest

from tests.golden.recordings import GOLDEN


@pytest.fixture(scope="session")
def golden() -> Path:
    """The folder of recordings, which is not part of the project."""
    if not GOLDEN.is_dir():
        pytest.skip("the recordings (../shared/golden) are not at hand")
    return GOLDEN
