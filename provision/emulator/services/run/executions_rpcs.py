"""The RPCs of ``google.cloud.run.v2.Executions`` and ``google.cloud.run.v2.Tasks``."""

from typing import Any

from google.cloud import run_v2

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import require, run_refusal
from provision.emulator.services.run.executions import ExecutionRuns
from provision.emulator.services.run.names import checked_name, checked_parent, missing
from provision.emulator.services.run.records import RunState
from provision.emulator.services.run.rules import check_etag
from provision.emulator.world import World

_EXECUTIONS = "google.cloud.run.v2.Executions"
_TASKS = "google.cloud.run.v2.Tasks"


class Executions:
    """Executions of jobs, and their tasks.

    Args:
        world: policies.
        state: executions and tasks.
        runs: stops and deletes them.
    """

    def __init__(self, world: World, state: RunState, runs: ExecutionRuns) -> None:
        self._world = world
        self._state = state
        self._runs = runs

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{_EXECUTIONS}/GetExecution": self._get,
            f"{_EXECUTIONS}/ListExecutions": self._list,
            f"{_EXECUTIONS}/CancelExecution": self._cancel,
            f"{_EXECUTIONS}/DeleteExecution": self._delete,
            f"{_TASKS}/GetTask": self._get_task,
            f"{_TASKS}/ListTasks": self._list_tasks,
        }

    def _execution(self, call: Call, verb: str) -> Any:  # noqa: ANN401 - Execution
        name = checked_name(self._world.hierarchy.canonical(call.request.name), "EXECUTION")
        require(self._world, call, f"run.executions.{verb}", name, run_refusal)
        found = self._state.executions.get(name)
        if found is None:
            raise missing(name, "EXECUTION")
        return found

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Execution
        return self._execution(call, "get")

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        parent = checked_parent(self._world.hierarchy.canonical(request.parent), "jobs/*")
        require(self._world, call, "run.executions.list", parent, run_refusal)
        names = self._names_below(parent)
        shown, token = page(names, request.page_size, request.page_token, parent)
        found = [one for one in map(self._state.executions.get, shown) if one is not None]
        kept = [one for one in found if request.show_deleted or not one.HasField("delete_time")]
        return run_v2.ListExecutionsResponse.pb()(executions=kept, next_page_token=token)

    def _names_below(self, parent: str) -> list[str]:
        """The executions of a job, or of all jobs of a location, the youngest first."""
        location, wildcard, _ = parent.partition("/jobs/-")
        if not wildcard:
            return self._state.executions.below(f"{parent}/executions")[::-1]
        return [name for name in self._state.executions if name.startswith(f"{location}/")][::-1]

    async def _cancel(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        execution = self._execution(call, "cancel")
        check_etag(call.request.etag, execution)
        return self._runs.cancel(execution, validate_only=call.request.validate_only)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        execution = self._execution(call, "delete")
        check_etag(call.request.etag, execution)
        return self._runs.delete(execution, validate_only=call.request.validate_only)

    async def _get_task(self, call: Call) -> Any:  # noqa: ANN401 - Task
        name = checked_name(self._world.hierarchy.canonical(call.request.name), "TASK")
        require(self._world, call, "run.tasks.get", name, run_refusal)
        found = self._state.tasks.get(name)
        if found is None:
            raise missing(name, "TASK")
        return found

    async def _list_tasks(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        parent = self._world.hierarchy.canonical(request.parent)
        parent = checked_parent(parent, "jobs/*/executions/*")
        require(self._world, call, "run.tasks.list", parent, run_refusal)
        names = self._state.tasks.below(f"{parent}/tasks")
        shown, token = page(names, request.page_size, request.page_token, parent)
        found = [one for one in map(self._state.tasks.get, shown) if one is not None]
        return run_v2.ListTasksResponse.pb()(tasks=found, next_page_token=token)
