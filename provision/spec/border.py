"""The file's border: the shape of `provision.yaml`, field by field, as pydantic checks it.

The descriptions end up in the JSON Schema that editors show, and in docs/spec.md.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field

from provision.spec import values
from provision.spec.call_border import (
    CallerFields,
    JobWorkflowFields,
    ServiceWorkflowFields,
    Strict,
)
from provision.spec.kinds import MAX_TASKS

IngressWord: TypeAlias = Literal["all", "internal", "internal-and-cloud-load-balancing", "none"]
ServiceRole: TypeAlias = Literal["roles/run.invoker", "roles/run.servicesInvoker"]
JobRole: TypeAlias = Literal[
    "roles/run.invoker", "roles/run.jobsExecutor", "roles/run.jobsExecutorWithOverrides"
]


class ImageFields(Strict):
    """What to run: a directory to build, or an image that is there already."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["reference"]}, {"required": ["repository"]}]}
    )

    reference: Annotated[
        values.Image | None,
        Field(
            description="An image built elsewhere, HOST/…/image:tag or @sha256:…; nothing is built."
        ),
    ] = None
    context: Annotated[
        values.FilePath, Field(description="Directory to build, relative to this file.")
    ] = "."
    dockerfile: Annotated[
        values.FilePath | None,
        Field(description="Relative to this file; the context's Dockerfile by default."),
    ] = None
    target: Annotated[str, Field(description="Stage of the Dockerfile; the last by default.")] = ""
    build_args: Annotated[
        dict[values.ArgName, values.EnvValue],
        Field(description="As docker build --build-arg; never put secrets here."),
    ] = Field(default_factory=dict)
    repository: Annotated[
        values.Repository | None,
        Field(
            description="Artifact Registry repository to push to, created when missing: its id, a "
            "gcr.io host, or projects/…/locations/…/repositories/….",
        ),
    ] = None
    location: Annotated[
        values.Location | None,
        Field(description="Location of the repository; `region` by default."),
    ] = None
    name: Annotated[
        values.ImageName | None,
        Field(description="Image name in the repository; the service's or job's by default."),
    ] = None


class _RunFields(Strict):
    """What services and jobs have in common."""

    project: Annotated[
        values.ProjectId | None,
        Field(description="Project id. Left out: flags, environment, then gcloud's configuration."),
    ] = None
    region: Annotated[
        values.Region | None, Field(description="Region. Left out: resolved like the project.")
    ] = None
    image: Annotated[ImageFields, Field(description="What to build and push, or what to run.")]
    service_account: Annotated[
        values.Account | None,
        Field(
            description="Account it runs as: a short id (created when missing) or a full e-mail; "
            "its own name with -run by default."
        ),
    ] = None
    invokers: Annotated[
        list[values.Member],
        Field(
            description="Who may call or execute it, as allow policies write them; may be empty."
        ),
    ] = Field(default_factory=list)
    exclusive: Annotated[
        bool, Field(description="Members not named here lose the role, rather than being shown.")
    ] = False
    probe_as: Annotated[
        values.Probe | None,
        Field(description="An invoker's service account that verification asks as."),
    ] = None
    secrets: Annotated[
        dict[values.EnvName, values.Secret],
        Field(description="Environment variables from Secret Manager: SECRET[:VERSION]."),
    ] = Field(default_factory=dict)
    env: Annotated[
        dict[values.EnvName, values.EnvValue], Field(description="Environment variables.")
    ] = Field(default_factory=dict)
    cpu: Annotated[values.Cpu | None, Field(description="CPU limit: 1, 2, 4, 6, 8, 500m.")] = None
    memory: Annotated[values.Memory | None, Field(description="Memory limit: 512Mi, 2Gi.")] = None
    labels: Annotated[
        dict[values.LabelKey, values.LabelValue],
        Field(description="Labels of the service or job."),
    ] = Field(default_factory=dict)


