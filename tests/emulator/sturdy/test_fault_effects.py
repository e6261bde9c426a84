"""Faults of what goes on behind a request: operations, reads of the past, slow policies, pushes."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from google.api_core import exceptions, operation
from google.api_core.future import polling
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.cloud import run_v2
from google.oauth2.credentials import Credentials

from tests.conftest import Clients, ImagePusher, RunningEmulator, make_repository
from tests.emulator.sturdy.conftest import ACCOUNTS, PARENT, RUN, SetFault

ORDERS = f"{PARENT}/services/orders"
REPOSITORIES = "google.devtools.artifactregistry.v1.ArtifactRegistry"
QUICK = polling.DEFAULT_POLLING.with_timeout(0.5).with_delay(initial=0.05, maximum=0.1)
FAR = 3600.0


def create(clients: Clients, image: str) -> operation.Operation:
    """Begin to make the service `orders`."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=image)])
    return clients.services.create_service(
        parent=PARENT, service_id="orders", service=run_v2.Service(template=template)
    )


def invokers(clients: Clients) -> list[str]:
    """Who is bound on the service `orders`."""
    policy = clients.services.get_iam_policy(request={"resource": ORDERS})
    return [member for binding in policy.bindings for member in binding.members]


def bind(clients: Clients, *members: str) -> None:
    """Let members, and no others, invoke `orders`."""
    policy = clients.services.get_iam_policy(request={"resource": ORDERS})
    del policy.bindings[:]
    policy.bindings.add(role="roles/run.invoker", members=members)
    clients.services.set_iam_policy(request={"resource": ORDERS, "policy": policy})


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_operation_that_never_ends(
    clients: Clients, fault: SetFault, pushed_image: str, when: str
) -> None:
    """The client gives up waiting; with `after` the service is there all the same."""
    fault(f"{RUN}/CreateService", kind="pending-operation", when=when)
    begun = create(clients, pushed_image)
    with pytest.raises(TimeoutError):
        begun.result(polling=QUICK)
    while when == "after" and clients.services.get_service(name=ORDERS).reconciling:
        time.sleep(0.05)
    assert not begun.done()
    service = clients.services.get_service(name=ORDERS)
    assert service.reconciling is (when == "before")
    assert bool(service.uri) is (when == "after")


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_operation_that_ends_in_failure(clients: Clients, fault: SetFault, when: str) -> None:
    """With the code and words that were asked for; polling tells it, not the request."""
    method = f"{REPOSITORIES}/DeleteRepository"
    make_repository(clients, "demo-project")
    fault(method, kind="failed-operation", code="ABORTED", message="no luck", when=when)
    begun = clients.repositories.delete_repository(name=f"{PARENT}/repositories/services")
    with pytest.raises(exceptions.Aborted, match="no luck"):
        begun.result(timeout=30)


def test_a_roll_out_that_is_made_to_fail_leaves_the_service_failed(
    clients: Clients, fault: SetFault, pushed_image: str
) -> None:
    """As one that failed by itself: the operation's error, the condition, and a next try."""
    fault(f"{RUN}/CreateService", kind="failed-operation", code="INTERNAL", message="no luck")
    with pytest.raises(exceptions.InternalServerError, match="no luck"):
        create(clients, pushed_image).result(timeout=30)
    service = clients.services.get_service(name=ORDERS)
    assert not service.reconciling
    assert service.terminal_condition.state.name == "CONDITION_FAILED"
    assert service.terminal_condition.message == "no luck"
    service.labels["try"] = "two"
    again = clients.services.update_service(service=service).result(timeout=30)
    assert again.terminal_condition.state.name == "CONDITION_SUCCEEDED"


def test_a_deletion_that_is_made_to_fail_leaves_the_service_there(
    clients: Clients, fault: SetFault, pushed_image: str
) -> None:
    """It is listed and can be deleted again."""
    create(clients, pushed_image).result(timeout=30)
    fault(f"{RUN}/DeleteService", kind="failed-operation", code="ABORTED", message="no luck")
    with pytest.raises(exceptions.Aborted, match="no luck"):
        clients.services.delete_service(name=ORDERS).result(timeout=30)
    assert [one.name for one in clients.services.list_services(parent=PARENT)] == [ORDERS]
    clients.services.delete_service(name=ORDERS).result(timeout=30)
    assert list(clients.services.list_services(parent=PARENT)) == []


