"""What the RPCs about packages, versions, tags, files and images share: names, and who may look."""

from typing import Any
from urllib.parse import quote, unquote

from google.cloud import artifactregistry_v1

from provision.emulator.rpc.calls import Call
from provision.emulator.rpc.status import ApiError, not_found
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.seams import Images, StoredImage
from provision.emulator.services.artifacts.repositories import RepositoryRecords, key_of
from provision.emulator.services.operations import Operations
from provision.emulator.services.permissions import artifact_refusal, require
from provision.emulator.times import timestamp
from provision.emulator.world import World

_MICRO = 1_000_000


class Contents:
    """The images in the repositories, for callers who may see them.

    Args:
        world: policies.
        records: the repositories.
        images: the registry's images.
        operations: where deletions are told.
    """

    def __init__(
        self, world: World, records: RepositoryRecords, images: Images, operations: Operations
    ) -> None:
        self._world = world
        self._records = records
        self._operations = operations
        self.images = images

    def repository(self, call: Call, name: str, permission: str) -> str:
        """The repository that a name begins with, by its canonical name.

        Raises:
            ApiError: the caller lacks the permission, or the repository does not exist.
        """
        repository = "/".join(self._world.hierarchy.canonical(name).split("/")[:6])
        require(self._world, call, f"artifactregistry.{permission}", repository, artifact_refusal)
        if repository not in self._records.table:
            raise missing()
        return repository

    def stored(self, call: Call, name: str, permission: str) -> list[StoredImage]:
        """The images of the repository that a name begins with, newest first."""
        found = self.images.list(key_of(self.repository(call, name, permission)))
        return sorted(found, key=lambda one: one.uploaded, reverse=True)

    def in_package(self, call: Call, name: str, permission: str) -> list[StoredImage]:
        """The images of the package in a name, newest first; at least one. Raises `ApiError`."""
        wanted = package_of(name)
        found = [one for one in self.stored(call, name, permission) if one.package == wanted]
        if not found:
            raise missing()
        return found

    def version(self, call: Call, name: str, permission: str) -> StoredImage:
        """The image that a version's name means. Raises `ApiError`."""
        return by_digest(
            self.in_package(call, name, permission), unquote(name.partition("/versions/")[2])
        )

    def immutable_tags(self, image: StoredImage) -> bool:
        """Whether the tags of its repository may neither move nor go."""
        return self._records.immutable_tags(image.repository)

    def finished_later(self, image: StoredImage, metadata: Any = None) -> Any:  # noqa: ANN401 - messages
        """The operation that tells of a deletion."""
        location = "/".join(image.repository.name.split("/")[:4])
        told = metadata or artifactregistry_v1.OperationMetadata.pb()()
        return self._operations.told_later(location, told, Empty())


def missing() -> ApiError:
    """What Artifact Registry says of everything that is not there."""
    return not_found("Requested entity was not found.")


def by_digest(images: list[StoredImage], digest: str) -> StoredImage:
    """The image of that digest. Raises `ApiError`."""
    for one in images:
        if one.digest == digest:
            return one
    raise missing()


def package_of(name: str) -> str:
    """The package in a name; slashes in it are escaped there."""
    return unquote(name.partition("/packages/")[2].partition("/")[0])


def package_name(image: StoredImage) -> str:
    """The full resource name of the image's package."""
    return f"{image.repository.name}/packages/{quote(image.package, safe='')}"


def version_name(image: StoredImage) -> str:
    """The full resource name of the image as a version."""
    return f"{package_name(image)}/versions/{image.digest}"


def uploaded(image: StoredImage) -> Any:  # noqa: ANN401 - Timestamp
    """When it was pushed."""
    return timestamp(int(image.uploaded * _MICRO))
