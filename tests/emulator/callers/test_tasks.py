"""Cloud Tasks with Google's clients: queues, their policies, and tasks that wait in them."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import tasks_v2
from google.iam.v1 import iam_policy_pb2, policy_pb2

from tests.conftest import Clients, RunningEmulator
from tests.emulator.callers.kit import (
    ADDRESS,
    LOCATION,
    PROJECT,
    STRANGER,
    account_name,
    grant,
    make_caller,
    refused,
    tasks,
)

NAME = f"{LOCATION}/queues/orders"
ClientsOf = Callable[[str], Clients]
ACTING = 'lacks IAM permission "iam.serviceAccounts.actAs" for the resource "{}"'
GONE = "Queue does not exist. If you just created the queue"


def create(clients: Clients, **fields: Any) -> tasks_v2.Queue:  # noqa: ANN401 - fields of a message
    """Make the queue ``orders``."""
    wanted = tasks_v2.Queue({"name": NAME, **fields})
    made: tasks_v2.Queue = tasks(clients).create_queue(parent=LOCATION, queue=wanted)
    return made


def put(clients: Clients, email: str = "", **fields: Any) -> tasks_v2.Task:  # noqa: ANN401 - fields of a message
    """Put a task into the queue, that is sent as an account."""
    request: dict[str, Any] = {"url": ADDRESS, "body": b"one"}
    if email:
        request["oidc_token"] = {"service_account_email": email}
    wanted = tasks_v2.Task({"http_request": request, **fields})
    made: tasks_v2.Task = tasks(clients).create_task(parent=NAME, task=wanted)
    return made


def override(email: str, **token: str) -> dict[str, Any]:
    """A queue's own target, for all of its tasks."""
    return {
        "uri_override": {"host": "orders.example.com"},
        "oidc_token": {"service_account_email": email, **token},
    }


def test_a_queue_lives_until_it_is_deleted(clients: Clients) -> None:
    """Its name is not to be had again for days."""
    client = tasks(clients)
    made = create(clients)
    assert made.state == tasks_v2.Queue.State.RUNNING
    assert (made.rate_limits.max_burst_size, made.retry_config.max_attempts) == (100, 100)
    assert client.get_queue(name=NAME) == made
    assert [one.name for one in client.list_queues(parent=LOCATION)] == [NAME]
    assert client.pause_queue(name=NAME).state == tasks_v2.Queue.State.PAUSED
    assert client.resume_queue(name=NAME).state == tasks_v2.Queue.State.RUNNING
    client.delete_queue(name=NAME)
    with refused(GONE, exceptions.NotFound):
        client.get_queue(name=NAME)
    kinds = (exceptions.FailedPrecondition, exceptions.BadRequest)
    with pytest.raises(kinds, match="a queue with this name existed too recently"):
        create(clients)


def test_an_update_makes_a_queue_that_is_not_there(clients: Clients) -> None:
    """Of one that is, it changes what the mask names."""
    client = tasks(clients)
    wanted = tasks_v2.Queue(name=NAME, rate_limits={"max_dispatches_per_second": 10})
    made = client.update_queue(queue=wanted)
    assert (made.state, made.rate_limits.max_dispatches_per_second) == (1, 10)
    wanted = tasks_v2.Queue(name=NAME, retry_config={"max_attempts": 3})
    mask = {"paths": ["retry_config.max_attempts"]}
    changed = client.update_queue(queue=wanted, update_mask=mask)
    assert changed.retry_config.max_attempts == 3
    assert changed.retry_config.max_backoff == dt.timedelta(hours=1)
    assert changed.rate_limits.max_dispatches_per_second == 10


def test_a_queue_may_send_all_of_its_tasks_as_an_account(
    emulator: RunningEmulator, grpc_clients: Clients, clients_of: ClientsOf
) -> None:
    """Which takes the permission to act as it; the audience has to be given."""
    email = make_caller(grpc_clients)
    made = create(grpc_clients, http_target=override(email, audience=ADDRESS))
    assert made.http_target.oidc_token.service_account_email == email
    assert made.http_target.uri_override.host == "orders.example.com"
    with refused("oidcToken.audience is required", exceptions.InvalidArgument):
        create(grpc_clients, name=f"{NAME}-2", http_target=override(email))
    grant(emulator, "cloudtasks.admin")
    theirs = clients_of(STRANGER)
    with refused(ACTING.format(email), exceptions.PermissionDenied):
        create(theirs, name=f"{NAME}-2", http_target=override(email, audience=ADDRESS))
    wanted = tasks_v2.Queue(name=NAME, rate_limits={"max_concurrent_dispatches": 1})
    with refused(ACTING.format(email), exceptions.PermissionDenied):
        tasks(theirs).update_queue(queue=wanted, update_mask={"paths": ["rate_limits"]})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": f"{LOCATION}/queues/or_ders"}, "Queue ID can contain letters"),
        ({"name": f"{LOCATION}/queues/or/ders"}, "Queue ID can contain letters"),
        ({"name": f"{PROJECT}/locations/us-east1/queues/a"}, "Queue.name must be formatted"),
        ({"rate_limits": {"max_dispatches_per_second": 501}}, "must be at most 500"),
        ({"rate_limits": {"max_concurrent_dispatches": 5001}}, "must be at most 5000"),
        ({"retry_config": {"max_attempts": -2}}, "RetryConfig.maxAttempts"),
        ({"stackdriver_logging_config": {"sampling_ratio": 2}}, "samplingRatio"),
        ({"http_target": {"uri_override": {"host": ""}}}, "host must not be empty"),
        ({"http_target": {"uri_override": {"host": "["}}}, "must make a valid HTTP"),
        ({"http_target": {"uri_override": {"port": 70000}}}, "must make a valid HTTP"),
    ],
)
def test_what_a_queue_cannot_be_is_refused(
    grpc_clients: Clients, fields: dict[str, Any], words: str
) -> None:
    """Each rule by itself; nothing is made."""
    with refused(words, exceptions.InvalidArgument):
        create(grpc_clients, **fields)
    assert list(tasks(grpc_clients).list_queues(parent=LOCATION)) == []


