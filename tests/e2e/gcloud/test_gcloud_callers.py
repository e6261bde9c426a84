"""`gcloud` of Pub/Sub, Eventarc, Scheduler, Tasks and Workflows: what calls a service by itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.emulator.callers.receiver import Receiver, receiving

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator
    from tests.e2e.gcloud.conftest import Gcloud

WHERE = "--location=us-central1"
PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"


@pytest.fixture(scope="module")
def account(local_gcloud: "Gcloud", local: "RunningEmulator") -> str:
    """The account that everything calls as."""
    local_gcloud.told("iam service-accounts create calling")
    return f"calling@{local.project}.iam.gserviceaccount.com"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """What is called."""
    with receiving() as made:
        yield made


def test_gcloud_pushes_messages_as_an_account(
    local_gcloud: "Gcloud", account: str, receiver: Receiver
) -> None:
    """A topic with a subscription, what is published there, and who may publish."""
    local_gcloud.told("pubsub topics create orders")
    push = f"--push-endpoint={receiver.address} --push-auth-service-account={account}"
    local_gcloud.told(f"pubsub subscriptions create pushed --topic=orders {push}")
    [listed] = local_gcloud.json("pubsub subscriptions list")
    assert listed["pushConfig"]["oidcToken"] == {"serviceAccountEmail": account}
    [number] = local_gcloud.json("pubsub topics publish orders --message=one")["messageIds"]
    [got] = receiver.wait(1)
    assert (got.json["message"]["messageId"], got.claims["email"]) == (number, account)
    member = "--member=user:ann@example.com --role=roles/pubsub.publisher"
    bound = local_gcloud.json(f"pubsub topics add-iam-policy-binding orders {member}")
    assert bound["bindings"] == [
        {"members": ["user:ann@example.com"], "role": "roles/pubsub.publisher"}
    ]
    assert "Resource not found (resource=none)" in local_gcloud.refused(
        "pubsub topics describe none"
    )


def test_gcloud_makes_and_lists_triggers(local_gcloud: "Gcloud", account: str) -> None:
    """In a region, and over all of them."""
    to = "--destination-run-service=orders --destination-run-region=us-central1"
    told = local_gcloud.told(
        f"eventarc triggers create on-order {WHERE} {to} "
        f"--event-filters=type={PUBLISHED} --service-account={account}"
    )
    assert "Created Pub/Sub topic" in told
    [listed] = local_gcloud.json("eventarc triggers list")
    assert listed["serviceAccount"] == account
    assert listed["destination"]["cloudRun"]["service"] == "orders"


def test_gcloud_schedules_a_job(local_gcloud: "Gcloud", account: str, receiver: Receiver) -> None:
    """As an account, and runs it; where Cloud Scheduler is, is told by its own host."""
    address = f"{receiver.address}/tick"
    target = f"--uri={address} --oidc-service-account-email={account}"
    line = f"scheduler jobs create http nightly {WHERE} {target}"
    made = local_gcloud.json(line, "--schedule=0 3 * * *")
    assert made["httpTarget"]["oidcToken"] == {"audience": address, "serviceAccountEmail": account}
    local_gcloud.told(f"scheduler jobs run nightly {WHERE}")
    [got] = receiver.wait(1)
    assert (got.path, got.claims["email"]) == ("/tick", account)
    local_gcloud.told(f"scheduler jobs pause nightly {WHERE}")
    [listed] = local_gcloud.json(f"scheduler jobs list {WHERE}")
    assert (listed["state"], listed["status"]) == ("PAUSED", {})
    assert listed["lastAttemptTime"]
    places = [one["locationId"] for one in local_gcloud.json("scheduler locations list")]
    assert "us-central1" in places
    assert "europe-west9" not in places


def test_gcloud_puts_tasks_into_a_queue(
    local_gcloud: "Gcloud", account: str, receiver: Receiver
) -> None:
    """Which sends them as an account."""
    local_gcloud.told(f"tasks queues create orders {WHERE}")
    [listed] = local_gcloud.json(f"tasks queues list {WHERE}")
    assert listed["state"] == "RUNNING"
    target = f"--queue=orders --url={receiver.address} --oidc-service-account-email={account}"
    made = local_gcloud.json(f"tasks create-http-task {WHERE} {target}")
    assert made["httpRequest"]["oidcToken"]["serviceAccountEmail"] == account
    [got] = receiver.wait(1)
    assert got.headers["x-cloudtasks-taskname"] == made["name"].rpartition("/")[2]
    assert got.claims["email"] == account


def test_gcloud_deploys_a_workflow(local_gcloud: "Gcloud", account: str, tmp_path: Path) -> None:
    """Twice: the second source is the second revision."""
    source = tmp_path / "orders.yaml"
    line = f"workflows deploy orders {WHERE} --source={source} --service-account={account}"
    source.write_text("main:\n  steps:\n    - done:\n        return: 1\n")
    assert local_gcloud.json(line)["revisionId"].startswith("000001-")
    source.write_text("main:\n  steps:\n    - done:\n        return: 2\n")
    local_gcloud.told(line)
    shown = local_gcloud.json(f"workflows describe orders {WHERE}")
    assert shown["revisionId"].startswith("000002-")
    assert shown["serviceAccount"].endswith(f"/serviceAccounts/{account}")
    [listed] = local_gcloud.json(f"workflows list {WHERE}")
    assert listed["name"].endswith("/workflows/orders")
