"""Executions of workflows: ``google.cloud.workflows.executions.v1``."""

import uuid
from typing import Any

from google.cloud.workflows import executions_v1

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.execution_forms import (
    PACKAGE,
    Execution,
    ListExecutionsResponse,
    ListStepEntriesResponse,
)
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.services.callers import places
from provision.emulator.services.callers.ordering import in_order
from provision.emulator.services.callers.words import platform_missing, workflows_refusal
from provision.emulator.services.callers.workflows.execution_rules import (
    NO_ARGUMENT,
    check_execution,
    checked_argument,
)
from provision.emulator.services.callers.workflows.execution_runs import ExecutionRuns
from provision.emulator.services.callers.workflows.execution_views import (
    EXECUTION_FIELDS,
    STEP_FIELDS,
    basic,
    filtered,
    newest_first,
)
from provision.emulator.services.callers.workflows.workflows import Workflows
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import require
from provision.emulator.times import timestamp, to_micros
from provision.emulator.world import World

_BASIC, _FULL = 1, 2
_MOST_FULL = 100
_STATE = executions_v1.Execution.State
_ORDERS = {
    "execution_i_d": lambda one: one.name.rpartition("/")[2],
    "execution_id": lambda one: one.name.rpartition("/")[2],
    "start_time": lambda one: to_micros(one.start_time),
    "end_time": lambda one: to_micros(one.end_time),
    "duration": lambda one: one.duration.ToMicroseconds(),
    "state": lambda one: one.state,
    "workflow_revision_i_d": lambda one: one.workflow_revision_id,
    "workflow_revision_id": lambda one: one.workflow_revision_id,
}
_STEP_ORDERS = {
    "entry_id": lambda one: one.entry_id,
    "create_time": lambda one: to_micros(one.create_time),
    "update_time": lambda one: to_micros(one.update_time),
    "routine": lambda one: one.routine,
    "step": lambda one: one.step,
    "step_type": lambda one: one.step_type,
    "state": lambda one: one.state,
}


class Executions:
    """The RPCs about executions and the entries of their history.

    Args:
        world: projects and policies.
        workflows: what is executed.
        runs: runs them.
    """

    def __init__(self, world: World, workflows: Workflows, runs: ExecutionRuns) -> None:
        self._world = world
        self._workflows = workflows
        self._resources = workflows.resources
        self._runs = runs

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{PACKAGE}.Executions/CreateExecution": self._create,
            f"{PACKAGE}.Executions/GetExecution": self._get,
            f"{PACKAGE}.Executions/ListExecutions": self._list,
            f"{PACKAGE}.Executions/CancelExecution": self._cancel,
            f"{PACKAGE}.Executions/DeleteExecutionHistory": self._forget_steps,
            f"{PACKAGE}.StepEntries/GetStepEntry": self._get_step,
            f"{PACKAGE}.StepEntries/ListStepEntries": self._list_steps,
        }

    def _workflow(self, call: Call, permission: str) -> Any:  # noqa: ANN401 - Workflow
        """The workflow that a request is about, where the caller may. Raises `ApiError`."""
        name = self._world.hierarchy.canonical(call.request.parent)
        places.check_name(name, "workflows")
        self._require(call, permission, name)
        return self._resources.get(name)

    def _named(self, call: Call, permission: str, text: str) -> tuple[str, Any]:
        """An execution and its name with the project's id. Raises `ApiError`."""
        name = self._world.hierarchy.canonical(text)
        places.check_name(name, "workflows/[^/]+/executions")
        self._require(call, permission, name.rpartition("/executions/")[0])
        found = self._runs.find(name)
        if found is None:
            raise platform_missing(name)
        return name, found

    def _require(self, call: Call, permission: str, workflow: str) -> None:
        require(self._world, call, f"workflows.{permission}", workflow, workflows_refusal)

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Execution
        workflow = self._workflow(call, "executions.create")
        asked = call.request.execution
        check_execution(asked)
        argument = checked_argument(asked.argument)
        program = self._workflows.program(workflow)
        now, own = timestamp(), str(uuid.uuid4())
        execution = Execution(
            name=f"{self._by_number(workflow.name)}/executions/{own}",
            create_time=now,
            start_time=now,
            state=int(_STATE.ACTIVE),
            argument=asked.argument or NO_ARGUMENT,
            workflow_revision_id=workflow.revision_id,
            call_log_level=asked.call_log_level or workflow.call_log_level,
            labels={**workflow.labels, **asked.labels},
            execution_history_level=asked.execution_history_level
            or workflow.execution_history_level,
            disable_concurrency_quota_overflow_buffering=(
                asked.disable_concurrency_quota_overflow_buffering
            ),
        )
        execution.status.SetInParent()
        key = f"{workflow.name}/executions/{own}"
        begun = Execution()
        begun.CopyFrom(execution)
        self._runs.begin(key, execution, workflow, program, argument)
        return begun

    def _by_number(self, name: str) -> str:
        """A name with the project's number, as executions have it (recorded)."""
        _, project_id, rest = name.split("/", 2)
        project = self._world.hierarchy.find(project_id)
        return f"projects/{project.number if project else project_id}/{rest}"

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Execution
        _, found = self._named(call, "executions.get", call.request.name)
        return basic(found) if call.request.view == _BASIC else found

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        workflow = self._workflow(call, "executions.list")
        found = newest_first(self._runs.below(workflow.name))
        chosen = filtered(found, request.filter, EXECUTION_FIELDS)
        ordered = in_order(chosen, request.order_by, _ORDERS)
        full = request.view == _FULL
        size = min(request.page_size, _MOST_FULL) if full else request.page_size
        shown, token = page(ordered, size, request.page_token, workflow.name)
        return ListExecutionsResponse(
            executions=[one if full else basic(one) for one in shown], next_page_token=token
        )

    async def _cancel(self, call: Call) -> Any:  # noqa: ANN401 - Execution
        name, found = self._named(call, "executions.cancel", call.request.name)
        if found.state not in (_STATE.ACTIVE, _STATE.QUEUED):
            state = _STATE(found.state).name
            text = f"cancelling execution in state {state} is not allowed"
            raise ApiError("FAILED_PRECONDITION", text)
        await self._runs.cancel(name)
        return found

    async def _forget_steps(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        name, found = self._named(call, "executions.cancel", call.request.name)
        if found.state in (_STATE.ACTIVE, _STATE.QUEUED):
            text = "deleting the history of an execution that is running is not allowed"
            raise ApiError("FAILED_PRECONDITION", text)
        self._runs.forget_steps(name)
        return Empty()

    async def _get_step(self, call: Call) -> Any:  # noqa: ANN401 - StepEntry
        execution, _, number = call.request.name.rpartition("/stepEntries/")
        name, _ = self._named(call, "stepEntries.get", execution)
        found = next((one for one in self._runs.steps(name) if str(one.entry_id) == number), None)
        if found is None:
            raise platform_missing(f"{name}/stepEntries/{number}")
        return found

    async def _list_steps(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        name, _ = self._named(call, "stepEntries.list", request.parent)
        if request.skip < 0:
            raise invalid("The number of entries to skip must not be negative.")
        chosen = filtered(self._runs.steps(name), request.filter, STEP_FIELDS)
        ordered = in_order(chosen, request.order_by, _STEP_ORDERS)
        shown, token = page(ordered[request.skip :], request.page_size, request.page_token, name)
        return ListStepEntriesResponse(
            step_entries=shown, next_page_token=token, total_size=len(ordered)
        )
