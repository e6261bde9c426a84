"""Services, jobs, revisions and executions, in the form of v1 of Cloud Run; functions; images."""

from collections.abc import Iterator
from typing import Any

from provision.emulator.services.artifacts.repositories import RepositoryRecords
from provision.emulator.services.assets.asset import Asset
from provision.emulator.services.assets.hierarchy_assets import as_json, policy_of
from provision.emulator.services.functions.records import FunctionRecord, FunctionState
from provision.emulator.services.run.knative import (
    executions_shown,
    jobs_shown,
    revisions,
    to_v1,
)
from provision.emulator.services.run.records import RunState
from provision.emulator.times import to_micros
from provision.emulator.world import World

_RUN = "run.googleapis.com"
_FUNCTIONS = "cloudfunctions.googleapis.com"


def services(world: World, state: RunState) -> Iterator[Asset]:
    """Services and their revisions."""
    for record in state.services.values():
        number = _number(world, record.message.name)
        yield _asset(
            world,
            f"{_RUN}/Service",
            record.message,
            data=lambda record=record, number=number: to_v1.service(record, number),
        )
        for revision in state.revisions_of(record.message.name):
            yield _asset(
                world,
                f"{_RUN}/Revision",
                revision.message,
                name=_flat(revision.message.name),
                parent=record.message.name,
                data=lambda revision=revision, record=record, number=number: revisions.revision(
                    revision, record, number
                ),
            )


def jobs(world: World, state: RunState) -> Iterator[Asset]:
    """Jobs and their executions."""
    for job in state.jobs.values():
        number, notes = _number(world, job.name), state.job_notes.get(job.name) or {}
        yield _asset(
            world,
            f"{_RUN}/Job",
            job,
            data=lambda job=job, number=number, notes=notes: jobs_shown.job(job, number, notes),
        )
    for execution in state.executions.values():
        number = _number(world, execution.name)
        notes = state.execution_notes.get(execution.name) or {}
        yield _asset(
            world,
            f"{_RUN}/Execution",
            execution,
            name=_flat(execution.name),
            parent=execution.name.partition("/executions/")[0],
            data=lambda one=execution, number=number, notes=notes: executions_shown.execution(
                one, number, notes
            ),
        )


def functions(world: World, state: FunctionState) -> Iterator[Asset]:
    """Functions: one type for both generations, and one more for the first (documented)."""
    for record in state.functions.values():
        yield _function(world, f"{_FUNCTIONS}/Function", "v2", record)
        if record.first:
            yield _function(world, f"{_FUNCTIONS}/CloudFunction", "v1", record)


def repositories(world: World, records: RepositoryRecords) -> Iterator[Asset]:
    """Repositories of images."""
    for message in records.table.values():
        yield _asset(
            world,
            "artifactregistry.googleapis.com/Repository",
            message,
            data=lambda message=message: as_json(message),
        )


def _function(world: World, asset_type: str, version: str, record: FunctionRecord) -> Asset:
    message = record.message
    return Asset(
        asset_type,
        record.name,
        policy_of(world, record.name),
        parent="/".join(record.name.split("/")[:2]),
        location=record.host.region,
        display_name=record.name if record.first else record.id,
        labels=dict(message.labels),
        updated=to_micros(message.update_time),
        version=version,
        data=lambda: as_json(message),
    )


def _asset(
    world: World,
    asset_type: str,
    message: Any,  # noqa: ANN401 - protobuf
    **more: Any,  # noqa: ANN401 - fields of an Asset
) -> Asset:
    name = more.pop("name", message.name)
    parts = message.name.split("/")
    return Asset(
        asset_type,
        name,
        policy_of(world, message.name),
        parent=more.pop("parent", "/".join(parts[:2])),
        location=parts[3],
        display_name=parts[-1],
        labels=dict(message.labels),
        created=to_micros(message.create_time),
        updated=to_micros(message.update_time),
        **more,
    )


def _flat(name: str) -> str:
    """Revisions and executions are named right beneath their location (documented)."""
    parts = name.split("/")
    return "/".join((*parts[:4], *parts[-2:]))


def _number(world: World, name: str) -> int:
    project = world.hierarchy.find(name.split("/")[1])
    return project.number if project is not None else 0
