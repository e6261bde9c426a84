"""The methods of v1's executions and tasks: the same ones as in v2, in the Knative form."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from google.cloud import run_v2

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.services.permissions import require
from provision.emulator.services.run.knative import executions_shown, shapes, words
from provision.emulator.services.run.knative.jobs_shown import API, deleted
from provision.emulator.services.run.knative.lists import listed
from provision.emulator.services.run.knative.requests import V1, KnativeRequest
from provision.emulator.services.run.names import missing
from provision.emulator.services.run.records import RunState
from provision.emulator.store import Table
from provision.emulator.world import World

_V2 = "google.cloud.run.v2.Executions"


class KnativeExecutions:
    """``executions`` and ``tasks`` of v1, whose names tell no job.

    Args:
        world: projects and policies.
        state: executions and tasks.
        in_v2: v2's methods by name, which cancel and delete.
    """

    def __init__(self, world: World, state: RunState, in_v2: Mapping[str, Handler]) -> None:
        self._world = world
        self._state = state
        self._in_v2 = in_v2

    def handlers(self) -> dict[str, Handler]:
        """The methods by name."""
        return {
            f"{V1}.Executions/ListExecutions": self._list,
            f"{V1}.Executions/GetExecution": self._get,
            f"{V1}.Executions/CancelExecution": self._cancel,
            f"{V1}.Executions/DeleteExecution": self._delete,
            f"{V1}.Tasks/ListTasks": self._list_tasks,
            f"{V1}.Tasks/GetTask": self._get_task,
        }

    def shown(self, request: KnativeRequest, message: Any) -> dict[str, Any]:  # noqa: ANN401 - Execution
        """An execution in the Knative form."""
        number = self._number(request)
        return executions_shown.execution(message, number, self._notes(message))

    def _notes(self, message: Any) -> Mapping[str, str]:  # noqa: ANN401 - Execution
        return self._state.execution_notes.get(message.name) or {}

    def _labels(self, message: Any) -> Mapping[str, str]:  # noqa: ANN401 - Execution
        return executions_shown.execution_labels(message, self._notes(message))

    def _number(self, request: KnativeRequest) -> int:
        project = self._world.hierarchy.find(request.project)
        return project.number if project else 0

    def _find(self, call: Call, permission: str, table: Table[Any], kind: str) -> Any:  # noqa: ANN401 - Execution or Task
        """What a name means, whatever job it is of. Raises `ApiError`.

        The permission is asked for where the resource is: on its job, and above.
        """
        request: KnativeRequest = call.request
        request.in_one_region()
        found = next((one for one in self._of(table, request) if _ends(one, request.name)), None)
        name = request.resource if found is None else found.name
        require(self._world, call, permission, name, words.refusal)
        if found is None:
            raise missing(request.resource, kind)
        return found

    @staticmethod
    def _of(table: Table[Any], request: KnativeRequest) -> list[Any]:
        """Everything of a project or of one of its regions, the youngest first."""
        names = [name for name in table if name.startswith(f"{request.parent}/")]
        found = (table.get(name) for name in reversed(names))
        return [one for one in found if one is not None]

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        require(self._world, call, "run.executions.list", request.parent, words.list_refusal)
        items = self._of(self._state.executions, request)
        shown = partial(self.shown, request)
        return listed(request, "Execution", items, API, shown, self._labels)

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        return self.shown(call.request, self._execution(call, "get"))

    def _execution(self, call: Call, verb: str) -> Any:  # noqa: ANN401 - Execution
        return self._find(call, f"run.executions.{verb}", self._state.executions, "EXECUTION")

    async def _cancel(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        shapes.read(request.body or {}, "CancelExecutionRequest", "request")
        found = self._execution(call, "cancel")
        asked = run_v2.CancelExecutionRequest.pb()(name=found.name)
        await self._in_v2[f"{_V2}/CancelExecution"](Call(call.method, call.principal, asked))
        return self.shown(request, found)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        found = self._execution(call, "delete")
        asked = run_v2.DeleteExecutionRequest.pb()(name=found.name, validate_only=request.dry_run)
        await self._in_v2[f"{_V2}/DeleteExecution"](Call(call.method, call.principal, asked))
        return deleted("execution", request.name, found.uid)

    async def _list_tasks(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        require(self._world, call, "run.tasks.list", request.parent, words.list_refusal)
        items = self._of(self._state.tasks, request)
        shown = partial(executions_shown.task, number=self._number(request))
        return listed(request, "Task", items, API, shown, executions_shown.task_labels)

    async def _get_task(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        found = self._find(call, "run.tasks.get", self._state.tasks, "TASK")
        return executions_shown.task(found, self._number(call.request))


def _ends(message: Any, name: str) -> bool:  # noqa: ANN401 - Execution or Task
    return bool(message.name.rpartition("/")[2] == name)
