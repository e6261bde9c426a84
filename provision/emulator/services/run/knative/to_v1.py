"""The v2 messages as v1 shows them: services, and what configurations and routes share of them."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format

from provision.emulator.services.run.knative.annotations import INGRESS, SERVICE, TEMPLATE, Place
from provision.emulator.services.run.knative.conditions import service_conditions
from provision.emulator.services.run.knative.containers import container_to_v1, volume_to_v1
from provision.emulator.services.run.knative.to_v2 import ACCELERATOR, REGION_LABEL
from provision.emulator.services.run.knative.tuning import SPREAD, sql_volumes
from provision.emulator.services.run.records import LATEST, ServiceRecord
from provision.emulator.times import to_micros

API = "serving.knative.dev/v1"
_RUN = "run.googleapis.com"
_INGRESS = {number: word for word, number in INGRESS.items()}


def service(record: ServiceRecord, number: int) -> dict[str, Any]:
    """A service in the Knative form.

    Args:
        record: the service.
        number: the project's number, which is the namespace of what there is.
    """
    return {
        "apiVersion": API,
        "kind": "Service",
        "metadata": metadata(record, number, "services"),
        "spec": {
            "template": template(record),
            "traffic": [_target(one) for one in record.message.traffic],
        },
        "status": _status(record.message),
    }


def metadata(record: ServiceRecord, number: int, kind: str) -> dict[str, Any]:
    """The metadata of a service, or of its configuration or route (`kind` in the plural)."""
    message, key = record.message, record.key
    shown = {
        "name": key.service,
        "namespace": str(number),
        "selfLink": f"/apis/{API}/namespaces/{number}/{kind}/{key.service}",
        "uid": message.uid,
        "resourceVersion": resource_version(message),
        "generation": int(message.generation),
        "creationTimestamp": message.create_time.ToJsonString(),
        "labels": {
            **dict(message.labels),
            **noted(record.notes, "label:"),
            REGION_LABEL: key.region,
        },
        "annotations": _annotations(record),
    }
    if message.HasField("delete_time"):
        shown["deletionTimestamp"] = message.delete_time.ToJsonString()
    return shown


def resource_version(message: Any) -> str:  # noqa: ANN401 - Service or Revision
    """Unpadded base64 of the last change's microseconds, a change of status included (recorded)."""
    return base64.b64encode(changed(message).to_bytes(8, "big")).decode().rstrip("=")


def changed(message: Any) -> int:  # noqa: ANN401 - Service or Revision
    """When a message or its status changed last, in microseconds since the epoch."""
    conditions = [*message.conditions]
    if any(field.name == "terminal_condition" for field in message.DESCRIPTOR.fields):
        conditions.append(message.terminal_condition)
    moments = [to_micros(one.last_transition_time) for one in conditions]
    return max([to_micros(message.update_time), *moments])


def noted(notes: Mapping[str, str], prefix: str) -> dict[str, str]:
    """What is noted under a prefix, by its own keys."""
    return {key.removeprefix(prefix): text for key, text in notes.items() if key.startswith(prefix)}


def shown_by(places: Mapping[str, Place], message: Any) -> dict[str, str]:  # noqa: ANN401 - protobuf
    """The annotations that a message's fields make."""
    texts = {key: place.show(message) for key, place in places.items()}
    return {key: text for key, text in texts.items() if text}


def _annotations(record: ServiceRecord) -> dict[str, str]:
    message = record.message
    made = {
        **dict(message.annotations),
        **noted(record.notes, "annotation:"),
        **shown_by(SERVICE, message),
        "serving.knative.dev/creator": message.creator,
        "serving.knative.dev/lastModifier": message.last_modifier,
        f"{_RUN}/ingress": _INGRESS.get(record.ingress, "all"),
    }
    if record.operation:
        made[f"{_RUN}/operation-id"] = record.operation
    if message.ingress:
        made[f"{_RUN}/ingress-status"] = _INGRESS.get(message.ingress, "all")
    if message.urls:
        made[f"{_RUN}/urls"] = json.dumps(list(message.urls), separators=(",", ":"))
    return made


