"""The border of what calls: `workflows` and `callers` of a service or job, field by field.

The descriptions end up in the JSON Schema that editors show, and in docs/spec.md.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from provision.spec import call_values, values
from provision.spec.calls import Method
from provision.spec.kinds import MAX_TASKS


class Strict(BaseModel):
    """Nothing is converted, and no field is taken that is not there."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, validate_default=False)


class _Request(Strict):
    """Where a request goes."""

    path: Annotated[call_values.CallPath, Field(description="Path below the root URL.")] = "/"
    query: Annotated[
        dict[str, values.EnvValue], Field(description="Parameters of the address, by name.")
    ] = Field(default_factory=dict)


class _Sent(_Request):
    """What is said of it beside."""

    method: Annotated[Method, Field(description="Of the request; POST by default.")] = "POST"
    headers: Annotated[
        dict[call_values.HeaderName, call_values.HeaderValue],
        Field(description="Headers of the request; the token is put on by Google."),
    ] = Field(default_factory=dict)


class PushCallFields(_Request):
    """Where a subscription pushes to; what it sends is Pub/Sub's own."""


class QueueCallFields(_Sent):
    """Where the tasks of a queue go; each task brings its own body."""


class ServiceCallFields(_Sent):
    """A request to the service."""

    body: Annotated[
        object, Field(description="Any JSON value; none by default. No secrets: all can read it.")
    ] = None


class JobCallFields(Strict):
    """An execution of the job."""

    env: Annotated[
        dict[values.EnvName, values.EnvValue],
        Field(description="Variables put over the job's own; no secrets."),
    ] = Field(default_factory=dict)
    args: Annotated[values.Words, Field(description="In place of the job's arguments.")] = Field(
        default_factory=list
    )
    tasks: Annotated[
        int | None, Field(ge=1, le=MAX_TASKS, description="Tasks; as the job says by default.")
    ] = None
    timeout: Annotated[
        values.TaskTimeout | None, Field(description="Longest try of a task: seconds, 10m or 2h.")
    ] = None
    wait: Annotated[
        bool,
        Field(
            description="Wait for the execution, and fail where it fails; the account gets "
            "roles/run.viewer on the job, to look at it."
        ),
    ] = True


class _CallerFields(Strict):
    """What all that calls has in common."""

    service_account: Annotated[
        values.Account,
        Field(
            description="Account it calls as, an invoker from then on: a short id (created when "
            "missing) or a full e-mail."
        ),
    ]


class _TriedFields(_CallerFields):
    """What can be told to call, and asked what came of it."""

    verify: Annotated[
        bool,
        Field(description="Whether `up` and `verify` have it call, to see that it gets in."),
    ] = True


class _WorkflowFields(_TriedFields):
    """A workflow of Workflows, in the same region."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["call"]}, {"required": ["source"]}]}
    )

    name: Annotated[call_values.WorkflowId, Field(description="Name of the workflow.")]
    source: Annotated[
        values.FilePath | None,
        Field(description="File of its source, relative to this file, instead of `call`."),
    ] = None
    argument: Annotated[
        object, Field(description="What `up` and `verify` execute it with; any JSON value.")
    ] = None


class ServiceWorkflowFields(_WorkflowFields):
    """A workflow that calls the service."""

    call: Annotated[
        ServiceCallFields | None, Field(description="The request that its source is made of.")
    ] = None


class JobWorkflowFields(_WorkflowFields):
    """A workflow that executes the job."""

    call: Annotated[
        JobCallFields | None, Field(description="The execution that its source is made of.")
    ] = None


class ScheduleFields(_TriedFields):
    """A job of Cloud Scheduler that calls the service, in the same region."""

    kind: Annotated[Literal["schedule"], Field(description="A job of Cloud Scheduler.")]
    name: Annotated[call_values.ScheduleId, Field(description="Name of the job.")]
    schedule: Annotated[
        call_values.Cron, Field(description="When: minute, hour, day, month, weekday.")
    ]
    time_zone: Annotated[
        call_values.TimeZone, Field(description="In which time; Etc/UTC by default.")
    ] = "Etc/UTC"
    call: Annotated[ServiceCallFields, Field(description="The request.")] = Field(
        default_factory=ServiceCallFields
    )


class PushFields(_CallerFields):
    """A subscription of Pub/Sub that pushes to the service."""

    kind: Annotated[Literal["push"], Field(description="A subscription of Pub/Sub.")]
    name: Annotated[call_values.PubsubId, Field(description="Name of the subscription.")]
    topic: Annotated[
        call_values.Topic,
        Field(description="A topic's name (created when missing), or projects/…/topics/…."),
    ]
    call: Annotated[PushCallFields, Field(description="Where to.")] = Field(
        default_factory=PushCallFields
    )


class QueueFields(_CallerFields):
    """A queue of Cloud Tasks whose tasks all go to the service, in the same region."""

    kind: Annotated[Literal["queue"], Field(description="A queue of Cloud Tasks.")]
    name: Annotated[call_values.QueueId, Field(description="Name of the queue.")]
    call: Annotated[QueueCallFields, Field(description="Where its tasks go, and how.")] = Field(
        default_factory=QueueCallFields
    )


CallerFields: TypeAlias = Annotated[
    ScheduleFields | PushFields | QueueFields, Field(discriminator="kind")
]
WorkflowFields: TypeAlias = ServiceWorkflowFields | JobWorkflowFields
