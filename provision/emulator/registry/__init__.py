"""The emulator's Artifact Registry for Docker images: an OCI registry behind policies.

It speaks the OCI distribution specification 1.1 (push, pull, resumable and cross-repository
uploads, tags, referrers, deletion) on the emulator's own port, under ``/v2/``.
"""

import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from aiohttp import web

from provision.emulator.registry.call import Call, Operation
from provision.emulator.registry.content import Content
from provision.emulator.registry.gatekeeper import (
    ANONYMOUS,
    DELETE,
    DOWNLOAD,
    UPLOAD,
    Gatekeeper,
    unauthorized,
)
from provision.emulator.registry.names import parse_name
from provision.emulator.registry.refusals import Refusal
from provision.emulator.registry.store import StoredImages, open_store
from provision.emulator.registry.uploads import Uploads
from provision.emulator.seams import Access, Identities, Images, Recording, Repositories

_API_VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")
# Cloud Run's own REST routes start with /v2/projects/ and are served by another room.
_NAME = "/v2/{name:(?!projects/).+}"


class Registry:
    """The registry, to be mounted on the emulator's application.

    Args:
        directory: where images are kept; another run can go on with them.
        repositories: which repositories exist.
        access: the policies.
        identities: knows access tokens.
        recorder: takes a note of every request.
        public_host: ``127.0.0.1:PORT``, known once the emulator listens.
        key_holder: whose account's a key file is, if it is anybody's.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the rooms it depends on, one each
        self,
        directory: Path,
        repositories: Repositories,
        access: Access,
        identities: Identities,
        recorder: Recording,
        public_host: Callable[[], str],
        key_holder: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self._repositories = repositories
        self._recorder = recorder
        self._store = open_store(directory)
        self._gatekeeper = Gatekeeper(access, identities, key_holder)
        self.images: Images = StoredImages(self._store, public_host)

    def close(self) -> None:
        """Close the catalog."""
        self._store.catalog.close()

    def mount(self, app: web.Application) -> None:
        """Add the registry's routes under ``/v2/``."""
        app.router.add_get("/v2", _to_ping)
        app.router.add_get("/v2/", self._ping)
        app.router.add_get("/v2/token", self._token, allow_head=False)
        allowed: dict[str, list[str]] = {}
        for operation in self._operations():
            path = f"{_NAME}{operation.path}"
            app.router.add_route(operation.method, path, self._served(operation))
            allowed.setdefault(path, []).append(operation.method)
        for path, methods in allowed.items():
            app.router.add_route("*", path, _unsupported(methods))

    def _operations(self) -> list[Operation]:
        uploads = Uploads(self._store, self._gatekeeper)
        content = Content(self._store, self._repositories)
        manifest, blob = "/manifests/{target:[^/]+}", "/blobs/{digest:[^/]+}"
        upload = "/blobs/uploads/{upload:[^/]+}"
        return [
            Operation("POST", "/blobs/uploads/", UPLOAD, uploads.start),
            Operation("GET", upload, UPLOAD, uploads.status),
            Operation("PATCH", upload, UPLOAD, uploads.append),
            Operation("PUT", upload, UPLOAD, uploads.complete),
            Operation("DELETE", upload, UPLOAD, uploads.cancel),
            Operation("GET", blob, DOWNLOAD, content.get_blob),
            Operation("HEAD", blob, DOWNLOAD, content.get_blob),
            Operation("GET", manifest, DOWNLOAD, content.get_manifest),
            Operation("HEAD", manifest, DOWNLOAD, content.get_manifest),
            Operation("PUT", manifest, UPLOAD, content.put_manifest),
            Operation("DELETE", manifest, DELETE, content.delete_manifest),
            Operation("GET", "/tags/list", DOWNLOAD, content.list_tags),
            Operation("GET", "/referrers/{digest:[^/]+}", DOWNLOAD, content.list_referrers),
        ]

    def _served(
        self, operation: Operation
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            note = _Note()
            try:
                response = await self._serve(operation, request, note)
            except Refusal as refusal:
                response = refusal.response()
            except OSError as error:
                response = _broken_disk(str(error.strerror))
            except sqlite3.Error as error:
                response = _broken_disk(str(error))
            response.headers[_API_VERSION[0]] = _API_VERSION[1]
            self._recorder.record(
                operation.title,
                note.resource,
                transport="registry",
                principal=note.principal,
                status=str(response.status),
                write=operation.write,
            )
            return response

        return serve

    async def _serve(
        self, operation: Operation, request: web.Request, note: "_Note"
    ) -> web.StreamResponse:
        name = parse_name(request.host, request.match_info["name"])
        note.resource = name.repository.name
        member = self._gatekeeper.member(request)
        note.principal = "" if member == ANONYMOUS else member
        self._gatekeeper.require(request, member, operation.permission, name)
        if not self._repositories.exists(name.repository):
            message = f'Repository "{name.repository.repository}" not found'
            raise Refusal(404, "NAME_UNKNOWN", message)
        return await operation.serve(Call(request, name, member))

    async def _ping(self, request: web.Request) -> web.StreamResponse:
        try:
            if self._gatekeeper.member(request) == ANONYMOUS:
                raise unauthorized(request, "Unauthenticated request.")
            response: web.Response = web.json_response({})
        except Refusal as refusal:
            response = refusal.response()
        response.headers[_API_VERSION[0]] = _API_VERSION[1]
        return response

    async def _token(self, request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response(self._gatekeeper.issue(request))
        except Refusal as refusal:
            return refusal.response()


def _broken_disk(reason: str) -> web.Response:
    message = f"The registry's disk cannot be used: {reason}"
    return Refusal(500, "UNKNOWN", message).response()


def _unsupported(methods: Iterable[str]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Refuses all but some methods, the deletion of a single blob among them."""
    headers = dict([("Allow", ", ".join(sorted(methods))), _API_VERSION])

    async def refuse(request: web.Request) -> web.Response:
        del request
        return Refusal(405, "UNSUPPORTED", "The operation is unsupported.", headers).response()

    return refuse


async def _to_ping(request: web.Request) -> web.Response:
    del request
    return web.Response(status=301, headers=dict([("Location", "/v2/"), _API_VERSION]))


class _Note:
    """What is known of a request so far, for the record."""

    def __init__(self) -> None:
        self.resource = ""
        self.principal = ""
