"""`gcloud` of Pub/Sub, Eventarc, Scheduler, Tasks and Workflows: what calls a service by itself."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator
    from tests.e2e.gcloud.conftest import Gcloud

WHERE = "--location=us-central1"
ADDRESS = "https://orders.example.com/work"
PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"


@pytest.fixture(scope="module")
def account(local_gcloud: "Gcloud", local: "RunningEmulator") -> str:
    """The account that everything calls as."""
    local_gcloud.told("iam service-accounts create calling")
    return f"calling@{local.project}.iam.gserviceaccount.com"


def test_gcloud_pushes_messages_as_an_account(local_gcloud: "Gcloud", account: str) -> None:
    """A topic with a subscription, and who may publish."""
    local_gcloud.told("pubsub topics create orders")
    push = f"--push-endpoint={ADDRESS} --push-auth-service-account={account}"
    local_gcloud.told(f"pubsub subscriptions create pushed --topic=orders {push}")
    [listed] = local_gcloud.json("pubsub subscriptions list")
    assert listed["pushConfig"]["oidcToken"] == {"serviceAccountEmail": account}
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


def test_gcloud_schedules_a_job(local_gcloud: "Gcloud", account: str) -> None:
    """As an account; where Cloud Scheduler is, is told by its own host."""
    target = f"--uri={ADDRESS} --oidc-service-account-email={account}"
    line = f"scheduler jobs create http nightly {WHERE} {target}"
    made = local_gcloud.json(line, "--schedule=0 3 * * *")
    assert made["httpTarget"]["oidcToken"] == {"audience": ADDRESS, "serviceAccountEmail": account}
    local_gcloud.told(f"scheduler jobs pause nightly {WHERE}")
    [listed] = local_gcloud.json(f"scheduler jobs list {WHERE}")
    assert listed["state"] == "PAUSED"
    places = [one["locationId"] for one in local_gcloud.json("scheduler locations list")]
    assert "us-central1" in places
    assert "europe-west9" not in places


def test_gcloud_keeps_tasks_in_a_queue(local_gcloud: "Gcloud", account: str) -> None:
    """A queue and a task that is to be sent as an account."""
    local_gcloud.told(f"tasks queues create orders {WHERE}")
    [listed] = local_gcloud.json(f"tasks queues list {WHERE}")
    assert listed["state"] == "RUNNING"
    target = f"--queue=orders --url={ADDRESS} --oidc-service-account-email={account}"
    made = local_gcloud.json(f"tasks create-http-task {WHERE} {target}")
    assert made["httpRequest"]["oidcToken"]["serviceAccountEmail"] == account


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
