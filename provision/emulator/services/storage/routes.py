"""The JSON API's paths: ``/storage/v1``, ``/upload/storage/v1`` and ``/download/storage/v1``."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

from aiohttp import web

from provision.emulator.rpc.calls import Dispatcher, bearer
from provision.emulator.rpc.status import ApiError
from provision.emulator.services.storage import buckets, errors, objects
from provision.emulator.services.storage.asking import StorageRequest
from provision.emulator.services.storage.errors import as_json, missing, not_here, wrong
from provision.emulator.services.storage.inserting import Begun, Incomplete
from provision.emulator.services.storage.multipart import parted
from provision.emulator.services.storage.objects import Media
from provision.emulator.services.storage.sending import send

_V1 = "/storage/v1"
_BUCKETS = f"{_V1}/b"
_BUCKET = _BUCKETS + "/{bucket:[^/]+}"
_OBJECTS = _BUCKET + "/o"
_OBJECT = _OBJECTS + "/{object:[^/]+}"
_TARGET = "/b/{target_bucket:[^/]+}/o/{target:[^/]+}"
_INSERT = "InsertObject"
_METHODS = (
    ("GET", _BUCKETS, buckets.SERVICE, "ListBuckets"),
    ("POST", _BUCKETS, buckets.SERVICE, "InsertBucket"),
    ("GET", _BUCKET, buckets.SERVICE, "GetBucket"),
    ("PATCH", _BUCKET, buckets.SERVICE, "PatchBucket"),
    ("DELETE", _BUCKET, buckets.SERVICE, "DeleteBucket"),
    ("GET", f"{_BUCKET}/storageLayout", buckets.SERVICE, "GetStorageLayout"),
    ("GET", f"{_BUCKET}/managedFolders", buckets.SERVICE, "ListManagedFolders"),
    ("GET", f"{_BUCKET}/iam", buckets.SERVICE, "GetIamPolicy"),
    ("PUT", f"{_BUCKET}/iam", buckets.SERVICE, "SetIamPolicy"),
    ("GET", f"{_BUCKET}/iam/testPermissions", buckets.SERVICE, "TestIamPermissions"),
    ("GET", f"{_V1}/projects/{{project}}/serviceAccount", buckets.SERVICE, "GetServiceAccount"),
    ("GET", _OBJECTS, objects.SERVICE, "ListObjects"),
    ("POST", _OBJECTS, objects.SERVICE, _INSERT),
    ("GET", _OBJECT, objects.SERVICE, "GetObject"),
    ("PATCH", _OBJECT, objects.SERVICE, "PatchObject"),
    ("DELETE", _OBJECT, objects.SERVICE, "DeleteObject"),
    ("GET", f"/download{_OBJECT}", objects.SERVICE, "GetObject"),
    ("POST", f"{_OBJECT}/copyTo{_TARGET}", objects.SERVICE, "CopyObject"),
    ("POST", f"{_OBJECT}/rewriteTo{_TARGET}", objects.SERVICE, "RewriteObject"),
)
_UPLOADS = (f"/upload{_OBJECTS}", f"/resumable/upload{_OBJECTS}")
Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


class StorageRoutes:
    """Answers the paths.

    Args:
        dispatcher: runs the methods.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def mount(self, app: web.Application) -> None:
        """Add the routes."""
        for verb, path, service, rpc in _METHODS:
            app.router.add_route(verb, path, self._served(f"{service}/{rpc}"))
        for path in _UPLOADS:
            app.router.add_route("POST", path, self._upload)
            app.router.add_route("PUT", path, self._continue)
            app.router.add_route("DELETE", path, self._continue)
        for prefix in ("", "/upload", "/resumable/upload", "/download", "/batch"):
            app.router.add_route("*", f"{prefix}{_V1}/{{rest:.*}}", _not_offered)
        app.router.add_route("*", f"/batch{_V1}", _not_offered)

    def _served(self, method: str) -> Serve:
        async def serve(request: web.Request) -> web.StreamResponse:
            plain = request.query.get("alt") == "media"
            try:
                asked = replace(_asked(request), body=_decoded(await request.read()))
                return await self._answer(request, method, asked)
            except ApiError as error:
                return errors.response(error, plain=plain)

        return serve

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        """Write an object, or begin to."""
        asked, rpc = _asked(request), _INSERT
        try:
            kind = request.query.get("uploadType", "")
            if kind == "media":
                described = {"contentType": request.headers.get("Content-Type")}
                asked = replace(asked, body=described, content=request.content.iter_any())
            elif kind == "multipart":
                found, content = parted(
                    request.headers.get("Content-Type", ""), await request.read()
                )
                asked = replace(asked, body=found, content=_once(content))
            elif kind == "resumable":
                asked = replace(asked, body=_decoded(await request.read()))
                rpc = "StartUpload"
            else:
                raise wrong("Upload requests must include an uploadType URL parameter.")
            return await self._answer(request, f"{objects.SERVICE}/{rpc}", asked)
        except ApiError as error:
            return _closed(errors.response(error))

    async def _continue(self, request: web.Request) -> web.StreamResponse:
        """Go on with an upload, or give it up."""
        rpc = "CancelUpload" if request.method == "DELETE" else "ContinueUpload"
        asked = replace(_asked(request), content=request.content.iter_any())
        try:
            return await self._answer(request, f"{objects.SERVICE}/{rpc}", asked)
        except ApiError as error:
            return _closed(errors.response(error))

    async def _answer(
        self, request: web.Request, method: str, asked: StorageRequest
    ) -> web.StreamResponse:
        token = bearer(request.headers.get("Authorization")) or request.query.get("access_token")
        if method.endswith("/ContinueUpload"):
            token = None  # its address is enough
        answer = await self._dispatcher.call(method, asked, token, "rest")
        if isinstance(answer, Media):
            return await send(request, answer)
        if isinstance(answer, Begun):
            return _begun(request, answer)
        if isinstance(answer, Incomplete):
            last = answer.received - 1
            headers = {"Range": f"bytes=0-{last}"} if answer.received else {}
            return web.Response(status=308, headers={**headers, "Server": "UploadServer"})
        if answer is None:
            return web.Response(status=204, headers={"Server": "UploadServer"})
        return as_json(answer)


