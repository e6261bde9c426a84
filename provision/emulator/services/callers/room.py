"""What calls services on its own, put together."""

from collections.abc import Iterator
from typing import Any

from provision.emulator.rpc.calls import Dispatcher, Handler
from provision.emulator.rpc.host_apps import Mount
from provision.emulator.services.callers.eventarc.transport import AddressOf, Transports
from provision.emulator.services.callers.eventarc.triggers import Triggers
from provision.emulator.services.callers.kept import Resources
from provision.emulator.services.callers.locations import CallerLocations
from provision.emulator.services.callers.placed import Placed
from provision.emulator.services.callers.progress import Work
from provision.emulator.services.callers.pubsub.delivering import Delivery
from provision.emulator.services.callers.pubsub.subscriptions import SUBSCRIPTIONS, Subscriptions
from provision.emulator.services.callers.pubsub.topics import TOPICS, Topics
from provision.emulator.services.callers.scheduler.firing import Firing
from provision.emulator.services.callers.scheduler.schedules import JOBS, Schedules
from provision.emulator.services.callers.sending import Sender
from provision.emulator.services.callers.tasks.dispatching import Dispatching
from provision.emulator.services.callers.tasks.queues import QUEUES, Queues
from provision.emulator.services.callers.tasks.tasks import TASKS, QueueTasks
from provision.emulator.services.callers.turns import Turns
from provision.emulator.services.callers.workflows.execution_runs import ExecutionRuns
from provision.emulator.services.callers.workflows.executions import Executions
from provision.emulator.services.callers.workflows.workflows import Workflows
from provision.emulator.services.operations import Operations
from provision.emulator.world import World


class Callers:
    """Pub/Sub, Eventarc, Cloud Scheduler, Cloud Tasks and Workflows.

    Args:
        world: projects, accounts, policies.
        operations: where work in progress is told.
        address_of: tells where a Cloud Run service answers.
        sender: sends requests on behalf of projects.
    """

    def __init__(
        self, world: World, operations: Operations, address_of: AddressOf, sender: Sender
    ) -> None:
        self._sender = sender
        kept, subscribed = Resources(world, TOPICS), Resources(world, SUBSCRIPTIONS)
        self._turns = Turns(world.store.flush)
        self._delivery = Delivery(world, kept, subscribed, sender, self._turns)
        self._subscriptions = Subscriptions(world, subscribed, kept)
        self._topics = Topics(world, kept, self._subscriptions, self._delivery)
        transports = Transports(world, self._topics, kept, self._subscriptions, address_of)
        self._triggers = Triggers(world, operations, transports)
        self._workflows = Workflows(world, operations)
        self._runs = ExecutionRuns(world, sender)
        self._workflows.deleted.append(self._runs.forget)
        queues, tasks = Placed(world, QUEUES), Placed(world, TASKS)
        self._dispatching = Dispatching(queues, tasks, sender, self._turns)
        jobs = Placed(world, JOBS)
        self._firing = Firing(world, jobs, sender, self._delivery, self._turns)
        self._locations, schedules = CallerLocations(world), Schedules(world, jobs, self._firing)
        self._others = (
            self._locations,
            schedules,
            Queues(world, queues, tasks, self._dispatching),
            QueueTasks(world, queues, tasks, self._dispatching),
            Executions(world, self._workflows, self._runs),
        )

        self._assets = {
            "pubsub.googleapis.com/Topic": kept,
            "pubsub.googleapis.com/Subscription": subscribed,
            "eventarc.googleapis.com/Trigger": self._triggers.resources,
            "cloudscheduler.googleapis.com/Job": schedules.resources,
            "cloudtasks.googleapis.com/Queue": queues,
            "workflows.googleapis.com/Workflow": self._workflows.resources,
        }

    def assets(self) -> Iterator[tuple[str, Any]]:
        """Everything that Cloud Asset Inventory knows of these APIs: its type and its message."""
        for asset_type, resources in self._assets.items():
            yield from ((asset_type, message) for message in resources.all())

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        rooms = (
            self._topics,
            self._subscriptions,
            self._triggers,
            self._workflows,
            *self._others,
        )
        return {name: handler for room in rooms for name, handler in room.handlers().items()}

    def mounts(self, dispatcher: Dispatcher) -> dict[str, tuple[Mount, ...]]:
        """What these APIs have on their own hosts beside their RPCs: lists of locations."""
        return self._locations.mounts(dispatcher)

    def policies(self) -> dict[str, dict[str, Handler]]:
        """The RPCs of ``google.iam.v1.IAMPolicy``, by the collection that they are about."""
        return {
            "topics": self._topics.policies,
            "subscriptions": self._subscriptions.policies,
            "triggers": self._triggers.policies,
        }

    def logs(self, name: str) -> str | None:
        """What an execution of a workflow wrote; None when there is no such execution."""
        return self._runs.logs(name)

    def restore(self) -> None:
        """After a restart: see to what was going on."""
        self._runs.restore()
        for room in (self._delivery, self._dispatching, self._firing):
            room.restore()

    async def stop(self) -> None:
        """Stop what is going on, for the end or a reset."""
        await self._runs.stop()
        await self._turns.stop_all()

    def work_of(self, operation: Any) -> Work | None:  # noqa: ANN401 - Operation
        """The work of an operation that a restart broke off; None when it is none of ours."""
        rooms = (self._triggers, self._workflows)
        found = (room.progress.work_of(operation) for room in rooms)
        return next((work for work in found if work is not None), None)
