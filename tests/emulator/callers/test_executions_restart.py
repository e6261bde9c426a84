"""Executions across a stop of the emulator."""

import json
import signal
from pathlib import Path

import pytest
from google.cloud import workflows_v1
from google.cloud.workflows import executions_v1
from google.longrunning import operations_pb2

from tests.conftest import DEVELOPER, Clients, RunningEmulator, StartEmulator
from tests.emulator.callers.kit import (
    LOCATION,
    deploy_workflow,
    execute,
    executions,
    workflows,
)
from tests.emulator.callers.receiver import eventually

WORKFLOW = f"{LOCATION}/workflows/orders"
STATE = executions_v1.Execution.State
SOURCE = """
main:
  params: [seconds]
  steps:
    - rest:
        call: sys.sleep
        args:
          seconds: ${seconds}
    - done:
        return: rested
"""


@pytest.fixture
def start(start_emulator: StartEmulator, tmp_path: Path) -> StartEmulator:
    """Starts emulators on one folder."""

    def started(*options: str) -> RunningEmulator:
        usual = ("--engine", "none", "--data", str(tmp_path), "--operation-delay", "0")
        return start_emulator(*usual, *options)

    return started


BROKEN = "- a:\n    call: nothing.there\n"


def test_what_was_going_on_has_failed_and_what_had_ended_is_as_it_was(
    start: StartEmulator,
) -> None:
    """After a stop and after a kill; a source that was to be refused is; all goes on at once."""
    running, refused = [], []
    for end in (signal.SIGTERM, signal.SIGKILL):
        emulator = start()
        clients = Clients(emulator, "grpc", DEVELOPER)
        deploy_workflow(clients, SOURCE)
        done = execute(clients, 0)
        begun = executions(clients).create_execution(
            parent=WORKFLOW, execution=executions_v1.Execution(argument="600")
        )
        running.append(begun.name)
        emulator.admin("POST", "/settings", operationDelay=60)
        wanted = workflows_v1.Workflow(source_contents=BROKEN)
        refused.append(
            workflows(clients)
            .create_workflow(parent=LOCATION, workflow=wanted, workflow_id="broken")
            .operation.name
        )
        emulator.stop(end)
    clients = Clients(start(), "grpc", DEVELOPER)
    for name in running:
        found = executions(clients).get_execution(name=name)
        assert (found.state, found.argument) == (STATE.FAILED, "600")
        assert json.loads(found.error.payload)["tags"] == ["SystemError"]
    assert executions(clients).get_execution(name=done.name) == done
    assert execute(clients, 0).result == '"rested"'
    for name in refused:
        request = operations_pb2.GetOperationRequest(name=name)
        eventually(lambda asked=request: workflows(clients).get_operation(asked).done)  # type: ignore[misc] # bound now
        told = workflows(clients).get_operation(request).error.message
        assert "symbol 'nothing' not found" in told
    assert [one.name for one in workflows(clients).list_workflows(parent=LOCATION)] == [WORKFLOW]
