"""Where a function's source is uploaded: signed addresses, and the archives that came to them."""

import base64
import contextlib
import hashlib
import hmac
import os
import re
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from aiohttp import web

from provision.emulator.rpc import asked_at

if TYPE_CHECKING:
    from provision.emulator.store import Table
    from provision.emulator.world import World

_VALID_SECONDS = 1800
_MAX_BYTES = 512 * 1024 * 1024
_FIRST_RANGE = "0,104857600"
_OURS = re.compile(r"(?:gcf-v2-)?uploads-[a-z0-9.-]+")
_BUCKET = "{bucket:" + _OURS.pattern + "}"
_OBJECT = "{object:[0-9a-f-]{36}[.]zip}"
_GOOGLE = "https://storage.googleapis.com"
_RANGE = "x-goog-content-length-range"
_ZIP = "application/zip"


@dataclass(frozen=True)
class Upload:
    """An address that takes a source.

    Args:
        url: where to PUT it; whoever has it may.
        bucket: of the object that it becomes.
        name: of that object.
    """

    url: str
    bucket: str
    name: str


class Uploads:
    """Archives that were uploaded, and the addresses that take them.

    Args:
        world: where the signing key is kept.
        folder: where the archives are kept.
        base_url: the emulator's own address.
        used: which archives functions use; others go a while after their address expired.
    """

    def __init__(
        self,
        world: "World",
        folder: Path,
        base_url: Callable[[], str],
        used: Callable[[], set[tuple[str, str]]],
    ) -> None:
        self._used = used
        self._world = world
        self._folder = folder
        self._base_url = base_url
        self._keys: Table[str] = world.store.table("function-upload-keys")

    def mount(self, app: web.Application) -> None:
        """Add the route of signed addresses."""
        app.router.add_put(f"/{_BUCKET}/{_OBJECT}", self._put)

    def new(self, project_number: int, region: str, *, first: bool) -> Upload:
        """An address that takes one source, good for half an hour.

        Args:
            project_number: whose it is.
            region: where the function is to be.
            first: whether it is for the first generation, whose buckets have other names.
        """
        self._prune()
        bucket = (
            f"uploads-{project_number}.{region}.cloudfunctions.appspot.com"
            if first
            else f"gcf-v2-uploads-{project_number}.{region}.cloudfunctions.appspot.com"
        )
        name = f"{uuid.uuid4()}.zip"
        expires = int(time.time()) + _VALID_SECONDS
        agent = f"service-{project_number}@gcf-admin-robot.iam.gserviceaccount.com"
        query = urlencode(
            {
                "GoogleAccessId": agent,
                "Expires": expires,
                "Signature": self._signature(bucket, name, expires),
            },
            quote_via=quote,
        )
        base = _GOOGLE if asked_at.at_google() else self._base_url()
        return Upload(f"{base}/{bucket}/{name}?{query}", bucket, name)

    @staticmethod
    def is_ours(bucket: str) -> bool:
        """Whether a bucket is one that sources are uploaded to."""
        return _OURS.fullmatch(bucket) is not None

    def read(self, bucket: str, name: str) -> bytes | None:
        """An archive that was uploaded; None when none was."""
        with contextlib.suppress(OSError):
            return self._path(bucket, name).read_bytes()
        return None

    def forget(self, bucket: str, name: str) -> None:
        """Nothing uses the archive any more."""
        if bucket:
            self._path(bucket, name).unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget every archive, for a reset."""
        for path in self._folder.glob("*.zip"):
            path.unlink(missing_ok=True)

    def _prune(self) -> None:
        kept = {self._path(*one) for one in self._used()}
        oldest = time.time() - 2 * _VALID_SECONDS
        for path in self._folder.glob("*.zip*"):
            with contextlib.suppress(OSError):
                if path not in kept and path.stat().st_mtime < oldest:
                    path.unlink()

    def _path(self, bucket: str, name: str) -> Path:
        # Names of users' own choosing come here too: only their digest becomes a file's name.
        return self._folder / f"{hashlib.sha256(f'{bucket}/{name}'.encode()).hexdigest()}.zip"

    def _signature(self, bucket: str, name: str, expires: int) -> str:
        key = self._keys.get("key") or self._keys.put("key", secrets.token_hex(32))
        text = f"PUT\n\n{_ZIP}\n{expires}\n/{bucket}/{name}"
        made = hmac.digest(bytes.fromhex(key), text.encode(), hashlib.sha256)
        return base64.b64encode(made).decode()

    async def _put(self, request: web.Request) -> web.Response:
        bucket, name = request.match_info["bucket"], request.match_info["object"]
        refusal = self._refusal(request, bucket, name)
        if refusal is not None:
            return refusal
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(bucket, name)
        part = path.with_suffix(f".zip.{secrets.token_hex(8)}")
        try:
            if not await _save(request, part):
                return _error(400, "EntityTooLarge", "Your proposed upload is too large.")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return web.Response(status=200)

    def _refusal(self, request: web.Request, bucket: str, name: str) -> web.Response | None:
        query = request.query
        expires = query.get("Expires", "")
        wanted = self._signature(bucket, name, int(expires) if expires.isdecimal() else 0)
        sent = query.get("Signature", "").encode("utf-8", "replace")
        if not hmac.compare_digest(wanted.encode(), sent):
            return _error(403, "SignatureDoesNotMatch", "Access denied.")
        if int(expires) < time.time():
            return _error(400, "ExpiredToken", "The provided token has expired.")
        # The headers that Google's signature covers.
        ranged = bucket.startswith("gcf-v2-") or request.headers.get(_RANGE) == _FIRST_RANGE
        if request.content_type != _ZIP or not ranged:
            return _error(403, "SignatureDoesNotMatch", "Access denied.")
        return None


async def _save(request: web.Request, path: Path) -> bool:
    """Write a body to a file; whether it was not too large."""
    size = 0
    with path.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        async for piece in request.content.iter_any():
            size += len(piece)
            if size > _MAX_BYTES:
                return False
            file.write(piece)
    return True


def _error(status: int, code: str, message: str) -> web.Response:
    text = (
        "<?xml version='1.0' encoding='UTF-8'?>"
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    return web.Response(status=status, text=text, content_type="application/xml")
