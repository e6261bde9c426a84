"""Pub/Sub with Google's clients: topics, subscriptions, where they push to and as whom."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from google import pubsub_v1
from google.api_core import exceptions
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.pubsub_v1 import PushConfig, Subscription
from google.pubsub_v1.types import ExpirationPolicy

from tests.conftest import Clients, RunningEmulator
from tests.emulator.callers.kit import (
    ADDRESS,
    PROJECT,
    STRANGER,
    account_name,
    grant,
    make_caller,
    publisher,
    refused,
    subscriber,
)

TOPIC = f"{PROJECT}/topics/orders"
PUSHED = f"{PROJECT}/subscriptions/orders-pushed"
ClientsOf = Callable[[str], Clients]


def push(email: str = "", address: str = ADDRESS) -> PushConfig:
    """A push configuration, as an account where one is named."""
    made = PushConfig(push_endpoint=address)
    if email:
        made.oidc_token = PushConfig.OidcToken(service_account_email=email)
    return made


def subscribe(clients: Clients, email: str = "", **fields: Any) -> Subscription:  # noqa: ANN401 - fields of a message
    """Make the topic where it is missing, and a subscription that pushes as an account."""
    with contextlib.suppress(exceptions.AlreadyExists, exceptions.Conflict):
        publisher(clients).create_topic(name=TOPIC)
    wanted = {"name": PUSHED, "topic": TOPIC, "push_config": push(email), **fields}
    made: Subscription = subscriber(clients).create_subscription(request=Subscription(wanted))
    return made


def test_a_topic_lives_until_it_is_deleted(clients: Clients) -> None:
    """Made, read, listed in pages, changed by a mask, deleted; then it is missing."""
    client = publisher(clients)
    for name in ("orders", "bills", "notes"):
        client.create_topic(name=f"{PROJECT}/topics/{name}")
    pager = client.list_topics(request={"project": PROJECT, "page_size": 2})
    pages = [[one.name.rpartition("/")[2] for one in page.topics] for page in pager.pages]
    assert pages == [["orders", "bills"], ["notes"]]
    changed = client.update_topic(
        topic=pubsub_v1.Topic(name=TOPIC, labels={"team": "one"}), update_mask={"paths": ["labels"]}
    )
    assert dict(changed.labels) == {"team": "one"}
    assert client.get_topic(topic=TOPIC) == changed
    client.delete_topic(topic=TOPIC)
    with refused("Resource not found (resource=orders).", exceptions.NotFound):
        client.get_topic(topic=TOPIC)


def test_a_project_s_number_names_the_same_topic(clients: Clients) -> None:
    """Answers have the project's id."""
    number = clients.projects.get_project(name=PROJECT).name
    made = publisher(clients).create_topic(name=f"{number}/topics/orders")
    assert made.name == TOPIC
    assert publisher(clients).get_topic(topic=f"{number}/topics/orders").name == TOPIC


@pytest.mark.parametrize(
    "name",
    ["ab", "1orders", "goog-orders", "or ders", "a" * 256, "topic/more"],
)
def test_names_that_no_topic_can_have_are_refused(grpc_clients: Clients, name: str) -> None:
    """Three to 255 letters, digits and some signs, a letter first, and not ``goog``."""
    with refused("Invalid resource name given (name=projects/", exceptions.InvalidArgument):
        publisher(grpc_clients).create_topic(name=f"{PROJECT}/topics/{name}")


def test_what_exists_cannot_be_made_again(clients: Clients) -> None:
    """Topics and subscriptions alike."""
    subscribe(clients)
    kinds = (exceptions.AlreadyExists, exceptions.Conflict)
    with pytest.raises(kinds, match=r"already exists in the project \(resource=orders\)"):
        publisher(clients).create_topic(name=TOPIC)
    with pytest.raises(kinds, match=r"already exists in the project \(resource=orders-pushed\)"):
        subscribe(clients)


