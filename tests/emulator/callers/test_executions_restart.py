"""Executions across a stop of the emulator."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from google.cloud.workflows import executions_v1

from tests.conftest import DEVELOPER, Clients, RunningEmulator, StartEmulator
from tests.emulator.callers.kit import LOCATION, deploy_workflow, execute, executions

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
def start(start_emulator: StartEmulator, tmp_path: Path) -> Callable[[], RunningEmulator]:
    """Starts emulators on one folder."""
    return lambda: start_emulator(
        "--engine", "none", "--data", str(tmp_path), "--operation-delay", "0"
    )


def test_what_was_running_has_failed_and_what_had_ended_is_as_it_was(
    start: Callable[[], RunningEmulator],
) -> None:
    """After a stop and after a kill; the workflow can be executed again at once."""
    ends = signal.SIGTERM, signal.SIGKILL
    running: list[str] = []
    for end in ends:
        emulator = start()
        clients = Clients(emulator, "grpc", DEVELOPER)
        deploy_workflow(clients, SOURCE)
        done = execute(clients, 0)
        begun = executions(clients).create_execution(
            parent=WORKFLOW, execution=executions_v1.Execution(argument="600")
        )
        running.append(begun.name)
        emulator.stop(end)
    clients = Clients(start(), "grpc", DEVELOPER)
    client = executions(clients)
    for name in running:
        found = client.get_execution(name=name)
        assert (found.state, found.argument) == (STATE.FAILED, "600")
        assert json.loads(found.error.payload)["tags"] == ["SystemError"]
    assert client.get_execution(name=done.name) == done
    assert execute(clients, 0).result == '"rested"'
