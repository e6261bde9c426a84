"""``locations.list`` of each of these APIs, on the API's own host.

Which permission it takes is not in the table of roles; that for the list of the API's resources is
asked for instead (assumed).
"""

from functools import partial
from typing import Any

from aiohttp import web
from google.cloud.location import locations_pb2

from provision.emulator.rpc.calls import Call, Dispatcher, Handler
from provision.emulator.rpc.host_apps import Mount
from provision.emulator.rpc.hosts import host_of
from provision.emulator.rpc.rest import error_response
from provision.emulator.rpc.status import ApiError
from provision.emulator.services.callers import places, words
from provision.emulator.services.location_lists import served
from provision.emulator.services.permissions import Refusal, require
from provision.emulator.world import World

_APIS: dict[str, tuple[str, str, tuple[str, ...], str, Refusal]] = {
    "cloudscheduler": (
        *("google.cloud.scheduler.v1.Locations/ListLocations", "v1"),
        places.SCHEDULER,
        "cloudscheduler.jobs.list",
        words.scheduler_refusal,
    ),
    "cloudtasks": (
        *("google.cloud.tasks.v2.Locations/ListLocations", "v2"),
        places.TASKS,
        "cloudtasks.queues.list",
        words.scheduler_refusal,
    ),
    "eventarc": (
        *("google.cloud.eventarc.v1.Locations/ListLocations", "v1"),
        places.EVENTARC,
        "eventarc.triggers.list",
        words.eventarc_refusal,
    ),
    "workflows": (
        *("google.cloud.workflows.v1.Locations/ListLocations", "v1"),
        places.WORKFLOWS,
        "workflows.locations.list",
        words.workflows_refusal,
    ),
}
"""By API: its method, its version, its places, the permission and how it is refused."""


class CallerLocations:
    """Answers the lists.

    Args:
        world: projects and policies.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def handlers(self) -> dict[str, Handler]:
        """The methods by their names."""
        return {
            method: partial(self._list, found, permission, refusal)
            for method, _, found, permission, refusal in _APIS.values()
        }

    def mounts(self, dispatcher: Dispatcher) -> dict[str, tuple[Mount, ...]]:
        """What adds the routes to an application; the same for every one of the APIs' hosts."""
        mount = partial(_mount, dispatcher)
        return dict.fromkeys(_APIS, (mount,))

    async def _list(
        self, found: tuple[str, ...], permission: str, refusal: Refusal, call: Call
    ) -> Any:  # noqa: ANN401 - protobuf
        project = self._world.hierarchy.canonical(call.request.name)
        require(self._world, call, permission, project, refusal)
        return locations_pb2.ListLocationsResponse(
            locations=[
                locations_pb2.Location(name=f"{project}/locations/{place}", location_id=place)
                for place in found
            ]
        )


def _mount(dispatcher: Dispatcher, app: web.Application) -> None:
    serving = {api: served(dispatcher, method) for api, (method, *_) in _APIS.items()}

    async def serve(request: web.Request) -> web.StreamResponse:
        host = host_of(request)
        answer = serving.get(host.api) if host is not None else None
        if answer is None:
            return error_response(ApiError("NOT_FOUND", "Method not found."))
        return await answer(request)

    for version in sorted({version for _, version, *_ in _APIS.values()}):
        app.router.add_get(f"/{version}/{{name:projects/[^/]+}}/locations", serve)
