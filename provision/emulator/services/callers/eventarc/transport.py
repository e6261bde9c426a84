"""The topic and the subscription by which a trigger's events come."""

import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from provision.emulator.services.callers.eventarc.rules import PUBLISHED, event_type
from provision.emulator.services.callers.kept import Resources
from provision.emulator.services.callers.pubsub.subscriptions import SUBSCRIPTIONS, Subscriptions
from provision.emulator.services.callers.pubsub.topics import Topics
from provision.emulator.services.callers.words import platform_missing
from provision.emulator.world import World

_EXECUTIONS = "https://workflowexecutions.googleapis.com/v1"
_OWN = "goog-eventarc"
"""The label of a topic that goes with its trigger."""
AddressOf = Callable[[str], str]
"""Where a service answers, by its full name; empty when it answers nowhere."""


class Transports:
    """Makes them, and takes them away again.

    Args:
        world: projects.
        topics: where topics are made.
        kept: the topics as they are kept.
        subscriptions: where subscriptions are made.
        address_of: tells where a service answers.
    """

    def __init__(
        self,
        world: World,
        topics: Topics,
        kept: Resources,
        subscriptions: Subscriptions,
        address_of: AddressOf,
    ) -> None:
        self._world = world
        self._topics = topics
        self._kept = kept
        self._subscriptions = subscriptions
        self._address_of = address_of

    def check(self, trigger: Any) -> None:  # noqa: ANN401 - Trigger
        """Raise `ApiError` (NOT_FOUND) for a topic that was given and is not there."""
        topic = self._given(trigger)
        if topic and self._kept.find(topic) is None:
            raise platform_missing(topic)

    def open(self, trigger: Any) -> None:  # noqa: ANN401 - Trigger
        """Give a new trigger its subscription, and its topic where it was given none."""
        _, project, _, location, _, short = trigger.name.split("/")
        number = f"{secrets.randbelow(1000):03}"
        stem = f"projects/{project}/{{}}/eventarc-{location}-{short}"
        topic = self._given(trigger)
        if not topic:
            topic = f"{stem.format('topics')}-{number}"
            self._topics.make(topic, **{_OWN: ""})
        trigger.transport.pubsub.topic = topic
        trigger.transport.pubsub.subscription = f"{stem.format('subscriptions')}-sub-{number}"
        self.redirect(trigger)

    def redirect(self, trigger: Any) -> None:  # noqa: ANN401 - Trigger
        """Let a trigger's subscription push to where the trigger leads, as its account."""
        pubsub = trigger.transport.pubsub
        made = SUBSCRIPTIONS.message(name=pubsub.subscription, topic=pubsub.topic)
        audience, path = self._destination(trigger)
        mode = quote(f"CUSTOM_PUBSUB_{pubsub.topic}", safe="")
        made.push_config.push_endpoint = f"{audience}{path}?__GCP_CloudEventsMode={mode}"
        if trigger.service_account:
            made.push_config.oidc_token.service_account_email = trigger.service_account
            made.push_config.oidc_token.audience = audience
        made.labels[_OWN] = ""
        self._subscriptions.make(made)

    def close(self, trigger: Any) -> None:  # noqa: ANN401 - Trigger
        """Take away what was made for a trigger."""
        pubsub = trigger.transport.pubsub
        self._subscriptions.drop(pubsub.subscription)
        topic = self._kept.find(pubsub.topic)
        if topic is not None and _OWN in topic.labels:
            self._kept.remove(pubsub.topic)

    def _given(self, trigger: Any) -> str:  # noqa: ANN401 - Trigger
        """The topic that a trigger was given; only messages have one to come from."""
        if event_type(trigger) != PUBLISHED:
            return ""
        return self._kept.canonical(trigger.transport.pubsub.topic)

    def _destination(self, trigger: Any) -> tuple[str, str]:  # noqa: ANN401 - Trigger
        """Where a trigger leads: the audience of its tokens, and the path on it."""
        project, destination = trigger.name.split("/")[1], trigger.destination
        kind = destination.WhichOneof("descriptor")
        if kind == "workflow":
            return f"{_EXECUTIONS}/{destination.workflow}", ":triggerPubsubExecution"
        if kind == "cloud_function":
            _, _, _, region, _, service = destination.cloud_function.split("/")
            return self._address(project, region, service), ""
        run = destination.cloud_run
        return self._address(project, run.region, run.service.rpartition("/")[2]), run.path

    def _address(self, project: str, region: str, service: str) -> str:
        """Where a service answers; one that is not there yet, at the address that it would have."""
        known = self._address_of(f"projects/{project}/locations/{region}/services/{service}")
        found = self._world.hierarchy.find(project)
        number = found.number if found else project
        return known or f"https://{service}-{number}.{region}.run.app"
