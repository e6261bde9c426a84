"""Deny policies are kept like all else."""

import signal
import time
from pathlib import Path

from google.cloud import iam_v2

from tests.conftest import Clients, StartEmulator
from tests.emulator.iam.test_deny_policies import (
    BOB,
    BOB_V2,
    INVOKE,
    ORGANIZATION,
    PROJECT,
    point,
    policy,
)

OWNER = "user:developer@example.com"


def test_deny_policies_outlive_a_kill_and_their_operations_end(
    start_emulator: StartEmulator, tmp_path: Path
) -> None:
    """What was asked for right before the emulator was killed is in effect after it."""
    arguments = ("--engine", "none", "--data", str(tmp_path), "--operation-delay")
    first = start_emulator(*arguments, "3600")
    for member, role in ((BOB, "roles/run.invoker"), (OWNER, "roles/iam.denyAdmin")):
        first.admin("POST", "/grants", resource=ORGANIZATION, member=member, role=role)
    client = Clients(first, "grpc", OWNER).make(iam_v2.PoliciesClient)
    wanted = {"parent": point(PROJECT), "policy": policy([BOB_V2], [INVOKE]), "policy_id": "stop"}
    running = client.create_policy(request=wanted)
    assert not running.done()
    first.stop(signal.SIGKILL)
    second = start_emulator(*arguments, "0.05")
    client = Clients(second, "grpc", OWNER).make(iam_v2.PoliciesClient)
    end = time.monotonic() + 30
    operation = client.get_operation({"name": running.operation.name})
    while not operation.done and time.monotonic() < end:
        time.sleep(0.05)
        operation = client.get_operation({"name": running.operation.name})
    assert operation.HasField("response"), operation
    asked = {"resource": PROJECT, "permissions": ["run.routes.invoke"]}
    answer = Clients(second, "grpc", BOB).projects.test_iam_permissions(request=asked)
    assert not answer.permissions
