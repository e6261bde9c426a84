"""Revisions, configurations and routes as v1 shows them."""

import uuid
from typing import Any

from provision.emulator.services.run.defaults import ingress_container
from provision.emulator.services.run.knative.conditions import part_condition, revision_conditions
from provision.emulator.services.run.knative.to_v1 import (
    API,
    address,
    metadata,
    noted,
    resource_version,
    targets_in_effect,
    template,
    template_annotations,
    template_spec,
)
from provision.emulator.services.run.knative.to_v2 import REGION_LABEL, STARTUP_LABEL
from provision.emulator.services.run.records import LATEST, RevisionRecord, ServiceRecord

_SERVING = "serving.knative.dev"
_DEFAULT_SECONDS = 240


def revision(record: RevisionRecord, owner: ServiceRecord, number: int) -> dict[str, Any]:
    """A revision in the Knative form.

    Args:
        record: the revision.
        owner: its service.
        number: the project's number.
    """
    message = record.message
    active = _is_reachable(record, owner)
    status: dict[str, Any] = {"conditions": revision_conditions(record, active=active)}
    if message.observed_generation:
        status["observedGeneration"] = int(message.observed_generation)
    if message.log_uri:
        status["logUrl"] = message.log_uri
    image = ingress_container(message).image
    if "@sha256:" in image:
        status["imageDigest"] = image
    return {
        "apiVersion": API,
        "kind": "Revision",
        "metadata": _revision_metadata(record, owner, number),
        "spec": _revision_spec(record, owner),
        "status": status,
    }


def _is_reachable(record: RevisionRecord, owner: ServiceRecord) -> bool:
    """Whether traffic or a tag leads to a revision."""
    latest = owner.message.latest_ready_revision.rpartition("/")[2]
    return record.id in {
        latest if target.type_ == LATEST else target.revision for target in owner.message.traffic
    }


def _revision_metadata(record: RevisionRecord, owner: ServiceRecord, number: int) -> dict[str, Any]:
    message = record.message
    annotations = {
        **template_annotations(message, record.notes),
        f"{_SERVING}/creator": message.creator,
        "run.googleapis.com/cpu-throttling": str(
            ingress_container(message).resources.cpu_idle
        ).lower(),
    }
    if record.notes.get("operation"):
        annotations["run.googleapis.com/operation-id"] = record.notes["operation"]
    return {
        "name": record.id,
        "namespace": str(number),
        "selfLink": f"/apis/{API}/namespaces/{number}/revisions/{record.id}",
        "uid": message.uid,
        "resourceVersion": resource_version(message),
        "generation": int(message.generation),
        "creationTimestamp": message.create_time.ToJsonString(),
        "labels": _revision_labels(record, owner),
        "annotations": annotations,
        "ownerReferences": [
            {
                "apiVersion": API,
                "kind": "Configuration",
                "name": owner.key.service,
                "uid": part_uid(owner, "configurations"),
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }


def _revision_labels(record: RevisionRecord, owner: ServiceRecord) -> dict[str, str]:
    name = owner.key.service
    return {
        **dict(record.message.labels),
        **noted(record.notes, "template-label:"),
        f"{_SERVING}/route": name,
        f"{_SERVING}/configuration": name,
        f"{_SERVING}/configurationGeneration": record.notes.get("generation", "1"),
        f"{_SERVING}/service": name,
        f"{_SERVING}/serviceUid": owner.message.uid,
        REGION_LABEL: owner.key.region,
        STARTUP_LABEL: "Default" if _has_default_probe(record.message) else "Custom",
    }


def _has_default_probe(message: Any) -> bool:  # noqa: ANN401 - Revision
    probe = ingress_container(message).startup_probe
    return bool(
        probe.HasField("tcp_socket")
        and probe.timeout_seconds == probe.period_seconds == _DEFAULT_SECONDS
    )


def _revision_spec(record: RevisionRecord, owner: ServiceRecord) -> dict[str, Any]:
    spec = template_spec(record.message)
    for index, container in enumerate(spec["containers"], start=1):
        # Containers without a name are given one (recorded).
        container.setdefault("name", f"{owner.key.service}-{index}")
    return spec


def configuration(record: ServiceRecord, number: int) -> dict[str, Any]:
    """A service's configuration: its template, and the revisions that came of it."""
    message = record.message
    status: dict[str, Any] = {"conditions": part_condition(message, "ConfigurationsReady")}
    if message.observed_generation:
        status["observedGeneration"] = int(message.observed_generation)
    for field, key in (
        ("latest_created_revision", "latestCreatedRevisionName"),
        ("latest_ready_revision", "latestReadyRevisionName"),
    ):
        if getattr(message, field):
            status[key] = getattr(message, field).rpartition("/")[2]
    return {
        "apiVersion": API,
        "kind": "Configuration",
        "metadata": _part_metadata(record, number, "configurations"),
        "spec": {"template": template(record)},
        "status": status,
    }


def route(record: ServiceRecord, number: int) -> dict[str, Any]:
    """A service's route: where its traffic goes."""
    message = record.message
    served = targets_in_effect(message)
    status: dict[str, Any] = {
        "conditions": part_condition(message, "RoutesReady"),
        **({"traffic": served} if served else {}),
        **address(message),
    }
    if message.observed_generation:
        status["observedGeneration"] = int(message.observed_generation)
    wanted = [
        {
            **({"revisionName": one.revision} if one.revision else {"configurationName": name}),
            **({"percent": one.percent} if one.percent else {}),
            **({"tag": one.tag} if one.tag else {}),
            **({} if one.revision else {"latestRevision": True}),
        }
        for name in (record.key.service,)
        for one in message.traffic
    ]
    return {
        "apiVersion": API,
        "kind": "Route",
        "metadata": _part_metadata(record, number, "routes"),
        "spec": {"traffic": wanted},
        "status": status,
    }


def _part_metadata(record: ServiceRecord, number: int, kind: str) -> dict[str, Any]:
    shown = metadata(record, number, kind)
    name = record.key.service
    shown["uid"] = part_uid(record, kind)
    shown["labels"] = {
        **shown["labels"],
        f"{_SERVING}/service": name,
        f"{_SERVING}/serviceUid": record.message.uid,
    }
    owner = {"apiVersion": API, "kind": "Service", "name": name, "uid": record.message.uid}
    shown["ownerReferences"] = [{**owner, "controller": True, "blockOwnerDeletion": True}]
    return shown


def part_uid(record: ServiceRecord, kind: str) -> str:
    """The id of a service's configuration or route: always the same for the same service."""
    return str(uuid.uuid5(uuid.UUID(record.message.uid), kind))
