"""What a subscription must be, and the defaults that Pub/Sub fills in.

Source: the comments of ``google.pubsub.v1.Subscription``.
"""

from typing import Any

from provision.emulator.services.callers.pubsub import names
from provision.emulator.services.callers.pubsub.subscription_filter import FilterError, parsed

WRITABLE = (
    "push_config",
    "ack_deadline_seconds",
    "retain_acked_messages",
    "message_retention_duration",
    "labels",
    "expiration_policy",
    "dead_letter_policy",
    "retry_policy",
    "enable_exactly_once_delivery",
)
"""The fields that an update may change."""
_KEPT = (
    *WRITABLE,
    *("name", "topic", "filter", "enable_message_ordering"),
    *("state", "detached", "topic_message_retention_duration"),
)
_DAY = 24 * 60 * 60
_LONGEST_FILTER = 256
_BACKOFF = 600
_DEADLINES = range(10, 601)
_ATTEMPTS = range(5, 101)


def check(message: Any) -> None:  # noqa: ANN401 - Subscription
    """Raise `ApiError` for a subscription that cannot be."""
    names.check_offered(message, _KEPT, "Subscriptions")
    names.check_labels(message.labels, "Subscription")
    if message.ack_deadline_seconds and message.ack_deadline_seconds not in _DEADLINES:
        raise names.wrong("Subscription::ack_deadline_seconds")
    if message.HasField("message_retention_duration"):
        argument = "Subscription::message_retention_duration"
        names.check_duration(message.message_retention_duration, 600, 31 * _DAY, argument)
    if len(message.filter.encode()) > _LONGEST_FILTER:
        raise names.wrong("Subscription::filter")
    try:
        parsed(message.filter or "attributes:a")
    except FilterError as error:
        raise names.wrong("Subscription::filter") from error
    _check_expiration(message)
    _check_retries(message)


def _check_expiration(message: Any) -> None:  # noqa: ANN401 - Subscription
    policy = message.expiration_policy
    if message.HasField("expiration_policy") and policy.HasField("ttl"):
        names.check_duration(policy.ttl, _DAY, 10**9, "Subscription::expiration_policy::ttl")


def _check_retries(message: Any) -> None:  # noqa: ANN401 - Subscription
    retry, dead = message.retry_policy, message.dead_letter_policy
    for field in ("minimum_backoff", "maximum_backoff"):
        if retry.HasField(field):
            argument = f"Subscription::retry_policy::{field}"
            names.check_duration(getattr(retry, field), 0, _BACKOFF, argument)
    if not message.HasField("dead_letter_policy"):
        return
    names.check_name(dead.dead_letter_topic, "topics")
    if dead.max_delivery_attempts and dead.max_delivery_attempts not in _ATTEMPTS:
        raise names.wrong("Subscription::dead_letter_policy::max_delivery_attempts")


def fill(message: Any) -> None:  # noqa: ANN401 - Subscription
    """Fill in the defaults (documented): ten seconds to answer, a week, a month unused."""
    message.ack_deadline_seconds = message.ack_deadline_seconds or _DEADLINES.start
    if not message.HasField("message_retention_duration"):
        message.message_retention_duration.seconds = 7 * _DAY
    if not message.HasField("expiration_policy"):
        message.expiration_policy.ttl.seconds = 31 * _DAY
    message.push_config.SetInParent()
    if message.HasField("dead_letter_policy"):
        dead = message.dead_letter_policy
        dead.max_delivery_attempts = dead.max_delivery_attempts or _ATTEMPTS.start
    if message.HasField("retry_policy"):
        _fill_retries(message.retry_policy)


def _fill_retries(retry: Any) -> None:  # noqa: ANN401 - RetryPolicy
    if not retry.HasField("minimum_backoff"):
        retry.minimum_backoff.seconds = 10
    if not retry.HasField("maximum_backoff"):
        retry.maximum_backoff.seconds = _BACKOFF
