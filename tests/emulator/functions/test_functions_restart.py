"""Functions survive a stop, a kill without warning, and an emulator that was cut off in between."""

import signal
from pathlib import Path

import pytest
from google.cloud import functions_v2

from tests.conftest import DEVELOPER, Clients, RunningEmulator, StartEmulator
from tests.emulator.functions.workbench import (
    HELLO,
    OLD,
    SERVICE,
    account,
    bind,
    create,
    create_first,
    deploy,
    deploy_first,
    first_function,
    function,
    id_token,
    status,
    update,
    v1,
    v2,
)


@pytest.fixture
def start(start_emulator: StartEmulator, tmp_path: Path) -> StartEmulator:
    """Starts emulators on one folder."""

    def started(*arguments: str) -> RunningEmulator:
        return start_emulator("--engine", "none", "--data", str(tmp_path / "data"), *arguments)

    return started


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
def test_functions_are_where_they_were(start: StartEmulator, signum: int) -> None:
    """Both generations with their addresses, policies and sources."""
    first = start("--operation-delay", "0")
    clients = Clients(first, "grpc", DEVELOPER)
    made, older = deploy(clients), deploy_first(clients)
    ann = account(clients, "ann-caller")
    bind(clients.services, SERVICE, "roles/run.invoker", f"serviceAccount:{ann}")
    bind(v1(clients), OLD, "roles/cloudfunctions.invoker", f"serviceAccount:{ann}")
    urls = (made.url, made.service_config.uri, older.https_trigger.url)
    first.stop(signum)
    second = start("--operation-delay", "0")
    clients = Clients(second, "grpc", DEVELOPER)
    assert v2(clients).get_function(name=HELLO) == made
    assert v1(clients).get_function(name=OLD) == older
    for url in urls:
        assert status(url) == 403
        assert status(url, id_token(clients, ann, url)) == 200
    changed = update(clients, {"name": HELLO, "labels": {"team": "orders"}}, "labels")
    assert changed.state == functions_v2.Function.State.ACTIVE
    second.stop()


def test_a_deployment_that_was_cut_off_is_taken_up_again(start: StartEmulator) -> None:
    """Creations of both generations become done after the next start."""
    first = start("--operation-delay", "60")
    clients = Clients(first, "grpc", DEVELOPER)
    going = create(clients, function(clients))
    older = create_first(clients, first_function(clients))
    first.stop(signal.SIGKILL)
    second = start("--operation-delay", "0")
    clients = Clients(second, "grpc", DEVELOPER)
    for name, made in ((HELLO, going), (OLD, older)):
        done = v2(clients).get_operation({"name": made.operation.name})
        while not done.done:  # bounded by the test's own time
            done = v2(clients).get_operation({"name": made.operation.name})
        assert not done.HasField("error")
        assert v2(clients).get_function(name=name).state == functions_v2.Function.State.ACTIVE
    second.stop()
