"""Tasks of Cloud Tasks that are sent: when, how often, as whom, and what they tell meanwhile."""

import datetime as dt
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import tasks_v2

from tests.conftest import Clients, RunningEmulator
from tests.emulator.callers.kit import LOCATION, STRANGER, grant, make_caller, refused, tasks
from tests.emulator.callers.receiver import Receiver, eventually
from tests.emulator.callers.test_tasks import ClientsOf

NAME = f"{LOCATION}/queues/work"
AT_ONCE = {"min_backoff": {"nanos": 1_000_000}}


def queue(clients: Clients, **fields: Any) -> None:  # noqa: ANN401 - fields of a message
    """Make the queue ``work``."""
    wanted = tasks_v2.Queue({"name": NAME, **fields})
    tasks(clients).create_queue(parent=LOCATION, queue=wanted)


def put(clients: Clients, url: str, **fields: Any) -> tasks_v2.Task:  # noqa: ANN401 - fields of a message
    """Put a task into the queue."""
    request = {"url": url, "body": b"one", **fields.pop("http_request", {})}
    wanted = tasks_v2.Task({"http_request": request, **fields})
    made: tasks_v2.Task = tasks(clients).create_task(parent=NAME, task=wanted)
    return made


def left(clients: Clients) -> list[tasks_v2.Task]:
    """The tasks that are in the queue."""
    return list(tasks(clients).list_tasks(parent=NAME))


def test_a_task_is_sent_as_its_account_and_gone(clients: Clients, receiver: Receiver) -> None:
    """Once it was taken; with the headers of Cloud Tasks."""
    queue(clients)
    email = make_caller(clients)
    token = {"service_account_email": email, "audience": "https://orders.example.com"}
    sent = {"headers": {"X-Kind": "a"}, "oidc_token": token}
    put(clients, f"{receiver.address}/work", name=f"{NAME}/tasks/first", http_request=sent)
    [got] = receiver.wait(1)
    assert (got.method, got.path, got.body) == ("POST", "/work", b"one")
    assert got.headers["x-cloudtasks-queuename"] == "work"
    assert got.headers["x-cloudtasks-taskname"] == "first"
    assert got.headers["x-cloudtasks-taskretrycount"] == "0"
    assert got.headers["content-type"] == "application/octet-stream"
    assert (got.headers["user-agent"], got.headers["x-kind"]) == ("Google-Cloud-Tasks", "a")
    assert (got.claims["email"], got.claims["aud"]) == (email, "https://orders.example.com")
    eventually(lambda: not left(clients))


def test_headers_that_are_not_the_tasks_are_left_out(
    grpc_clients: Clients, receiver: Receiver
) -> None:
    """Those of the connection and of the product; there is one credential."""
    queue(grpc_clients)
    email = make_caller(grpc_clients)
    given = {
        "host": "elsewhere.example.com",
        "Content-Length": "1000",
        "Transfer-Encoding": "chunked",
        "x-cloudtasks-taskname": "other",
        "authorization": "Bearer none",
        "X-Kind": "a",
    }
    token = {"service_account_email": email}
    put(grpc_clients, receiver.address, http_request={"headers": given, "oidc_token": token})
    [got] = receiver.wait(1)
    assert (got.body, got.headers["x-kind"], got.claims["email"]) == (b"one", "a", email)
    assert got.headers["host"] == receiver.address.removeprefix("http://")
    assert got.headers["x-cloudtasks-taskname"] != "other"
    assert "transfer-encoding" not in got.headers


def test_a_task_is_sent_again_until_it_is_taken(grpc_clients: Clients, receiver: Receiver) -> None:
    """Each time it says how often that was tried and answered before."""
    queue(grpc_clients, retry_config=AT_ONCE)
    receiver.answers = [500, 503]
    put(grpc_clients, receiver.address)
    told = [one.headers for one in receiver.wait(3)]
    assert [one["x-cloudtasks-taskretrycount"] for one in told] == ["0", "1", "2"]
    assert [one["x-cloudtasks-taskexecutioncount"] for one in told] == ["0", "1", "2"]
    eventually(lambda: not left(grpc_clients))


def test_a_task_tells_how_it_was_answered(grpc_clients: Clients, receiver: Receiver) -> None:
    """How often it was sent, the last answer, and when it is sent again."""
    queue(grpc_clients, retry_config={"min_backoff": {"seconds": 60}})
    receiver.answers = [503]
    put(grpc_clients, receiver.address)
    eventually(lambda: left(grpc_clients)[0].response_count == 1)
    [task] = left(grpc_clients)
    assert task.dispatch_count == 1
    assert task.first_attempt.dispatch_time == task.last_attempt.dispatch_time
    answered = task.last_attempt.response_status
    assert (answered.code, answered.message) == (14, "HTTP status code 503")
    later = task.schedule_time - task.last_attempt.dispatch_time
    assert dt.timedelta(seconds=59) < later < dt.timedelta(seconds=80)


