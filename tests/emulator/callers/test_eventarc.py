"""Eventarc's triggers with Google's clients: what they have of Pub/Sub, accounts and policies."""

from collections.abc import Callable
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import eventarc_v1
from google.iam.v1 import iam_policy_pb2, policy_pb2

from tests.conftest import Clients, RunningEmulator, StartEmulator
from tests.emulator.callers.kit import (
    EVERYWHERE,
    LOCATION,
    PROJECT,
    STRANGER,
    account_name,
    eventarc,
    grant,
    make_caller,
    publisher,
    refused,
    subscriber,
)

PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"
AUDITED = "google.cloud.audit.log.v1.written"
NAME = f"{LOCATION}/triggers/on-order"
ClientsOf = Callable[[str], Clients]


def trigger(account: str = "", **fields: Any) -> eventarc_v1.Trigger:  # noqa: ANN401 - fields of a message
    """A trigger of messages that leads to the service ``orders``."""
    wanted: dict[str, Any] = {
        "event_filters": [{"attribute": "type", "value": PUBLISHED}],
        "destination": {"cloud_run": {"service": "orders", "region": "us-central1", "path": "/e"}},
        "service_account": account,
        **fields,
    }
    return eventarc_v1.Trigger(wanted)


def create(clients: Clients, wanted: eventarc_v1.Trigger, **more: Any) -> eventarc_v1.Trigger:  # noqa: ANN401 - fields of a request
    """Make the trigger ``on-order``."""
    request = {"parent": LOCATION, "trigger_id": "on-order", "trigger": wanted, **more}
    made: eventarc_v1.Trigger = eventarc(clients).create_trigger(request=request).result(timeout=20)
    return made


def test_a_trigger_lives_until_it_is_deleted(clients: Clients) -> None:
    """By operations with metadata; listed in its location and in all of them."""
    email = make_caller(clients)
    client = eventarc(clients)
    request = {"parent": LOCATION, "trigger_id": "on-order", "trigger": trigger(email)}
    operation = client.create_trigger(request=request)
    made = operation.result(timeout=20)
    assert (operation.metadata.target, operation.metadata.verb) == (NAME, "create")
    assert (made.name, made.service_account) == (NAME, email)
    assert made.uid
    assert client.get_trigger(name=NAME) == made
    for parent in (LOCATION, EVERYWHERE):
        assert [one.name for one in client.list_triggers(parent=parent)] == [NAME]
    assert list(client.list_triggers(parent=f"{PROJECT}/locations/us-east1")) == []
    assert client.delete_trigger(name=NAME).result(timeout=20).name == NAME
    with refused(f"Resource '{NAME}' was not found", exceptions.NotFound):
        client.get_trigger(name=NAME)


def test_a_trigger_has_a_topic_and_a_subscription_that_pushes_as_its_account(
    clients: Clients,
) -> None:
    """To the service's address, with a token for it; both go with the trigger."""
    email = make_caller(clients)
    pubsub = create(clients, trigger(email)).transport.pubsub
    assert pubsub.topic.startswith(f"{PROJECT}/topics/eventarc-us-central1-on-order-")
    found = subscriber(clients).get_subscription(subscription=pubsub.subscription)
    assert found.topic == pubsub.topic
    address, _, query = found.push_config.push_endpoint.partition("?")
    token = found.push_config.oidc_token
    assert token.service_account_email == email
    assert address == f"{token.audience}/e"
    assert token.audience.startswith("https://orders-")
    assert query.startswith("__GCP_CloudEventsMode=CUSTOM_PUBSUB_projects%2Fdemo-project%2Ftopics")
    eventarc(clients).delete_trigger(name=NAME).result(timeout=20)
    assert list(subscriber(clients).list_subscriptions(project=PROJECT)) == []
    assert list(publisher(clients).list_topics(project=PROJECT)) == []


def test_a_topic_that_was_given_is_used_and_stays(clients: Clients) -> None:
    """Somebody else's topic is not taken away with the trigger."""
    topic = f"{PROJECT}/topics/orders"
    publisher(clients).create_topic(name=topic)
    made = create(clients, trigger(transport={"pubsub": {"topic": topic}}))
    assert made.transport.pubsub.topic == topic
    eventarc(clients).delete_trigger(name=NAME).result(timeout=20)
    assert [one.name for one in publisher(clients).list_topics(project=PROJECT)] == [topic]


def test_a_topic_that_is_not_there_is_told(grpc_clients: Clients) -> None:
    """And no trigger is made."""
    topic = f"{PROJECT}/topics/none"
    with refused(f"Resource '{topic}' was not found", exceptions.NotFound):
        create(grpc_clients, trigger(transport={"pubsub": {"topic": topic}}))
    assert list(eventarc(grpc_clients).list_triggers(parent=LOCATION)) == []


