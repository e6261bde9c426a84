"""Boundaries are kept like all else."""

import signal
import time
from pathlib import Path

from google.cloud import iam_v3

from tests.conftest import Clients, StartEmulator
from tests.emulator.iam.boundary_world import (
    ORGANIZATION,
    PLACE,
    PROJECT,
    RESOURCES,
    allow_boundaries,
    boundary,
)

ADMIN, ANN = "user:admin@example.net", "user:ann@example.com"


def test_boundaries_outlive_a_kill_and_their_operations_end(
    start_emulator: StartEmulator, tmp_path: Path
) -> None:
    """What was asked for right before the emulator was killed is in effect after it."""
    arguments = ("--engine", "none", "--data", str(tmp_path), "--operation-delay")
    first = start_emulator(*arguments, "3600")
    allow_boundaries(first, ADMIN)
    first.admin("POST", "/grants", resource=PROJECT, member=ANN, role="roles/run.viewer")
    clients = Clients(first, "grpc", ADMIN)
    name = f"{PLACE}/principalAccessBoundaryPolicies/nowhere"
    begun = [
        clients.make(
            iam_v3.PrincipalAccessBoundaryPoliciesClient
        ).create_principal_access_boundary_policy(
            request={
                "parent": PLACE,
                "principal_access_boundary_policy": boundary("projects/nowhere"),
                "principal_access_boundary_policy_id": "nowhere",
            }
        ),
        clients.make(iam_v3.PolicyBindingsClient).create_policy_binding(
            request={
                "parent": PLACE,
                "policy_binding_id": "all",
                "policy_binding": {
                    "target": {"principal_set": f"{RESOURCES}/{ORGANIZATION}"},
                    "policy": name,
                },
            }
        ),
    ]
    assert not any(one.done() for one in begun)
    first.stop(signal.SIGKILL)
    second = start_emulator(*arguments, "0.05")
    client = Clients(second, "grpc", ADMIN).make(iam_v3.PolicyBindingsClient)
    end = time.monotonic() + 30
    for one in begun:
        operation = client.get_operation({"name": one.operation.name})
        while not operation.done and time.monotonic() < end:
            time.sleep(0.05)
            operation = client.get_operation({"name": one.operation.name})
        assert operation.HasField("response"), operation
    asked = {"resource": PROJECT, "permissions": ["run.services.get"]}
    answer = Clients(second, "grpc", ANN).projects.test_iam_permissions(request=asked)
    assert not answer.permissions
