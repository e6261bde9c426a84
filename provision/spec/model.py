"""What a user declares about one service or job, complete and resolved (frozen, no I/O).

Nothing here is optional by accident: what the file leaves out has its default, project and region
carry where they came from, and names are those of `provision.resources`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from provision.principals import canonical
from provision.resources import (
    ImageReference,
    JobName,
    ProjectName,
    RepositoryName,
    ServiceAccountName,
    ServiceName,
    WorkflowName,
)
from provision.roles import RUN_WITH_OVERRIDES, predefined
from provision.spec.calls import (
    Caller,
    CallerSpec,
    JobCall,
    PushSpec,
    QueueSpec,
    ScheduleSpec,
    WorkflowSpec,
)


@dataclass(frozen=True)
class Setting:
    """A project or region, and where it came from.

    Args:
        value: the id.
        origin: in words: ``--project``, ``CLOUDSDK_CORE_PROJECT``, ``provision.yaml:1``.
        overrides: it was given as a flag, and so goes before what the file says.
    """

    value: str
    origin: str
    overrides: bool = False

    def __str__(self) -> str:
        """As plans show it."""
        return f"{self.value} (from {self.origin})"


class Ingress(StrEnum):
    """Which networks reach the service; the values are gcloud's words."""

    ALL = "all"
    INTERNAL = "internal"
    INTERNAL_AND_CLOUD_LOAD_BALANCING = "internal-and-cloud-load-balancing"
    NONE = "none"

    @property
    def api_name(self) -> str:
        """The name in Cloud Run's Admin API v2."""
        return {
            Ingress.ALL: "INGRESS_TRAFFIC_ALL",
            Ingress.INTERNAL: "INGRESS_TRAFFIC_INTERNAL_ONLY",
            Ingress.INTERNAL_AND_CLOUD_LOAD_BALANCING: "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
            Ingress.NONE: "INGRESS_TRAFFIC_NONE",
        }[self]


class Kind(StrEnum):
    """What a document declares; the value is the word of its `kind`, and of its name's field."""

    SERVICE = "service"
    JOB = "job"


POD: Mapping[Kind, tuple[str, ...]] = {
    Kind.SERVICE: ("template",),
    Kind.JOB: ("template", "template"),
}
"""Where the containers stand in Cloud Run v2: a job's template of executions has one of tasks."""

INVOKER_ROLE = "roles/run.invoker"
"""The role that invokers get where nothing else is said: it lets in to services and jobs."""
OVERRIDING_ROLE = "roles/run.jobsExecutorWithOverrides"
"""The narrowest role that lets a job be executed otherwise than it says."""
WATCHING_ROLE = "roles/run.viewer"
"""The narrowest role with ``run.executions.get``, which waiting for an execution needs."""


@dataclass(frozen=True)
class BuiltImage:
    """An image to build here and push.

    Args:
        context: the directory sent to the engine, absolute.
        dockerfile: absolute.
        repository: where it goes.
        name: its name within the repository.
        target: the stage of the Dockerfile; empty for the last one.
        build_args: as `docker build --build-arg`.
    """

    context: Path
    dockerfile: Path
    repository: RepositoryName
    name: str
    target: str = ""
    build_args: Mapping[str, str] = field(default_factory=dict)

    @property
    def image_base(self) -> str:
        """The image's name at Google's own host; the repository's ``registryUri`` goes first."""
        return f"{self.repository.image_base}/{self.name}"


@dataclass(frozen=True)
class GivenImage:
    """An image that somebody else built; resolved to its digest, never pushed."""

    reference: ImageReference


