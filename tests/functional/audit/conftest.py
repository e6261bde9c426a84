"""`provision audit` as a user runs it: on a snapshot without any network, or on the emulator."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from provision.snapshot.records import AnyRecord
from tests.functional.audit import acme
from tests.functional.conftest import Result
from tests.functional.proofs.conftest import orders, provision

__all__ = ["offline", "orders", "provision"]

UNREACHABLE = "http://127.0.0.1:9"
"""Where nothing listens: what went there would fail."""


@dataclass(frozen=True)
class Offline:
    """`provision audit` beside the small organisation, without project, login or network.

    Args:
        directory: where it runs; ``acme.jsonl`` is there.
    """

    directory: Path
    environ: dict[str, str] = field(repr=False)

    def __call__(self, *words: str, snapshot: str = "acme.jsonl") -> Result:
        """Run a command over the snapshot."""
        return self.run(*words, "--snapshot", snapshot)

    def run(self, *words: str) -> Result:
        """Run a command as it stands."""
        done = subprocess.run(
            [sys.executable, "-m", "provision", "audit", *words],
            cwd=self.directory,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def write(self, name: str, *changes: AnyRecord) -> Path:
        """Another snapshot of the organisation, changed."""
        return acme.write(self.directory / name, *changes)

    def path(self, name: str) -> Path:
        """A file beside the snapshot."""
        return self.directory / name


@pytest.fixture
def offline(tmp_path: Path) -> Offline:
    """The command, where no request could succeed."""
    acme.write(tmp_path / "acme.jsonl")
    root = Path(__file__).parent.parent.parent.parent
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(root),
        "HTTPS_PROXY": UNREACHABLE,
        "HTTP_PROXY": UNREACHABLE,
        "COLUMNS": "80",
    }
    return Offline(tmp_path, environ)
