"""Artifact Registry's files: the manifests and blobs of a repository."""

from typing import Any
from urllib.parse import unquote

from google.cloud import artifactregistry_v1

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.seams import StoredFile
from provision.emulator.services.artifacts.contents import Contents, missing, version_name
from provision.emulator.services.artifacts.filters import matching, ordered
from provision.emulator.services.artifacts.repositories import SERVICE, key_of
from provision.emulator.services.paging import page
from provision.emulator.times import timestamp

_SHA256 = int(artifactregistry_v1.Hash.HashType.SHA256)
_MICRO = 1_000_000


class Files:
    """The RPCs about files.

    Args:
        contents: what is in the repositories.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {f"{SERVICE}/ListFiles": self._list, f"{SERVICE}/GetFile": self._get}

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        repository = self._contents.repository(call, request.parent, "files.list")
        found = [
            _message(repository, file) for file in self._contents.images.files(key_of(repository))
        ]
        chosen = matching(
            found,
            request.filter,
            {"name": lambda file: file.name, "owner": lambda file: file.owner},
        )
        chosen = ordered(
            chosen,
            request.order_by,
            {
                "name": lambda file: file.name,
                "size_bytes": lambda file: file.size_bytes,
                "create_time": lambda file: file.create_time.ToMicroseconds(),
                "update_time": lambda file: file.update_time.ToMicroseconds(),
            },
        )
        shown, token = page(chosen, request.page_size, request.page_token)
        return artifactregistry_v1.ListFilesResponse.pb()(files=shown, next_page_token=token)

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - File
        repository = self._contents.repository(call, call.request.name, "files.get")
        wanted = unquote(call.request.name.partition("/files/")[2])
        for file in self._contents.images.files(key_of(repository)):
            if file.digest == wanted:
                return _message(repository, file)
        raise missing()


def _message(repository: str, file: StoredFile) -> Any:  # noqa: ANN401 - File
    moment = timestamp(int(file.written * _MICRO))
    value = bytes.fromhex(file.digest.removeprefix("sha256:"))
    return artifactregistry_v1.File.pb()(
        name=f"{repository}/files/{file.digest}",
        size_bytes=file.size,
        hashes=[artifactregistry_v1.Hash.pb()(type_=_SHA256, value=value)],
        create_time=moment,
        update_time=moment,
        owner=version_name(file.owner) if file.owner else "",
    )
