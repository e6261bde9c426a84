"""What a user declares about one service, complete and resolved (frozen, no I/O).

Nothing here is optional by accident: what the file leaves out has its default, project and region
carry where they came from, and names are those of `provision.resources`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from provision.resources import ImageReference, RepositoryName, ServiceAccountName, ServiceName


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


INVOKER_ROLES = ("roles/run.invoker", "roles/run.servicesInvoker")
"""Roles that may be named as `invoker_role`; the second holds `run.routes.invoke` alone."""


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


@dataclass(frozen=True)
class Spec:
    """One service as declared.

    Args:
        project: id and origin.
        region: id and origin.
        service: the service's id.
        image: built here, or given.
        ingress: which networks reach it.
        service_account: the account it runs as.
        invokers: members as written, in the file's order, without repetition.
        source: ``FILE:LINE`` where the document begins.
        iap: Identity-Aware Proxy in front of it.
        default_url: whether the run.app addresses answer.
        invoker_role: the role that the invokers get.
        exclusive: members not named lose that role.
        public: `invokers` may name the public members.
        probe_as: an invoker's service account to prove admission with; empty when not given.
        probe_path: the path that verification asks for.
        env: environment variables.
        secrets: environment variables that come from Secret Manager.
        cpu: as the API takes it, ``1`` or ``500m``; None for Cloud Run's default.
        memory: as the API takes it, ``512Mi``.
        concurrency: requests at once in one instance.
        timeout: of a request, in seconds.
        min_instances: of a revision.
        max_instances: of a revision.
        labels: of the service.
        custom_audiences: audiences accepted beside the service's own addresses.
        port: the container's; None for Cloud Run's default, 8080.
        run: other fields of a Cloud Run v2 Service, by their JSON names.
    """

    project: Setting
    region: Setting
    service: str
    image: BuiltImage | GivenImage
    ingress: Ingress
    service_account: ServiceAccountName
    invokers: tuple[str, ...]
    source: str
    iap: bool = False
    default_url: bool = True
    invoker_role: str = INVOKER_ROLES[0]
    exclusive: bool = False
    public: bool = False
    probe_as: str = ""
    probe_path: str = "/"
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, SecretReference] = field(default_factory=dict)
    cpu: str | None = None
    memory: str | None = None
    concurrency: int | None = None
    timeout: int | None = None
    min_instances: int | None = None
    max_instances: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    custom_audiences: tuple[str, ...] = ()
    port: int | None = None
    run: Mapping[str, object] = field(default_factory=dict)

    @property
    def service_name(self) -> ServiceName:
        """The service's full name."""
        return ServiceName(self.project.value, self.region.value, self.service)

    @property
    def account_email(self) -> str:
        """The e-mail of the account that the service runs as."""
        return self.service_account.email

    @property
    def creates_account(self) -> bool:
        """Whether the account is one of the project's own, which we create when it is missing."""
        return (
            self.service_account.project == self.project.value
            and self.service_account.is_user_managed
        )

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
