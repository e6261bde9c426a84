"""Messages on their way from topics to where subscriptions push them.

What is sent, and which answers acknowledge it: "Push subscriptions" in Pub/Sub's documentation.
Retries: the comments of ``google.pubsub.v1.RetryPolicy``, and "Push backoff".
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from provision.emulator.rpc.status import invalid
from provision.emulator.services.callers.agents import agent_of
from provision.emulator.services.callers.attempts import attempt, backoff, seconds
from provision.emulator.services.callers.kept import Resources
from provision.emulator.services.callers.pubsub import push_forms
from provision.emulator.services.callers.pubsub.push_forms import Message
from provision.emulator.services.callers.pubsub.subscription_filter import matches
from provision.emulator.services.callers.sending import OidcToken, Outgoing, Sender
from provision.emulator.services.callers.turns import Turns
from provision.emulator.services.callers.words import pubsub_refusal
from provision.emulator.world import World

if TYPE_CHECKING:
    from provision.emulator.store import Table

_API = "pubsub"
_ACKNOWLEDGED = frozenset({102, 200, 201, 202, 204})
_PUSH_BACKOFF = (0.1, 60.0)
"""Seconds between attempts where a subscription has no retry policy (documented)."""
_DOUBLINGS = 30
_AT_ONCE = 100
"""Messages of a subscription that are on their way at the same time; Google's number varies."""
_MOST_MESSAGES = 1000
_LARGEST = 10_000_000


@dataclass(frozen=True)
class Undelivered:
    """A message that a subscription has not acknowledged yet.

    Args:
        subscription: the subscription's name.
        message: the message.
        attempts: how often it was sent.
    """

    subscription: str
    message: Message
    attempts: int = 0


