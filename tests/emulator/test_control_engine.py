"""The whole emulator with a Docker engine: what a roll-out does to containers."""

import signal
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
import requests
from google.api_core import exceptions
from google.cloud import run_v2

from tests.conftest import DEVELOPER, Clients, RunningEmulator, StartEmulator
from tests.emulator.base_image import push_base

pytestmark = pytest.mark.engine
PARENT = "projects/demo-project/locations/asia-east1"
ORDERS = f"{PARENT}/services/orders"
SERVE = ["-m", "http.server", "8080"]
FAIL = ["-c", "print('no configuration'); raise SystemExit(3)"]


@pytest.fixture
def start(start_emulator: StartEmulator, tmp_path: Path) -> StartEmulator:
    """Starts emulators on one folder, with the engine that the environment names."""
    return lambda: start_emulator("--data", str(tmp_path / "data"), "--operation-delay", "0.05")


@pytest.fixture
def running(start: StartEmulator) -> Iterator[RunningEmulator]:
    """An emulator with an engine."""
    emulator = start()
    assert emulator.about["engine"]
    yield emulator
    emulator.stop()


def service_of(image: str, args: list[str]) -> run_v2.Service:
    """A service that runs Python with arguments."""
    container = run_v2.Container(image=image, command=["python3"], args=args)
    template = run_v2.RevisionTemplate(containers=[container])
    return run_v2.Service(template=template)


def status_of(emulator: RunningEmulator, service: run_v2.Service) -> int:
    """What an invoker is answered at the service's loopback address."""
    clients = Clients(emulator, "grpc", DEVELOPER)
    account = service.template.service_account
    token = clients.credentials.generate_id_token(
        request={
            "name": f"projects/-/serviceAccounts/{account}",
            "audience": service.urls[-1],
            "include_email": True,
        }
    ).token
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(service.urls[-1], headers=headers, timeout=30).status_code


def let_in(emulator: RunningEmulator, account: str) -> None:
    """Make an account an invoker."""
    services = Clients(emulator, "grpc", DEVELOPER).services
    policy = services.get_iam_policy(request={"resource": ORDERS})
    policy.bindings.add(role="roles/run.invoker", members=[f"serviceAccount:{account}"])
    services.set_iam_policy(request={"resource": ORDERS, "policy": policy})


def test_a_failed_revision_leaves_the_good_one_serving_and_its_log_behind(
    running: RunningEmulator,
) -> None:
    """The first revision goes on answering; the second one's last words can be read."""
    services = Clients(running, "grpc", DEVELOPER).services
    image = push_base(running)
    service = services.create_service(
        parent=PARENT, service_id="orders", service=service_of(image, SERVE)
    ).result(timeout=120)
    let_in(running, service.template.service_account)
    assert status_of(running, service) == 200
    failing = service_of(image, FAIL)
    failing.name = ORDERS
    with pytest.raises(exceptions.FailedPrecondition, match="PORT=8080") as caught:
        services.update_service(service=failing).result(timeout=120)
    failed = services.get_service(name=ORDERS)
    assert failed.terminal_condition.revision_reason.name == "HEALTH_CHECK_CONTAINER_ERROR"
    assert failed.latest_ready_revision == service.latest_ready_revision
    address = str(caught.value.message).partition("Logs URL: ")[2].split()[0]
    assert "no configuration" in requests.get(address, timeout=30).text
    assert status_of(running, failed) == 200


def test_a_killed_emulator_s_services_run_again_after_a_restart(
    running: RunningEmulator, start: StartEmulator
) -> None:
    """Killed without warning, started again: the service answers its invoker, and nobody else."""
    services = Clients(running, "grpc", DEVELOPER).services
    service = services.create_service(
        parent=PARENT, service_id="orders", service=service_of(push_base(running), SERVE)
    ).result(timeout=120)
    let_in(running, service.template.service_account)
    running.stop(signal.SIGKILL)
    second = start()
    found = Clients(second, "grpc", DEVELOPER).services.get_service(name=ORDERS)
    assert found.urls == service.urls
    assert status_of(second, found) == 200
    assert requests.get(found.urls[-1], timeout=30).status_code == 403
    second.stop()


def test_what_a_killed_emulator_left_is_taken_away_by_the_next(
    start_emulator: StartEmulator,
) -> None:
    """Its network has no owner any more; those of emulators that run are left alone."""
    engine = docker.from_env()
    killed, living = start_emulator(), start_emulator()
    names = {pid: network_of(engine, pid) for pid in (killed.about["pid"], living.about["pid"])}
    assert all(names.values())
    killed.stop(signal.SIGKILL)
    start_emulator().stop()
    assert network_of(engine, killed.about["pid"]) == []
    assert network_of(engine, living.about["pid"]) == names[living.about["pid"]]
    living.stop()
    engine.close()


def network_of(engine: docker.DockerClient, process: int) -> list[str]:
    """The networks that an emulator's process made."""
    found = engine.networks.list(filters={"label": "provision.emulator.pid"})
    return [
        str(network.name)
        for network in found
        if network.attrs["Labels"]["provision.emulator.pid"].endswith(f":{process}")
    ]