def test_a_task_is_given_up_after_its_last_attempt(
    grpc_clients: Clients, receiver: Receiver
) -> None:
    """As its queue says."""
    queue(grpc_clients, retry_config={"max_attempts": 2, **AT_ONCE})
    receiver.answers = [500, 500, 500]
    put(grpc_clients, receiver.address)
    receiver.wait(2)
    eventually(lambda: not left(grpc_clients))
    assert len(receiver.requests) == 2


def test_a_paused_queue_sends_what_is_run_alone(grpc_clients: Clients, receiver: Receiver) -> None:
    """All the rest once it is resumed."""
    queue(grpc_clients)
    client = tasks(grpc_clients)
    client.pause_queue(name=NAME)
    put(grpc_clients, f"{receiver.address}/first")
    second = put(grpc_clients, f"{receiver.address}/second")
    client.run_task(name=second.name)
    assert [one.path for one in receiver.wait(1)] == ["/second"]
    eventually(lambda: len(left(grpc_clients)) == 1)
    client.resume_queue(name=NAME)
    assert [one.path for one in receiver.wait(2)] == ["/second", "/first"]


def test_a_task_waits_for_its_time(grpc_clients: Clients, receiver: Receiver) -> None:
    """Unless somebody runs it."""
    queue(grpc_clients)
    due = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    waiting = put(grpc_clients, f"{receiver.address}/later", schedule_time=due)
    put(grpc_clients, f"{receiver.address}/now")
    assert [one.path for one in receiver.wait(1)] == ["/now"]
    eventually(lambda: [one.name for one in left(grpc_clients)] == [waiting.name])
    tasks(grpc_clients).run_task(name=waiting.name)
    assert [one.path for one in receiver.wait(2)] == ["/now", "/later"]


def test_a_queue_puts_its_own_target_in_place(grpc_clients: Clients, receiver: Receiver) -> None:
    """Address, method, headers and account, whatever the task says."""
    email = make_caller(grpc_clients)
    port = int(receiver.address.rpartition(":")[2])
    override = {
        "scheme": tasks_v2.UriOverride.Scheme.HTTP,
        "host": "127.0.0.1",
        "port": port,
        "path_override": {"path": "/work"},
        "query_override": {"query_params": "day=today"},
    }
    target = {
        "uri_override": override,
        "http_method": tasks_v2.HttpMethod.GET,
        "header_overrides": [{"header": {"key": "X-Kind", "value": "queue"}}],
        "oidc_token": {"service_account_email": email, "audience": "https://root.example.com"},
    }
    queue(grpc_clients, http_target=target)
    sent = {"headers": {"X-Kind": "task"}, "http_method": "GET", "body": b""}
    put(grpc_clients, "https://elsewhere.example.com/x?y", http_request=sent)
    [got] = receiver.wait(1)
    assert (got.method, got.path, got.headers["x-kind"]) == ("GET", "/work?day=today", "queue")
    assert (got.claims["email"], got.claims["aud"]) == (email, "https://root.example.com")


def test_a_queue_sends_so_many_at_once(grpc_clients: Clients, receiver: Receiver) -> None:
    """One after another, in the order in which they came, where it is to be one."""
    queue(grpc_clients, rate_limits={"max_concurrent_dispatches": 1})
    for number in range(5):
        put(grpc_clients, f"{receiver.address}/{number}")
    assert [one.path for one in receiver.wait(5)] == [f"/{number}" for number in range(5)]


def test_deleted_tasks_are_not_sent(grpc_clients: Clients, receiver: Receiver) -> None:
    """Nor those of a queue that was purged."""
    queue(grpc_clients)
    client = tasks(grpc_clients)
    client.pause_queue(name=NAME)
    client.delete_task(name=put(grpc_clients, receiver.address).name)
    put(grpc_clients, receiver.address)
    client.purge_queue(name=NAME)
    client.resume_queue(name=NAME)
    put(grpc_clients, f"{receiver.address}/last")
    assert [one.path for one in receiver.wait(1)] == ["/last"]


def test_whoever_runs_a_task_needs_its_permission(
    emulator: RunningEmulator, grpc_clients: Clients, clients_of: ClientsOf, receiver: Receiver
) -> None:
    """A task that is gone cannot be run."""
    queue(grpc_clients)
    tasks(grpc_clients).pause_queue(name=NAME)
    task = put(grpc_clients, receiver.address)
    words = f'lacks IAM permission "cloudtasks.tasks.run" for the resource "{task.name}"'
    with refused(words, exceptions.PermissionDenied):
        tasks(clients_of(STRANGER)).run_task(name=task.name)
    grant(emulator, "cloudtasks.taskRunner", on=NAME)
    tasks(clients_of(STRANGER)).run_task(name=task.name)
    receiver.wait(1)
    eventually(lambda: not left(grpc_clients))
    with pytest.raises(exceptions.NotFound):
        tasks(grpc_clients).run_task(name=task.name)