def test_a_subscription_shows_its_defaults(clients: Clients) -> None:
    """Ten seconds to answer, a week of messages, a month without use; and it is active."""
    made = subscribe(clients, make_caller(clients))
    assert made.ack_deadline_seconds == 10
    assert made.message_retention_duration.days == 7
    assert made.expiration_policy.ttl.days == 31
    assert made.state == Subscription.State.ACTIVE
    assert made.push_config.oidc_token.service_account_email.startswith("caller@")
    client = subscriber(clients)
    assert client.get_subscription(subscription=PUSHED) == made
    assert [one.name for one in client.list_subscriptions(project=PROJECT)] == [PUSHED]
    assert list(publisher(clients).list_topic_subscriptions(topic=TOPIC)) == [PUSHED]


def test_a_subscription_that_never_expires_stays_so(grpc_clients: Clients) -> None:
    """A policy without a time is not the default."""
    made = subscribe(grpc_clients, expiration_policy=ExpirationPolicy())
    assert "ttl" not in made.expiration_policy


def test_a_subscription_outlives_its_topic(clients: Clients) -> None:
    """It shows that the topic was deleted, and a new topic of that name is another."""
    subscribe(clients)
    publisher(clients).delete_topic(topic=TOPIC)
    left = subscriber(clients).get_subscription(subscription=PUSHED)
    assert left.topic == "_deleted-topic_"
    publisher(clients).create_topic(name=TOPIC)
    assert list(publisher(clients).list_topic_subscriptions(topic=TOPIC)) == []
    subscriber(clients).delete_subscription(subscription=PUSHED)
    with refused("Resource not found (resource=orders-pushed).", exceptions.NotFound):
        subscriber(clients).get_subscription(subscription=PUSHED)


def test_push_is_turned_off_changed_and_detached(clients: Clients) -> None:
    """By ModifyPushConfig, by an update with a mask, and for good."""
    email = make_caller(clients)
    subscribe(clients, email)
    client = subscriber(clients)
    client.modify_push_config(subscription=PUSHED, push_config=PushConfig())
    assert client.get_subscription(subscription=PUSHED).push_config == PushConfig()
    wanted = Subscription(name=PUSHED, push_config=push(email), ack_deadline_seconds=30)
    changed = client.update_subscription(
        subscription=wanted, update_mask={"paths": ["push_config"]}
    )
    assert changed.push_config.push_endpoint == ADDRESS
    assert changed.ack_deadline_seconds == 10
    publisher(clients).detach_subscription(request={"subscription": PUSHED})
    assert client.get_subscription(subscription=PUSHED).detached


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"push_config": push(address="http://orders.example.com")}, "Invalid push endpoint given"),
        ({"push_config": push(address="orders")}, "Invalid push endpoint given (endpoint=orders)"),
        ({"push_config": push("nobody@demo-project.iam.gserviceaccount.com")}, "oidc_token::serv"),
        ({"ack_deadline_seconds": 601}, "Subscription::ack_deadline_seconds"),
        ({"message_retention_duration": {"seconds": 1}}, "message_retention_duration"),
        ({"expiration_policy": {"ttl": {"seconds": 60}}}, "expiration_policy::ttl"),
        ({"retry_policy": {"maximum_backoff": {"seconds": 601}}}, "maximum_backoff"),
        ({"dead_letter_policy": {"max_delivery_attempts": 5}}, "given (name=)"),
        ({"labels": {"Team": "one"}}, "Subscription::labels"),
        ({"filter": "a" * 257}, "Subscription::filter"),
        ({"topic": "orders"}, "Invalid resource name given (name=orders)"),
    ],
)
def test_what_a_subscription_cannot_be_is_refused(
    grpc_clients: Clients, fields: dict[str, Any], words: str
) -> None:
    """Each rule by itself, in Pub/Sub's manner of naming the argument."""
    with refused(words, exceptions.InvalidArgument):
        subscribe(grpc_clients, **fields)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8080/work", "http://localhost:8080", "https://a.run.app"]
)
def test_services_of_this_machine_can_be_pushed_to(grpc_clients: Clients, address: str) -> None:
    """The emulator's own services answer without TLS, on loopback."""
    made = subscribe(grpc_clients, push_config=push(address=address))
    assert made.push_config.push_endpoint == address


