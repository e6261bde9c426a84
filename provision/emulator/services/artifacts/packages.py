"""Artifact Registry's packages: an image's name, with all its versions and tags."""

from typing import Any
from urllib.parse import quote

from google.cloud import artifactregistry_v1

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError
from provision.emulator.seams import StoredImage
from provision.emulator.services.artifacts.contents import Contents, package_name, uploaded
from provision.emulator.services.artifacts.filters import matching, ordered
from provision.emulator.services.artifacts.repositories import SERVICE
from provision.emulator.services.paging import page


class Packages:
    """The RPCs about packages.

    Args:
        contents: what is in the repositories.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/ListPackages": self._list,
            f"{SERVICE}/GetPackage": self._get,
            f"{SERVICE}/DeletePackage": self._delete,
        }

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        stored = self._contents.stored(call, request.parent, "packages.list")
        packages: dict[str, list[StoredImage]] = {}
        for one in stored:
            packages.setdefault(one.package, []).append(one)
        found = matching(
            [packages[name] for name in sorted(packages)],
            request.filter,
            {"name": lambda images: package_name(images[0])},
        )
        found = ordered(
            found,
            request.order_by,
            {
                "name": lambda images: quote(images[0].package, safe=""),
                "create_time": lambda images: images[-1].uploaded,
                "update_time": lambda images: images[0].uploaded,
            },
        )
        shown, token = page(found, request.page_size, request.page_token)
        return artifactregistry_v1.ListPackagesResponse.pb()(
            packages=[_package(images) for images in shown], next_page_token=token
        )

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Package
        return _package(self._contents.in_package(call, call.request.name, "packages.get"))

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        images = self._contents.in_package(call, call.request.name, "packages.delete")
        if self._contents.immutable_tags(images[0]) and any(one.tags for one in images):
            # Documented: an image whose tags are immutable cannot be deleted. The words are ours.
            raise ApiError("FAILED_PRECONDITION", "the package has tags that are immutable")
        for one in images:
            self._contents.images.delete(one)
        return self._contents.finished_later(images[0])


def _package(images: list[StoredImage]) -> Any:  # noqa: ANN401 - Package
    return artifactregistry_v1.Package.pb()(
        name=package_name(images[0]),
        create_time=uploaded(images[-1]),
        update_time=uploaded(images[0]),
    )
