"""Workflows: ``google.cloud.workflows.v1.Workflows``; `executions` runs them."""

from typing import TYPE_CHECKING, Any

from google.cloud import workflows_v1

from provision.emulator.language import Program, SourceError, compile_source
from provision.emulator.packing import packed, unpacked
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError
from provision.emulator.services.callers import places
from provision.emulator.services.callers.acting import find_account, may_act_as
from provision.emulator.services.callers.kept import Kind
from provision.emulator.services.callers.masks import taken_over
from provision.emulator.services.callers.ordering import in_order
from provision.emulator.services.callers.placed import Placed
from provision.emulator.services.callers.progress import Progress
from provision.emulator.services.callers.words import (
    check_unfiltered,
    platform_exists,
    platform_missing,
    workflows_refusal,
)
from provision.emulator.services.callers.workflows.connector_table import CONNECTORS
from provision.emulator.services.callers.workflows.rules import (
    WRITABLE,
    check,
    check_id,
    is_new_revision,
    next_revision,
)
from provision.emulator.services.operations import Operations
from provision.emulator.services.paging import page
from provision.emulator.times import timestamp
from provision.emulator.world import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_SERVICE = "google.cloud.workflows.v1.Workflows"
_ACTIVE = int(workflows_v1.Workflow.State.ACTIVE)
_ORDERS = {
    "name": lambda one: one.name,
    "create_time": lambda one: one.create_time.ToMicroseconds(),
    "update_time": lambda one: one.update_time.ToMicroseconds(),
}
WORKFLOWS = Kind(
    "workflows",
    "workflows",
    workflows_v1.Workflow.pb(),
    workflows_refusal,
    platform_missing,
)


class Workflows:
    """The RPCs about workflows.

    Args:
        world: projects, accounts, policies.
        operations: where work in progress is told.
    """

    def __init__(self, world: World, operations: Operations) -> None:
        self._world = world
        self.resources = Placed(world, WORKFLOWS)
        self.progress = Progress(operations, self.resources, workflows_v1.OperationMetadata.pb())
        self._revisions = world.store.table(
            "workflow-revisions",
            encode=packed,
            decode=lambda value: unpacked(value, WORKFLOWS.message()),
        )
        self._programs: dict[str, tuple[str, Program]] = {}
        self.deleted: list[Callable[[str], Awaitable[None]]] = []
        """Told of each workflow that is deleted, by its name."""

    def program(self, workflow: Any) -> Program:  # noqa: ANN401 - Workflow
        """The source of a workflow, compiled. Raises `ApiError` for one that no longer can be."""
        source, program = self._programs.get(workflow.name, ("", None))
        if program is None or source != workflow.source_contents:
            try:
                program = compiled(workflow.source_contents)
            except SourceError as error:
                raise ApiError("FAILED_PRECONDITION", source_problem(error)) from error
            self._programs[workflow.name] = workflow.source_contents, program
        return program

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{_SERVICE}/CreateWorkflow": self._create,
            f"{_SERVICE}/GetWorkflow": self._get,
            f"{_SERVICE}/ListWorkflows": self._list,
            f"{_SERVICE}/UpdateWorkflow": self._update,
            f"{_SERVICE}/DeleteWorkflow": self._delete,
            f"{_SERVICE}/ListWorkflowRevisions": self._list_revisions,
        }

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        parent = self.resources.place(call, "create", request.parent, places.WORKFLOWS)
        check_id(request.workflow_id)
        name = f"{parent}/workflows/{request.workflow_id}"
        if self.resources.find(name) is not None:
            raise platform_exists(name)
        made = taken_over(WORKFLOWS.message(name=name), request.workflow, (), WRITABLE)
        made.state = _ACTIVE
        made.create_time.CopyFrom(timestamp())
        return self._written(call, "create", made, None)

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        sent, paths = call.request.workflow, call.request.update_mask.paths
        name = self.resources.allowed(call, "update", sent.name)
        changed = taken_over(self.resources.copy(name), sent, paths, WRITABLE)
        return self._written(call, "update", changed, self.resources.get(name))

    def _written(self, call: Call, verb: str, message: Any, before: Any) -> Any:  # noqa: ANN401 - messages
        """Check, keep and tell of a workflow, as a new revision where it is one."""
        check(message)
        self._settle_account(call, message, before)
        if before is None or message.source_contents != before.source_contents:
            try:
                compiled(message.source_contents)
            except SourceError as error:
                return self.progress.refused(verb, message, source_problem(error))
        now = timestamp()
        message.update_time.CopyFrom(now)
        if before is None or is_new_revision(message, before):
            message.revision_id = next_revision(before.revision_id if before else "")
            message.revision_create_time.CopyFrom(now if before else message.create_time)
        self.resources.keep(message)
        self._revisions.put(f"{message.name}@/{message.revision_id}", message)
        return self.progress.begin(verb, message)

    def _settle_account(self, call: Call, message: Any, before: Any) -> None:  # noqa: ANN401 - messages
        """Give the workflow its account's full name; the caller must be allowed to act as it.

        Not asked again where neither account nor source is another one than before.
        """
        project_id = message.name.split("/")[1]
        project = self._world.hierarchy.find(project_id)
        named = message.service_account or (project.compute_account if project else "")
        email = find_account(self._world, named, project_id)
        message.service_account = f"projects/{project_id}/serviceAccounts/{email}"
        if before is not None and not is_new_revision(message, before):
            return
        if email is None or not may_act_as(self._world, call, email):
            shown = named.rpartition("/")[2]
            raise ApiError(
                "PERMISSION_DENIED",
                f"Permission 'iam.serviceAccounts.actAs' denied on service account {shown} "
                "(or it may not exist).",
            )

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Workflow
        name = self.resources.allowed(call, "get", call.request.name)
        revision = call.request.revision_id
        found = self.resources.get(name)
        if not revision:
            return found
        kept = self._revisions.get(f"{name}@/{revision}")
        if kept is None:
            raise platform_missing(f"{name}@{revision}")
        return kept

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        everywhere = (*places.WORKFLOWS, "-")
        parent = self.resources.place(call, "list", request.parent, everywhere, reading=True)
        check_unfiltered(call)
        found = in_order(self.resources.below(parent), request.order_by, _ORDERS)
        shown, token = page(found, request.page_size, request.page_token, parent)
        return workflows_v1.ListWorkflowsResponse.pb()(workflows=shown, next_page_token=token)

    async def _list_revisions(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        name = self.resources.allowed(call, "listRevision", request.name)
        self.resources.check_exists(name)
        newest_first = [self._revisions.get(one) for one in self._revisions.below(f"{name}@")][::-1]
        shown, token = page(newest_first, request.page_size, request.page_token, name)
        return workflows_v1.ListWorkflowRevisionsResponse.pb()(
            workflows=shown, next_page_token=token
        )

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        name = self.resources.allowed(call, "delete", call.request.name)
        gone = self.resources.remove(name)
        for revision in self._revisions.below(f"{name}@"):
            self._revisions.pop(revision)
        self._programs.pop(name, None)
        for tell in self.deleted:
            await tell(name)
        return self.progress.begin("delete", gone)


def compiled(source: str) -> Program:
    """A source, compiled. Raises `SourceError`."""
    return compile_source(source, frozenset(CONNECTORS))


def source_problem(error: SourceError) -> str:
    """Why a source is refused; the place behind it is the emulator's own word."""
    place = f" (line {error.line}, column {error.column})" if error.line else ""
    return f"{error.message}{place}"
