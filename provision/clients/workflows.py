"""Workflows v1: workflows as JSON in Google's own field names, and their operations."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from provision.clients.calls import TIMEOUT
from provision.clients.clock import Clock
from provision.clients.google import GoogleClients
from provision.clients.run_resources import Json, RunResources, from_message, snake, to_message
from provision.errors import NotFoundError
from provision.resources import WorkflowName


@dataclass(frozen=True)
class Workflows:
    """Workflows.

    Args:
        google: the clients to call with.
        clock: waits between looks at an operation.
    """

    google: GoogleClients
    clock: Clock = field(default_factory=Clock)

    def find(self, name: WorkflowName) -> Json | None:
        """The workflow in Google's JSON form, or None when there is none."""
        try:
            with self._resources.calling(f"Reading workflow {name.workflow} in {name.region}"):
                told = self.google.workflows.get_workflow(name=name.name, timeout=TIMEOUT)
        except NotFoundError:
            return None
        return from_message(told)

    def create(self, name: WorkflowName, workflow: Json, report: Callable[[str], None]) -> None:
        """Create the workflow, and wait until it can be executed.

        Raises:
            DeployError: it was accepted, and then not kept.
            ProvisionError: its source was refused.
        """
        doing = f"Creating workflow {name.workflow} in {name.region}"
        with self._resources.calling(doing):
            operation = self.google.workflows.create_workflow(
                parent=name.parent,
                workflow_id=name.workflow,
                workflow=_to_message(workflow),
                timeout=TIMEOUT,
            )
        self._resources.await_operation(operation, doing, report)

    def update(
        self,
        name: WorkflowName,
        workflow: Json,
        mask: Iterable[str],
        report: Callable[[str], None],
    ) -> None:
        """Write the fields in `mask`, by their JSON names, and wait likewise.

        There is no etag: of two who write at once the last one stays.
        """
        doing = f"Updating workflow {name.workflow} in {name.region}"
        with self._resources.calling(doing):
            operation = self.google.workflows.update_workflow(
                workflow=_to_message({**workflow, "name": name.name}),
                update_mask={"paths": [snake(field) for field in mask]},
                timeout=TIMEOUT,
            )
        self._resources.await_operation(operation, doing, report)

    def delete(self, name: WorkflowName, report: Callable[[str], None]) -> None:
        """Delete the workflow with its executions."""
        doing = f"Deleting workflow {name.workflow} in {name.region}"
        with self._resources.calling(doing):
            operation = self.google.workflows.delete_workflow(name=name.name, timeout=TIMEOUT)
        self._resources.await_operation(operation, doing, report)

    def everywhere(self, project: str) -> list[Json]:
        """All workflows of a project, of every region."""
        with self._resources.calling(f"Listing the workflows of {project}"):
            parent = f"projects/{project}/locations/-"
            found = self.google.workflows.list_workflows(parent=parent, timeout=TIMEOUT)
            return [from_message(one) for one in found]

    @property
    def _resources(self) -> RunResources:
        return RunResources(self.google, self.clock)


def _to_message(workflow: Json) -> Any:  # noqa: ANN401 - workflows_v1.Workflow
    from google.cloud.workflows_v1 import Workflow

    return to_message(Workflow, workflow)
