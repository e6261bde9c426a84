"""Ten thousand services with policies: there at once after a start, listed by page, each whole."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
import requests
from google.cloud import run_v2
from google.iam.v1 import iam_policy_pb2, policy_pb2

from scripts.crowd import PARENT, deploy, multiply
from tests.conftest import DEVELOPER, Clients, RunningEmulator, StartEmulator

COUNT = 10_000
READERS, WRITERS, READS, WRITES = 64, 8, 25, 10
_SERVICES = "/google.cloud.run.v2.Services"


@pytest.fixture(scope="module")
def crowded(
    start_emulator: StartEmulator, tmp_path_factory: pytest.TempPathFactory
) -> RunningEmulator:
    """An emulator that was started on a folder with ten thousand services."""
    folder = tmp_path_factory.mktemp("crowd")
    first = start_emulator("--engine", "none", "--data", str(folder), "--operation-delay", "0.02")
    deploy(first.about)
    first.stop()
    multiply(folder, COUNT)
    return start_emulator("--engine", "none", "--data", str(folder))


@pytest.mark.parametrize(("transport", "size"), [("grpc", 1000), ("rest", 100)])
def test_all_are_listed_by_page_in_the_order_of_their_making(
    crowded: RunningEmulator, transport: str, size: int
) -> None:
    """Each once, the youngest first."""
    services = Clients(crowded, transport, DEVELOPER).services
    request = run_v2.ListServicesRequest(parent=PARENT, page_size=size)
    if transport == "rest":  # ten pages are enough to tell
        pages = services.list_services(request=request).pages
        names = [
            one.name for _, page in zip(range(10), pages, strict=False) for one in page.services
        ]
    else:
        names = [one.name for one in services.list_services(request=request)]
    wanted = [f"{PARENT}/services/s{number:05d}" for number in reversed(range(COUNT))]
    assert names == [*wanted, f"{PARENT}/services/orders"][: len(names)]
    assert len(names) == (1000 if transport == "rest" else COUNT + 1)


def test_each_is_whole(crowded: RunningEmulator) -> None:
    """Its policy, its revision, and its address, which asks for a token."""
    clients = Clients(crowded, "grpc", DEVELOPER)
    for number in (0, 4999, COUNT - 1):
        name = f"{PARENT}/services/s{number:05d}"
        policy = clients.services.get_iam_policy(request={"resource": name})
        assert policy.bindings[0].members == ["user:ann@example.com"]
        service = clients.services.get_service(name=name)
        revision = clients.revisions.get_revision(name=service.latest_ready_revision)
        assert revision.service == f"s{number:05d}"
        assert requests.get(service.uri, timeout=30).status_code == 403
        token = crowded.admin("POST", "/identities", member="user:ann@example.com")["access_token"]
        wrong = requests.get(service.uri, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        assert wrong.status_code == 401


def test_one_of_many_is_changed_and_deleted_like_one_of_few(crowded: RunningEmulator) -> None:
    """A new revision, and then it is gone, address included; its neighbours are not."""
    services = Clients(crowded, "grpc", DEVELOPER).services
    name, next_name = f"{PARENT}/services/s00007", f"{PARENT}/services/s00008"
    service = services.get_service(name=name)
    service.template.containers[0].env.append(run_v2.EnvVar(name="A", value="b"))
    changed = services.update_service(service=service).result(timeout=60)
    assert "s00007-00002-" in changed.latest_ready_revision
    services.delete_service(name=name).result(timeout=60)
    with pytest.raises(requests.ConnectionError):
        requests.get(service.uri, timeout=30)
    uri = services.get_service(name=next_name).uri
    assert requests.get(uri, timeout=30).status_code == 403


def in_parallel(count: int, work: Callable[[int], None]) -> None:
    """Do it so many times at once; what fails, fails here."""
    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(work, number) for number in range(count)]:
            done.result(timeout=240)


class Reader:
    """One client with a connection of its own.

    Args:
        emulator: where it reads.
    """

    def __init__(self, emulator: RunningEmulator) -> None:
        # Channels of one process share a connection unless they are told not to.
        options = [("grpc.use_local_subchannel_pool", 1)]
        self._channel = grpc.insecure_channel(emulator.grpc, options=options)
        self._metadata = (("authorization", f"Bearer {emulator.token()}"),)

    def ask(self, method: str, request: Any, answer: Any) -> Any:  # noqa: ANN401 - protobuf
        """One RPC."""
        call = self._channel.unary_unary(
            f"{_SERVICES}/{method}", lambda message: message.SerializeToString(), answer.FromString
        )
        return call(request, metadata=self._metadata, timeout=120)

    def check(self, number: int) -> None:
        """Read a service and its policy, and compare them with what they have to be."""
        name = f"{PARENT}/services/s{number:05d}"
        get = run_v2.GetServiceRequest.pb()(name=name)
        service = self.ask("GetService", get, run_v2.Service.pb())
        assert service.name == name
        assert service.latest_ready_revision.endswith(f"/s{number:05d}-00001-abc")
        asked = iam_policy_pb2.GetIamPolicyRequest(resource=name)
        policy = self.ask("GetIamPolicy", asked, policy_pb2.Policy)
        assert [list(one.members) for one in policy.bindings] == [["user:ann@example.com"]]

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()


def test_sixty_four_readers_lose_nothing(crowded: RunningEmulator) -> None:
    """Every answer comes, and is the one that was asked for; every request is recorded."""
    crowded.admin("DELETE", "/requests")

    def read(number: int) -> None:
        reader = Reader(crowded)
        for turn in range(READS):
            reader.check(100 + number * READS + turn)
        reader.close()

    in_parallel(READERS, read)
    recorded = crowded.requests()
    assert len(recorded) == READERS * READS * 2
    assert {one["status"] for one in recorded} == {"OK"}


def test_writers_among_the_readers_lose_nothing_either(crowded: RunningEmulator) -> None:
    """Eight writers bind members one by one; in the end all are there, and no read was wrong."""

    def work(number: int) -> None:
        reader = Reader(crowded)
        if number >= WRITERS:
            for turn in range(READS):
                reader.check(5000 + number * READS + turn)
        else:
            write(reader, number)
        reader.close()

    in_parallel(WRITERS + READERS, work)
    services = Clients(crowded, "grpc", DEVELOPER).services
    for number in range(WRITERS):
        name = f"{PARENT}/services/s{number + 20:05d}"
        policy = services.get_iam_policy(request={"resource": name})
        members = {member for binding in policy.bindings for member in binding.members}
        assert members == {
            "user:ann@example.com",
            *(f"user:u{turn}@example.com" for turn in range(WRITES)),
        }


def write(reader: Reader, number: int) -> None:
    """Add members to a policy, each under the etag that was read."""
    name = f"{PARENT}/services/s{number + 20:05d}"
    for turn in range(WRITES):
        asked = iam_policy_pb2.GetIamPolicyRequest(resource=name)
        policy = reader.ask("GetIamPolicy", asked, policy_pb2.Policy)
        policy.bindings[0].members.append(f"user:u{turn}@example.com")
        wanted = iam_policy_pb2.SetIamPolicyRequest(resource=name, policy=policy)
        told = reader.ask("SetIamPolicy", wanted, policy_pb2.Policy)
        assert len(told.bindings[0].members) == turn + 2
