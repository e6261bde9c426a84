"""Where an image goes: its repository, its name there, and what is there already."""

from dataclasses import dataclass

from provision.clients.artifact_registry import ArtifactRegistry, Repository
from provision.clients.registry import Configuration, Manifest, Registry
from provision.errors import PushError
from provision.image.dockerfile import PLATFORM
from provision.image.inputs import LABEL
from provision.resources import ImageReference
from provision.spec import BuiltImage


@dataclass(frozen=True)
class FoundImage:
    """An image in the registry.

    Args:
        manifest: what the tag names.
        configuration: of the image for linux/amd64; None when there is none.
    """

    manifest: Manifest
    configuration: Configuration | None

    @property
    def image(self) -> str:
        """The image by digest."""
        return str(self.manifest.reference)

    @property
    def image_id(self) -> str:
        """The engine's id of it; empty when it has no image for linux/amd64."""
        return self.configuration.digest if self.configuration else ""

    @property
    def platform(self) -> str:
        """``linux/amd64``, or empty when it has no image for that."""
        return self.configuration.platform if self.configuration else ""

    @property
    def inputs(self) -> str:
        """The hash of what it was built from, as its label says; empty without one."""
        return self.configuration.labels.get(LABEL, "") if self.configuration else ""


@dataclass(frozen=True)
class Destination:
    """Where the image of a spec goes.

    Args:
        image: what the spec says.
        artifacts: tells of the repository.
        registry: tells what is in it.
    """

    image: BuiltImage
    artifacts: ArtifactRegistry
    registry: Registry

    def find_repository(self) -> Repository | None:
        """The repository, or None when it is still to be created.

        Raises:
            PushError: it holds something else than container images.
        """
        found = self.artifacts.find_repository(self.image.repository)
        if found is None:
            return None
        if found.format != "DOCKER":
            raise PushError(
                f"Repository {found.name} is for {found.format.lower()} packages, not for images.",
                hint="Name another in image.repository: a new one is created with format DOCKER.",
            )
        if found.mode not in {"STANDARD_REPOSITORY", "MODE_UNSPECIFIED"}:
            raise PushError(
                f"Repository {found.name} takes no images: its mode is {found.mode}.",
                hint="Name a standard repository in image.repository.",
            )
        return found

    def reference(self, repository: Repository | None) -> ImageReference:
        """The image's name, at the host that the repository itself names."""
        base = repository.registry_uri if repository else ""
        return ImageReference.parse(f"{base or self.image.repository.image_base}/{self.image.name}")

    def find(self, repository: Repository | None, tag: str) -> FoundImage | None:
        """What a tag names, or None."""
        if repository is None:
            return None
        return find_image(self.registry, self.reference(repository).with_tag(tag))


def find_image(registry: Registry, reference: ImageReference) -> FoundImage | None:
    """What a reference names and what its image for linux/amd64 says of itself, or None."""
    manifest = registry.find_manifest(reference)
    if manifest is None:
        return None
    return FoundImage(manifest, registry.find_configuration(manifest, PLATFORM))
