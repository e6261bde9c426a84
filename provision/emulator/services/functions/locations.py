"""``locations.list`` of Cloud Functions, v1 and v2: regions alone, and what runs in them."""

from typing import Any

from aiohttp import web
from google.cloud import functions_v2
from google.cloud.location import locations_pb2

from provision.emulator.rpc.calls import Call, Dispatcher, Handler
from provision.emulator.rpc.wellknown import Struct
from provision.emulator.services.location_lists import served
from provision.emulator.services.permissions import require, run_refusal
from provision.emulator.services.run.knative.locations import REGIONS
from provision.emulator.world import World

_LIST = "google.cloud.functions.v2.Locations/ListLocations"
"""As it is recorded; over gRPC the list is that of all APIs."""
_BUILDER = "google.devtools.cloudbuild.v1.CloudBuild/GetDefaultServiceAccount"
_BOTH = (functions_v2.Environment.GEN_1, functions_v2.Environment.GEN_2)


class FunctionLocations:
    """Answers the lists on the API's own host, and the one question that gcloud asks Cloud Build.

    Args:
        world: finds projects.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def handlers(self) -> dict[str, Handler]:
        """The methods by their names."""
        return {_LIST: self._list, _BUILDER: self._builder}

    def mount(self, dispatcher: Dispatcher, app: web.Application) -> None:
        """Add the routes of both versions' lists."""
        serve = served(dispatcher, _LIST)
        for version in ("v1", "v2"):
            app.router.add_get(f"/{version}/{{name:projects/[^/]+}}/locations", serve)

    def mount_builder(self, dispatcher: Dispatcher, app: web.Application) -> None:
        """Add the route of Cloud Build that tells which account builds."""
        name = "{name:projects/[^/]+/locations/[^/]+}"
        app.router.add_get(f"/v1/{name}/defaultServiceAccount", served(dispatcher, _BUILDER))

    async def _list(self, call: Call) -> locations_pb2.ListLocationsResponse:
        project = self._world.hierarchy.canonical(call.request.name)
        require(self._world, call, "cloudfunctions.locations.list", project, run_refusal)
        return locations_pb2.ListLocationsResponse(
            locations=[_location(f"{project}/locations/{region}", region) for region in REGIONS]
        )

    async def _builder(self, call: Call) -> Any:  # noqa: ANN401 - Struct
        name = self._world.hierarchy.canonical(call.request.name)
        project = self._world.hierarchy.find(name.split("/")[1])
        require(self._world, call, "cloudfunctions.functions.list", name, run_refusal)
        told = Struct()
        told["name"] = f"{name}/defaultServiceAccount"
        if project is not None:
            email = project.compute_account
            told["serviceAccountEmail"] = f"projects/{project.project_id}/serviceAccounts/{email}"
        return told


def _location(name: str, region: str) -> locations_pb2.Location:
    made = locations_pb2.Location(name=name, location_id=region, display_name=REGIONS[region])
    made.metadata.Pack(functions_v2.LocationMetadata.pb()(environments=list(map(int, _BOTH))))
    return made