def _begun(request: web.Request, begun: Begun) -> web.Response:
    query = {**request.query, "upload_id": begun.upload}
    query.pop("access_token", None)
    address = str(request.url.with_query(query))
    headers = {
        "Location": address,
        "X-GUploader-UploadID": begun.upload,
        "Server": "UploadServer",
    }
    return web.Response(status=200, headers=headers)


def _asked(request: web.Request) -> StorageRequest:
    found = request.match_info
    query = dict(request.query)
    if "project" in found:
        query["project"] = found["project"]
    return StorageRequest(
        bucket=found.get("bucket", ""),
        object=found.get("object", ""),
        query=query,
        headers=request.headers,
        home=f"{request.scheme}://{request.host}",
        target=(found.get("target_bucket", ""), found.get("target", "")),
    )


def _decoded(raw: bytes) -> Any:  # noqa: ANN401 - JSON
    if not raw.strip():
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise wrong("Parse Error", "parseError") from error


async def _once(content: bytes) -> AsyncIterator[bytes]:
    for place in range(0, len(content), 1 << 18):
        yield content[place : place + (1 << 18)]


def _closed(response: web.StreamResponse) -> web.StreamResponse:
    """An answer to a request whose body nobody reads any more."""
    response.force_close()
    return response


async def _not_offered(request: web.Request) -> web.StreamResponse:
    if request.path.count("/b/") == 0 and not request.path.startswith("/batch"):
        return errors.response(missing("Not Found"))
    return errors.response(not_here(f"{request.method} {request.path[:200]} is"))
