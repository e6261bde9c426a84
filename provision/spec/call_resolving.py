"""From the border's `workflows` and `callers` to what they declare."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from provision.resources import ServiceAccountName
from provision.spec.call_border import (
    CallerFields,
    JobCallFields,
    PushCallFields,
    PushFields,
    QueueCallFields,
    QueueFields,
    ScheduleFields,
    ServiceCallFields,
    WorkflowFields,
)
from provision.spec.calls import (
    CallerKind,
    CallerSpec,
    HttpCall,
    JobCall,
    PushSpec,
    QueueSpec,
    ScheduleSpec,
    WorkflowSpec,
)

CALLERS: Mapping[str, type[ScheduleFields | PushFields | QueueFields]] = {
    CallerKind.SCHEDULE: ScheduleFields,
    CallerKind.PUSH: PushFields,
    CallerKind.QUEUE: QueueFields,
}
"""The border of each kind of `callers`."""


def workflows_of(
    named: Sequence[WorkflowFields], project: str, directory: Path
) -> tuple[WorkflowSpec, ...]:
    """The workflows of a document without problems; their files are relative to `directory`."""
    return tuple(
        WorkflowSpec(
            name=fields.name,
            account=ServiceAccountName.of(fields.service_account, project=project),
            verify=fields.verify,
            call=_call(fields.call) if fields.call is not None else None,
            source=(directory / fields.source).resolve() if fields.source else None,
            argument=fields.argument,
        )
        for fields in named
    )


def callers_of(named: Sequence[CallerFields], project: str) -> tuple[CallerSpec, ...]:
    """The schedules, subscriptions and queues of a document without problems."""
    return tuple(_caller(fields, project) for fields in named)


def _caller(fields: CallerFields, project: str) -> CallerSpec:
    shared: dict[str, Any] = {
        "name": fields.name,
        "account": ServiceAccountName.of(fields.service_account, project=project),
        "call": _call(fields.call),
    }
    if isinstance(fields, ScheduleFields):
        shared |= {"schedule": fields.schedule, "time_zone": fields.time_zone}
        return ScheduleSpec(**shared, verify=fields.verify)
    if isinstance(fields, QueueFields):
        return QueueSpec(**shared)
    topic = fields.topic if "/" in fields.topic else f"projects/{project}/topics/{fields.topic}"
    return PushSpec(**shared, topic=topic)


def _call(
    fields: ServiceCallFields | JobCallFields | PushCallFields | QueueCallFields,
) -> HttpCall | JobCall:
    told = fields.model_dump()
    if isinstance(fields, JobCallFields):
        return JobCall(**{**told, "args": tuple(fields.args)})
    return HttpCall(**told)
