"""A push subscription of Pub/Sub, as the stage `callers` handles it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from provision.clients.callers import Subscriptions
from provision.errors import ProvisionError
from provision.run.resource_json import MARK
from provision.spec import Spec
from provision.spec.calls import PushSpec
from provision.stages.called_by import Json, Root, oidc_of, request_of, seen_token, token_of


@dataclass(frozen=True)
class PushCaller:
    """A push subscription of Pub/Sub."""

    spec: Spec
    caller: PushSpec
    subscriptions: Subscriptions
    progress: Callable[[str], None]

    @property
    def name(self) -> str:
        """Its full name."""
        return self.spec.full_name(self.caller)

    def wanted(self, root: Root) -> dict[str, Any]:
        """Of which topic it is, and where it pushes."""
        return {
            "topic": self.caller.topic,
            "uri": request_of(self.caller.call, root)["uri"],
            **token_of(self.caller, root),
            "labels": {MARK[0]: MARK[1]},
        }

    def seen(self) -> dict[str, Any] | None:
        """The same of what is; no topic where that is not there."""
        live = self.subscriptions.find(self.name)
        if live is None:
            return None
        config = live.get("pushConfig", {})
        return {
            "topic": live.get("topic", ""),
            "uri": config.get("pushEndpoint", ""),
            **seen_token(config),
            "labels": {MARK[0]: live.get("labels", {}).get(MARK[0])},
        }

    def write(self, seen: Json | None, wanted: Json) -> None:
        """Create it with its topic, or update where it pushes.

        Raises:
            ProvisionError: it is one of another topic.
        """
        config = {"pushEndpoint": wanted["uri"], "oidcToken": oidc_of(wanted)}
        if seen is None:
            self._bring_topic()
            never: dict[str, Any] = {}  # else it goes after 31 days without a message
            body = {"topic": wanted["topic"], "pushConfig": config, "labels": wanted["labels"]}
            self.subscriptions.create(self.name, {**body, "expirationPolicy": never})
            return
        if seen["topic"] != wanted["topic"]:
            raise ProvisionError(
                f"Updating subscription {self.caller.name}: it is one of {seen['topic']}, and"
                f" Pub/Sub makes no subscription one of another topic ({wanted['topic']}).",
                hint="Name another subscription, or delete this one:"
                f" `gcloud pubsub subscriptions delete {self.caller.name}`.",
            )
        live = self.subscriptions.find(self.name) or {}
        body = {
            "pushConfig": {**live.get("pushConfig", {}), **config},
            "labels": {**live.get("labels", {}), **wanted["labels"]},
        }
        self.subscriptions.update(self.name, body, ("pushConfig", "labels"))

    def _bring_topic(self) -> None:
        topic = self.caller.topic
        own = topic.startswith(f"projects/{self.spec.project.value}/")
        if own and self.subscriptions.find_topic(topic) is None:
            self.progress(f"creating topic {topic.rpartition('/')[2]}")
            self.subscriptions.create_topic(topic, {MARK[0]: MARK[1]})
