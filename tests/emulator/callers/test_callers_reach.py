"""What a schedule, a subscription and a queue reach: an internal service, as their account."""

from typing import Any

import pytest
import requests
from google import pubsub_v1
from google.cloud import run_v2, scheduler_v1, tasks_v2
from google.iam.v1 import policy_pb2

from tests.conftest import Clients, RunningEmulator
from tests.emulator.callers.kit import (
    CALLER,
    LOCATION,
    PROJECT,
    grant,
    make_caller,
    publisher,
    pubsub_agent,
    scheduler,
    subscriber,
    tasks,
)
from tests.emulator.callers.receiver import Receiver, eventually

REGION = f"{PROJECT}/locations/asia-east1"
SERVICE = f"{REGION}/services/orders"
JOB = f"{LOCATION}/jobs/nightly"
INTERNAL = run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY


@pytest.fixture
def root(grpc_clients: Clients, pushed_image: str) -> str:
    """The root URL of an internal service; nobody may call it."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    wanted = run_v2.Service(template=template, ingress=INTERNAL)
    made = grpc_clients.services.create_service(
        parent=REGION, service_id="orders", service=wanted
    ).result(timeout=30)
    make_caller(grpc_clients)
    return str(made.uri)


def let_in(clients: Clients, *members: str) -> None:
    """Make these the service's invokers."""
    policy = policy_pb2.Policy()
    if members:
        policy.bindings.add(role="roles/run.invoker", members=members)
    clients.services.set_iam_policy(request={"resource": SERVICE, "policy": policy})


def token(audience: str) -> dict[str, Any]:
    """An ID token of the account that calls."""
    return {"service_account_email": CALLER, "audience": audience}


def code(clients: Clients) -> int:
    """The canonical code of a run of the job ``nightly``."""
    client = scheduler(clients)
    before = client.get_job(name=JOB).last_attempt_time
    client.run_job(name=JOB)
    eventually(lambda: client.get_job(name=JOB).last_attempt_time != before)
    return int(client.get_job(name=JOB).status.code)


def test_a_schedule_reaches_the_service_and_an_outsider_does_not(
    grpc_clients: Clients, root: str
) -> None:
    """Without the role 403, with it 200, for another audience 401; from outside 404."""
    target: dict[str, Any] = {"uri": f"{root}/tick", "oidc_token": token(root)}
    wanted = scheduler_v1.Job({"name": JOB, "schedule": "0 3 * * *", "http_target": target})
    scheduler(grpc_clients).create_job(parent=LOCATION, job=wanted)
    assert code(grpc_clients) == 7
    let_in(grpc_clients, f"serviceAccount:{CALLER}")
    assert code(grpc_clients) == 0
    outside = requests.get(f"{root}/tick", timeout=10)
    assert (outside.status_code, "<h1>Error: Page not found</h1>" in outside.text) == (404, True)
    wanted.http_target.oidc_token.audience = f"{root}/tick"
    scheduler(grpc_clients).update_job(job=wanted)
    assert code(grpc_clients) == 16


def test_another_project_is_outside(
    emulator: RunningEmulator, grpc_clients: Clients, root: str
) -> None:
    """Though its account is an invoker."""
    emulator.admin("POST", "/projects", projectId="other-project")
    email = make_caller(grpc_clients, "projects/other-project")
    let_in(grpc_clients, f"serviceAccount:{email}")
    name = JOB.replace(PROJECT, "projects/other-project")
    oidc = {"service_account_email": email, "audience": root}
    target = {"uri": root, "oidc_token": oidc}
    wanted = scheduler_v1.Job({"name": name, "schedule": "0 3 * * *", "http_target": target})
    client = scheduler(grpc_clients)
    client.create_job(parent=name.rpartition("/jobs/")[0], job=wanted)
    client.run_job(name=name)
    eventually(lambda: bool(client.get_job(name=name).last_attempt_time))
    assert client.get_job(name=name).status.code == 5


def test_a_task_waits_until_its_account_is_let_in(grpc_clients: Clients, root: str) -> None:
    """It tells of the refusal meanwhile, and is gone once it was taken."""
    client, name = tasks(grpc_clients), f"{LOCATION}/queues/work"
    retries = {"min_backoff": {"nanos": 10_000_000}, "max_backoff": {"nanos": 10_000_000}}
    queue = tasks_v2.Queue({"name": name, "retry_config": retries})
    client.create_queue(parent=LOCATION, queue=queue)
    request = {"url": f"{root}/work", "oidc_token": token(root)}
    made = client.create_task(parent=name, task=tasks_v2.Task({"http_request": request}))
    # Between two answers the last attempt is one that has none yet.
    eventually(lambda: client.get_task(name=made.name).last_attempt.response_status.code == 7)
    assert client.get_task(name=made.name).response_count > 0
    let_in(grpc_clients, f"serviceAccount:{CALLER}")
    eventually(lambda: not list(client.list_tasks(parent=name)))


def test_a_message_is_acknowledged_by_a_service_that_lets_the_account_in(
    emulator: RunningEmulator, grpc_clients: Clients, root: str, receiver: Receiver
) -> None:
    """One whose token is for another audience becomes a dead letter."""
    let_in(grpc_clients, f"serviceAccount:{CALLER}")
    topic, dead = f"{PROJECT}/topics/orders", f"{PROJECT}/topics/dead"
    for name in (topic, dead):
        publisher(grpc_clients).create_topic(name=name)
    subscribe(grpc_clients, "dead", dead, {"push_endpoint": receiver.address})
    for role in ("pubsub.publisher", "pubsub.subscriber"):
        grant(emulator, role, to=pubsub_agent(grpc_clients))
    for name, audience in (("right", root), ("wrong", f"{root}/events")):
        push = {"push_endpoint": f"{root}/events", "oidc_token": token(audience)}
        subscribe(grpc_clients, name, topic, push, dead)
    for data in (b"one", b"two"):
        publisher(grpc_clients).publish(topic=topic, messages=[pubsub_v1.PubsubMessage(data=data)])
    letters = [one.json["message"]["attributes"] for one in receiver.wait(2)]
    source = "CloudPubSubDeadLetterSource"
    assert [one[f"{source}Subscription"] for one in letters] == ["wrong", "wrong"]
    assert [one[f"{source}DeliveryCount"] for one in letters] == ["5", "5"]


def subscribe(
    clients: Clients, name: str, topic: str, push: dict[str, Any], dead: str = ""
) -> None:
    """Make a subscription that pushes, at once again, and after five attempts to a topic."""
    at_once = {"minimum_backoff": {"nanos": 1_000_000}, "maximum_backoff": {"nanos": 1_000_000}}
    fields: dict[str, Any] = {"push_config": push, "retry_policy": at_once}
    if dead:
        fields["dead_letter_policy"] = {"dead_letter_topic": dead, "max_delivery_attempts": 5}
    full = f"{PROJECT}/subscriptions/{name}"
    wanted = pubsub_v1.Subscription({"name": full, "topic": topic, **fields})
    subscriber(clients).create_subscription(request=wanted)
