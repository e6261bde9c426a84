"""Messages that are pushed: what is sent, as whom, and what acknowledges it."""

import base64
from typing import Any

import pytest
from google import pubsub_v1
from google.api_core import exceptions
from google.cloud import eventarc_v1

from tests.conftest import Clients, RunningEmulator
from tests.emulator.callers.kit import (
    LOCATION,
    PROJECT,
    STRANGER,
    eventarc,
    grant,
    make_caller,
    publisher,
    pubsub_agent,
    refused,
    subscriber,
)
from tests.emulator.callers.receiver import Receiver, eventually
from tests.emulator.callers.test_tasks import ClientsOf

TOPIC = f"{PROJECT}/topics/orders"
PUSHED = f"{PROJECT}/subscriptions/pushed"
AT_ONCE = {"minimum_backoff": {"nanos": 1_000_000}, "maximum_backoff": {"nanos": 1_000_000}}


def subscribe(
    clients: Clients,
    endpoint: str,
    *,
    name: str = PUSHED,
    topic: str = TOPIC,
    config: dict[str, Any] | None = None,
    **fields: Any,  # noqa: ANN401 - fields of a message
) -> None:
    """Make the topic, where it is missing, and a subscription that pushes."""
    if topic not in [one.name for one in publisher(clients).list_topics(project=PROJECT)]:
        publisher(clients).create_topic(name=topic)
    push = {"push_endpoint": endpoint, **(config or {})}
    wanted = pubsub_v1.Subscription({"name": name, "topic": topic, "push_config": push, **fields})
    subscriber(clients).create_subscription(request=wanted)


def publish(clients: Clients, data: bytes = b"one", **attributes: str) -> str:
    """Publish a message; its id."""
    message = pubsub_v1.PubsubMessage(data=data, attributes=attributes)
    [made] = publisher(clients).publish(topic=TOPIC, messages=[message]).message_ids
    return str(made)


def test_a_message_is_pushed_as_the_account(clients: Clients, receiver: Receiver) -> None:
    """Wrapped in JSON, once; the audience is the endpoint where none is given."""
    email = make_caller(clients)
    endpoint = f"{receiver.address}/events"
    subscribe(clients, endpoint, config={"oidc_token": {"service_account_email": email}})
    number = publish(clients, kind="new")
    [got] = receiver.wait(1)
    assert (got.method, got.path) == ("POST", "/events")
    assert got.headers["content-type"] == "application/json"
    told = got.json["message"]
    assert (told["messageId"], told["message_id"]) == (number, number)
    assert (base64.b64decode(told["data"]), told["attributes"]) == (b"one", {"kind": "new"})
    assert told["publishTime"] == told["publish_time"]
    assert (got.json["subscription"], "deliveryAttempt" in got.json) == (PUSHED, False)
    assert (got.claims["email"], got.claims["aud"]) == (email, endpoint)


@pytest.mark.parametrize("answer", [201, 202, 204])
def test_some_answers_acknowledge_a_message(
    grpc_clients: Clients, receiver: Receiver, answer: int
) -> None:
    """It is not pushed again: the next message is the next request."""
    subscribe(grpc_clients, receiver.address, retry_policy=AT_ONCE)
    receiver.answers = [answer]
    first, second = publish(grpc_clients), publish(grpc_clients)
    assert {one.json["message"]["messageId"] for one in receiver.wait(2)} == {first, second}


@pytest.mark.parametrize("answer", [206, 302, 401, 404, 500])
def test_others_do_not(grpc_clients: Clients, receiver: Receiver, answer: int) -> None:
    """It is pushed until it is acknowledged."""
    subscribe(grpc_clients, receiver.address, retry_policy=AT_ONCE)
    receiver.answers = [answer]
    number = publish(grpc_clients)
    assert [one.json["message"]["messageId"] for one in receiver.wait(2)] == [number, number]


def test_every_subscription_gets_what_its_filter_lets_through(
    grpc_clients: Clients, receiver: Receiver
) -> None:
    """Those without one get everything."""
    wanted = 'attributes.kind = "new" AND NOT hasPrefix(attributes.place, "eu-")'
    subscribe(grpc_clients, f"{receiver.address}/all")
    subscribe(grpc_clients, f"{receiver.address}/new", name=f"{PUSHED}-new", filter=wanted)
    for attributes in ({"kind": "old"}, {"kind": "new", "place": "eu-1"}, {"kind": "new"}):
        publish(grpc_clients, b"one", **attributes)
    assert sorted(one.path for one in receiver.wait(4)) == ["/all", "/all", "/all", "/new"]


