"""Tasks in Cloud Tasks' queues. `dispatching.py` sends them."""

import secrets
import time
from typing import TYPE_CHECKING, Any

from google.cloud import tasks_v2

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid, not_found
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.services.callers import places
from provision.emulator.services.callers.kept import Kind
from provision.emulator.services.callers.placed import Placed
from provision.emulator.services.callers.tasks import rules as queue_rules
from provision.emulator.services.callers.tasks.dispatching import Dispatching
from provision.emulator.services.callers.tasks.queues import SERVICE
from provision.emulator.services.callers.tokens import settle_token
from provision.emulator.services.callers.words import scheduler_refusal
from provision.emulator.times import timestamp
from provision.emulator.world import World

if TYPE_CHECKING:
    from provision.emulator.store import Table

_RESERVED = 60 * 60
"""Seconds for which a name is not to be had again; at Google it can be a day (documented)."""
_MOST_RESERVED = 10_000
_TOO_RECENT = (
    "The task cannot be created because a task with this name existed too recently. For more "
    "information about task de-duplication see https://cloud.google.com/tasks/docs/reference/rest/"
    "v2/projects.locations.queues.tasks/create#body.request_body.FIELDS.task."
)
_FULL = int(tasks_v2.Task.View.FULL)
_BASIC = int(tasks_v2.Task.View.BASIC)
_TOLD = ("dispatch_count", "response_count", "first_attempt", "last_attempt", "view")
TASKS = Kind(
    "cloudtasks",
    "tasks",
    tasks_v2.Task.pb(),
    scheduler_refusal,
    lambda _: not_found("The task no longer exists or never existed."),
)


class QueueTasks:
    """The RPCs about tasks.

    Args:
        world: projects, accounts, policies.
        queues: what tasks can be put into.
        tasks: the tasks.
        dispatching: sends them.
    """

    def __init__(
        self, world: World, queues: Placed, tasks: Placed, dispatching: Dispatching
    ) -> None:
        self._world = world
        self._dispatching = dispatching
        self._named: Table[float] = world.store.table("named-tasks")
        self._queues = queues
        self._tasks = tasks

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/CreateTask": self._create,
            f"{SERVICE}/GetTask": self._get,
            f"{SERVICE}/ListTasks": self._list,
            f"{SERVICE}/DeleteTask": self._delete,
            f"{SERVICE}/RunTask": self._run,
        }

    def _queue(self, call: Call, verb: str) -> str:
        """The queue of a request, once the caller may do something with its tasks."""
        parent = self._queues.canonical(call.request.parent)
        places.check_name(parent, "queues")
        self._tasks.require(call, verb, parent)
        self._queues.check_exists(parent)
        return parent

    def _allowed(self, call: Call, verb: str) -> str:
        """The canonical name of a task that the caller may do something with."""
        return self._tasks.allowed(call, verb, call.request.name, "queues/[^/]+/tasks")

    def _shown(self, call: Call, task: Any, subject: str) -> Any:  # noqa: ANN401 - messages
        """A task in the view that was asked for; the whole one needs a permission of its own."""
        shown = TASKS.message()
        shown.CopyFrom(task)
        shown.view = call.request.response_view or _BASIC
        if shown.view == _FULL:
            self._tasks.require(call, "fullView", subject)
        else:
            shown.http_request.body = b""
        return shown

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Task
        parent = self._queue(call, "create")
        sent = call.request.task
        name = self._tasks.canonical(sent.name) or f"{parent}/tasks/{secrets.randbelow(10**19)}"
        if not name.startswith(f"{parent}/tasks/"):
            raise invalid("Task.name must begin with the name of the queue.")
        queue_rules.check_task_id(name.removeprefix(f"{parent}/tasks/"))
        if self._tasks.find(name) is not None:
            raise ApiError("ALREADY_EXISTS", "Requested entity already exists")
        if sent.name and time.time() - (self._named.get(name) or 0) < _RESERVED:
            raise ApiError("ALREADY_EXISTS", _TOO_RECENT)
        made = TASKS.message()
        made.CopyFrom(sent)
        for field in _TOLD:
            made.ClearField(field)
        queue_rules.check_task(made)
        queue_rules.fill_task(made)
        settle_token(self._world, call, made.http_request, name, made.http_request.url)
        made.name = name
        if sent.name:
            self._reserve(name)
        made.create_time.CopyFrom(timestamp())
        made.create_time.nanos = 0
        if not made.HasField("schedule_time"):
            made.schedule_time.CopyFrom(timestamp())
        shown = self._shown(call, made, parent)
        self._tasks.keep(made)
        self._dispatching.plan(name)
        return shown

    def _reserve(self, name: str) -> None:
        """A name that was given is not to be had again for a while, whatever became of the task."""
        self._named.put(name, time.time())
        oldest = next(iter(self._named))
        if len(self._named) > _MOST_RESERVED:
            self._named.pop(oldest)

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Task
        name = self._allowed(call, "get")
        return self._shown(call, self._tasks.get(name), name)

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        parent = self._queue(call, "list")
        found, token = self._tasks.page(parent, call.request)
        shown = [self._shown(call, one, parent) for one in found]
        return tasks_v2.ListTasksResponse.pb()(tasks=shown, next_page_token=token)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        name = self._allowed(call, "delete")
        self._tasks.remove(name)
        self._dispatching.drop(name)
        return Empty()

    async def _run(self, call: Call) -> Any:  # noqa: ANN401 - Task
        """Due now, and sent whether its queue is paused or not (documented)."""
        name = self._allowed(call, "run")
        task = self._tasks.copy(name)
        task.schedule_time.CopyFrom(timestamp())
        shown = self._shown(call, self._tasks.keep(task), name)
        self._dispatching.run(name)
        return shown
