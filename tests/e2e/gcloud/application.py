"""An application with its spec, as a user has it, in whichever cloud the suite runs against."""

import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.cloud.target import Target


@dataclass(frozen=True)
class Application:
    """An application with its spec.

    Args:
        path: its directory.
        target: where it goes.
        service: its service's name.
    """

    path: "Path"
    target: "Target"
    service: str

    def declare(self, **fields: object) -> None:
        """Write the spec of a service."""
        self.write(service=self.service, ingress="all", **fields)

    def write(self, **fields: object) -> None:
        """Write a spec with these fields; account and invokers are the run's own."""
        spec = {
            "project": self.target.project,
            "region": self.target.region,
            "service_account": self.target.name("run"),
            "invokers": [self.target.member],
            **fields,
        }
        (self.path / "provision.yaml").write_text(yaml.safe_dump(spec))

    def provision(self, *words: str, code: int = 0) -> str:
        """Run `provision`; what it printed."""
        done = self.tried(*words)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def tried(self, *words: str) -> subprocess.CompletedProcess[str]:
        """How `provision` ended, whatever came of it."""
        return subprocess.run(
            [sys.executable, "-m", "provision", *words],
            cwd=self.path,
            env=dict(self.target.environ),
            capture_output=True,
            text=True,
            timeout=1200,
            stdin=subprocess.DEVNULL,
            check=False,
        )