def template(record: ServiceRecord) -> dict[str, Any]:
    """The template of the next revision."""
    message = record.message.template
    labels = {**dict(message.labels), **noted(record.notes, "template-label:")}
    about = {
        "name": message.revision,
        "labels": labels,
        "annotations": template_annotations(message, record.notes),
    }
    shown: dict[str, Any] = {"spec": template_spec(message)}
    filled = {key: value for key, value in about.items() if value}
    return {"metadata": filled, **shown} if filled else shown


def template_annotations(message: Any, notes: Mapping[str, str]) -> dict[str, str]:  # noqa: ANN401 - RevisionTemplate or Revision
    """The annotations of a template, or of the revision that was made of it."""
    places = {
        key: place
        for key, place in {**TEMPLATE, **SPREAD}.items()
        # A revision of v2 does not tell everything that its template does.
        if key not in _TEMPLATE_ONLY or "revision" in message.DESCRIPTOR.fields_by_name
    }
    return {
        **dict(message.annotations),
        **noted(notes, "template-annotation:"),
        **shown_by(places, message),
    }


_TEMPLATE_ONLY = {f"{_RUN}/health-check-disabled"}


def containers_and_volumes(template: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:  # noqa: ANN401 - a template of either kind
    """Both as v1 shows them; volumes that an annotation tells are left out, and their mounts."""
    plain = json_format.MessageToDict(template)
    hidden = sql_volumes(template)
    containers = [container_to_v1(one) for one in plain.get("containers", ())]
    for container in containers:
        mounts = [one for one in container.pop("volumeMounts", ()) if one["name"] not in hidden]
        if mounts:
            container["volumeMounts"] = mounts
    volumes = [one for one in plain.get("volumes", ()) if one["name"] not in hidden]
    return containers, [volume_to_v1(one) for one in volumes]


def template_spec(message: Any) -> dict[str, Any]:  # noqa: ANN401 - RevisionTemplate or Revision
    """The ``spec`` of a template or of a revision."""
    containers, volumes = containers_and_volumes(message)
    spec: dict[str, Any] = {
        "containerConcurrency": message.max_instance_request_concurrency,
        "timeoutSeconds": int(message.timeout.seconds),
        "serviceAccountName": message.service_account,
        "containers": containers,
    }
    if volumes:
        spec["volumes"] = volumes
    if message.node_selector.accelerator:
        spec["nodeSelector"] = {ACCELERATOR: message.node_selector.accelerator}
    return spec


def _target(one: Any) -> dict[str, Any]:  # noqa: ANN401 - TrafficTarget or TrafficTargetStatus
    made: dict[str, Any] = {"revisionName": one.revision} if one.revision else {}
    if one.percent:
        made["percent"] = one.percent
    if one.type_ == LATEST:
        made["latestRevision"] = True
    if one.tag:
        made["tag"] = one.tag
    return made


def targets_in_effect(message: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - Service
    """The traffic that is served: revisions by name, addresses of tags."""
    latest = message.latest_ready_revision.rpartition("/")[2]
    found = []
    for one in message.traffic_statuses:
        target = _target(one)
        if one.type_ == LATEST and latest:
            target = {"revisionName": latest, **target}
        if one.uri:
            target["url"] = one.uri
        found.append(target)
    return found


def _status(message: Any) -> dict[str, Any]:  # noqa: ANN401 - Service
    status: dict[str, Any] = {"conditions": service_conditions(message)}
    if message.observed_generation:
        status["observedGeneration"] = int(message.observed_generation)
    for field, key in (
        ("latest_ready_revision", "latestReadyRevisionName"),
        ("latest_created_revision", "latestCreatedRevisionName"),
    ):
        name = getattr(message, field)
        if name:
            status[key] = name.rpartition("/")[2]
    served = targets_in_effect(message)
    if served:
        status["traffic"] = served
    return status | address(message)


def address(message: Any) -> dict[str, Any]:  # noqa: ANN401 - Service
    """Where a service answers; nothing before it does, or with its default address disabled.

    Of several addresses v1 shows the deterministic one (documented), the first of v2.
    """
    if not message.uri or message.default_uri_disabled:
        return {}
    url = message.urls[0] if message.urls else message.uri
    return {"url": url, "address": {"url": url}}