@dataclass(frozen=True)
class SecretReference:
    """A secret given to the container as an environment variable.

    Args:
        secret: ``projects/PROJECT/secrets/SECRET``.
        version: a number, ``latest`` or an alias.
    """

    secret: str
    version: str = "latest"

    def __str__(self) -> str:
        """The full name of the version."""
        return f"{self.secret}/versions/{self.version}"


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What services and jobs have in common, as declared.

    Args:
        project: id and origin.
        region: id and origin.
        name: the id of the service or job.
        image: built here, or given.
        service_account: the account it runs as.
        invokers: members as written, in the file's order, without repetition.
        source: ``FILE:LINE`` where the document begins.
        invoker_role: the role that the invokers get.
        exclusive: members not named lose that role.
        probe_as: an invoker's service account to prove admission with; empty when not given.
        env: environment variables.
        secrets: environment variables that come from Secret Manager.
        cpu: as the API takes it, ``1`` or ``500m``; None for Cloud Run's default.
        memory: as the API takes it, ``512Mi``.
        timeout: of a request or a task, in seconds.
        labels: of the service or job.
        run: other fields of it in Cloud Run v2, by their JSON names.
        workflows: those that call or execute it.
    """

    kind: ClassVar[Kind]

    project: Setting
    region: Setting
    name: str
    image: BuiltImage | GivenImage
    service_account: ServiceAccountName
    invokers: tuple[str, ...]
    source: str
    invoker_role: str = INVOKER_ROLE
    exclusive: bool = False
    probe_as: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, SecretReference] = field(default_factory=dict)
    cpu: str | None = None
    memory: str | None = None
    timeout: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    run: Mapping[str, object] = field(default_factory=dict)
    workflows: tuple[WorkflowSpec, ...] = ()

    @property
    def resource_name(self) -> ServiceName | JobName:
        """Its full name."""
        raise NotImplementedError

    @property
    def all_callers(self) -> tuple[Caller, ...]:
        """Everything declared beside it that calls or executes it."""
        return self.workflows

    @property
    def placed_callers(self) -> tuple[tuple[tuple[str, int], Caller], ...]:
        """The same, with where in the document each stands."""
        return tuple((("workflows", place), one) for place, one in enumerate(self.workflows))

    def full_name(self, caller: Caller) -> str:
        """The full name of what calls: it is in the same project and region."""
        region = f"{ProjectName(self.project.value)}/locations/{self.region.value}"
        match caller:
            case PushSpec():
                return f"{ProjectName(self.project.value)}/subscriptions/{caller.name}"
            case ScheduleSpec():
                return f"{region}/jobs/{caller.name}"
            case QueueSpec():
                return f"{region}/queues/{caller.name}"
            case _:
                return f"{region}/workflows/{caller.name}"

    @property
    def all_invokers(self) -> tuple[str, ...]:
        """`invokers` as written, and the accounts of what calls."""
        named = dict.fromkeys(self.invokers)
        spelled = {canonical(member) for member in named}
        own = (caller.account.member for caller in self.all_callers)
        named |= dict.fromkeys(member for member in own if canonical(member) not in spelled)
        return tuple(named)

    @property
    def further_roles(self) -> tuple[tuple[str, str], ...]:
        """What else accounts of callers need on it: role and member."""
        return ()

    def workflow_name(self, workflow: WorkflowSpec) -> WorkflowName:
        """The full name of one of its workflows, taken apart."""
        return WorkflowName.parse(self.full_name(workflow))

    @property
    def account_email(self) -> str:
        """The e-mail of the account that it runs as."""
        return self.service_account.email

    @property
    def creates_account(self) -> bool:
        """Whether the account is one of the project's own, which we create when it is missing."""
        return self.is_own(self.service_account)

    def is_own(self, account: ServiceAccountName) -> bool:
        """Whether an account is one of the project's own, which we create when it is missing."""
        return account.project == self.project.value and account.is_user_managed

    @property
    def repository_name(self) -> RepositoryName | None:
        """Where the built image goes; None when the image is given."""
        return self.image.repository if isinstance(self.image, BuiltImage) else None

    @property
    def image_base(self) -> str:
        """The image's name without tag and digest."""
        if isinstance(self.image, BuiltImage):
            return self.image.image_base
        return self.image.reference.name

    def __str__(self) -> str:
        """As messages name it: ``service orders``."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, kw_only=True)
class ServiceSpec(Spec):
    """One service as declared.

    Args:
        ingress: which networks reach the service.
        iap: Identity-Aware Proxy in front of it.
        default_url: whether the run.app addresses answer.
        public: `invokers` may name the public members.
        probe_path: the path that verification asks for.
        concurrency: requests at once in one instance.
        min_instances: of a revision.
        max_instances: of a revision.
        custom_audiences: audiences accepted beside the service's own addresses.
        port: the container's; None for Cloud Run's default, 8080.
        callers: schedules, subscriptions and queues that call it.
    """

    kind = Kind.SERVICE

    ingress: Ingress
    iap: bool = False
    default_url: bool = True
    public: bool = False
    probe_path: str = "/"
    concurrency: int | None = None
    min_instances: int | None = None
    max_instances: int | None = None
    custom_audiences: tuple[str, ...] = ()
    port: int | None = None
    callers: tuple[CallerSpec, ...] = ()

    @property
    def all_callers(self) -> tuple[Caller, ...]:
        """Everything declared beside it that calls it."""
        return (*self.workflows, *self.callers)

    @property
    def placed_callers(self) -> tuple[tuple[tuple[str, int], Caller], ...]:
        """The same, with where in the document each stands."""
        callers = ((("callers", place), one) for place, one in enumerate(self.callers))
        return (*super().placed_callers, *callers)

    @property
    def service_name(self) -> ServiceName:
        """The service's full name."""
        return ServiceName(self.project.value, self.region.value, self.name)

    @property
    def resource_name(self) -> ServiceName:
        """Its full name."""
        return self.service_name


@dataclass(frozen=True, kw_only=True)
class JobSpec(Spec):
    """One job as declared.

    Args:
        tasks: how many run in one execution; None for Cloud Run's default, 1.
        parallelism: how many of them run at once; None for as many as there is room for.
        max_retries: how often a task that failed is tried again; None for Cloud Run's default, 3.
        command: in place of the image's entry point; empty for that.
        args: in place of the image's arguments; empty for these.
    """

    kind = Kind.JOB

    tasks: int | None = None
    parallelism: int | None = None
    max_retries: int | None = None
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()

    @property
    def further_roles(self) -> tuple[tuple[str, str], ...]:
        """For executions that differ from the job, and to look at one that is waited for."""
        found: dict[tuple[str, str], None] = {}
        for workflow in self.workflows:
            call, member = workflow.call, workflow.account.member
            if not isinstance(call, JobCall):
                continue
            if call.overrides and self.invoker_role not in predefined(RUN_WITH_OVERRIDES):
                found[OVERRIDING_ROLE, member] = None
            if call.wait:
                found[WATCHING_ROLE, member] = None
        return tuple(found)

    @property
    def job_name(self) -> JobName:
        """The job's full name."""
        return JobName(self.project.value, self.region.value, self.name)

    @property
    def resource_name(self) -> JobName:
        """Its full name."""
        return self.job_name
