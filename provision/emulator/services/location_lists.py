"""Lists of locations as single APIs have them, on the hosts of their own.

``google.cloud.location.Locations`` is one service for all APIs: which of them is asked is told by
the host alone, so each has a method of its own behind the same path.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web
from google.cloud.location import locations_pb2

from provision.emulator.rpc.calls import Dispatcher, bearer
from provision.emulator.rpc.rest import error_response, json_response
from provision.emulator.rpc.status import ApiError
from provision.emulator.rpc.transcoding import to_json

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


def served(dispatcher: Dispatcher, method: str) -> Serve:
    """What answers a path that has a ``name`` by a method.

    Args:
        dispatcher: runs the method.
        method: its full name; it gets a ``ListLocationsRequest``.
    """

    async def serve(request: web.Request) -> web.StreamResponse:
        asked = locations_pb2.ListLocationsRequest(name=request.match_info["name"])
        token = bearer(request.headers.get("Authorization"))
        try:
            answer = await dispatcher.call(method, asked, token, "rest")
        except ApiError as error:
            return error_response(error)
        return json_response(to_json(answer))

    return serve