class ServiceFields(_RunFields):
    """A private Cloud Run service, and who may call it."""

    kind: Annotated[Literal["service"], Field(description="A service; it need not be said.")] = (
        "service"
    )
    service: Annotated[values.ServiceId, Field(description="Name of the Cloud Run service.")]
    ingress: Annotated[
        IngressWord, Field(description="Which networks reach the service; must be chosen.")
    ]
    iap: Annotated[bool, Field(description="Identity-Aware Proxy in front of it.")] = False
    default_url: Annotated[bool, Field(description="Whether run.app addresses answer.")] = True
    public: Annotated[
        bool,
        Field(description="Lets invokers name allUsers or allAuthenticatedUsers; adds neither."),
    ] = False
    invoker_role: Annotated[ServiceRole, Field(description="Role that the invokers get.")] = (
        "roles/run.invoker"
    )
    probe_path: Annotated[values.ProbePath, Field(description="Path that is asked for.")] = "/"
    concurrency: Annotated[
        int | None,
        Field(ge=1, le=values.MAX_CONCURRENCY, description="Requests at once in one instance."),
    ] = None
    timeout: Annotated[
        values.Timeout | None, Field(description="Longest request: seconds, 300s or 5m.")
    ] = None
    min_instances: Annotated[
        int | None, Field(ge=0, le=10_000, description="Instances kept ready.")
    ] = None
    max_instances: Annotated[
        int | None, Field(ge=1, le=10_000, description="Instances at most.")
    ] = None
    custom_audiences: Annotated[
        values.Audiences, Field(description="Token audiences accepted beside its own addresses.")
    ] = Field(default_factory=list)
    port: Annotated[
        int | None, Field(ge=1, le=65_535, description="Port the container listens on; 8080.")
    ] = None
    workflows: Annotated[
        list[ServiceWorkflowFields],
        Field(description="Workflows that call it, and whose accounts become invokers."),
    ] = Field(default_factory=list)
    callers: Annotated[
        list[CallerFields],
        Field(description="Schedules, subscriptions and queues that call it; likewise."),
    ] = Field(default_factory=list)
    run: Annotated[
        dict[str, object],
        Field(description="Any other field of a Cloud Run v2 Service, by its JSON name."),
    ] = Field(default_factory=dict)


class JobFields(_RunFields):
    """A Cloud Run job, and who may execute it."""

    kind: Annotated[Literal["job"], Field(description="A job; it must be said.")]
    job: Annotated[values.JobId, Field(description="Name of the Cloud Run job.")]
    invoker_role: Annotated[JobRole, Field(description="Role that the invokers get.")] = (
        "roles/run.invoker"
    )
    tasks: Annotated[
        int | None,
        Field(ge=1, le=MAX_TASKS, description="Tasks of one execution; 1 by default."),
    ] = None
    parallelism: Annotated[
        int | None,
        Field(
            ge=0,
            le=MAX_TASKS,
            description="Tasks that run at once; as many as possible by default.",
        ),
    ] = None
    max_retries: Annotated[
        int | None,
        Field(
            ge=0,
            le=values.MAX_RETRIES,
            description="How often a failed task is tried again; 3 by default.",
        ),
    ] = None
    timeout: Annotated[
        values.TaskTimeout | None, Field(description="Longest try of a task: seconds, 10m or 2h.")
    ] = None
    command: Annotated[values.Words, Field(description="In place of the image's entry point.")] = (
        Field(default_factory=list)
    )
    args: Annotated[values.Words, Field(description="In place of the image's arguments.")] = Field(
        default_factory=list
    )
    workflows: Annotated[
        list[JobWorkflowFields],
        Field(description="Workflows that execute it, and whose accounts may from then on."),
    ] = Field(default_factory=list)
    run: Annotated[
        dict[str, object],
        Field(description="Any other field of a Cloud Run v2 Job, by its JSON name."),
    ] = Field(default_factory=dict)