def test_a_missing_topic_is_told(clients: Clients) -> None:
    """Nothing is made of it."""
    wanted = Subscription(name=PUSHED, topic=f"{PROJECT}/topics/none")
    with refused("Resource not found (resource=none).", exceptions.NotFound):
        subscriber(clients).create_subscription(request=wanted)
    assert list(subscriber(clients).list_subscriptions(project=PROJECT)) == []


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ([], "must contain a non-empty paths list"),
        (["topic"], "the 'topic' field in the Subscription is not mutable"),
        (["state"], "The field state cannot be updated"),
        (["nonsense"], "Invalid field in the update mask: nonsense"),
    ],
)
def test_masks_that_are_none_are_refused(
    grpc_clients: Clients, paths: list[str], words: str
) -> None:
    """An update needs a mask of fields that change."""
    subscribe(grpc_clients)
    with refused(words, exceptions.InvalidArgument):
        subscriber(grpc_clients).update_subscription(
            subscription=Subscription(name=PUSHED), update_mask={"paths": paths}
        )


def test_whoever_may_not_act_as_the_account_cannot_push_as_it(
    emulator: RunningEmulator, grpc_clients: Clients, clients_of: ClientsOf
) -> None:
    """At making a subscription, at changing where it pushes to, and at an update."""
    email = make_caller(grpc_clients)
    grant(emulator, "pubsub.editor")
    theirs = clients_of(STRANGER)
    words = "User not authorized to perform this action."
    with refused(words, exceptions.PermissionDenied):
        subscribe(theirs, email)
    subscribe(theirs)
    client = subscriber(theirs)
    with refused(words, exceptions.PermissionDenied):
        client.modify_push_config(subscription=PUSHED, push_config=push(email))
    wanted = Subscription(name=PUSHED, push_config=push(email))
    mask = {"paths": ["push_config"]}
    with refused(words, exceptions.PermissionDenied):
        client.update_subscription(subscription=wanted, update_mask=mask)
    grant(emulator, "iam.serviceAccountUser", on=account_name(email))
    assert client.update_subscription(subscription=wanted, update_mask=mask).push_config.oidc_token


def test_the_account_is_of_the_subscription_s_project(
    emulator: RunningEmulator, grpc_clients: Clients
) -> None:
    """Another project's is an invalid argument, whoever may act as it."""
    emulator.admin("POST", "/projects", projectId="other-project")
    email = make_caller(grpc_clients, "projects/other-project")
    with refused("PushConfig::oidc_token::service_account", exceptions.InvalidArgument):
        subscribe(grpc_clients, email)


def test_attaching_needs_a_permission_on_the_topic(
    emulator: RunningEmulator, grpc_clients: Clients, clients_of: ClientsOf
) -> None:
    """Whoever may subscribe in a project of theirs may not listen to every topic."""
    emulator.admin("POST", "/projects", projectId="other-project")
    grant(emulator, "pubsub.editor", on="projects/other-project")
    publisher(grpc_clients).create_topic(name=TOPIC)
    wanted = Subscription(name="projects/other-project/subscriptions/mine", topic=TOPIC)
    client = subscriber(clients_of(STRANGER))
    with refused("User not authorized", exceptions.PermissionDenied):
        client.create_subscription(request=wanted)
    grant(emulator, "pubsub.subscriber", on=TOPIC)
    assert client.create_subscription(request=wanted).topic == TOPIC


