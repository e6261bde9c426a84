"""Artifact Registry's tags: names of versions that may move."""

import re
from typing import Any
from urllib.parse import unquote

from google.cloud import artifactregistry_v1

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.seams import StoredImage
from provision.emulator.services.artifacts.contents import (
    Contents,
    by_digest,
    missing,
    package_name,
    version_name,
)
from provision.emulator.services.artifacts.filters import matching
from provision.emulator.services.artifacts.repositories import SERVICE
from provision.emulator.services.paging import page

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


class Tags:
    """The RPCs about tags.

    Args:
        contents: what is in the repositories.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/ListTags": self._list,
            f"{SERVICE}/GetTag": self._get,
            f"{SERVICE}/CreateTag": self._create,
            f"{SERVICE}/UpdateTag": self._update,
            f"{SERVICE}/DeleteTag": self._delete,
        }

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        images = self._contents.in_package(call, request.parent, "tags.list")
        tags = [tag_message(one, tag) for one in images for tag in one.tags]
        found = matching(
            sorted(tags, key=lambda tag: tag.name),
            request.filter,
            {"name": lambda tag: tag.name, "version": lambda tag: tag.version},
        )
        shown, token = page(found, request.page_size, request.page_token)
        return artifactregistry_v1.ListTagsResponse.pb()(tags=shown, next_page_token=token)

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Tag
        images = self._contents.in_package(call, call.request.name, "tags.get")
        return tag_message(*_tagged(images, call.request.name))

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Tag
        request = call.request
        images = self._contents.in_package(call, request.parent, "tags.create")
        if not _TAG.fullmatch(request.tag_id):
            raise invalid("the tag id must be at most 128 letters, digits, '_', '.' and '-'")
        if any(request.tag_id in one.tags for one in images):
            raise ApiError("ALREADY_EXISTS", "the tag already exists")
        return self._point(images, request.tag_id, request.tag.version)

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Tag
        sent = call.request.tag
        images = self._contents.in_package(call, sent.name, "tags.update")
        image, tag = _tagged(images, sent.name)
        if sent.version != version_name(image):
            self._refuse_if_immutable(image, "update", tag)
        return self._point(images, tag, sent.version)

    def _point(self, images: list[StoredImage], tag: str, version: str) -> Any:  # noqa: ANN401 - Tag
        package, _, digest = version.partition("/versions/")
        if package.rpartition("/packages/")[2] != package_name(images[0]).rpartition("/")[2]:
            raise invalid("the version is not one of the tag's package")
        target = by_digest(images, unquote(digest))
        self._contents.images.set_tag(target, tag)
        return tag_message(target, tag)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        images = self._contents.in_package(call, call.request.name, "tags.delete")
        image, tag = _tagged(images, call.request.name)
        self._refuse_if_immutable(image, "delete", tag)
        self._contents.images.drop_tag(image, tag)
        return Empty()

    def _refuse_if_immutable(self, image: StoredImage, verb: str, tag: str) -> None:
        if self._contents.immutable_tags(image):
            # That it is refused is documented; the words are assumed.
            message = f"cannot {verb} tag {tag}. The repository has enabled tag immutability"
            raise ApiError("FAILED_PRECONDITION", message)


def _tagged(images: list[StoredImage], name: str) -> tuple[StoredImage, str]:
    """The image that a tag's name means, and the tag. Raises `ApiError`."""
    tag = unquote(name.partition("/tags/")[2])
    for one in images:
        if tag in one.tags:
            return one, tag
    raise missing()


def tag_message(image: StoredImage, tag: str) -> Any:  # noqa: ANN401 - Tag
    """A tag of the image."""
    return artifactregistry_v1.Tag.pb()(
        name=f"{package_name(image)}/tags/{tag}", version=version_name(image)
    )
