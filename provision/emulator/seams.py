"""Where the rooms of the emulator meet: control side, registry, runtime and front door.

The control side (`services/`, `iam/`) knows what was asked for, the front door who gets in. They
know each other by these protocols alone, on one event loop; what blocks goes to a thread.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class RepositoryKey:
    """An Artifact Registry repository: project id, location and repository id."""

    project: str
    location: str
    repository: str

    @property
    def name(self) -> str:
        """The full resource name."""
        return f"projects/{self.project}/locations/{self.location}/repositories/{self.repository}"


@dataclass(frozen=True)
class ServiceKey:
    """A Cloud Run service: project id, region and service id."""

    project: str
    region: str
    service: str

    @property
    def name(self) -> str:
        """The full resource name."""
        return f"projects/{self.project}/locations/{self.region}/services/{self.service}"


@dataclass(frozen=True)
class StoredImage:
    """A manifest or index in the registry.

    Args:
        repository: where it is.
        package: image name within the repository; may hold slashes.
        digest: ``sha256:…`` of the manifest or index itself.
        media_type: as pushed.
        size: bytes of the manifest's config and layers together.
        tags: the tags that point at it now.
        platforms: ``os/architecture`` of the image, or of each entry of an index.
        uploaded: seconds since the epoch.
    """

    repository: RepositoryKey
    package: str
    digest: str
    media_type: str
    size: int
    tags: tuple[str, ...]
    platforms: tuple[str, ...]
    uploaded: float


@dataclass(frozen=True)
class StoredFile:
    """A blob or manifest of a repository, as a file.

    Args:
        digest: ``sha256:…``.
        size: bytes.
        written: seconds since the epoch.
        owner: the image that it is the manifest of; None for blobs.
    """

    digest: str
    size: int
    written: float
    owner: StoredImage | None


class Images(Protocol):
    """What the registry tells the control side."""

    def find(self, reference: str) -> StoredImage | None:
        """The image that ``HOST/…/name[:tag|@digest]`` points at.

        Takes the emulator's own form (``127.0.0.1:PORT/LOCATION/PROJECT/REPO/name``) and Google's
        (``LOCATION-docker.pkg.dev/PROJECT/REPO/name``, ``[us.|eu.|asia.]gcr.io/PROJECT/name``).
        """

    def list(self, repository: RepositoryKey) -> Sequence[StoredImage]:
        """Everything in a repository."""

    def pull_reference(self, image: StoredImage) -> str:
        """``127.0.0.1:PORT/…@sha256:…``, as the Docker engine of this machine can pull it."""

    def files(self, repository: RepositoryKey) -> Sequence[StoredFile]:
        """Every blob and manifest in a repository, by digest."""

    def children(self, image: StoredImage) -> Sequence[str]:
        """The digests of what it points at: layers, or the manifests of an index."""

    def parents(self, image: StoredImage) -> Sequence[str]:
        """The digests of the indexes that hold it."""

    def set_tag(self, image: StoredImage, tag: str) -> None:
        """Point a tag at the image, wherever it pointed before."""

    def drop_tag(self, image: StoredImage, tag: str) -> None:
        """Take a tag of the image's package away."""

    def delete(self, image: StoredImage) -> None:
        """Delete a manifest or index with its tags, and the content that only it used."""

    def forget(self, repository: RepositoryKey) -> None:
        """The repository was deleted: its manifests and tags go."""


class Repositories(Protocol):
    """What the control side tells the registry."""

    def exists(self, repository: RepositoryKey) -> bool:
        """Whether it exists and its format is DOCKER."""

    def immutable_tags(self, repository: RepositoryKey) -> bool:
        """Whether its tags may not be moved."""


@dataclass(frozen=True)
class RequestAttributes:
    """What conditions may ask of one request, besides its time; what is None is not available.

    Args:
        path: ``request.path``, as in ``/orders/1``, without the query. Front door only.
        host: ``request.host``, the host name without a port. Front door only.
        modified_roles: ``iam.googleapis.com/modifiedGrantsByRole``: the roles whose grants a
            SetIamPolicy would change.
        time: ``request.time``; now when left out.
        resource: ``resource.name``, ``type`` and ``service``, where the API tells them.
    """

    path: str | None = None
    host: str | None = None
    modified_roles: frozenset[str] | None = None
    time: dt.datetime | None = None
    resource: tuple[str, str, str] | None = None


@dataclass(frozen=True)
class TagPair:
    """A tag that is in effect on a resource.

    Args:
        key: namespaced name of the key, ``100000000001/env``.
        key_id: its permanent id, ``tagKeys/123456789012``.
        value: short name of the value, ``prod``.
        value_id: its permanent id, ``tagValues/567890123456``.
    """

    key: str
    key_id: str
    value: str
    value_id: str


class Tags(Protocol):
    """What Resource Manager's tags tell the evaluation of conditions."""

    def effective(self, resource: str) -> Sequence[TagPair]:
        """The tags bound to a resource (``projects/p/locations/r/services/s``) and inherited."""