def test_a_read_of_the_past_does_not_know_the_last_write(
    clients: Clients, emulator: RunningEmulator, fault: SetFault
) -> None:
    """Get and List answer as if it had not been; the next read knows it."""
    make_repository(clients, "demo-project", "first")
    make_repository(clients, "demo-project", "second")
    for verb in ("GetRepository", "ListRepositories"):
        fault(f"{REPOSITORIES}/{verb}", kind="stale", writes=1)
    repositories = clients.repositories
    name = f"{PARENT}/repositories/second"
    with pytest.raises(exceptions.NotFound):
        repositories.get_repository(name=name)
    assert repositories.get_repository(name=name).name == name
    listed = [
        [one.name.rpartition("/")[2] for one in repositories.list_repositories(parent=PARENT)]
        for _ in range(2)
    ]
    assert listed == [["first"], ["first", "second"]]
    assert [one["played"] for one in emulator.admin("GET", "/faults")["faults"]] == [1, 1]


def test_a_read_of_the_past_shows_what_was_deleted_and_changed(
    clients: Clients, fault: SetFault
) -> None:
    """In its old state and at its old place."""
    for name in ("first", "second", "third"):
        make_repository(clients, "demo-project", name)
    repositories = clients.repositories
    fault(f"{REPOSITORIES}/ListRepositories", kind="stale", writes=2)
    repositories.update_repository(
        request={
            "repository": {"name": f"{PARENT}/repositories/first", "description": "changed"},
            "update_mask": {"paths": ["description"]},
        }
    )
    repositories.delete_repository(name=f"{PARENT}/repositories/second").result(timeout=30)
    listed = list(repositories.list_repositories(parent=PARENT))
    assert [one.name.rpartition("/")[2] for one in listed] == ["first", "second", "third"]
    assert not listed[0].description
    listed = list(repositories.list_repositories(parent=PARENT))
    assert [one.name.rpartition("/")[2] for one in listed] == ["first", "third"]
    assert listed[0].description == "changed"


def test_a_policy_is_read_as_it_was(clients: Clients, fault: SetFault, pushed_image: str) -> None:
    """Before the last write, or by time; whoever asks is let in by what is true now."""
    create(clients, pushed_image).result(timeout=30)
    bind(clients, "user:ann@example.com")
    fault(f"{RUN}/GetIamPolicy", kind="stale", writes=1)
    fault(f"{RUN}/GetService", kind="stale", seconds=FAR)
    assert invokers(clients) == []
    assert invokers(clients) == ["user:ann@example.com"]
    with pytest.raises(exceptions.NotFound):
        clients.services.get_service(name=ORDERS)


def test_an_account_is_read_as_it_was_before_it_was_disabled(
    grpc_clients: Clients, fault: SetFault
) -> None:
    """As Google's own recordings show it."""
    made = grpc_clients.iam.create_service_account(
        request={"name": "projects/demo-project", "account_id": "orders-run"}
    )
    grpc_clients.iam.disable_service_account(request={"name": made.name})
    fault(f"{ACCOUNTS}/GetServiceAccount", kind="stale", writes=1)
    seen = [grpc_clients.iam.get_service_account(name=made.name).disabled for _ in range(2)]
    assert seen == [False, True]


@pytest.fixture
def ask(emulator: RunningEmulator) -> Callable[[str, str], int]:
    """Calls a service as a member; the HTTP status."""

    def call(uri: str, member: str) -> int:
        about = emulator.admin("POST", "/identities", member=member)["adc"]
        credentials = Credentials(
            None, **{key: about[key] for key in
                     ("refresh_token", "token_uri", "client_id", "client_secret")}
)  # fmt: skip
        credentials.refresh(Request())
        headers = {"Authorization": f"Bearer {credentials.id_token}"}
        return requests.get(uri, headers=headers, timeout=30).status_code

    return call


