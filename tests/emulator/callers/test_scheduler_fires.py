"""Jobs of Cloud Scheduler that fire: what is sent, as whom, and what the job tells of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from google import pubsub_v1
from google.api_core import exceptions
from google.cloud import scheduler_v1

from tests.conftest import Clients, RunningEmulator
from tests.emulator.callers.kit import (
    LOCATION,
    PROJECT,
    STRANGER,
    grant,
    make_caller,
    publisher,
    refused,
    scheduler,
    subscriber,
)
from tests.emulator.callers.receiver import Receiver, eventually

NAME = f"{LOCATION}/jobs/nightly"
ClientsOf = Callable[[str], Clients]


def create(clients: Clients, **fields: Any) -> scheduler_v1.Job:  # noqa: ANN401 - fields of a message
    """Make the job ``nightly``."""
    wanted = scheduler_v1.Job({"name": NAME, "schedule": "0 3 * * *", **fields})
    made: scheduler_v1.Job = scheduler(clients).create_job(parent=LOCATION, job=wanted)
    return made


def attempted(clients: Clients) -> scheduler_v1.Job:
    """The job, once it tells of an attempt."""
    eventually(lambda: bool(scheduler(clients).get_job(name=NAME).last_attempt_time))
    found: scheduler_v1.Job = scheduler(clients).get_job(name=NAME)
    return found


def test_a_job_that_is_run_calls_its_target_as_its_account(
    clients: Clients, receiver: Receiver
) -> None:
    """At once, with the headers of Cloud Scheduler; afterwards the job tells that it worked."""
    email = make_caller(clients)
    token = {"service_account_email": email, "audience": "https://orders.example.com"}
    target = {"uri": f"{receiver.address}/tick?a=b", "body": b"{}", "oidc_token": token}
    made = create(clients, http_target=target)
    assert scheduler(clients).run_job(name=NAME).schedule_time == made.schedule_time
    [got] = receiver.wait(1)
    assert (got.method, got.path, got.body) == ("POST", "/tick?a=b", b"{}")
    assert got.headers["user-agent"] == "Google-Cloud-Scheduler"
    assert got.headers["x-cloudscheduler"] == "true"
    assert got.headers["x-cloudscheduler-jobname"] == "nightly"
    said = got.claims
    assert (said["email"], said["aud"]) == (email, "https://orders.example.com")
    job = attempted(clients)
    assert (job.status.code, job.schedule_time) == (0, made.schedule_time)


@pytest.mark.parametrize(("answer", "code"), [(403, 7), (401, 16), (404, 5), (500, 13), (302, 2)])
def test_a_job_that_failed_tells_how(
    grpc_clients: Clients, receiver: Receiver, answer: int, code: int
) -> None:
    """By the canonical code of the answer; it is not tried again unless it is to be."""
    create(grpc_clients, http_target={"uri": receiver.address})
    receiver.answers = [answer]
    scheduler(grpc_clients).run_job(name=NAME)
    assert attempted(grpc_clients).status.code == code
    assert len(receiver.requests) == 1


def test_a_job_is_tried_again_as_its_configuration_says(
    grpc_clients: Clients, receiver: Receiver
) -> None:
    """Until it works; what it tells in the end is the last attempt."""
    retries = {"retry_count": 3, "min_backoff_duration": {"nanos": 1_000_000}}
    create(grpc_clients, http_target={"uri": receiver.address}, retry_config=retries)
    receiver.answers = [503, 503]
    scheduler(grpc_clients).run_job(name=NAME)
    receiver.wait(3)
    eventually(lambda: attempted(grpc_clients).status.code == 0)
    assert len(receiver.requests) == 3


def test_a_job_whose_account_is_gone_is_not_sent(grpc_clients: Clients, receiver: Receiver) -> None:
    """Nor is one sent without the token that it is to have."""
    email = make_caller(grpc_clients)
    token = {"service_account_email": email}
    create(grpc_clients, http_target={"uri": receiver.address, "oidc_token": token})
    grpc_clients.iam.delete_service_account(name=f"{PROJECT}/serviceAccounts/{email}")
    scheduler(grpc_clients).run_job(name=NAME)
    job = attempted(grpc_clients)
    assert (job.status.code, receiver.requests) == (7, [])
    assert "does not exist or is disabled" in job.status.message


def test_a_job_publishes_as_the_projects_agent(grpc_clients: Clients, receiver: Receiver) -> None:
    """What it publishes is pushed; a topic that is gone is told."""
    topic = f"{PROJECT}/topics/ticks"
    publisher(grpc_clients).create_topic(name=topic)
    wanted = pubsub_v1.Subscription(
        name=f"{PROJECT}/subscriptions/ticks",
        topic=topic,
        push_config={"push_endpoint": receiver.address},
    )
    subscriber(grpc_clients).create_subscription(request=wanted)
    create(grpc_clients, pubsub_target={"topic_name": topic, "data": b"tick"})
    scheduler(grpc_clients).run_job(name=NAME)
    [got] = receiver.wait(1)
    assert json.loads(got.body)["message"]["data"] == "dGljaw=="
    assert attempted(grpc_clients).status.code == 0
    publisher(grpc_clients).delete_topic(topic=topic)
    scheduler(grpc_clients).run_job(name=NAME)
    eventually(lambda: attempted(grpc_clients).status.code == 5)


def test_whoever_runs_a_job_needs_its_permission(
    emulator: RunningEmulator, grpc_clients: Clients, clients_of: ClientsOf, receiver: Receiver
) -> None:
    """Nothing is sent for somebody else."""
    create(grpc_clients, http_target={"uri": receiver.address})
    words = f'lacks IAM permission "cloudscheduler.jobs.run" for the resource "{NAME}"'
    with refused(words, exceptions.PermissionDenied):
        scheduler(clients_of(STRANGER)).run_job(name=NAME)
    grant(emulator, "cloudscheduler.jobRunner")
    scheduler(clients_of(STRANGER)).run_job(name=NAME)
    receiver.wait(1)