def test_an_update_leads_the_subscription_elsewhere(clients: Clients) -> None:
    """A new destination and a new account; an etag of before is refused."""
    made = create(clients, trigger())
    email = make_caller(clients)
    wanted = eventarc_v1.Trigger(
        name=NAME,
        etag=made.etag,
        service_account=email,
        destination={"workflow": f"{LOCATION}/workflows/orders"},
    )
    mask = {"paths": ["service_account", "destination"]}
    client = eventarc(clients)
    changed = client.update_trigger(trigger=wanted, update_mask=mask).result(timeout=20)
    assert changed.destination.workflow == f"{LOCATION}/workflows/orders"
    assert changed.event_filters == made.event_filters
    subscription = changed.transport.pubsub.subscription
    config = subscriber(clients).get_subscription(subscription=subscription).push_config
    assert config.oidc_token.service_account_email == email
    assert "/workflows/orders:triggerPubsubExecution?" in config.push_endpoint
    with pytest.raises((exceptions.Aborted, exceptions.Conflict), match="etag does not match"):
        client.update_trigger(trigger=wanted, update_mask=mask)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"event_filters": []}, "trigger.event_filters must have the type of an event"),
        ({"event_filters": [{"attribute": "type", "value": "order"}]}, "the type of an event"),
        ({"event_filters": [{"attribute": "type", "value": AUDITED}]}, "must have serviceName"),
        ({"destination": {}}, "trigger.destination is required"),
        ({"destination": {"cloud_run": {"region": "us-central1"}}}, "cloud_run.service is"),
        ({"destination": {"cloud_run": {"service": "orders"}}}, "cloud_run.region is required"),
        ({"destination": {"workflow": "orders"}}, "destination.workflow must be of the form"),
        ({"labels": {"Team": "one"}}, "trigger.labels"),
        ({"name": f"{LOCATION}/triggers/another"}, f"trigger.name must be {NAME}"),
        ({"event_data_content_type": "text/plain"}, "event_data_content_type"),
    ],
)
def test_what_a_trigger_cannot_be_is_refused(
    grpc_clients: Clients, fields: dict[str, Any], words: str
) -> None:
    """Each rule by itself, with the field that breaks it."""
    with refused(words, exceptions.InvalidArgument) as caught:
        create(grpc_clients, trigger(**fields))
    assert "The request was invalid: " in str(caught.value)


@pytest.mark.parametrize("trigger_id", ["Orders", "1st", "a" * 64, "orders-", ""])
def test_names_that_no_trigger_can_have_are_refused(grpc_clients: Clients, trigger_id: str) -> None:
    """Lowercase letters, digits and hyphens, 63 at most."""
    with refused("trigger_id must begin with", exceptions.InvalidArgument):
        create(grpc_clients, trigger(), trigger_id=trigger_id)


def test_what_is_only_checked_is_not_made(grpc_clients: Clients) -> None:
    """And refused where it would be."""
    assert create(grpc_clients, trigger(), validate_only=True).name == NAME
    assert list(eventarc(grpc_clients).list_triggers(parent=LOCATION)) == []
    with refused("trigger.destination is required", exceptions.InvalidArgument):
        create(grpc_clients, trigger(destination={}), validate_only=True)


def test_a_stranger_is_refused_in_eventarc_s_words(
    emulator: RunningEmulator, clients_of: ClientsOf
) -> None:
    """With the permission; the account needs one more."""
    theirs = clients_of(STRANGER)
    full = f"//eventarc.googleapis.com/{LOCATION}"
    words = f"Permission 'eventarc.triggers.create' denied on resource '{full}'"
    with refused(words, exceptions.PermissionDenied):
        create(theirs, trigger())
    email = make_caller(Clients(emulator, "grpc", "user:developer@example.com"))
    grant(emulator, "eventarc.admin")
    words = f'Permission "iam.serviceAccounts.ActAs" denied on "EndUserCredentials to {email}"'
    with refused(words, exceptions.PermissionDenied):
        create(theirs, trigger(email))
    grant(emulator, "iam.serviceAccountUser", on=account_name(email))
    assert create(theirs, trigger(email)).service_account == email


def test_a_trigger_has_a_policy(clients: Clients) -> None:
    """By the mixed-in RPCs of IAM, told apart from those of topics and functions."""
    create(clients, trigger())
    client = eventarc(clients)
    binding = policy_pb2.Binding(role="roles/eventarc.viewer", members=[STRANGER])
    request = iam_policy_pb2.SetIamPolicyRequest(
        resource=NAME, policy=policy_pb2.Policy(bindings=[binding])
    )
    client.set_iam_policy(request=request)
    assert list(client.get_iam_policy(request={"resource": NAME}).bindings) == [binding]
    asked = {"resource": NAME, "permissions": ["eventarc.triggers.get"]}
    assert client.test_iam_permissions(request=asked).permissions == ["eventarc.triggers.get"]
    missing = {"resource": f"{LOCATION}/triggers/none"}
    with refused("was not found", exceptions.NotFound):
        client.get_iam_policy(request=missing)


@pytest.mark.parametrize("kind", ["gke", "http_endpoint"])
def test_destinations_that_are_not_offered_are_named(grpc_clients: Clients, kind: str) -> None:
    """So that nobody takes for done what was passed over."""
    value = {"uri": "https://x.example.com"} if kind == "http_endpoint" else {"cluster": "c"}
    with refused(f"destination {kind} are not offered", exceptions.MethodNotImplemented):
        create(grpc_clients, trigger(destination={kind: value}))


def test_triggers_survive_a_restart(start_emulator: StartEmulator, tmp_path: Any) -> None:  # noqa: ANN401 - a Path
    """With their subscriptions, and operations that were cut off end."""
    data = ("--engine", "none", "--data", str(tmp_path), "--operation-delay")
    first = start_emulator(*data, "600")
    clients = Clients(first, "grpc", "user:developer@example.com")
    request = {"parent": LOCATION, "trigger_id": "on-order", "trigger": trigger()}
    begun = eventarc(clients).create_trigger(request=request).operation
    assert not begun.done
    first.stop()
    again = Clients(start_emulator(*data, "0"), "grpc", "user:developer@example.com")
    client = eventarc(again)
    for _ in range(200):
        ended = client.get_operation(request={"name": begun.name})
        if ended.done:
            break
    assert ended.done
    assert not ended.HasField("error")
    kept = client.get_trigger(name=NAME)
    assert subscriber(again).get_subscription(subscription=kept.transport.pubsub.subscription)
