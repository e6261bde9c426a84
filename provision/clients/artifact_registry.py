"""Artifact Registry: the repositories that images go to."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provision.clients.calls import TIMEOUT, calling
from provision.clients.clock import Clock
from provision.clients.google import GoogleClients
from provision.clients.operations import wait_until_done
from provision.errors import NotFoundError
from provision.resources import RepositoryName

OWN_LABELS: Mapping[str, str] = {"managed-by": "provision"}
"""What marks a repository as one that we created, and so may delete."""

OPERATION_TIMEOUT = 300.0
"""Seconds to wait for a repository to be created or deleted; it usually takes a few."""


@dataclass(frozen=True)
class Repository:
    """A repository as it is.

    Args:
        name: the full resource name.
        format: ``DOCKER``, ``MAVEN``, ….
        labels: as set.
        registry_uri: where its images are served; empty when the service does not say.
        immutable_tags: whether tags may not be moved.
        mode: ``STANDARD_REPOSITORY``; only such a one takes images.
    """

    name: str
    format: str
    labels: Mapping[str, str]
    registry_uri: str
    immutable_tags: bool
    mode: str

    @property
    def is_ours(self) -> bool:
        """Whether we created it."""
        return is_ours(self.labels)


@dataclass(frozen=True)
class StoredImage:
    """An image in a repository: its address by digest, and its tags."""

    uri: str
    tags: tuple[str, ...]


def is_ours(labels: Mapping[str, str]) -> bool:
    """Whether labels mark a repository as one that we created."""
    return all(labels.get(key) == value for key, value in OWN_LABELS.items())


@dataclass(frozen=True)
class ArtifactRegistry:
    """Repositories.

    Args:
        google: the clients to call with.
        clock: waits between looks at an operation.
    """

    google: GoogleClients
    clock: Clock = field(default_factory=Clock)

    @property
    def member(self) -> str:
        """Whom we act as."""
        return self.google.caller.member

    def find_repository(self, name: RepositoryName) -> Repository | None:
        """The repository, or None when there is none."""
        try:
            with self._calling(f"Reading repository {name.repository} in {name.location}"):
                message = self.google.repositories.get_repository(name=name.name, timeout=TIMEOUT)
        except NotFoundError:
            return None
        return _from_message(message)

    def create_repository(self, name: RepositoryName, report: Callable[[str], None]) -> Repository:
        """Create a repository for container images, marked as ours, and wait until it is there."""
        doing = f"Creating repository {name.repository} in {name.location}"
        with self._calling(doing):
            operation = self.google.repositories.create_repository(
                parent=name.parent,
                repository_id=name.repository,
                repository=_to_message(OWN_LABELS),
                timeout=TIMEOUT,
            )
        self._await(operation, doing, report)
        # The operation's result has less than the repository: not where its images are served.
        with self._calling(doing):
            message = self.google.repositories.get_repository(name=name.name, timeout=TIMEOUT)
        return _from_message(message)

    def delete_repository(self, name: RepositoryName, report: Callable[[str], None]) -> None:
        """Delete the repository and every image in it, and wait until it is gone."""
        doing = f"Deleting repository {name.repository} in {name.location}"
        with self._calling(doing):
            operation = self.google.repositories.delete_repository(name=name.name, timeout=TIMEOUT)
        self._await(operation, doing, report)

    def list_images(self, name: RepositoryName) -> Iterable[StoredImage]:
        """Every image in the repository, of whatever name."""
        with self._calling(f"Listing the images in repository {name.repository}"):
            pages = self.google.repositories.list_docker_images(parent=name.name, timeout=TIMEOUT)
            return [StoredImage(str(item.uri), tuple(item.tags)) for item in pages]

    def _await(self, operation: Any, doing: str, report: Callable[[str], None]) -> Any:  # noqa: ANN401
        """The operation's result; Google's clients ship no usable types."""
        with self._calling(doing):
            wait_until_done(
                operation, doing, OPERATION_TIMEOUT, self.clock, report, lambda _: f"{doing} …"
            )
            return operation.result(timeout=TIMEOUT)

    def _calling(self, doing: str) -> Any:  # noqa: ANN401 - a context manager
        return calling(doing, member=self.member)


def _to_message(labels: Mapping[str, str]) -> Any:  # noqa: ANN401
    from google.cloud.artifactregistry_v1 import Repository as Message

    return Message(
        format_=Message.Format.DOCKER,
        description="Images deployed by provision.",
        labels=dict(labels),
    )


def _from_message(message: Any) -> Repository:  # noqa: ANN401
    return Repository(
        name=str(message.name),
        format=str(message.format_.name),
        labels=dict(message.labels),
        registry_uri=str(message.registry_uri),
        immutable_tags=bool(message.docker_config.immutable_tags),
        mode=str(message.mode.name),
    )
