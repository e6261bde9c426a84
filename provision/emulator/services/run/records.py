"""What is kept of a service and of its revisions, beside the message that callers see."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.cloud import run_v2

from provision.emulator.packing import packed, unpacked
from provision.emulator.seams import ServiceKey
from provision.emulator.store import Store, Table

ServiceMessage = run_v2.Service.pb()
RevisionMessage = run_v2.Revision.pb()
JobMessage = run_v2.Job.pb()
ExecutionMessage = run_v2.Execution.pb()
TaskMessage = run_v2.Task.pb()
ConditionMessage = run_v2.Condition.pb()
IngressTraffic = run_v2.IngressTraffic
LATEST = int(run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST)
NAMED = int(run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION)


@dataclass
class ServiceRecord:
    """A service.

    Args:
        message: as callers see it.
        ingress: as asked for; the message shows what is in effect.
        revisions_made: how many revisions there ever were, for the next one's number.
        template_changed: whether the next roll-out makes a revision.
        settled: the last generation whose roll-out has ended.
        failure: why that one failed (code, message); None when it did not.
        port: where its front door listens.
        tag_ports: where the front doors of its tags listen.
        serving: id, share and tag of each revision that serves at this moment.
        operation: id of the operation that wrote it last.
        notes: what only one form of the API knows of it (annotations of v1 without a field in v2).
    """

    message: Any
    ingress: int
    revisions_made: int = 0
    template_changed: bool = True
    settled: int = 0
    failure: tuple[str, str] | None = None
    port: int | None = None
    tag_ports: dict[str, int] = field(default_factory=dict)
    serving: list[tuple[str, int, str]] = field(default_factory=list)
    operation: str = ""
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> ServiceKey:
        """The service by project, region and id."""
        _, project, _, region, _, service = self.message.name.split("/")
        return ServiceKey(project, region, service)


@dataclass
class RevisionRecord:
    """A revision.

    Args:
        message: as callers see it.
        ready: whether it came up.
        logs: the last lines of a container that did not come up.
        notes: those of the service when the revision was made.
    """

    message: Any
    ready: bool = False
    logs: str = ""
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """``orders-00001-abc``."""
        return str(self.message.name).rpartition("/")[2]


class RunState:
    """Services and revisions, jobs with their executions and tasks, by their full names."""

    def __init__(self, store: Store) -> None:
        self.services = store.table("run-services", _encode_service, _decode_service)
        self.revisions = store.table("run-revisions", _encode_revision, _decode_revision)
        self.jobs = _messages(store, "run-jobs", JobMessage)
        self.executions = _messages(store, "run-executions", ExecutionMessage)
        self.tasks = _messages(store, "run-tasks", TaskMessage)
        self.task_logs: Table[str] = store.table("run-task-logs")
        # What only v1 tells of jobs, and of the job that an execution was made of.
        self.job_notes: Table[dict[str, Any]] = store.table("run-job-notes")
        self.execution_notes: Table[dict[str, str]] = store.table("run-execution-notes")
        self.cancellations: Table[str] = store.table("run-cancellations")

    def service(self, key: ServiceKey) -> ServiceRecord | None:
        """The service's record; None when there is none."""
        return self.services.get(key.name)

    def revisions_of(self, service_name: str) -> tuple[RevisionRecord, ...]:
        """A service's revisions, oldest first."""
        names = self.revisions.below(f"{service_name}/revisions")
        found = (self.revisions.get(name) for name in names)
        return tuple(one for one in found if one is not None)

    def keep(self, record: ServiceRecord) -> None:
        """Keep what became of a service."""
        self.services.put(record.message.name, record)

    def forget_execution(self, name: str) -> Any:  # noqa: ANN401 - Execution
        """Take an execution away with its tasks and what they wrote; None when it is gone."""
        for task in self.tasks.below(f"{name}/tasks"):
            self.tasks.pop(task)
            self.task_logs.pop(task)
        self.execution_notes.pop(name)
        return self.executions.pop(name)

    def keep_revision(self, record: RevisionRecord) -> None:
        """Keep what became of a revision."""
        self.revisions.put(record.message.name, record)


def of_template(notes: Mapping[str, str]) -> dict[str, str]:
    """The notes that belong to the template, and so to the revisions made of it."""
    return {key: value for key, value in notes.items() if key.startswith("template-")}


def _encode_service(record: ServiceRecord) -> Any:  # noqa: ANN401 - JSON
    return {**vars(record), "message": packed(record.message)}


def _decode_service(value: Any) -> ServiceRecord:  # noqa: ANN401 - JSON
    message = unpacked(value.pop("message"), ServiceMessage())
    failure = value.pop("failure")
    serving = [(name, percent, tag) for name, percent, tag in value.pop("serving", ())]
    return ServiceRecord(
        message, failure=tuple(failure) if failure else None, serving=serving, **value
    )


def _encode_revision(record: RevisionRecord) -> Any:  # noqa: ANN401 - JSON
    return {**vars(record), "message": packed(record.message)}


def _decode_revision(value: Any) -> RevisionRecord:  # noqa: ANN401 - JSON
    message = unpacked(value.pop("message"), RevisionMessage())
    return RevisionRecord(message, **value)


def _messages(store: Store, name: str, kind: Callable[[], Any]) -> Table[Any]:
    """A table of messages as callers see them."""
    return store.table(name, packed, lambda value: unpacked(value, kind()))