def test_a_topic_s_policy_lets_publish(clients: Clients) -> None:
    """Read, written with its etag, tested; a stale etag is refused, and it ends with the topic."""
    client = publisher(clients)
    client.create_topic(name=TOPIC)
    policy = client.get_iam_policy(request={"resource": TOPIC})
    binding = policy_pb2.Binding(role="roles/pubsub.publisher", members=[STRANGER])
    policy.bindings.append(binding)
    request = iam_policy_pb2.SetIamPolicyRequest(resource=TOPIC, policy=policy)
    written = client.set_iam_policy(request=request)
    assert list(written.bindings) == [binding]
    with pytest.raises((exceptions.Aborted, exceptions.Conflict), match="concurrent policy"):
        client.set_iam_policy(request=request)
    asked = {"resource": TOPIC, "permissions": ["pubsub.topics.publish", "pubsub.topics.delete"]}
    assert len(client.test_iam_permissions(request=asked).permissions) == 2
    client.delete_topic(topic=TOPIC)
    client.create_topic(name=TOPIC)
    assert not client.get_iam_policy(request={"resource": TOPIC}).bindings


@pytest.mark.parametrize(
    ("role", "words"),
    [("roles/run.invoker", "is not supported for this resource"), ("roles/none", "does not exist")],
)
def test_policies_hold_roles_of_pub_sub_alone(grpc_clients: Clients, role: str, words: str) -> None:
    """A role without a permission on topics cannot be granted on one."""
    publisher(grpc_clients).create_topic(name=TOPIC)
    policy = policy_pb2.Policy(bindings=[policy_pb2.Binding(role=role, members=[STRANGER])])
    with refused(words, exceptions.InvalidArgument):
        publisher(grpc_clients).set_iam_policy(
            request=iam_policy_pb2.SetIamPolicyRequest(resource=TOPIC, policy=policy)
        )


def test_messages_are_not_taken_by_those_who_ask(clients: Clients) -> None:
    """They are pushed, or nobody gets them: whoever pulls is told so."""
    subscribe(clients)
    with refused("Subscriber/Pull is not offered", exceptions.MethodNotImplemented):
        subscriber(clients).pull(subscription=PUSHED, max_messages=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bigquery_config", {"table": "p.d.t"}),
        ("cloud_storage_config", {"bucket": "b"}),
        ("message_transforms", [{"disabled": True}]),
    ],
)
def test_fields_that_would_be_kept_for_nothing_are_named(
    grpc_clients: Clients, field: str, value: object
) -> None:
    """So that nobody takes for done what was passed over."""
    with refused(f"Subscriptions with {field} are not", exceptions.MethodNotImplemented):
        subscribe(grpc_clients, "", push_config=PushConfig(), **{field: value})


def test_pub_sub_s_own_account_appears_with_the_first_resource(grpc_clients: Clients) -> None:
    """With its role on the project; whoever takes that away has it taken away for good."""
    projects = grpc_clients.projects

    def granted() -> list[str]:
        bindings = projects.get_iam_policy(resource=PROJECT).bindings
        role = "roles/pubsub.serviceAgent"
        return next((list(one.members) for one in bindings if one.role == role), [])

    assert granted() == []
    publisher(grpc_clients).create_topic(name=TOPIC)
    [agent] = granted()
    assert agent.endswith("@gcp-sa-pubsub.iam.gserviceaccount.com")
    policy = projects.get_iam_policy(resource=PROJECT)
    kept = [one for one in policy.bindings if one.role != "roles/pubsub.serviceAgent"]
    del policy.bindings[:]
    policy.bindings.extend(kept)
    projects.set_iam_policy(request={"resource": PROJECT, "policy": policy})
    publisher(grpc_clients).create_topic(name=f"{TOPIC}-2")
    assert granted() == []


def test_the_hand_written_clients_work_too(clients: Clients) -> None:
    """``google.cloud.pubsub_v1``, which most programs use, makes and lists topics."""
    from google.cloud import pubsub_v1 as by_hand

    transport = publisher(clients).transport
    client = by_hand.PublisherClient(transport=transport)
    client.create_topic(request={"name": TOPIC})
    assert [one.name for one in client.list_topics(request={"project": PROJECT})] == [TOPIC]
