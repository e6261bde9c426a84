"""Faults of what is asked over HTTP and is no RPC: the registry and the token endpoint.

Also where a connection is dropped: of every HTTP request, an RPC's REST form included.
"""

import math
import re
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from provision.emulator.rpc.calls import Recorder
from provision.emulator.rpc.faults import ConnectionCutError, Faults, noted
from provision.emulator.rpc.status import ApiError

_REGISTRY = re.compile(
    r"/v2/(?!projects/)(?P<name>.+?)/(?P<kind>blobs/uploads|manifests|blobs|tags|referrers)(?:/.*)?"
)
_REGISTRY_CODES = {
    "UNAUTHENTICATED": "UNAUTHORIZED",
    "PERMISSION_DENIED": "DENIED",
    "RESOURCE_EXHAUSTED": "TOOMANYREQUESTS",
    "UNAVAILABLE": "UNAVAILABLE",
}
_OAUTH_CODES = {
    "UNAVAILABLE": "temporarily_unavailable",
    "INTERNAL": "internal_failure",
    "UNAUTHENTICATED": "invalid_client",
    "INVALID_ARGUMENT": "invalid_grant",
}
TOKEN = "oauth2/token"  # noqa: S105 - a method's name
CUT = "CUT"
"""The status that is recorded where the connection was dropped."""


def middleware(faults: Faults, recorder: Recorder) -> Middleware:
    """Lets faults happen to the registry and the token endpoint, and drops connections."""

    @web.middleware
    async def serve(request: web.Request, handler: Handler) -> web.StreamResponse:
        method, resource = _named(request)
        try:
            if not method:
                return await handler(request)
            with noted() as played:
                begun = _Begun(request, method, resource, played)
                try:
                    async with faults.around(method, resource):
                        begun.response = await handler(request)
                    begun.status = str(begun.response.status)
                except ApiError as error:
                    begun.status = str(error.http_status)
                    raise
                finally:
                    begun.record(recorder)
            return begun.response or web.Response()
        except ConnectionCutError:
            if request.transport is not None:
                request.transport.abort()
            # Nobody gets this: aiohttp wants an answer, and finds the connection closed.
            return web.Response()
        except ApiError as error:
            return _refusal(method, error)

    return serve


@dataclass
class _Begun:
    """A request that faults may happen to."""

    request: web.Request
    method: str
    resource: str
    played: list[str]
    response: web.StreamResponse | None = None
    status: str = CUT

    def record(self, recorder: Recorder) -> None:
        """Note it, where a fault kept it from those who would have."""
        if not self.played or (self.response is not None and self.method != TOKEN):
            return
        recorder.record(
            self.method,
            self.resource,
            transport="rest" if self.method == TOKEN else "registry",
            principal="",
            status=self.status,
            write=self.method != TOKEN and self.request.method not in ("GET", "HEAD"),
        )


def _named(request: web.Request) -> tuple[str, str]:
    """A request's method and resource as faults name them; empty when it is none of ours."""
    path = request.path
    if path == "/token" and request.method == "POST":
        return TOKEN, ""
    if path == "/v2/token":
        return f"registry/{request.method} token", request.query.get("scope", "")
    found = _REGISTRY.fullmatch(path)
    if found is None:
        return "", ""
    kind = found["kind"].rpartition("/")[2]
    return f"registry/{request.method} {kind}", found["name"]


def _refusal(method: str, error: ApiError) -> web.Response:
    headers = {}
    for detail in error.details:
        wait = detail.retry_delay.seconds + detail.retry_delay.nanos / 1e9
        headers["Retry-After"] = str(math.ceil(wait))
    if method == TOKEN:
        code = _OAUTH_CODES.get(error.code, "server_error")
        body: dict[str, object] = {"error": code, "error_description": error.message}
    else:
        code = _REGISTRY_CODES.get(error.code, "UNKNOWN")
        body = {"errors": [{"code": code, "message": error.message}]}
        headers["Docker-Distribution-Api-Version"] = "registry/2.0"
    return web.json_response(body, status=error.http_status, headers=headers)