def test_a_queue_has_a_policy(clients: Clients) -> None:
    """Which says who may put tasks into it."""
    create(clients)
    client = tasks(clients)
    binding = policy_pb2.Binding(role="roles/cloudtasks.enqueuer", members=[STRANGER])
    request = iam_policy_pb2.SetIamPolicyRequest(
        resource=NAME, policy=policy_pb2.Policy(bindings=[binding])
    )
    client.set_iam_policy(request=request)
    assert list(client.get_iam_policy(resource=NAME).bindings) == [binding]
    asked = ["cloudtasks.tasks.create", "cloudtasks.queues.delete"]
    held = client.test_iam_permissions(resource=NAME, permissions=asked).permissions
    assert list(held) == asked


def test_tasks_wait_in_their_queue(clients: Clients) -> None:
    """They are listed without their bodies, shown whole on request, and purged."""
    create(clients)
    client = tasks(clients)
    made = put(clients, make_caller(clients))
    assert made.name.startswith(f"{NAME}/tasks/")
    assert made.http_request.oidc_token.audience == ADDRESS
    assert made.http_request.http_method == tasks_v2.HttpMethod.POST
    assert made.http_request.body == b""
    assert made.dispatch_deadline == dt.timedelta(minutes=10)
    assert [one.name for one in client.list_tasks(parent=NAME)] == [made.name]
    request = {"name": made.name, "response_view": tasks_v2.Task.View.FULL}
    assert client.get_task(request=request).http_request.body == b"one"
    named = put(clients, name=f"{NAME}/tasks/first")
    client.delete_task(name=named.name)
    with refused("The task no longer exists", exceptions.NotFound):
        client.get_task(name=named.name)
    assert client.purge_queue(name=NAME).purge_time
    assert list(client.list_tasks(parent=NAME)) == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"http_request": None}, "Task must have an httpRequest."),
        ({"http_request": {"url": "orders"}}, "must be a valid HTTP or HTTPS URL"),
        ({"http_request": {"url": ADDRESS, "http_method": "GET", "body": b"x"}}, "body is allowed"),
        ({"http_request": {"url": ADDRESS, "body": b"x" * (1024 * 1024 + 1)}}, "too large"),
        ({"dispatch_deadline": {"seconds": 5}}, "between 15 seconds and 30 minutes"),
        ({"name": f"{NAME}/tasks/a.b"}, "Task ID can contain letters"),
        ({"name": f"{NAME}-2/tasks/a"}, "must begin with the name of the queue"),
    ],
)
def test_what_a_task_cannot_be_is_refused(
    grpc_clients: Clients, fields: dict[str, Any], words: str
) -> None:
    """Each rule by itself; nothing is put into the queue."""
    create(grpc_clients)
    with refused(words, exceptions.InvalidArgument):
        put(grpc_clients, **fields)
    assert list(tasks(grpc_clients).list_tasks(parent=NAME)) == []


def test_names_of_tasks_are_used_once(grpc_clients: Clients) -> None:
    """So that a task is not put twice."""
    create(grpc_clients)
    put(grpc_clients, name=f"{NAME}/tasks/first")
    with refused("already exists", exceptions.AlreadyExists):
        put(grpc_clients, name=f"{NAME}/tasks/first")
    tasks(grpc_clients).delete_task(name=f"{NAME}/tasks/first")
    with refused("a task with this name existed too recently", exceptions.AlreadyExists):
        put(grpc_clients, name=f"{NAME}/tasks/first")


def test_a_missing_queue_is_told(grpc_clients: Clients) -> None:
    """As people are told by the real one."""
    with refused(GONE, exceptions.NotFound):
        put(grpc_clients)
    with refused(GONE, exceptions.NotFound):
        tasks(grpc_clients).get_iam_policy(resource=NAME)


def test_whoever_enqueues_as_an_account_may_act_as_it(
    emulator: RunningEmulator, grpc_clients: Clients, clients_of: ClientsOf
) -> None:
    """The queue's policy is enough for the rest; whole tasks take a permission more."""
    create(grpc_clients)
    email = make_caller(grpc_clients)
    theirs = clients_of(STRANGER)
    words = f'lacks IAM permission "cloudtasks.tasks.create" for the resource "{NAME}"'
    with refused(words, exceptions.PermissionDenied):
        put(theirs, email)
    grant(emulator, "cloudtasks.enqueuer", on=NAME)
    with refused(ACTING.format(email), exceptions.PermissionDenied):
        put(theirs, email)
    assert put(theirs).name
    grant(emulator, "iam.serviceAccountUser", on=account_name(email))
    assert put(theirs, email).http_request.oidc_token.service_account_email == email