def test_a_message_can_be_pushed_as_it_is(grpc_clients: Clients, receiver: Receiver) -> None:
    """Its metadata are headers then, where that is wanted."""
    subscribe(grpc_clients, receiver.address, config={"no_wrapper": {"write_metadata": True}})
    number = publish(grpc_clients, b"\x00one", kind="new")
    [got] = receiver.wait(1)
    assert (got.body, got.headers["kind"]) == (b"\x00one", "new")
    assert got.headers["x-goog-pubsub-message-id"] == number
    assert got.headers["x-goog-pubsub-subscription-name"] == PUSHED


def test_a_dead_letter_goes_to_its_topic(
    emulator: RunningEmulator, grpc_clients: Clients, receiver: Receiver
) -> None:
    """After so many attempts, where the agent of Pub/Sub may publish there."""
    dead = f"{PROJECT}/topics/dead"
    subscribe(grpc_clients, f"{receiver.address}/dead", name=f"{PUSHED}-dead", topic=dead)
    subscribe(
        grpc_clients,
        f"{receiver.address}/live",
        retry_policy=AT_ONCE,
        dead_letter_policy={"dead_letter_topic": dead, "max_delivery_attempts": 5},
    )
    for role in ("pubsub.publisher", "pubsub.subscriber"):
        grant(emulator, role, to=pubsub_agent(grpc_clients))
    receiver.answers = [500] * 5
    publish(grpc_clients)
    got = receiver.wait(6)
    assert [one.path for one in got] == ["/live"] * 5 + ["/dead"]
    assert [one.json.get("deliveryAttempt") for one in got] == [1, 2, 3, 4, 5, None]


def test_an_event_of_a_topic_reaches_where_its_trigger_leads(
    grpc_clients: Clients, receiver: Receiver
) -> None:
    """With the headers of CloudEvents, by the trigger's own subscription."""
    publisher(grpc_clients).create_topic(name=TOPIC)
    kind = "google.cloud.pubsub.topic.v1.messagePublished"
    trigger = eventarc_v1.Trigger(
        name=f"{LOCATION}/triggers/on-order",
        event_filters=[{"attribute": "type", "value": kind}],
        destination={"cloud_run": {"service": "orders", "region": "us-central1"}},
        transport={"pubsub": {"topic": TOPIC}},
    )
    made = eventarc(grpc_clients).create_trigger(
        parent=LOCATION, trigger=trigger, trigger_id="on-order"
    )
    name = made.result(timeout=30).transport.pubsub.subscription
    there = subscriber(grpc_clients).get_subscription(subscription=name).push_config
    query = there.push_endpoint.partition("?")[2]
    moved = pubsub_v1.PushConfig(push_endpoint=f"{receiver.address}/?{query}")
    subscriber(grpc_clients).modify_push_config(subscription=name, push_config=moved)
    number = publish(grpc_clients)
    [got] = receiver.wait(1)
    assert (got.headers["ce-id"], got.headers["ce-type"]) == (number, kind)
    assert got.headers["ce-source"] == f"//pubsub.googleapis.com/{TOPIC}"
    assert got.json["message"]["messageId"] == number


def test_what_a_subscription_no_longer_pushes_is_dropped(
    grpc_clients: Clients, receiver: Receiver
) -> None:
    """Its messages go with it; a new one gets new messages alone."""
    subscribe(grpc_clients, receiver.address)
    receiver.answers = [500]
    publish(grpc_clients)
    receiver.wait(1)
    subscriber(grpc_clients).delete_subscription(subscription=PUSHED)
    subscribe(grpc_clients, f"{receiver.address}/new", name=f"{PUSHED}-new")
    number = publish(grpc_clients)
    eventually(lambda: receiver.requests[-1].path == "/new")
    assert receiver.requests[-1].json["message"]["messageId"] == number


def test_what_cannot_be_published_is_refused(grpc_clients: Clients) -> None:
    """An empty message, no message, a topic that is not there."""
    client = publisher(grpc_clients)
    with refused("Resource not found (resource=orders)", exceptions.NotFound):
        publish(grpc_clients)
    client.create_topic(name=TOPIC)
    with refused("must contain either non-empty data", exceptions.InvalidArgument):
        publish(grpc_clients, b"")
    with refused("message_count is too large or zero", exceptions.InvalidArgument):
        client.publish(topic=TOPIC, messages=[])


def test_whoever_publishes_needs_the_permission(
    emulator: RunningEmulator, grpc_clients: Clients, clients_of: ClientsOf
) -> None:
    """The topic's policy is enough."""
    publisher(grpc_clients).create_topic(name=TOPIC)
    with refused("User not authorized", exceptions.PermissionDenied):
        publish(clients_of(STRANGER))
    grant(emulator, "pubsub.publisher", on=TOPIC)
    assert publish(clients_of(STRANGER))
