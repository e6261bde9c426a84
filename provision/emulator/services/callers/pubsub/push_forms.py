"""A message as it is pushed: wrapped in JSON, as it is, or as an event of Eventarc.

Source: "Push subscriptions" and "Payload unwrapping" in Pub/Sub's documentation; the headers of
events are those of CloudEvents' HTTP binding, as Eventarc sends them.
"""

import base64
import datetime as dt
import json
import re
import secrets
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from provision.emulator.services.callers.attempts import headers_of
from provision.emulator.times import micros

_EVENTS = "__GCP_CloudEventsMode"
_DEAD = "CloudPubSubDeadLetterSource"
_PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"


@dataclass(frozen=True)
class Message:
    """A message that was published.

    Args:
        id: the server's.
        topic: where.
        data: base64.
        attributes: as published.
        ordering_key: as published.
        published: when (µs).
    """

    id: str
    topic: str
    data: str
    attributes: dict[str, str]
    ordering_key: str
    published: int

    @staticmethod
    def new(topic: str, data: bytes, attributes: dict[str, str], ordering_key: str) -> "Message":
        """A message that is published now."""
        number = str(secrets.randbelow(9 * 10**15) + 10**15)
        encoded = base64.b64encode(data).decode()
        return Message(number, topic, encoded, attributes, ordering_key, micros())

    @property
    def time(self) -> str:
        """When it was published, in milliseconds."""
        at = dt.datetime.fromtimestamp(self.published / 1e6, dt.UTC)
        return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def dead_letter(message: Message, topic: str, subscription: str, attempts: int) -> Message:
    """A message on its way to a topic of dead letters, which tells where it comes from.

    Args:
        message: as it was pushed.
        topic: of dead letters.
        subscription: that could not push it.
        attempts: how often that was tried.
    """
    _, project, _, short = subscription.split("/")
    told = {
        f"{_DEAD}Subscription": short,
        f"{_DEAD}SubscriptionProject": project,
        f"{_DEAD}DeliveryCount": str(attempts),
        f"{_DEAD}TopicPublishTime": message.time,
    }
    fresh = Message.new(topic, b"", {**message.attributes, **told}, message.ordering_key)
    return replace(fresh, data=message.data)


def pushed(
    config: Any,  # noqa: ANN401 - PushConfig
    subscription: str,
    message: Message,
    attempts: int,
) -> tuple[dict[str, str], bytes]:
    """Headers and body of a push.

    Args:
        config: how the subscription pushes.
        subscription: its name.
        message: what is pushed.
        attempts: which attempt it is; 0 where that is not told.
    """
    headers = {"User-Agent": "CloudPubSub-Google", "From": "noreply@google.com"}
    if config.HasField("no_wrapper"):
        headers["Content-Type"] = "application/octet-stream"
        if config.no_wrapper.write_metadata:
            headers |= _metadata(message, subscription)
            headers = headers_of(_attributes(message), headers)
        return headers, base64.b64decode(message.data)
    headers["Content-Type"] = "application/json"
    if _EVENTS in parse_qs(urlsplit(config.push_endpoint).query):
        headers |= _event(message)
    body: dict[str, Any] = {"message": _wrapped(message), "subscription": subscription}
    if attempts:
        body["deliveryAttempt"] = attempts
    return headers, json.dumps(body).encode()


def _wrapped(message: Message) -> dict[str, Any]:
    """The names of both styles stand in it, for the sake of older receivers."""
    told: dict[str, Any] = {"messageId": message.id, "message_id": message.id}
    if message.data:
        told["data"] = message.data
    if message.attributes:
        told["attributes"] = message.attributes
    if message.ordering_key:
        told["orderingKey"] = message.ordering_key
    return {**told, "publishTime": message.time, "publish_time": message.time}


def _metadata(message: Message, subscription: str) -> dict[str, str]:
    told = {
        "X-Goog-Pubsub-Subscription-Name": subscription,
        "X-Goog-Pubsub-Message-Id": message.id,
        "X-Goog-Pubsub-Publish-Time": message.time,
    }
    if message.ordering_key:
        told["X-Goog-Pubsub-Ordering-Key"] = _line(message.ordering_key)
    return told


def _attributes(message: Message) -> dict[str, str]:
    """Those attributes that can be headers."""
    return {key: _line(value) for key, value in message.attributes.items() if _fits(key)}


def _fits(name: str) -> bool:
    """Whether an attribute can be a header."""
    return re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) is not None


def _line(value: str) -> str:
    return re.sub(r"[\r\n\0]+", " ", value)


def _event(message: Message) -> dict[str, str]:
    return {
        "ce-id": message.id,
        "ce-source": f"//pubsub.googleapis.com/{message.topic}",
        "ce-specversion": "1.0",
        "ce-type": _PUBLISHED,
        "ce-time": message.time,
    }
