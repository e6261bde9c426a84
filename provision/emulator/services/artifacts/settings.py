"""Artifact Registry's settings of a project, and the locations that it has."""

import re
from typing import Any

from google.cloud import artifactregistry_v1
from google.cloud.location import locations_pb2
from google.protobuf import json_format

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import invalid
from provision.emulator.rpc.wellknown import FieldMask
from provision.emulator.services.artifacts.contents import missing
from provision.emulator.services.artifacts.repositories import SERVICE
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import artifact_refusal, require
from provision.emulator.world import World

LOCATIONS = "google.cloud.location.Locations"
_SETTINGS = artifactregistry_v1.ProjectSettings.pb()
_STATES = artifactregistry_v1.ProjectSettings.RedirectionState
_ENABLED = int(_STATES.REDIRECTION_FROM_GCR_IO_ENABLED)
_FINALIZED = int(_STATES.REDIRECTION_FROM_GCR_IO_FINALIZED)
_NAME = re.compile(r"(projects/[^/]+)/projectSettings")
# https://cloud.google.com/artifact-registry/docs/repositories/repo-locations
_PLACES = (
    *("asia", "europe", "us", "africa-south1"),
    *("asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3"),
    *("asia-south1", "asia-south2", "asia-southeast1", "asia-southeast2"),
    *("australia-southeast1", "australia-southeast2"),
    *("europe-central2", "europe-north1", "europe-southwest1", "europe-west1", "europe-west10"),
    *("europe-west12", "europe-west2", "europe-west3", "europe-west4", "europe-west6"),
    *("europe-west8", "europe-west9", "me-central1", "me-central2", "me-west1"),
    *("northamerica-northeast1", "northamerica-northeast2", "northamerica-south1"),
    *("southamerica-east1", "southamerica-west1"),
    *("us-central1", "us-east1", "us-east4", "us-east5", "us-south1"),
    *("us-west1", "us-west2", "us-west3", "us-west4"),
)


class RegistrySettings:
    """The RPCs about a project as a whole.

    Args:
        world: projects and policies.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._settings = world.store.table(
            "registry-settings",
            encode=json_format.MessageToDict,
            decode=lambda value: json_format.ParseDict(value, _SETTINGS()),
        )

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/GetProjectSettings": self._get,
            f"{SERVICE}/UpdateProjectSettings": self._update,
            f"{LOCATIONS}/ListLocations": self._list_locations,
            f"{LOCATIONS}/GetLocation": self._get_location,
        }

    def _project(self, call: Call, name: str, permission: str) -> str:
        """The project in a name, once the caller is known to hold the permission on it."""
        project = "/".join(self._world.hierarchy.canonical(name).split("/")[:2])
        full = f"artifactregistry.{permission}"
        require(self._world, call, full, project, artifact_refusal)
        if self._world.hierarchy.find(project.partition("/")[2]) is None:
            raise artifact_refusal(full, project)
        return project

    def _kept(self, project: str) -> Any:  # noqa: ANN401 - ProjectSettings
        """Where nothing was set, gcr.io leads here, as it does in the emulator (assumed)."""
        name = f"{project}/projectSettings"
        return self._settings.get(name) or _SETTINGS(name=name, legacy_redirection_state=_ENABLED)

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - ProjectSettings
        return self._kept(self._project(call, call.request.name, "projectsettings.get"))

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - ProjectSettings
        sent = call.request.project_settings
        if not _NAME.fullmatch(sent.name):
            raise invalid("the name of the project settings is not valid")
        project = self._project(call, sent.name, "projectsettings.update")
        mask = FieldMask(paths=call.request.update_mask.paths or ["legacy_redirection_state"])
        if not mask.IsValidForDescriptor(_SETTINGS.DESCRIPTOR):
            raise invalid("The update mask names a field that does not exist.")
        current = self._kept(project)
        changed = _SETTINGS()
        changed.CopyFrom(current)
        mask.MergeMessage(sent, changed)
        changed.name = current.name
        if _FINALIZED in {current.legacy_redirection_state} - {changed.legacy_redirection_state}:
            raise invalid("the redirection is finalized and cannot be reverted")
        return self._settings.put(changed.name, changed)

    async def _list_locations(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        project = self._project(call, request.name, "locations.list")
        shown, token = page(_PLACES, request.page_size, request.page_token)
        found = [_location(project, place) for place in shown]
        return locations_pb2.ListLocationsResponse(locations=found, next_page_token=token)

    async def _get_location(self, call: Call) -> Any:  # noqa: ANN401 - Location
        project = self._project(call, call.request.name, "locations.get")
        place = call.request.name.rpartition("/")[2]
        if place not in _PLACES:
            raise missing()
        return _location(project, place)


def _location(project: str, place: str) -> Any:  # noqa: ANN401 - Location
    return locations_pb2.Location(name=f"{project}/locations/{place}", location_id=place)
