"""Objects that are written: at once, or by a resumable upload.

Source: "Uploads and downloads" and "Resumable uploads" in Cloud Storage's documentation.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.services.storage import bucket_rules, object_rules
from provision.emulator.services.storage.asking import (
    Permissions,
    StorageRequest,
    check_conditions,
)
from provision.emulator.services.storage.errors import StorageError, missing, not_here, wrong
from provision.emulator.services.storage.objects import SERVICE
from provision.emulator.services.storage.records import (
    MOST_BYTES,
    Content,
    Session,
    StorageState,
    Stored,
)
from provision.emulator.services.storage.shown import object_json

_RANGE = re.compile(r"bytes (?:\*|(\d+)-(\d+))/(\*|\d+)")
_KEY_VERSION = "/cryptoKeyVersions/1"
_REFUSED = ("predefinedAcl", "contexts")


@dataclass(frozen=True)
class Begun:
    """A resumable upload that was begun, by the id that its address carries."""

    upload: str


@dataclass(frozen=True)
class Incomplete:
    """A resumable upload that is to go on: how many bytes came so far."""

    received: int


class Inserting:
    """The methods that write objects.

    Args:
        state: buckets, objects and uploads.
        permissions: who may.
    """

    def __init__(self, state: StorageState, permissions: Permissions) -> None:
        self._state = state
        self._permissions = permissions

    def handlers(self) -> dict[str, Handler]:
        """The methods by name."""
        return {
            f"{SERVICE}/InsertObject": self._insert,
            f"{SERVICE}/StartUpload": self._start,
            f"{SERVICE}/ContinueUpload": self._continue,
            f"{SERVICE}/CancelUpload": self._cancel,
        }

    async def _insert(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        asked: StorageRequest = call.request
        name = self._checked(call, asked)
        content = await self._state.write(asked.content or _nothing())
        return self._finished(call, replace(asked, object=name), content)

    def _checked(self, call: Call, asked: StorageRequest) -> str:
        """The name of the object that is to be, once its caller may write it."""
        sent, bucket = asked.settings(), self._state.bucket(asked.bucket)
        name = object_rules.check_name(asked.query.get("name") or sent.get("name"))
        self._permissions.on_object(call, "storage.objects.create", bucket, name)
        for field in _REFUSED:
            if field in asked.query:
                raise not_here(f"Uploads with {field} are")
        if any(one.lower().startswith("x-goog-encryption-") for one in asked.headers):
            raise not_here("Customer-supplied encryption keys are")
        there = self._state.find(bucket.name, name)
        check_conditions(asked, there)
        if there is not None:  # what is overwritten is deleted
            self._permissions.on_object(call, "storage.objects.delete", bucket, name)
        self._settings(asked)
        return name

    def _settings(self, asked: StorageRequest) -> dict[str, Any]:
        """The metadata of the object that is to be. Raises `StorageError`."""
        sent = asked.settings()
        if encoding := asked.query.get("contentEncoding"):
            sent = {**sent, "contentEncoding": encoding}
        bucket = self._state.bucket(asked.bucket)
        settings = object_rules.settled({"storageClass": bucket.settings["storageClass"]}, sent)
        bucket_rules.check_class(settings.get("storageClass"))
        named = asked.query.get("kmsKeyName") or sent.get("kmsKeyName")
        encryption = bucket.settings.get("encryption", {})
        key = (
            bucket_rules.check_key(named)
            if named is not None
            else encryption.get("defaultKmsKeyName")
        )
        return {**settings, "kmsKeyName": key + _KEY_VERSION} if key else settings

    def _finished(self, call: Call, asked: StorageRequest, content: Content) -> Any:  # noqa: ANN401 - JSON
        """Keep the object, unless what it must be changed while its content came."""
        try:
            self._checked(call, asked)
            settings = self._settings(asked)
            object_rules.check_sums(
                {**asked.settings(), **_sent_sums(asked.headers)}, content.md5, content.crc32c
            )
        except StorageError:
            self._state.drop(content.file)
            raise
        generation = self._state.generation()
        made = Stored(
            asked.bucket, asked.object, generation, generation, generation, content, settings
        )
        return object_json(self._state.put(made), asked.home)

    async def _start(self, call: Call) -> Begun:
        asked: StorageRequest = call.request
        name = self._checked(call, asked)
        sent = asked.settings()
        if kind := asked.headers.get("X-Upload-Content-Type"):
            sent = {"contentType": kind, **sent}
        length = asked.headers.get("X-Upload-Content-Length", "")
        if length.isdecimal() and int(length) > MOST_BYTES:
            raise wrong(f"Objects of more than {MOST_BYTES} bytes are not taken here.")
        file = self._state.new_file()
        self._state.path(file).touch(mode=0o600)
        upload = secrets.token_urlsafe(48)
        session = Session(asked.bucket, name, call.principal, dict(asked.query), sent, file)
        self._state.sessions.put(upload, session)
        return Begun(upload)

    def _session(self, asked: StorageRequest) -> tuple[str, Session]:
        upload = asked.query.get("upload_id", "")
        found = self._state.sessions.get(upload)
        if found is None or found.bucket != asked.bucket:
            raise missing("The upload was not found, or is finished.")
        return upload, found

    async def _continue(self, call: Call) -> Any:  # noqa: ANN401 - JSON or Incomplete
        asked: StorageRequest = call.request
        upload, session = self._session(asked)
        path = self._state.path(session.file)
        received = path.stat().st_size
        first, total = _place(asked.headers.get("Content-Range"))
        if first is not None:
            if first > received:
                raise wrong(
                    "Invalid request. According to the Content-Range header, the upload offset is "
                    f"{first} byte(s), which exceeds already uploaded size of {received} byte(s)."
                )
            pieces = _without(asked.content or _nothing(), received - first)
            received = await self._state.append(session.file, pieces)
        if asked.headers.get("Content-Range") and received != total:
            return Incomplete(received)
        self._state.sessions.pop(upload)
        content = await asyncio.to_thread(self._state.measured, session.file)
        whole = replace(
            asked, object=session.name, query=session.query, body=session.metadata, headers={}
        )
        return self._finished(Call(call.method, session.principal, whole), whole, content)

    async def _cancel(self, call: Call) -> None:
        upload, session = self._session(call.request)
        self._state.sessions.pop(upload)
        self._state.drop(session.file)
        raise StorageError(499, "CANCELLED", "uploadCancelled", "Client Closed Request")


def _place(header: str | None) -> tuple[int | None, int | None]:
    """Where what comes along begins (None: nothing comes), and how large all of it is."""
    if header is None:
        return 0, None
    found = _RANGE.fullmatch(header.strip())
    if found is None:
        raise wrong("Failed to parse Content-Range header.")
    first = None if found.group(1) is None else int(found.group(1))
    return first, None if found.group(3) == "*" else int(found.group(3))


def _sent_sums(headers: Mapping[str, str]) -> dict[str, str]:
    """The checksums of ``X-Goog-Hash: crc32c=…,md5=…``, by their names in JSON."""
    parts = (one.strip().partition("=") for one in headers.get("X-Goog-Hash", "").split(","))
    names = {"crc32c": "crc32c", "md5": "md5Hash"}
    return {names[key]: value for key, _, value in parts if key in names}


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


async def _without(pieces: AsyncIterator[bytes], already: int) -> AsyncIterator[bytes]:
    """A content without its beginning, which came before."""
    async for piece in pieces:
        cut = min(already, len(piece))
        already -= cut
        if cut < len(piece):
            yield piece[cut:]
