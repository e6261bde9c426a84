"""Artifact Registry's view of Docker images."""

from typing import Any
from urllib.parse import quote, unquote

from google.cloud import artifactregistry_v1

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.seams import StoredImage
from provision.emulator.services.artifacts.addresses import address_of
from provision.emulator.services.artifacts.contents import Contents, missing, uploaded
from provision.emulator.services.artifacts.filters import ordered
from provision.emulator.services.artifacts.repositories import SERVICE
from provision.emulator.services.paging import page

_ORDERS = {
    "name": lambda one: f"{one.package}@{one.digest}",
    "upload_time": lambda one: one.uploaded,
    "update_time": lambda one: one.uploaded,
    "image_size_bytes": lambda one: one.size,
    "media_type": lambda one: one.media_type,
}


class DockerImages:
    """The RPCs about Docker images; each manifest and each index is one.

    Args:
        contents: what is in the repositories.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/ListDockerImages": self._list,
            f"{SERVICE}/GetDockerImage": self._get,
        }

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        stored = self._contents.stored(call, request.parent, "dockerimages.list")
        found = ordered(stored, request.order_by, _ORDERS)
        shown, token = page(found, request.page_size, request.page_token)
        return artifactregistry_v1.ListDockerImagesResponse.pb()(
            docker_images=[self._image(one, stored) for one in shown], next_page_token=token
        )

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - DockerImage
        wanted = unquote(call.request.name.partition("/dockerImages/")[2])
        stored = self._contents.stored(call, call.request.name, "dockerimages.get")
        for one in stored:
            if f"{one.package}@{one.digest}" == wanted:
                return self._image(one, stored)
        raise missing()

    def _image(self, image: StoredImage, stored: list[StoredImage]) -> Any:  # noqa: ANN401 - DockerImage
        digests = set(self._contents.images.children(image))
        children = [one for one in stored if one.package == image.package and one.digest in digests]
        return artifactregistry_v1.DockerImage.pb()(
            name=f"{image.repository.name}/dockerImages/"
            f"{quote(image.package, safe='')}@{image.digest}",
            uri=f"{self._address(image)}/{image.package}@{image.digest}",
            tags=image.tags,
            image_size_bytes=image.size,
            upload_time=uploaded(image),
            update_time=uploaded(image),
            media_type=image.media_type,
            image_manifests=[_manifest(child) for child in children],
        )

    def _address(self, image: StoredImage) -> str:
        own_host = self._contents.images.pull_reference(image).partition("/")[0]
        return address_of(image.repository, own_host)


def _manifest(image: StoredImage) -> Any:  # noqa: ANN401 - ImageManifest
    system, _, architecture = (image.platforms or ("",))[0].partition("/")
    return artifactregistry_v1.ImageManifest.pb()(
        architecture=architecture, os=system, digest=image.digest, media_type=image.media_type
    )
