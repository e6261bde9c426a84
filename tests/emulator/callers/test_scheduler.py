"""Cloud Scheduler with Google's clients: jobs, the accounts they call as, and when they are due."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import scheduler_v1

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
    scheduler,
)

NAME = f"{LOCATION}/jobs/nightly"
ClientsOf = Callable[[str], Clients]


def job(email: str = "", **fields: Any) -> scheduler_v1.Job:  # noqa: ANN401 - fields of a message
    """The job ``nightly``, that calls a service as an account."""
    target: dict[str, Any] = {"uri": ADDRESS}
    if email:
        target["oidc_token"] = {"service_account_email": email}
    return scheduler_v1.Job(
        {"name": NAME, "schedule": "0 3 * * *", "http_target": target, **fields}
    )


def create(clients: Clients, wanted: scheduler_v1.Job) -> scheduler_v1.Job:
    """Make a job."""
    made: scheduler_v1.Job = scheduler(clients).create_job(parent=LOCATION, job=wanted)
    return made


def test_a_job_lives_until_it_is_deleted(clients: Clients) -> None:
    """Paused and resumed in between: a paused one is not due."""
    client = scheduler(clients)
    made = create(clients, job(make_caller(clients)))
    assert (made.name, made.state) == (NAME, scheduler_v1.Job.State.ENABLED)
    assert client.get_job(name=NAME) == made
    assert [one.name for one in client.list_jobs(parent=LOCATION)] == [NAME]
    paused = client.pause_job(name=NAME)
    assert paused.state == scheduler_v1.Job.State.PAUSED
    assert "schedule_time" not in paused
    assert client.resume_job(name=NAME).schedule_time == made.schedule_time
    client.delete_job(name=NAME)
    with refused("Job not found.", exceptions.NotFound):
        client.get_job(name=NAME)


def test_a_job_shows_its_defaults(clients: Clients) -> None:
    """POST, UTC, three minutes, and a token for the address it calls."""
    made = create(clients, job(make_caller(clients)))
    assert made.http_target.http_method == scheduler_v1.HttpMethod.POST
    assert made.http_target.oidc_token.audience == ADDRESS
    assert made.http_target.headers["User-Agent"] == "Google-Cloud-Scheduler"
    assert made.time_zone == "UTC"
    assert made.attempt_deadline == dt.timedelta(minutes=3)
    assert made.retry_config.max_backoff_duration == dt.timedelta(hours=1)
    due = made.schedule_time
    assert (due.hour, due.minute) == (3, 0)


def test_an_access_token_is_for_the_whole_platform(grpc_clients: Clients) -> None:
    """Where no scope is given."""
    target = {"uri": ADDRESS, "oauth_token": {"service_account_email": make_caller(grpc_clients)}}
    made = create(grpc_clients, job(http_target=target))
    assert made.http_target.oauth_token.scope == "https://www.googleapis.com/auth/cloud-platform"


def test_an_update_changes_what_its_mask_names(clients: Clients) -> None:
    """And when the job is due."""
    create(clients, job())
    wanted = scheduler_v1.Job(name=NAME, schedule="30 4 * * *", description="not taken")
    changed = scheduler(clients).update_job(job=wanted, update_mask={"paths": ["schedule"]})
    assert (changed.schedule, changed.description) == ("30 4 * * *", "")
    assert (changed.schedule_time.hour, changed.schedule_time.minute) == (4, 30)
    assert changed.http_target.uri == ADDRESS


def test_a_job_without_a_name_gets_one(grpc_clients: Clients) -> None:
    """Of digits."""
    made = create(grpc_clients, job(name=""))
    assert made.name.removeprefix(f"{LOCATION}/jobs/").isdecimal()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"schedule": "* * * * * *"}, "Schedule or time zone is invalid."),
        ({"schedule": ""}, "Schedule or time zone is invalid."),
        ({"schedule": "60 * * * *"}, "Schedule or time zone is invalid."),
        ({"schedule": "@daily"}, "Schedule or time zone is invalid."),
        ({"time_zone": "Mars/Olympus"}, "Schedule or time zone is invalid."),
        ({"http_target": {"uri": "orders"}}, "must be a valid HTTP or HTTPS URL"),
        ({"http_target": None}, "Job must have a target."),
        ({"http_target": {"uri": ADDRESS, "http_method": "GET", "body": b"x"}}, "body is allowed"),
        ({"retry_config": {"retry_count": 6}}, "between 0 and 5"),
        ({"attempt_deadline": {"seconds": 5}}, "between 15 seconds and 30 minutes"),
        ({"description": "a" * 501}, "must not exceed 500 characters"),
        ({"name": f"{LOCATION}/jobs/a.b"}, "Job ID must contain only letters"),
        ({"name": f"{PROJECT}/locations/us-east1/jobs/a"}, "must be formatted"),
    ],
)
def test_what_a_job_cannot_be_is_refused(
    grpc_clients: Clients, fields: dict[str, Any], words: str
) -> None:
    """Each rule by itself; nothing is made."""
    with refused(words, exceptions.InvalidArgument):
        create(grpc_clients, job(**fields))
    assert list(scheduler(grpc_clients).list_jobs(parent=LOCATION)) == []


def test_jobs_that_publish_name_a_topic_and_a_message(grpc_clients: Clients) -> None:
    """A target of the other kind."""
    topic = f"{PROJECT}/topics/orders"
    made = create(
        grpc_clients, job(http_target=None, pubsub_target={"topic_name": topic, "data": b"x"})
    )
    assert made.pubsub_target.topic_name == topic
    with refused("non-empty data or an attribute", exceptions.InvalidArgument):
        create(grpc_clients, job(name="", http_target=None, pubsub_target={"topic_name": topic}))


def test_what_exists_cannot_be_made_again(grpc_clients: Clients) -> None:
    """In Cloud Scheduler's words."""
    create(grpc_clients, job())
    with refused(f"Job {NAME} already exists.", exceptions.AlreadyExists):
        create(grpc_clients, job())


