"""A service that is there, its policy as its users left it, and `provision` beside no spec."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from google.cloud import run_v2
from google.iam.v1 import policy_pb2

from tests.conftest import Clients, RunningEmulator
from tests.e2e.emulator_shell import new_shell
from tests.functional.conftest import Result

REGION = "asia-east1"
INVOKER = "roles/run.invoker"


@dataclass(frozen=True)
class Provision:
    """`provision`, in an empty directory.

    Args:
        directory: where it runs.
        environ: its whole environment.
    """

    directory: Path
    environ: Mapping[str, str] = field(repr=False)

    def __call__(self, *words: str, **environ: str) -> Result:
        """Run a command."""
        done = subprocess.run(
            [sys.executable, "-m", "provision", *words],
            cwd=self.directory,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def provision(emulator: RunningEmulator, tmp_path: Path) -> Provision:
    """The command, with a project and a region from the environment."""
    shell = new_shell(emulator.http, tmp_path)
    place = {"CLOUDSDK_CORE_PROJECT": emulator.project, "CLOUDSDK_RUN_REGION": REGION}
    return Provision(tmp_path, {**shell, **place})


@dataclass(frozen=True)
class Orders:
    """The service `orders` and its policy, by Google's own client.

    Args:
        services: the client.
        name: its full name.
    """

    services: Any
    name: str

    def policy(self) -> policy_pb2.Policy:
        """Its policy, conditions included."""
        request = {"resource": self.name, "options": {"requested_policy_version": 3}}
        found: policy_pb2.Policy = self.services.get_iam_policy(request=request)
        return found

    def set(self, policy: policy_pb2.Policy) -> None:
        """Write the policy; the etag in it has to be the current one, if there is one."""
        self.services.set_iam_policy(request={"resource": self.name, "policy": policy})

    def invokers(self) -> list[str]:
        """Who holds the invoker's role without a condition."""
        bindings = [one for one in self.policy().bindings if one.role == INVOKER]
        return [
            member for one in bindings if not one.HasField("condition") for member in one.members
        ]


@pytest.fixture
def orders(grpc_clients: Clients, emulator: RunningEmulator, pushed_image: str) -> Orders:
    """A private service without a policy."""
    parent = f"projects/{emulator.project}/locations/{REGION}"
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    made = grpc_clients.services.create_service(
        parent=parent, service_id="orders", service=run_v2.Service(template=template)
    ).result(timeout=30)
    return Orders(grpc_clients.services, made.name)
