"""What calls services on its own, put together."""

from provision.emulator.rpc.calls import Handler
from provision.emulator.services.callers.kept import Resources
from provision.emulator.services.callers.subscriptions import SUBSCRIPTIONS, Subscriptions
from provision.emulator.services.callers.topics import TOPICS, Topics
from provision.emulator.world import World


class Callers:
    """Pub/Sub, Eventarc, Cloud Scheduler, Cloud Tasks and Workflows.

    Args:
        world: projects, accounts, policies.
    """

    def __init__(self, world: World) -> None:
        topics = Resources(world, TOPICS)
        self._subscriptions = Subscriptions(world, Resources(world, SUBSCRIPTIONS), topics)
        self._topics = Topics(world, topics, self._subscriptions)

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        rooms = (self._topics, self._subscriptions)
        return {name: handler for room in rooms for name, handler in room.handlers().items()}

    def policies(self) -> dict[str, dict[str, Handler]]:
        """The RPCs of ``google.iam.v1.IAMPolicy``, by the collection that they are about."""
        return {
            "topics": self._topics.policies,
            "subscriptions": self._subscriptions.policies,
        }
