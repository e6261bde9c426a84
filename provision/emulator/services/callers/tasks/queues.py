"""Cloud Tasks' queues: ``google.cloud.tasks.v2.CloudTasks``, as far as it is about queues."""

import time
from typing import TYPE_CHECKING, Any

from google.cloud import tasks_v2

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid, not_found
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.services.callers import places
from provision.emulator.services.callers.kept import Kind
from provision.emulator.services.callers.masks import taken_over
from provision.emulator.services.callers.placed import Placed
from provision.emulator.services.callers.tasks import rules as queue_rules
from provision.emulator.services.callers.tasks.dispatching import Dispatching
from provision.emulator.services.callers.tasks.rules import WRITABLE
from provision.emulator.services.callers.tokens import settle_token
from provision.emulator.services.callers.words import check_unfiltered, scheduler_refusal
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.times import timestamp
from provision.emulator.world import World

if TYPE_CHECKING:
    from provision.emulator.store import Table

SERVICE = "google.cloud.tasks.v2.CloudTasks"
_STATES = tasks_v2.Queue.State
_RESERVED = 3 * 24 * 60 * 60
"""Seconds for which the name of a deleted queue cannot be used again (documented)."""


def missing(_: str) -> ApiError:
    """NOT_FOUND of a queue, as people quote it."""
    return not_found(
        "Queue does not exist. If you just created the queue, wait at least a minute for the queue "
        "to initialize."
    )


QUEUES = Kind("cloudtasks", "queues", tasks_v2.Queue.pb(), scheduler_refusal, missing)


class Queues:
    """The RPCs about queues.

    Args:
        world: projects, accounts, policies.
        queues: the queues.
        tasks: what is in them.
        dispatching: sends tasks.
    """

    def __init__(
        self, world: World, queues: Placed, tasks: Placed, dispatching: Dispatching
    ) -> None:
        self._world = world
        self._dispatching = dispatching
        self._queues = queues
        self._tasks = tasks
        self._gone: Table[float] = world.store.table("deleted-queues")
        kind = PolicyKind(SERVICE, "cloudtasks.queues", queues.check_exists, scheduler_refusal)
        self._policies = PolicyRpcs(world, kind)

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/CreateQueue": self._create,
            f"{SERVICE}/GetQueue": self._get,
            f"{SERVICE}/ListQueues": self._list,
            f"{SERVICE}/UpdateQueue": self._update,
            f"{SERVICE}/DeleteQueue": self._delete,
            f"{SERVICE}/PurgeQueue": self._purge,
            f"{SERVICE}/PauseQueue": self._pause,
            f"{SERVICE}/ResumeQueue": self._resume,
            **self._policies.handlers(),
        }

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Queue
        parent = self._queues.place(call, "create", call.request.parent, places.TASKS)
        sent = call.request.queue
        name = self._queues.canonical(sent.name)
        if not name.startswith(f"{parent}/queues/"):
            raise invalid(f'Queue.name must be formatted: "{parent}/queues/QUEUE_ID".')
        if self._queues.find(name) is not None:
            raise ApiError("ALREADY_EXISTS", "Queue already exists")
        return self._made(call, name, sent)

    def _made(self, call: Call, name: str, sent: Any) -> Any:  # noqa: ANN401 - messages
        queue_rules.check_id(name.partition("/queues/")[2])
        deleted = self._gone.get(name)
        if deleted is not None and time.time() - deleted < _RESERVED:
            raise ApiError(
                "FAILED_PRECONDITION",
                "The queue cannot be created because a queue with this name existed too recently.",
            )
        made = taken_over(QUEUES.message(name=name), sent, (), WRITABLE)
        made.state = int(_STATES.RUNNING)
        return self._written(call, made)

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Queue
        """A queue that does not exist is made by it (documented)."""
        sent = call.request.queue
        name = self._queues.allowed(call, "update", sent.name)
        if self._queues.find(name) is None:
            places.check_parent(places.location_of(name), places.TASKS)
            return self._made(call, name, sent)
        changed = self._queues.copy(name)
        taken_over(changed, sent, call.request.update_mask.paths, WRITABLE)
        return self._written(call, changed)

    def _written(self, call: Call, queue: Any) -> Any:  # noqa: ANN401 - messages
        queue_rules.check(queue)
        queue_rules.fill(queue)
        if queue.HasField("http_target"):
            settle_token(self._world, call, queue.http_target, queue.name)
        kept = self._queues.keep(queue)
        self._dispatching.resume(kept.name)
        return kept

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Queue
        return self._queues.get(self._queues.allowed(call, "get", call.request.name))

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        parent = self._queues.place(call, "list", request.parent, places.TASKS, reading=True)
        check_unfiltered(call)
        shown, token = self._queues.page(parent, request)
        return tasks_v2.ListQueuesResponse.pb()(queues=shown, next_page_token=token)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        name = self._queues.allowed(call, "delete", call.request.name)
        self._queues.remove(name)
        self._empty(name)
        self._gone.put(name, time.time())
        return Empty()

    def _empty(self, name: str) -> None:
        for task in self._tasks.below(name):
            self._tasks.remove(task.name)
            self._dispatching.drop(task.name)

    async def _purge(self, call: Call) -> Any:  # noqa: ANN401 - Queue
        queue = self._queues.copy(self._queues.allowed(call, "purge", call.request.name))
        self._empty(queue.name)
        queue.purge_time.CopyFrom(timestamp())
        return self._queues.keep(queue)

    async def _pause(self, call: Call) -> Any:  # noqa: ANN401 - Queue
        return self._turned(call, "pause", int(_STATES.PAUSED))

    async def _resume(self, call: Call) -> Any:  # noqa: ANN401 - Queue
        return self._turned(call, "resume", int(_STATES.RUNNING))

    def _turned(self, call: Call, verb: str, state: int) -> Any:  # noqa: ANN401 - Queue
        queue = self._queues.copy(self._queues.allowed(call, verb, call.request.name))
        queue.state = state
        kept = self._queues.keep(queue)
        self._dispatching.resume(kept.name)
        return kept
