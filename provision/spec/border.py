"""The file's border: the shape of `provision.yaml`, field by field, as pydantic checks it.

The descriptions end up in the JSON Schema that editors show, and in docs/spec.md.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from provision.spec import values

IngressWord: TypeAlias = Literal["all", "internal", "internal-and-cloud-load-balancing", "none"]
RoleWord: TypeAlias = Literal["roles/run.invoker", "roles/run.servicesInvoker"]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, validate_default=False)


class ImageFields(_Strict):
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
        Field(description="Location of the repository; the service's region by default."),
    ] = None
    name: Annotated[
        values.ImageName | None,
        Field(description="Image name in the repository; the service's name by default."),
    ] = None


class ServiceFields(_Strict):
    """A private Cloud Run service, and who may call it."""

    project: Annotated[
        values.ProjectId | None,
        Field(description="Project id. Left out: flags, environment, then gcloud's configuration."),
    ] = None
    region: Annotated[
        values.Region | None, Field(description="Region. Left out: resolved like the project.")
    ] = None
    service: Annotated[values.ServiceId, Field(description="Name of the Cloud Run service.")]
    image: Annotated[ImageFields, Field(description="What to build and push, or what to run.")]
    ingress: Annotated[
        IngressWord, Field(description="Which networks reach the service; must be chosen.")
    ]
    iap: Annotated[bool, Field(description="Identity-Aware Proxy in front of it.")] = False
    default_url: Annotated[bool, Field(description="Whether run.app addresses answer.")] = True
    service_account: Annotated[
        values.Account | None,
        Field(
            description="Account the service runs as: a short id (created when missing) or a full "
            "e-mail; SERVICE-run by default."
        ),
    ] = None
    public: Annotated[
        bool,
        Field(description="Lets invokers name allUsers or allAuthenticatedUsers; adds neither."),
    ] = False
    invokers: Annotated[
        list[values.Member],
        Field(description="Who may call it, as allow policies write them; may be empty."),
    ] = Field(default_factory=list)
    invoker_role: Annotated[RoleWord, Field(description="Role that the invokers get.")] = (
        "roles/run.invoker"
    )
    exclusive: Annotated[
        bool, Field(description="Members not named here lose the role, rather than being shown.")
    ] = False
    probe_as: Annotated[
        values.Probe | None,
        Field(description="An invoker's service account that verification calls the service as."),
    ] = None
    probe_path: Annotated[values.ProbePath, Field(description="Path that is asked for.")] = "/"
    env: Annotated[
        dict[values.EnvName, values.EnvValue], Field(description="Environment variables.")
    ] = Field(default_factory=dict)
    secrets: Annotated[
        dict[values.EnvName, values.Secret],
        Field(description="Environment variables from Secret Manager: SECRET[:VERSION]."),
    ] = Field(default_factory=dict)
    cpu: Annotated[values.Cpu | None, Field(description="CPU limit: 1, 2, 4, 6, 8, 500m.")] = None
    memory: Annotated[values.Memory | None, Field(description="Memory limit: 512Mi, 2Gi.")] = None
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
    labels: Annotated[
        dict[values.LabelKey, values.LabelValue], Field(description="Labels of the service.")
    ] = Field(default_factory=dict)
    custom_audiences: Annotated[
        values.Audiences, Field(description="Token audiences accepted beside its own addresses.")
    ] = Field(default_factory=list)
    port: Annotated[
        int | None, Field(ge=1, le=65_535, description="Port the container listens on; 8080.")
    ] = None
    run: Annotated[
        dict[str, object],
        Field(description="Any other field of a Cloud Run v2 Service, by its JSON name."),
    ] = Field(default_factory=dict)
