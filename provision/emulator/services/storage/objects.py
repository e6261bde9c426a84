"""Objects as they are: read, listed, changed and deleted. `inserting.py` writes them."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.services.paging import page
from provision.emulator.services.storage import object_rules
from provision.emulator.services.storage.asking import (
    Permissions,
    StorageRequest,
    check_conditions,
    unchanged,
)
from provision.emulator.services.storage.errors import StorageError, missing, not_here, wrong
from provision.emulator.services.storage.records import StorageState, Stored
from provision.emulator.services.storage.shown import object_json

SERVICE = "google.storage.v1.Objects"
_MOST = 1000
_PIECE = 1 << 18


@dataclass(frozen=True)
class Media:
    """An object's content, to be sent.

    Args:
        path: where it is.
        stored: whose it is.
    """

    path: Path
    stored: Stored

    async def pieces(self) -> AsyncIterator[bytes]:
        """It, piece by piece."""
        with self.path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece


class Objects:
    """The methods about objects that are there.

    Args:
        state: the objects.
        permissions: who may.
    """

    def __init__(self, state: StorageState, permissions: Permissions) -> None:
        self._state = state
        self._permissions = permissions

    def handlers(self) -> dict[str, Handler]:
        """The methods by name."""
        return {
            f"{SERVICE}/GetObject": self._get,
            f"{SERVICE}/ListObjects": self._list,
            f"{SERVICE}/PatchObject": self._patch,
            f"{SERVICE}/DeleteObject": self._delete,
        }

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - JSON or Media
        asked: StorageRequest = call.request
        stored = self._allowed(call, "storage.objects.get", reading=True)
        if asked.query.get("alt") == "media":
            return Media(self._state.path(stored.content.file), stored)
        return object_json(stored, asked.home)

    async def _patch(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        stored = self._allowed(call, "storage.objects.update")
        after = object_rules.settled(stored.settings, call.request.settings())
        if after.get("storageClass") != stored.settings.get("storageClass"):
            raise not_here("Changes of an object's storage class are")
        return object_json(self._state.put(stored.changed(after)), call.request.home)

    async def _delete(self, call: Call) -> None:
        self._state.remove(self._allowed(call, "storage.objects.delete"))

    def _allowed(self, call: Call, permission: str, *, reading: bool = False) -> Stored:
        """The object of a request, once the caller may and its conditions hold."""
        asked: StorageRequest = call.request
        bucket = self._state.bucket(asked.bucket)
        self._permissions.on_object(call, permission, bucket, asked.object)
        found = self._state.find(asked.bucket, asked.object)
        generation = asked.number("generation")
        if found is None or generation not in (None, found.generation):
            tail = "" if generation is None else f"#{generation}"
            raise missing(f"No such object: {asked.bucket}/{asked.object}{tail}")
        try:
            check_conditions(asked, found)
        except StorageError as error:
            raise (unchanged(error, asked) if reading else error) from error
        return found

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        asked: StorageRequest = call.request
        bucket = self._state.bucket(asked.bucket)
        self._permissions.on_bucket(call, "storage.objects.list", bucket)
        for unknown in ("softDeleted", "filter"):
            if asked.query.get(unknown) not in (None, "", "false"):
                raise not_here(f"Lists of objects with {unknown} are")
        entries = list(_entries(self._state.within(bucket.name), asked))
        size = min(asked.number("maxResults") or _MOST, _MOST)
        shown, following = page(entries, size, asked.query.get("pageToken", ""), bucket.name)
        answer: dict[str, Any] = {"kind": "storage#objects"}
        if prefixes := [one for one in shown if isinstance(one, str)]:
            answer["prefixes"] = prefixes
        if items := [one for one in shown if isinstance(one, Stored)]:
            answer["items"] = [object_json(one, asked.home) for one in items]
        if following:
            answer["nextPageToken"] = following
        return answer


def _entries(found: Sequence[Stored], asked: StorageRequest) -> Iterator[Stored | str]:
    """What a list tells, in order: objects, and what names have in common up to a delimiter."""
    query = asked.query
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    start, end = query.get("startOffset", ""), query.get("endOffset", "")
    trailing = query.get("includeTrailingDelimiter") == "true"
    globbed = _glob(query["matchGlob"]) if query.get("matchGlob") else None
    told: set[str] = set()
    for one in found:
        name = one.name
        if not name.startswith(prefix) or name < start or (end and name >= end):
            continue
        if globbed is not None and not globbed.fullmatch(name):
            continue
        place = name.find(delimiter, len(prefix)) if delimiter else -1
        if place < 0:
            yield one
            continue
        common = name[: place + len(delimiter)]
        if common not in told:
            told.add(common)
            yield common
        if trailing and name == common:
            yield one


def _glob(pattern: str) -> re.Pattern[str]:
    """``matchGlob``: ``*`` and ``?`` stay within a part, ``**`` goes beyond."""
    parts = re.findall(r"\*\*/?|\*|\?|\[[^\]]*\]|\{[^}]*\}|[^*?\[{]+|.", pattern, re.DOTALL)
    try:
        return re.compile("".join(map(_globbed, parts)), re.DOTALL)
    except re.error as error:
        raise wrong(f"Invalid matchGlob: {pattern[:100]}") from error


def _globbed(part: str) -> str:
    fixed = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if part in fixed:
        return fixed[part]
    if part.startswith("[") and part.endswith("]"):
        return part.replace("\\", "\\\\").replace("[!", "[^", 1)
    if part.startswith("{") and part.endswith("}"):
        return "(?:" + "|".join(re.escape(one) for one in part[1:-1].split(",")) + ")"
    return re.escape(part)
