"""Pub/Sub's topics: ``google.pubsub.v1.Publisher``, as far as it is about the topics themselves."""

from typing import Any

from google import pubsub_v1

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.services.callers.kept import Kind, Resources
from provision.emulator.services.callers.masks import taken_over
from provision.emulator.services.callers.pubsub import names
from provision.emulator.services.callers.pubsub.delivering import Delivery
from provision.emulator.services.callers.pubsub.subscriptions import Subscriptions
from provision.emulator.services.callers.words import (
    pubsub_exists,
    pubsub_missing,
    pubsub_refusal,
)
from provision.emulator.services.paging import page
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.world import World

_SERVICE = "google.pubsub.v1.Publisher"
_POLICIES = "google.iam.v1.IAMPolicy"
_WRITABLE = ("labels", "message_storage_policy", "message_retention_duration")
_TOLD = ("name", "state", "satisfies_pzs")
_DAY = 24 * 60 * 60
TOPICS = Kind("pubsub", "topics", pubsub_v1.Topic.pb(), pubsub_refusal, pubsub_missing)


class Topics:
    """The RPCs about topics.

    Args:
        world: projects and policies.
        topics: the topics.
        subscriptions: what is attached to them.
        delivery: takes messages.
    """

    def __init__(
        self,
        world: World,
        topics: Resources,
        subscriptions: Subscriptions,
        delivery: Delivery,
    ) -> None:
        self._topics = topics
        self._delivery = delivery
        self._subscriptions = subscriptions
        kind = PolicyKind(_POLICIES, "pubsub.topics", topics.check_exists, pubsub_refusal)
        self.policies = PolicyRpcs(world, kind).handlers()

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{_SERVICE}/CreateTopic": self._create,
            f"{_SERVICE}/GetTopic": self._get,
            f"{_SERVICE}/ListTopics": self._list,
            f"{_SERVICE}/UpdateTopic": self._update,
            f"{_SERVICE}/DeleteTopic": self._delete,
            f"{_SERVICE}/ListTopicSubscriptions": self._list_subscriptions,
            f"{_SERVICE}/Publish": self._publish,
        }

    def make(self, name: str, **labels: str) -> Any:  # noqa: ANN401 - Topic
        """A topic made by another API; the one that is there already, if there is one."""
        found = self._topics.find(name)
        return found or self._topics.keep(TOPICS.message(name=name, labels=labels))

    def _name(self, text: str) -> str:
        names.check_name(text, "topics")
        return self._topics.canonical(text)

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Topic
        name = self._name(call.request.name)
        self._topics.require(call, "create", "/".join(name.split("/")[:2]))
        if self._topics.find(name) is not None:
            raise pubsub_exists(name)
        made = TOPICS.message()
        made.CopyFrom(call.request)
        _check(made)
        for field in _TOLD:
            made.ClearField(field)
        made.name = name
        return self._topics.keep(made)

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Topic
        name = self._name(call.request.topic)
        self._topics.require(call, "get", name)
        return self._topics.get(name)

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        names.check_project(call.request.project)
        parent = self._topics.canonical(call.request.project)
        self._topics.require(call, "list", parent)
        shown, token = self._topics.page(parent, call.request)
        return pubsub_v1.ListTopicsResponse.pb()(topics=shown, next_page_token=token)

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Topic
        sent, paths = call.request.topic, call.request.update_mask.paths
        name = self._name(sent.name)
        self._topics.require(call, "update", name)
        changed = self._topics.copy(name)
        names.check_mask(paths, "Topic", ("name", "kms_key_name"))
        names.check_offered(sent, (*_WRITABLE, *_TOLD), "Topics")
        taken_over(changed, sent, paths, _WRITABLE)
        _check(changed)
        return self._topics.keep(changed)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        name = self._name(call.request.topic)
        self._topics.require(call, "delete", name)
        self._topics.remove(name)
        self._subscriptions.orphan(name)
        return Empty()

    async def _publish(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        name = self._name(call.request.topic)
        self._topics.require(call, "publish", name)
        made = self._delivery.publish(name, call.request.messages)
        return pubsub_v1.PublishResponse.pb()(message_ids=made)

    async def _list_subscriptions(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        name = self._name(call.request.topic)
        self._topics.require(call, "get", name)
        self._topics.check_exists(name)
        request = call.request
        found = self._subscriptions.attached(name)
        shown, token = page(found, request.page_size, request.page_token, name)
        return pubsub_v1.ListTopicSubscriptionsResponse.pb()(
            subscriptions=shown, next_page_token=token
        )


def _check(topic: Any) -> None:  # noqa: ANN401 - Topic
    """Raise `ApiError` for a topic that cannot be."""
    names.check_offered(topic, (*_WRITABLE, *_TOLD), "Topics")
    names.check_labels(topic.labels, "Topic")
    if topic.HasField("message_retention_duration"):
        argument = "Topic::message_retention_duration"
        names.check_duration(topic.message_retention_duration, 600, 31 * _DAY, argument)