def test_a_policy_that_is_slow_to_take_effect_is_read_at_once(
    clients: Clients, fault: SetFault, pushed_image: str, ask: Callable[[str, str], int]
) -> None:
    """A grant and, once that is in effect, a revocation: both late, both shown at once."""
    uri = create(clients, pushed_image).result(timeout=30).uri
    fault(f"{RUN}/SetIamPolicy", kind="iam", seconds=FAR, resource="services/orders")
    bind(clients, "user:ann@example.com")
    assert invokers(clients) == ["user:ann@example.com"]
    assert ask(uri, "user:ann@example.com") == 403
    bind(clients, "user:ann@example.com", "user:ben@example.com")
    assert ask(uri, "user:ben@example.com") == 200
    fault("*/SetIamPolicy", kind="iam", seconds=FAR)
    bind(clients, "user:ben@example.com")
    assert invokers(clients) == ["user:ben@example.com"]
    assert ask(uri, "user:ann@example.com") == 200


def test_the_registry_fails_as_a_registry(
    grpc_clients: Clients, emulator: RunningEmulator, fault: SetFault
) -> None:
    """Its own errors with their status and Retry-After, a cut before and after the effect."""
    make_repository(grpc_clients, "demo-project")
    image = "asia-east1/demo-project/services/hello"
    pusher = ImagePusher(emulator)
    method = "registry/PUT manifests"
    ids = [fault(method, code="RESOURCE_EXHAUSTED", resource="services/hello")["id"]]
    with pytest.raises(AssertionError, match="TOOMANYREQUESTS"):
        pusher.push(image, "v1")
    ids.append(fault(method, kind="cut")["id"])
    with pytest.raises(requests.ConnectionError):
        pusher.push(image, "v1")
    assert tags(emulator, image) == []
    ids.append(fault(method, kind="cut", when="after")["id"])
    with pytest.raises(requests.ConnectionError):
        pusher.push(image, "v1")
    assert tags(emulator, image) == ["v1"]
    recorded = [one for one in emulator.requests() if one["method"] == method]
    assert [one["status"] for one in recorded] == ["429", "CUT", "201"]
    assert [one["faults"] for one in recorded] == [[one] for one in ids]
    assert all(one["transport"] == "registry" and one["write"] for one in recorded)


def tags(emulator: RunningEmulator, image: str) -> list[str]:
    """The tags of an image."""
    headers = {"Authorization": f"Bearer {emulator.token()}"}
    url = f"{emulator.http}/v2/{image}/tags/list"
    answer: dict[str, Any] = requests.get(url, headers=headers, timeout=30).json()
    return list(answer.get("tags") or ())


def test_the_token_endpoint_fails_as_oauth_does(emulator: RunningEmulator, fault: SetFault) -> None:
    """google-auth tries again on its own, and gives up when it goes on."""
    about = emulator.admin("GET", "")["adc"]
    keys = ("refresh_token", "token_uri", "client_id", "client_secret")
    credentials = Credentials(None, **{key: about[key] for key in keys})
    fault("oauth2/token", code="UNAVAILABLE", times=2)
    credentials.refresh(Request())
    assert credentials.valid
    recorded = [one["status"] for one in emulator.requests() if one["method"] == "oauth2/token"]
    assert recorded == ["503", "503"]
    fault("oauth2/token", code="INTERNAL", times=None)
    with pytest.raises(RefreshError, match="internal_failure"):
        credentials.refresh(Request())
    emulator.admin("DELETE", "/faults")
    fault("oauth2/*", kind="latency", seconds=0.3)
    begun = time.monotonic()
    credentials.refresh(Request())
    assert time.monotonic() - begun >= 0.3


def test_whoever_waits_for_an_operation_is_told_when_it_is_deleted(
    grpc_clients: Clients, fault: SetFault, pushed_image: str, statuses: Callable[[str], list[str]]
) -> None:
    """It is not found any more; nobody waits on for what will never end."""
    fault(f"{RUN}/CreateService", kind="pending-operation")
    name = {"name": create(grpc_clients, pushed_image).operation.name}
    wait = "google.longrunning.Operations/WaitOperation"
    fault("google.longrunning.Operations/DeleteOperation", kind="latency", seconds=0.3)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(grpc_clients.services.wait_operation, name, timeout=30)
        grpc_clients.services.delete_operation(name)
        with pytest.raises(exceptions.NotFound):
            waiting.result()
    assert statuses(wait) == ["NOT_FOUND"]
