"""The paths of Cloud Identity: ``/v1/groups…``."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from provision.emulator.rpc.calls import Dispatcher, bearer
from provision.emulator.rpc.rest import error_response, json_response
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.identity.asked import PACKAGE, Asked

_GROUP = "/v1/groups/{group:[^/:]+}"
_MEMBERSHIP = f"{_GROUP}/memberships/{{membership:[^/:]+}}"
_WRITES = (
    ("POST", "/v1/groups", "GroupsService/CreateGroup"),
    ("PATCH", _GROUP, "GroupsService/UpdateGroup"),
    ("DELETE", _GROUP, "GroupsService/DeleteGroup"),
    ("POST", f"{_GROUP}/memberships", "MembershipsService/CreateMembership"),
    ("DELETE", _MEMBERSHIP, "MembershipsService/DeleteMembership"),
    (
        "POST",
        f"{_MEMBERSHIP}:modifyMembershipRoles",
        "MembershipsService/ModifyMembershipRoles",
    ),
)
_PATHS = (
    ("/v1/groups", "GroupsService/ListGroups"),
    ("/v1/groups:search", "GroupsService/SearchGroups"),
    ("/v1/groups:lookup", "GroupsService/LookupGroupName"),
    (_GROUP, "GroupsService/GetGroup"),
    (f"{_GROUP}/memberships", "MembershipsService/ListMemberships"),
    (_MEMBERSHIP, "MembershipsService/GetMembership"),
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
        for verb, path, method in _WRITES:
            app.router.add_route(verb, path, self._served(f"{PACKAGE}.{method}"))

    def _served(self, method: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            found = request.match_info
            group, membership = found.get("group", ""), found.get("membership", "")
            below = f"/memberships/{membership}" if membership else ""
            named = f"groups/{group}{below}" if group else request.query.get("groupKey.id", "")
            try:
                body = await _body(request)
                asked = Asked(named, group, membership, dict(request.query), body)
                token = bearer(request.headers.get("Authorization"))
                return json_response(await self._dispatcher.call(method, asked, token, "rest"))
            except ApiError as error:
                return error_response(error)

        return serve


async def _body(request: web.Request) -> dict[str, Any]:
    """The JSON object that was sent; empty when there is none. Raises `ApiError`."""
    raw = await request.read()
    if not raw.strip():
        return {}
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise invalid(f"Invalid JSON payload received. {error}") from error
    if not isinstance(found, dict):
        raise invalid("Invalid JSON payload received. An object is expected.")
    return found