class Delivery:
    """Takes messages, and pushes them.

    Args:
        world: policies, and where messages are kept.
        topics: what is published to.
        subscriptions: what pushes.
        sender: sends requests.
        turns: where what goes on by itself goes on.
    """

    def __init__(
        self,
        world: World,
        topics: Resources,
        subscriptions: Resources,
        sender: Sender,
        turns: Turns,
    ) -> None:
        self._world = world
        self._topics = topics
        self._subscriptions = subscriptions
        self._sender = sender
        self._turns = turns
        self._lanes: dict[str, asyncio.Semaphore] = {}
        self._table: Table[Undelivered] = world.store.table(
            "pubsub-undelivered", asdict, _undelivered
        )

    def restore(self) -> None:
        """After a start: go on with what was not acknowledged."""
        for key in self._table:
            self._begin(key)

    def publish(self, topic: str, sent: Sequence[Any]) -> list[str]:
        """Take messages of whoever may publish; their ids. Raises `ApiError`.

        Args:
            topic: canonical name.
            sent: ``google.pubsub.v1.PubsubMessage`` each.
        """
        self._topics.check_exists(topic)
        if not 0 < len(sent) <= _MOST_MESSAGES:
            raise invalid(
                "The value for message_count is too large or zero. You passed "
                f"{len(sent)} in the request, but the maximum is {_MOST_MESSAGES}."
            )
        if any(not one.data and not one.attributes for one in sent):
            raise invalid(
                "One or more messages in the publish request is empty. Each message must contain "
                "either non-empty data, or at least one attribute."
            )
        if sum(one.ByteSize() for one in sent) > _LARGEST:
            raise invalid(f"The request size must not exceed {_LARGEST} bytes.")
        made = [
            Message.new(topic, one.data, dict(one.attributes), one.ordering_key) for one in sent
        ]
        for message in made:
            self._spread(message)
        return [one.id for one in made]

    def publish_as(
        self, member: str, topic: str, data: bytes, attributes: Mapping[str, str]
    ) -> str:
        """Publish a message as somebody; its id. Raises `ApiError`."""
        self._topics.check_exists(topic)
        if not self._world.access.allowed(member, "pubsub.topics.publish", topic):
            raise pubsub_refusal("pubsub.topics.publish", topic)
        message = Message.new(topic, data, dict(attributes), "")
        self._spread(message)
        return message.id

    def _spread(self, message: Message) -> None:
        """Give a message to each of its topic's subscriptions that pushes."""
        for one in self._subscriptions.all():
            if one.topic != message.topic or one.detached or not one.push_config.push_endpoint:
                continue
            if matches(one.filter, message.attributes):
                key = f"{one.name}/{message.id}"
                self._table.put(key, Undelivered(one.name, message))
                self._begin(key)

    def _begin(self, key: str) -> None:
        self._turns.start(f"push {key}", lambda: self._deliver(key))

    async def _deliver(self, key: str) -> None:
        """Push a message until it is acknowledged, too old or a dead letter."""
        while (held := self._table.get(key)) is not None:
            subscription = self._subscriptions.find(held.subscription)
            if subscription is None or not _wanted(subscription, held.message):
                break
            held = self._table.put(key, replace(held, attempts=held.attempts + 1))
            async with self._lanes.setdefault(subscription.name, asyncio.Semaphore(_AT_ONCE)):
                outcome = await attempt(self._sender, _outgoing(subscription, held))
            if outcome.http in _ACKNOWLEDGED or self._buried(subscription, held):
                break
            self._turns.keep()
            await asyncio.sleep(_wait(subscription, held.attempts - 1))
        self._table.pop(key)
        self._turns.keep()

    def _buried(self, subscription: Any, held: Undelivered) -> bool:  # noqa: ANN401 - Subscription
        """Whether a message went to the topic of dead letters, as it was tried so often."""
        policy = subscription.dead_letter_policy
        most = policy.max_delivery_attempts
        if not policy.dead_letter_topic or held.attempts < most:
            return False
        project = subscription.name.split("/")[1]
        member = f"serviceAccount:{agent_of(self._world, _API, project)}"
        topic = self._topics.canonical(policy.dead_letter_topic)
        allowed = self._world.access.allowed
        if self._topics.find(topic) is None or not (
            allowed(member, "pubsub.topics.publish", topic)
            and allowed(member, "pubsub.subscriptions.consume", subscription.name)
        ):
            return False
        self._spread(push_forms.dead_letter(held.message, topic, subscription.name, held.attempts))
        return True


def _wanted(subscription: Any, message: Message) -> bool:  # noqa: ANN401 - Subscription
    """Whether a subscription still pushes a message."""
    age = time.time() - message.published / 1e6
    kept = age < seconds(subscription.message_retention_duration)
    return kept and not subscription.detached and bool(subscription.push_config.push_endpoint)


def _wait(subscription: Any, retry: int) -> float:  # noqa: ANN401 - Subscription
    """Seconds until the next attempt."""
    least, most = _PUSH_BACKOFF
    if subscription.HasField("retry_policy"):
        policy = subscription.retry_policy
        least, most = seconds(policy.minimum_backoff), seconds(policy.maximum_backoff)
    return backoff(retry, least, most, _DOUBLINGS)


def _outgoing(subscription: Any, held: Undelivered) -> Outgoing:  # noqa: ANN401 - Subscription
    config = subscription.push_config
    attempts = held.attempts if subscription.HasField("dead_letter_policy") else 0
    headers, body = push_forms.pushed(config, subscription.name, held.message, attempts)
    token = None
    if config.HasField("oidc_token"):
        sent = config.oidc_token
        token = OidcToken(sent.service_account_email, sent.audience or config.push_endpoint)
    project, timeout = subscription.name.split("/")[1], float(subscription.ack_deadline_seconds)
    return Outgoing(_API, project, "POST", config.push_endpoint, headers, body, token, timeout)


def _undelivered(value: dict[str, Any]) -> Undelivered:
    return Undelivered(**{**value, "message": Message(**value["message"])})