def test_a_job_is_paused_and_resumed_once(grpc_clients: Clients) -> None:
    """What is not enabled cannot be paused, what is not paused cannot be resumed."""
    create(grpc_clients, job())
    client = scheduler(grpc_clients)
    with refused("state must be PAUSED", exceptions.FailedPrecondition):
        client.resume_job(name=NAME)
    client.pause_job(name=NAME)
    with refused("state must be ENABLED", exceptions.FailedPrecondition):
        client.pause_job(name=NAME)


def test_whoever_may_not_act_as_the_account_cannot_schedule_as_it(
    emulator: RunningEmulator, grpc_clients: Clients, clients_of: ClientsOf
) -> None:
    """A new job, and any change of one that calls as the account."""
    email = make_caller(grpc_clients)
    theirs = clients_of(STRANGER)
    words = (
        'The principal (user or service account) lacks IAM permission "{}" for the resource "{}"'
    )
    with refused(words.format("cloudscheduler.jobs.create", LOCATION), exceptions.PermissionDenied):
        create(theirs, job(email))
    grant(emulator, "cloudscheduler.admin")
    with refused(words.format("iam.serviceAccounts.actAs", email), exceptions.PermissionDenied):
        create(theirs, job(email))
    create(grpc_clients, job(email))
    wanted = scheduler_v1.Job(name=NAME, schedule="* * * * *")
    mask = {"paths": ["schedule"]}
    with refused(words.format("iam.serviceAccounts.actAs", email), exceptions.PermissionDenied):
        scheduler(theirs).update_job(job=wanted, update_mask=mask)
    grant(emulator, "iam.serviceAccountUser", on=account_name(email))
    assert scheduler(theirs).update_job(job=wanted, update_mask=mask).schedule == "* * * * *"


@pytest.mark.parametrize(
    "named", ["nobody@demo-project.iam.gserviceaccount.com", "user@example.com", "123"]
)
def test_accounts_that_are_none_are_refused_alike(grpc_clients: Clients, named: str) -> None:
    """Nobody learns which accounts there are."""
    with refused(f'"{named}" (or the resource may not exist)', exceptions.PermissionDenied):
        create(grpc_clients, job(named))


def test_not_every_region_has_it(grpc_clients: Clients) -> None:
    """As people are told by the real one."""
    words = "Location 'europe-west9' is not a valid location. Use ListLocations"
    with refused(words, exceptions.InvalidArgument):
        scheduler(grpc_clients).create_job(
            parent=f"{PROJECT}/locations/europe-west9", job=job(name="")
        )