class Access(Protocol):
    """Who may do what, as far as policies have taken effect by now."""

    def allowed(
        self,
        member: str,
        permission: str,
        resource: str,
        attributes: RequestAttributes | None = None,
    ) -> bool:
        """Whether `member` holds `permission` on the resource or inherits it.

        Args:
            member: ``user:…``, ``serviceAccount:…``, or ``allUsers`` for an anonymous caller. An
                authenticated member also matches allUsers and allAuthenticatedUsers bindings.
            permission: as in ``run.routes.invoke``.
            resource: full name, as in ``projects/p/locations/r/services/s`` or ``projects/p``.
            attributes: of the request, for conditions; left out where only the time is known.
        """


class TokenError(Exception):
    """A token that cannot be verified: malformed, expired, wrong signature or of another kind."""


class Identities(Protocol):
    """Issues and verifies tokens; the emulator is its own Google identity provider."""

    def access_token(
        self, member: str, lifetime: float = 3600, scopes: Sequence[str] | None = None
    ) -> str:
        """An OAuth access token for ``user:…`` or ``serviceAccount:…``; all scopes when None."""

    def scopes(self, access_token: str) -> frozenset[str] | None:
        """What a valid access token is good for; None for all."""

    def member(self, access_token: str, api: str = "") -> str | None:
        """Whose access token this is; None when it is unknown, expired or for another API.

        Args:
            access_token: as it was sent.
            api: the API that is asked, as ``run``; empty where that is not told.
        """

    def id_token(self, member: str, audience: str, lifetime: float | None = None) -> str:
        """A signed ID token (RS256) with iss, sub, aud, email, email_verified, iat and exp."""

    def claims(self, id_token: str) -> Mapping[str, object]:
        """The verified claims. Raises `TokenError`."""


class Recording(Protocol):
    """Takes a note of every request, for ``GET /_emulator/requests``."""

    def record(  # noqa: PLR0913 - one parameter a column
        self,
        method: str,
        resource: str,
        *,
        transport: str,
        principal: str,
        status: str,
        write: bool,
    ) -> None:
        """Note one request; the registry's methods are named ``registry/PUT manifests``."""


@dataclass(frozen=True)
class RevisionToRun:
    """What the runtime needs of a revision.

    Args:
        service: whose revision it is.
        revision: its id, ``orders-00001-abc``.
        project_number: for the metadata server.
        image: the stored image.
        env: plain environment variables of the container.
        command: entry point override, or empty.
        args: arguments override, or empty.
        port: container port, default 8080.
        memory_bytes: limit, from resources.limits.memory.
        cpu: limit in CPUs, from resources.limits.cpu.
        service_account: its e-mail; the metadata server hands out this account's tokens.
        vpc_egress: ``""`` (no VPC access), ``PRIVATE_RANGES_ONLY`` or ``ALL_TRAFFIC``.
        startup_seconds: how long it may take to listen, from the startup probe (default 240).
    """

    service: ServiceKey
    revision: str
    project_number: int
    image: StoredImage
    env: Mapping[str, str]
    command: tuple[str, ...]
    args: tuple[str, ...]
    port: int
    memory_bytes: int
    cpu: float
    service_account: str
    vpc_egress: str
    startup_seconds: float


class StartError(Exception):
    """The revision did not start; the text is Google's for its condition message.

    Args:
        message: the condition's message.
        reason: ``HEALTH_CHECK_CONTAINER_ERROR``, ``CONTAINER_MISSING``, …
        logs: the last lines the container wrote.
        cause: the message without what it says of a revision; all of it when left out.
    """

    def __init__(self, message: str, *, reason: str, logs: str = "", cause: str = "") -> None:
        super().__init__(message)
        self.reason, self.logs, self.cause = reason, logs, cause or message


@dataclass(frozen=True)
class TaskToRun:
    """One attempt at a task of a job.

    Args:
        container: image, limits and account; `service` names the job, `revision` the task.
        environment: what the platform sets, ``CLOUD_RUN_TASK_INDEX`` and so on.
        timeout: seconds it may take.
    """

    container: RevisionToRun
    environment: Mapping[str, str]
    timeout: float


@dataclass(frozen=True)
class TaskEnd:
    """How an attempt ended.

    Args:
        exit_code: the container's; None when its time was up.
        logs: the last lines it wrote.
        signal: which the platform ended it by, or 0.
    """

    exit_code: int | None
    logs: str = ""
    signal: int = 0


class Runtime(Protocol):
    """Runs revisions. Two are real: the Docker engine's, and the placeholder without an engine."""

    async def start(self, revision: RevisionToRun) -> None:
        """Run it and wait until it listens. Raises `StartError`."""

    async def stop(self, service: ServiceKey, revision: str) -> None:
        """Stop and remove it; nothing happens when it is not running."""

    async def run_task(self, task: TaskToRun) -> TaskEnd:
        """Run a container to its end and remove it. Raises `StartError`."""

    async def address(self, service: ServiceKey, revision: str) -> tuple[str, int] | None:
        """Host and port that answer for it on this machine; None for a placeholder."""

    def caller(self, peer: str) -> RevisionToRun | None:
        """Which running revision a connection from IP address `peer` comes from, if any."""

    @property
    def gateway(self) -> str | None:
        """Host address of the containers' network: reachable from it and from this machine."""

    @property
    def subnet(self) -> str | None:
        """The containers' network, ``172.18.0.0/16``; to be asked for again after a restart."""

    async def close(self) -> None:
        """Stop everything that was started and remove the network."""
