"""Artifact Registry's versions: each manifest and each index of a package, by its digest."""

from typing import Any

from google.cloud import artifactregistry_v1
from google.protobuf import json_format

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.rpc.wellknown import Struct
from provision.emulator.seams import StoredImage
from provision.emulator.services.artifacts.contents import (
    Contents,
    missing,
    package_of,
    uploaded,
    version_name,
)
from provision.emulator.services.artifacts.filters import matching, ordered
from provision.emulator.services.artifacts.repositories import SERVICE
from provision.emulator.services.artifacts.tags import tag_message
from provision.emulator.services.paging import page

_FULL = int(artifactregistry_v1.VersionView.FULL)
_MOST_AT_ONCE = 10_000
_ORDERS = {
    "name": version_name,
    "create_time": lambda one: one.uploaded,
    "update_time": lambda one: one.uploaded,
}


class Versions:
    """The RPCs about versions.

    Args:
        contents: what is in the repositories.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/ListVersions": self._list,
            f"{SERVICE}/GetVersion": self._get,
            f"{SERVICE}/DeleteVersion": self._delete,
            f"{SERVICE}/BatchDeleteVersions": self._delete_many,
        }

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        stored = self._contents.in_package(call, request.parent, "versions.list")
        found = matching(stored, request.filter, {"name": version_name})
        found = ordered(found, request.order_by, _ORDERS)
        shown, token = page(found, request.page_size, request.page_token)
        return artifactregistry_v1.ListVersionsResponse.pb()(
            versions=[self._version(one, request.view) for one in shown], next_page_token=token
        )

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Version
        found = self._contents.version(call, call.request.name, "versions.get")
        return self._version(found, call.request.view)

    def _version(self, image: StoredImage, view: int) -> Any:  # noqa: ANN401 - Version
        """BASIC, the default, leaves tags out (discovery document)."""
        version = artifactregistry_v1.Version.pb()(
            name=version_name(image),
            create_time=uploaded(image),
            update_time=uploaded(image),
            metadata=self._metadata(image),
        )
        if view == _FULL:
            version.related_tags.extend(tag_message(image, tag) for tag in image.tags)
        return version

    def _metadata(self, image: StoredImage) -> Any:  # noqa: ANN401 - Struct
        """The fields of the DockerImage that the discovery document says are here."""
        metadata = Struct()
        fields = {
            "name": f"{image.repository.name}/dockerImages/{image.package}@{image.digest}",
            "imageSizeBytes": str(image.size),
            "mediaType": image.media_type,
        }
        return json_format.ParseDict(fields, metadata)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        image = self._contents.version(call, call.request.name, "versions.delete")
        refusal = self._refusal(image, force=call.request.force)
        if refusal:
            raise ApiError("FAILED_PRECONDITION", refusal)
        self._contents.images.delete(image)
        return self._contents.finished_later(image)

    async def _delete_many(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        images = self._contents.in_package(call, request.parent, "versions.delete")
        if len(request.names) > _MOST_AT_ONCE:
            raise invalid(f"at most {_MOST_AT_ONCE} versions can be deleted at once")
        wanted = {name.partition("/versions/")[2]: name for name in request.names}
        if any(package_of(name) != images[0].package for name in request.names):
            raise invalid("the versions are not of the package that is the parent")
        if not set(wanted) <= {one.digest for one in images}:
            raise missing()
        failed = []
        for one in sorted((one for one in images if one.digest in wanted), key=_indexes_first):
            if self._refusal(one, force=True):
                failed.append(wanted[one.digest])
            elif not request.validate_only:
                self._contents.images.delete(one)
        metadata = artifactregistry_v1.BatchDeleteVersionsMetadata.pb()(failed_versions=failed)
        return self._contents.finished_later(images[0], metadata)

    def _refusal(self, image: StoredImage, *, force: bool) -> str:
        """Why a version cannot be deleted, in the registry's words; empty when it can."""
        if self._contents.images.parents(image):
            return "Manifest is still referenced by one or more parent images"
        if image.tags and (not force or self._contents.immutable_tags(image)):
            return "Manifest is still referenced by one or more tags"
        return ""


def _indexes_first(image: StoredImage) -> bool:
    return "index" not in image.media_type and "list" not in image.media_type
