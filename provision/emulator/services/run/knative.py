"""Cloud Run v1, the little that lists across regions: locations and services (REST only)."""

import base64
from typing import Any

from aiohttp import web
from google.cloud import run_v2

from provision.emulator.rpc.calls import BAD_CREDENTIAL, NO_CREDENTIAL, Recorder, bearer
from provision.emulator.rpc.rest import error_response, json_response
from provision.emulator.rpc.status import ApiError
from provision.emulator.services.permissions import run_refusal
from provision.emulator.services.run.records import IngressTraffic, RunState, ServiceRecord
from provision.emulator.times import to_micros
from provision.emulator.world import World

_REGIONS = {
    "asia-east1": "Taiwan",
    "asia-northeast1": "Tokyo",
    "asia-southeast1": "Singapore",
    "australia-southeast1": "Sydney",
    "europe-north1": "Finland",
    "europe-west1": "Belgium",
    "europe-west3": "Frankfurt",
    "europe-west4": "Netherlands",
    "southamerica-east1": "São Paulo",
    "us-central1": "Iowa",
    "us-east1": "South Carolina",
    "us-west1": "Oregon",
}
_INGRESS = {
    int(IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY): "internal",
    int(IngressTraffic.INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER): "internal-and-cloud-load-balancing",
    int(IngressTraffic.INGRESS_TRAFFIC_NONE): "none",
}
_STATES = {
    int(run_v2.Condition.State.CONDITION_SUCCEEDED): "True",
    int(run_v2.Condition.State.CONDITION_FAILED): "False",
}


class Knative:
    """``/v1/projects/P/locations`` and ``…/locations/{L|-}/services``."""

    def __init__(self, world: World, state: RunState, recorder: Recorder) -> None:
        self._world = world
        self._state = state
        self._recorder = recorder

    def mount(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/v1/projects/{project}/locations", self._locations)
        app.router.add_get("/v1/projects/{project}/locations/{location}/services", self._services)
        app.router.add_get(
            "/apis/serving.knative.dev/v1/namespaces/{project}/services", self._services
        )

    async def _locations(self, request: web.Request) -> web.StreamResponse:
        project = request.match_info["project"]
        refused = self._refused(request, "run.locations.list", "ListLocations")
        if refused is not None:
            return refused
        # The v1 name has no "projects/" in front (recorded).
        found = [
            {"name": f"{project}/locations/{region}", "locationId": region, "displayName": place}
            for region, place in sorted(self._regions().items())
        ]
        return json_response({"locations": found})

    def _regions(self) -> dict[str, str]:
        used = {record.key.region for record in self._state.services.values()}
        return {**{region: region for region in used}, **_REGIONS}

    async def _services(self, request: web.Request) -> web.StreamResponse:
        refused = self._refused(request, "run.services.list", "ListServices")
        if refused is not None:
            return refused
        project = self._world.hierarchy.find(request.match_info["project"])
        location = request.match_info.get("location", "-")
        number = project.number if project else 0
        items = [
            _service(record, number)
            for record in self._state.services.values()
            if project is not None
            and record.key.project == project.project_id
            and location in ("-", record.key.region)
        ]
        answer: dict[str, Any] = {"apiVersion": "serving.knative.dev/v1", "kind": "ServiceList"}
        if items:
            answer["items"] = items
        return json_response(answer)

    def _refused(
        self, request: web.Request, permission: str, method: str
    ) -> web.StreamResponse | None:
        resource = self._world.hierarchy.canonical(f"projects/{request.match_info['project']}")
        token = bearer(request.headers.get("Authorization"))
        member = self._world.identities.member(token) if token else None
        error = None
        if member is None:
            error = ApiError("UNAUTHENTICATED", BAD_CREDENTIAL if token else NO_CREDENTIAL)
        elif not self._world.access.allowed(member, permission, resource):
            error = run_refusal(permission, resource)
        self._recorder.record(
            f"google.cloud.run.v1.Services/{method}",
            resource,
            transport="rest",
            principal=member or "",
            status=error.code if error else "OK",
            write=False,
        )
        return error_response(error) if error else None


def _service(record: ServiceRecord, number: int) -> dict[str, Any]:
    message, key = record.message, record.key
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {
            "name": key.service,
            "namespace": str(number),
            "selfLink": f"/apis/serving.knative.dev/v1/namespaces/{number}/services/{key.service}",
            "uid": message.uid,
            "resourceVersion": _resource_version(message),
            "generation": message.generation,
            "labels": {**dict(message.labels), "cloud.googleapis.com/location": key.region},
            "annotations": _annotations(record),
            "creationTimestamp": message.create_time.ToJsonString(),
        },
        "spec": {"template": {"spec": _template(message.template)}},
        "status": _status(message),
    }


def _resource_version(message: Any) -> str:  # noqa: ANN401 - Service
    changed = message.terminal_condition.last_transition_time
    moment = to_micros(changed) or to_micros(message.update_time)
    return base64.b64encode(moment.to_bytes(8, "big")).decode()


def _annotations(record: ServiceRecord) -> dict[str, str]:
    message = record.message
    ingress = _INGRESS.get(record.ingress, "all")
    found = {
        "serving.knative.dev/creator": message.creator,
        "serving.knative.dev/lastModifier": message.last_modifier,
        "run.googleapis.com/ingress": ingress,
    }
    if message.ingress:
        found["run.googleapis.com/ingress-status"] = _INGRESS.get(message.ingress, "all")
    if message.invoker_iam_disabled:
        found["run.googleapis.com/invoker-iam-disabled"] = "true"
    if message.default_uri_disabled:
        found["run.googleapis.com/default-url-disabled"] = "true"
    if message.iap_enabled:
        found["run.googleapis.com/iap-enabled"] = "true"
    return found


def _template(template: Any) -> dict[str, Any]:  # noqa: ANN401 - RevisionTemplate
    return {
        "containerConcurrency": template.max_instance_request_concurrency,
        "timeoutSeconds": template.timeout.seconds,
        "serviceAccountName": template.service_account,
        "containers": [{"image": container.image} for container in template.containers],
    }


def _status(message: Any) -> dict[str, Any]:  # noqa: ANN401 - Service
    status: dict[str, Any] = {"observedGeneration": message.observed_generation}
    status["conditions"] = [
        {"type": one.type_, "status": _STATES.get(one.state, "Unknown")}
        for one in (message.terminal_condition, *message.conditions)
        if one.type_
    ]
    for field, key in (
        ("latest_ready_revision", "latestReadyRevisionName"),
        ("latest_created_revision", "latestCreatedRevisionName"),
    ):
        name = getattr(message, field)
        if name:
            status[key] = name.rpartition("/")[2]
    if message.uri:
        status |= {"url": message.uri, "address": {"url": message.uri}}
    return status
