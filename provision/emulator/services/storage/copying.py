"""Objects that are copied within Cloud Storage: at once, whatever their size."""

from dataclasses import replace
from typing import Any

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.services.storage.asking import StorageRequest
from provision.emulator.services.storage.inserting import Inserting
from provision.emulator.services.storage.objects import SERVICE, Media, Objects

_SOURCE = "ifSource"
_CARRIED = (
    *("contentType", "contentEncoding", "contentDisposition", "contentLanguage", "cacheControl"),
    *("metadata", "customTime"),
)


class Copying:
    """The methods that copy, made of reading and writing: both permissions are asked for.

    Args:
        objects: reads.
        inserting: writes.
    """

    def __init__(self, objects: Objects, inserting: Inserting) -> None:
        self._read = objects.handlers()[f"{SERVICE}/GetObject"]
        self._write = inserting.handlers()[f"{SERVICE}/InsertObject"]

    def handlers(self) -> dict[str, Handler]:
        """The methods by name."""
        return {f"{SERVICE}/CopyObject": self._copy, f"{SERVICE}/RewriteObject": self._rewrite}

    async def _copy(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        asked: StorageRequest = call.request
        media: Media = await self._read(_as(call, _source(asked)))
        carried = {key: value for key, value in media.stored.settings.items() if key in _CARRIED}
        sent = asked.settings()  # where there is any, it is all that the copy has (documented)
        query = {key: value for key, value in asked.query.items() if not key.startswith(_SOURCE)}
        if "destinationKmsKeyName" in query:
            query["kmsKeyName"] = query["destinationKmsKeyName"]
        target = replace(
            asked,
            bucket=asked.target[0],
            object="",
            query={**query, "name": asked.target[1]},
            body={**(sent or carried), "name": asked.target[1]},
            content=media.pieces(),
        )
        return await self._write(_as(call, target))

    async def _rewrite(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        """A copy that is told to be finished in the first answer."""
        made = await self._copy(call)
        return {
            "kind": "storage#rewriteResponse",
            "totalBytesRewritten": made["size"],
            "objectSize": made["size"],
            "done": True,
            "resource": made,
        }


def _as(call: Call, asked: StorageRequest) -> Call:
    """The same caller, who asks for something else."""
    return Call(call.method, call.principal, asked)


def _source(asked: StorageRequest) -> StorageRequest:
    """What is read: conditions and generation are those of the source."""
    query = {"alt": "media"}
    for key, value in asked.query.items():
        if key.startswith(_SOURCE):
            query[f"if{key.removeprefix(_SOURCE)}"] = value
    if "sourceGeneration" in asked.query:
        query["generation"] = asked.query["sourceGeneration"]
    return replace(asked, query=query, body=None, content=None)
