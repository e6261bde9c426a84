"""Pub/Sub's subscriptions: ``google.pubsub.v1.Subscriber``, but for taking messages."""

from typing import Any

from google import pubsub_v1

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.services.callers.kept import Kind, Resources
from provision.emulator.services.callers.masks import taken_over
from provision.emulator.services.callers.pubsub import names
from provision.emulator.services.callers.pubsub.pushing import check_push
from provision.emulator.services.callers.pubsub.subscription_rules import WRITABLE, check, fill
from provision.emulator.services.callers.words import (
    pubsub_exists,
    pubsub_missing,
    pubsub_refusal,
)
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.world import World

_SERVICE = "google.pubsub.v1.Subscriber"
_PUBLISHER = "google.pubsub.v1.Publisher"
_POLICIES = "google.iam.v1.IAMPolicy"
_TOLD = ("state", "detached", "topic_message_retention_duration", "analytics_hub_subscription_info")
_ACTIVE = int(pubsub_v1.Subscription.State.ACTIVE)
DELETED_TOPIC = "_deleted-topic_"
"""What a subscription shows in the place of its topic once that is deleted (documented)."""
SUBSCRIPTIONS = Kind(
    "pubsub", "subscriptions", pubsub_v1.Subscription.pb(), pubsub_refusal, pubsub_missing
)


class Subscriptions:
    """The RPCs about subscriptions.

    Args:
        world: projects, policies, accounts.
        subscriptions: the subscriptions.
        topics: what they can be attached to.
    """

    def __init__(self, world: World, subscriptions: Resources, topics: Resources) -> None:
        self._world = world
        self._subscriptions = subscriptions
        self._topics = topics
        kind = PolicyKind(
            _POLICIES, "pubsub.subscriptions", subscriptions.check_exists, pubsub_refusal
        )
        self.policies = PolicyRpcs(world, kind).handlers()

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{_SERVICE}/CreateSubscription": self._create,
            f"{_SERVICE}/GetSubscription": self._get,
            f"{_SERVICE}/ListSubscriptions": self._list,
            f"{_SERVICE}/UpdateSubscription": self._update,
            f"{_SERVICE}/DeleteSubscription": self._delete,
            f"{_SERVICE}/ModifyPushConfig": self._modify_push_config,
            f"{_PUBLISHER}/DetachSubscription": self._detach,
        }

    def attached(self, topic: str) -> list[str]:
        """Names of the subscriptions of a topic, of whatever project they are."""
        return [one.name for one in self._subscriptions.all() if one.topic == topic]

    def orphan(self, topic: str) -> None:
        """The topic is gone; its subscriptions stay, and get nothing any more."""
        for name in self.attached(topic):
            left = self._subscriptions.copy(name)
            left.topic = DELETED_TOPIC
            self._subscriptions.keep(left)

    def make(self, message: Any) -> Any:  # noqa: ANN401 - Subscription
        """A subscription made by another API, with the defaults filled in."""
        fill(message)
        message.state = _ACTIVE
        return self._subscriptions.keep(message)

    def drop(self, name: str) -> None:
        """Take a subscription out that another API made; nothing happens when it is gone."""
        if self._subscriptions.find(name) is not None:
            self._subscriptions.remove(name)

    def _name(self, text: str) -> str:
        names.check_name(text, "subscriptions")
        return self._subscriptions.canonical(text)

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Subscription
        name = self._name(call.request.name)
        self._subscriptions.require(call, "create", "/".join(name.split("/")[:2]))
        names.check_name(call.request.topic, "topics")
        topic = self._topics.canonical(call.request.topic)
        self._topics.require(call, "attachSubscription", topic)
        source = self._topics.get(topic)
        if self._subscriptions.find(name) is not None:
            raise pubsub_exists(name)
        made = SUBSCRIPTIONS.message()
        made.CopyFrom(call.request)
        for field in _TOLD:
            made.ClearField(field)
        made.name, made.topic = name, topic
        if source.HasField("message_retention_duration"):
            made.topic_message_retention_duration.CopyFrom(source.message_retention_duration)
        check(made)
        check_push(self._world, call, made.push_config, name)
        return self.make(made)

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Subscription
        name = self._name(call.request.subscription)
        self._subscriptions.require(call, "get", name)
        return self._subscriptions.get(name)

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        names.check_project(call.request.project)
        parent = self._subscriptions.canonical(call.request.project)
        self._subscriptions.require(call, "list", parent)
        shown, token = self._subscriptions.page(parent, call.request)
        return pubsub_v1.ListSubscriptionsResponse.pb()(subscriptions=shown, next_page_token=token)

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Subscription
        sent, paths = call.request.subscription, list(call.request.update_mask.paths)
        name = self._name(sent.name)
        self._subscriptions.require(call, "update", name)
        changed = self._subscriptions.copy(name)
        names.check_mask(paths, "Subscription", ("name", "topic", "filter"))
        taken_over(changed, sent, paths, WRITABLE)
        check(changed)
        fill(changed)
        if any(path.partition(".")[0] == "push_config" for path in paths):
            check_push(self._world, call, changed.push_config, name)
        return self._subscriptions.keep(changed)

    async def _modify_push_config(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        name = self._name(call.request.subscription)
        self._subscriptions.require(call, "update", name)
        changed = self._subscriptions.copy(name)
        check_push(self._world, call, call.request.push_config, name)
        changed.push_config.CopyFrom(call.request.push_config)
        fill(changed)
        self._subscriptions.keep(changed)
        return Empty()

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        name = self._name(call.request.subscription)
        self._subscriptions.require(call, "delete", name)
        self._subscriptions.remove(name)
        return Empty()

    async def _detach(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        name = self._name(call.request.subscription)
        found = self._subscriptions.find(name)
        topic = found.topic if found is not None else name
        self._topics.require(call, "detachSubscription", topic)
        changed = self._subscriptions.copy(name)
        changed.detached = True
        self._subscriptions.keep(changed)
        return pubsub_v1.DetachSubscriptionResponse.pb()()
