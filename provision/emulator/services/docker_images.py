"""Artifact Registry's view of Docker images: images, packages, versions and tags."""

from typing import Any
from urllib.parse import quote, unquote

from google.cloud import artifactregistry_v1

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import not_found
from provision.emulator.seams import Images, StoredImage
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import artifact_refusal, require
from provision.emulator.services.repositories import SERVICE, RepositoryRecords, key_of
from provision.emulator.times import timestamp
from provision.emulator.world import World

_MICRO = 1_000_000


class DockerImages:
    """The reading RPCs about what is in a repository.

    Args:
        world: policies.
        records: the repositories.
        images: the registry's images.
    """

    def __init__(self, world: World, records: RepositoryRecords, images: Images) -> None:
        self._world = world
        self._records = records
        self._images = images

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/ListDockerImages": self._list_images,
            f"{SERVICE}/GetDockerImage": self._get_image,
            f"{SERVICE}/ListPackages": self._list_packages,
            f"{SERVICE}/GetPackage": self._get_package,
            f"{SERVICE}/ListVersions": self._list_versions,
            f"{SERVICE}/GetVersion": self._get_version,
            f"{SERVICE}/ListTags": self._list_tags,
            f"{SERVICE}/GetTag": self._get_tag,
        }

    def _stored(self, call: Call, name: str, permission: str) -> list[StoredImage]:
        """The images of the repository that a name begins with, newest first."""
        repository = "/".join(self._world.hierarchy.canonical(name).split("/")[:6])
        require(self._world, call, f"artifactregistry.{permission}", repository, artifact_refusal)
        if repository not in self._records.table:
            raise not_found("Requested entity was not found.")
        found = self._images.list(key_of(repository))
        return sorted(found, key=lambda one: one.uploaded, reverse=True)

    async def _list_images(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        stored = self._stored(call, call.request.parent, "dockerimages.list")
        shown, token = page(stored, call.request.page_size, call.request.page_token)
        return artifactregistry_v1.ListDockerImagesResponse.pb()(
            docker_images=[self._image(one) for one in shown], next_page_token=token
        )

    async def _get_image(self, call: Call) -> Any:  # noqa: ANN401 - DockerImage
        wanted = unquote(call.request.name.partition("/dockerImages/")[2])
        for one in self._stored(call, call.request.name, "dockerimages.get"):
            if f"{one.package}@{one.digest}" == wanted:
                return self._image(one)
        raise not_found("Requested entity was not found.")

    def _image(self, image: StoredImage) -> Any:  # noqa: ANN401 - DockerImage
        moment = timestamp(int(image.uploaded * _MICRO))
        return artifactregistry_v1.DockerImage.pb()(
            name=f"{image.repository.name}/dockerImages/"
            f"{quote(image.package, safe='')}@{image.digest}",
            uri=self._images.pull_reference(image),
            tags=image.tags,
            image_size_bytes=image.size,
            upload_time=moment,
            update_time=moment,
            media_type=image.media_type,
        )

    async def _list_packages(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        stored = self._stored(call, call.request.parent, "packages.list")
        names = sorted({one.package for one in stored})
        shown, token = page(names, call.request.page_size, call.request.page_token)
        return artifactregistry_v1.ListPackagesResponse.pb()(
            packages=[_package(stored, name) for name in shown], next_page_token=token
        )

    async def _get_package(self, call: Call) -> Any:  # noqa: ANN401 - Package
        stored = self._stored(call, call.request.name, "packages.get")
        wanted = _package_of(call.request.name)
        if not any(one.package == wanted for one in stored):
            raise not_found("Requested entity was not found.")
        return _package(stored, wanted)

    async def _list_versions(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        stored = self._in_package(call, call.request.parent, "versions.list")
        shown, token = page(stored, call.request.page_size, call.request.page_token)
        return artifactregistry_v1.ListVersionsResponse.pb()(
            versions=[_version(one) for one in shown], next_page_token=token
        )

    async def _get_version(self, call: Call) -> Any:  # noqa: ANN401 - Version
        wanted = call.request.name.partition("/versions/")[2]
        for one in self._in_package(call, call.request.name, "versions.get"):
            if one.digest == wanted:
                return _version(one)
        raise not_found("Requested entity was not found.")

    async def _list_tags(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        stored = self._in_package(call, call.request.parent, "tags.list")
        tags = [_tag(one, tag) for one in stored for tag in one.tags]
        shown, token = page(tags, call.request.page_size, call.request.page_token)
        return artifactregistry_v1.ListTagsResponse.pb()(tags=shown, next_page_token=token)

    async def _get_tag(self, call: Call) -> Any:  # noqa: ANN401 - Tag
        wanted = unquote(call.request.name.partition("/tags/")[2])
        for one in self._in_package(call, call.request.name, "tags.get"):
            if wanted in one.tags:
                return _tag(one, wanted)
        raise not_found("Requested entity was not found.")

    def _in_package(self, call: Call, name: str, permission: str) -> list[StoredImage]:
        wanted = _package_of(name)
        return [one for one in self._stored(call, name, permission) if one.package == wanted]


def _package_of(name: str) -> str:
    return unquote(name.partition("/packages/")[2].partition("/")[0])


def _package_name(image: StoredImage) -> str:
    return f"{image.repository.name}/packages/{quote(image.package, safe='')}"


def _package(stored: list[StoredImage], package: str) -> Any:  # noqa: ANN401 - Package
    mine = [one for one in stored if one.package == package]
    return artifactregistry_v1.Package.pb()(
        name=_package_name(mine[0]),
        create_time=timestamp(int(mine[-1].uploaded * _MICRO)),
        update_time=timestamp(int(mine[0].uploaded * _MICRO)),
    )


def _version(image: StoredImage) -> Any:  # noqa: ANN401 - Version
    moment = timestamp(int(image.uploaded * _MICRO))
    return artifactregistry_v1.Version.pb()(
        name=f"{_package_name(image)}/versions/{image.digest}",
        create_time=moment,
        update_time=moment,
        related_tags=[_tag(image, tag) for tag in image.tags],
    )


def _tag(image: StoredImage, tag: str) -> Any:  # noqa: ANN401 - Tag
    return artifactregistry_v1.Tag.pb()(
        name=f"{_package_name(image)}/tags/{tag}",
        version=f"{_package_name(image)}/versions/{image.digest}",
    )
