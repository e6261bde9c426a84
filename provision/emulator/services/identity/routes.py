"""The paths of Cloud Identity: ``/v1/groups…``."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from provision.emulator.rpc.calls import Dispatcher, bearer
from provision.emulator.rpc.rest import error_response, json_response
from provision.emulator.rpc.status import ApiError
from provision.emulator.services.identity.asked import PACKAGE, Asked

_GROUP = "/v1/groups/{group:[^/:]+}"
_PATHS = (
    ("/v1/groups:lookup", "GroupsService/LookupGroupName"),
    (_GROUP, "GroupsService/GetGroup"),
    (f"{_GROUP}/memberships", "MembershipsService/ListMemberships"),
    (f"{_GROUP}/memberships/{{membership:[^/:]+}}", "MembershipsService/GetMembership"),
    (f"{_GROUP}/memberships:lookup", "MembershipsService/LookupMembershipName"),
    (
        f"{_GROUP}/memberships:checkTransitiveMembership",
        "MembershipsService/CheckTransitiveMembership",
    ),
    (
        f"{_GROUP}/memberships:searchTransitiveMemberships",
        "MembershipsService/SearchTransitiveMemberships",
    ),
)


class IdentityRoutes:
    """Answers the paths.

    Args:
        dispatcher: runs the methods.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def mount(self, app: web.Application) -> None:
        """Add the routes."""
        for path, method in _PATHS:
            app.router.add_route("GET", path, self._served(f"{PACKAGE}.{method}"))

    def _served(self, method: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            found = request.match_info
            group, membership = found.get("group", ""), found.get("membership", "")
            below = f"/memberships/{membership}" if membership else ""
            named = f"groups/{group}{below}" if group else request.query.get("groupKey.id", "")
            asked = Asked(named, group, membership, dict(request.query))
            try:
                token = bearer(request.headers.get("Authorization"))
                return json_response(await self._dispatcher.call(method, asked, token, "rest"))
            except ApiError as error:
                return error_response(error)

        return serve
