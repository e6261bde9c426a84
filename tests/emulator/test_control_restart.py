"""State that survives: a kill without warning, and a stop, and a start on the same folder."""

import signal
from pathlib import Path

import pytest
import requests
from google.api_core import exceptions
from google.cloud import run_v2
from google.longrunning import operations_pb2

from tests.conftest import (
    DEVELOPER,
    Clients,
    ImagePusher,
    RunningEmulator,
    StartEmulator,
    make_repository,
)

PARENT = "projects/demo-project/locations/asia-east1"
ORDERS = f"{PARENT}/services/orders"


@pytest.fixture
def start(start_emulator: StartEmulator, tmp_path: Path) -> StartEmulator:
    """Starts emulators on one folder."""

    def started(*arguments: str) -> RunningEmulator:
        return start_emulator("--engine", "none", "--data", str(tmp_path / "data"), *arguments)

    return started


def deploy(emulator: RunningEmulator) -> str:
    """Deploy the service `orders` and bind an invoker; its address."""
    clients = Clients(emulator, "grpc", DEVELOPER)
    make_repository(clients, "demo-project")
    image = ImagePusher(emulator).push("asia-east1/demo-project/services/hello", "v1")
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=image)])
    service = clients.services.create_service(
        parent=PARENT, service_id="orders", service=run_v2.Service(template=template)
    ).result(timeout=30)
    policy = clients.services.get_iam_policy(request={"resource": ORDERS})
    policy.bindings.add(role="roles/run.invoker", members=["user:ann@example.com"])
    clients.services.set_iam_policy(request={"resource": ORDERS, "policy": policy})
    return str(service.uri)


def published_keys(emulator: RunningEmulator) -> object:
    """What ID tokens are verified with."""
    return requests.get(f"{emulator.http}/oauth2/v3/certs", timeout=30).json()["keys"]


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_everything_is_as_it_was_after_a_restart(start: StartEmulator, signum: int) -> None:
    """Ports, addresses, services, policies, images and tokens."""
    first = start()
    uri = deploy(first)
    token, ports, keys = first.token(), (first.http, first.grpc), published_keys(first)
    first.stop(signum)
    second = start()
    assert (second.http, second.grpc) == ports
    assert published_keys(second) == keys
    second.tokens[DEVELOPER] = token
    clients = Clients(second, "grpc", DEVELOPER)
    service = clients.services.get_service(name=ORDERS)
    assert service.uri == uri
    assert service.terminal_condition.state.name == "CONDITION_SUCCEEDED"
    policy = clients.services.get_iam_policy(request={"resource": ORDERS})
    assert [list(one.members) for one in policy.bindings] == [["user:ann@example.com"]]
    assert policy.etag[0] == 7
    service.template.containers[0].env.append(run_v2.EnvVar(name="A", value="b"))
    after = clients.services.update_service(service=service).result(timeout=30)
    assert "orders-00002-" in after.latest_ready_revision
    second.stop()


def test_a_roll_out_that_was_cut_off_is_finished_after_the_restart(start: StartEmulator) -> None:
    """The operation is still there by its name, and becomes done."""
    first = start()
    deploy(first)
    first.admin("POST", "/settings", operationDelay=60)
    clients = Clients(first, "grpc", DEVELOPER)
    service = run_v2.Service(name=ORDERS, ingress="INGRESS_TRAFFIC_INTERNAL_ONLY")
    request = run_v2.UpdateServiceRequest(service=service, update_mask="ingress")
    operation = clients.services.update_service(request=request)
    first.stop(signal.SIGKILL)
    second = start("--operation-delay", "0.05")
    again = Clients(second, "grpc", DEVELOPER).services
    answer = again.wait_operation({"name": operation.operation.name, "timeout": {"seconds": 30}})
    # Google's client has no class for this answer, and gives its bytes.
    assert operations_pb2.Operation.FromString(answer).done
    found = again.get_service(name=ORDERS)
    assert found.ingress.name == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    assert not found.reconciling
    second.stop()


def test_without_a_folder_nothing_is_left(start_emulator: StartEmulator) -> None:
    """Memory only: the next one knows nothing of it."""
    first = start_emulator("--engine", "none")
    deploy(first)
    assert first.stop() == 0
    second = start_emulator("--engine", "none")
    with pytest.raises(exceptions.NotFound):
        Clients(second, "grpc", DEVELOPER).services.get_service(name=ORDERS)
    second.stop()


def test_a_taken_port_is_told_without_a_traceback(start_emulator: StartEmulator) -> None:
    """The second emulator on a port ends with 1 before its start line."""
    first = start_emulator("--engine", "none")
    port = first.http.rpartition(":")[2]
    with pytest.raises(AssertionError, match="ended before it was ready"):
        start_emulator("--engine", "none", "--port", port)
    first.stop()
