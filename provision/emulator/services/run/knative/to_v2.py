"""A Knative service as the v2 message, and notes of what v2 has no field for."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from google.protobuf import json_format

from provision.emulator.rpc.status import invalid
from provision.emulator.services.run.knative.annotations import SERVICE, TEMPLATE, Place
from provision.emulator.services.run.knative.containers import pod_to_v2
from provision.emulator.services.run.knative.kinds import REVISION as REVISION_KIND
from provision.emulator.services.run.knative.kinds import SERVICE as SERVICE_KIND
from provision.emulator.services.run.knative.kinds import check_kinds
from provision.emulator.services.run.knative.tuning import SPREAD, keep_details
from provision.emulator.services.run.knative.words import violation
from provision.emulator.services.run.records import LATEST, NAMED, ServiceMessage

RESERVED = (
    "run.googleapis.com",
    "cloud.googleapis.com",
    "serving.knative.dev",
    "autoscaling.knative.dev",
)
"""Domains of labels and annotations that v2 has fields for instead, and does not show."""

REGION_LABEL = "cloud.googleapis.com/location"
STARTUP_LABEL = "run.googleapis.com/startupProbeType"
ACCELERATOR = "run.googleapis.com/accelerator"
_SHOWN_ONLY = {
    "serving.knative.dev/creator",
    "serving.knative.dev/lastModifier",
    "run.googleapis.com/ingress-status",
    "run.googleapis.com/operation-id",
    "run.googleapis.com/urls",
}
_SPREAD_BY_SYSTEM = {REGION_LABEL, STARTUP_LABEL}
_ON_TEMPLATE = "spec.template.metadata"


class Wanted(NamedTuple):
    """What a v1 body asks for.

    Args:
        message: the v2 Service, ingress as asked for.
        notes: what v2 has no field for: ``annotation:KEY``, ``label:KEY`` and the same after
            ``template-``.
    """

    message: Any
    notes: dict[str, str]


def wanted(body: Mapping[str, Any], name: str, current: Any = None) -> Wanted:  # noqa: ANN401 - Service
    """The service that a v1 body asks for. Raises `ApiError`.

    Args:
        body: as `shapes.read` gave it.
        name: the service's v2 name.
        current: the message as it is, of a service that is there: what v1 has no place for stays.
    """
    spec = body.get("spec", {})
    template = spec.get("template", {})
    message = _parsed(_template(template), name)
    for index, target in enumerate(spec.get("traffic", ())):
        message.traffic.add(**_target(target, f"spec.traffic[{index}]"))
    # v1 has CPU only during requests unless an annotation says otherwise (documented default).
    for container in message.template.containers:
        container.resources.cpu_idle = True
    notes: dict[str, str] = {}
    check_kinds(body.get("metadata", {}), SERVICE_KIND, "metadata")
    check_kinds(template.get("metadata", {}), REVISION_KIND, _ON_TEMPLATE)
    places = {**TEMPLATE, **SPREAD}
    _take(template.get("metadata", {}), message.template, places, _ON_TEMPLATE, notes, "template-")
    _take(body.get("metadata", {}), message, SERVICE, "metadata", notes, "")
    if current is not None:
        keep_details(message.template, current.template)
        old = current.multi_region_settings
        if message.multi_region_settings.regions == old.regions and old.multi_region_id:
            message.multi_region_settings.CopyFrom(old)
    return Wanted(message, notes)


def _parsed(template: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - Service
    try:
        return json_format.ParseDict({"template": template}, ServiceMessage(name=name))
    except json_format.ParseError as error:
        raise invalid(f"Invalid JSON payload received. {error}") from error


def _template(template: Mapping[str, Any]) -> dict[str, Any]:
    spec = template.get("spec", {})
    path = "spec.template.spec"
    made: dict[str, Any] = {
        "revision": template.get("metadata", {}).get("name", ""),
        **pod_to_v2(spec, path),
        "maxInstanceRequestConcurrency": spec.get("containerConcurrency", 0),
    }
    if spec.get("timeoutSeconds"):
        made["timeout"] = f"{spec['timeoutSeconds']}s"
    if ACCELERATOR in spec.get("nodeSelector", {}):
        made["nodeSelector"] = {"accelerator": spec["nodeSelector"][ACCELERATOR]}
    return made


def _target(one: Mapping[str, Any], path: str) -> dict[str, Any]:
    named = bool(one.get("revisionName"))
    if one.get("latestRevision", not named) is named:  # documented of TrafficTarget
        word = "false when" if named else "true if"
        rule = f"must be {word} revisionName is {'non-empty' if named else 'empty'}."
        raise violation(f"{path}.latestRevision", rule)
    return {
        "type_": NAMED if named else LATEST,
        "revision": one["revisionName"] if named else "",
        "percent": one.get("percent", 0),
        "tag": one.get("tag", ""),
    }


def _take(  # noqa: PLR0913, PLR0917 - two places of the same kind, each with its own names
    metadata: Mapping[str, Any],
    message: Any,  # noqa: ANN401 - Service or RevisionTemplate
    places: Mapping[str, Place],
    path: str,
    notes: dict[str, str],
    prefix: str,
) -> None:
    """Labels and annotations go into fields, into maps that both forms have, or into notes."""
    for key, text in metadata.get("labels", {}).items():
        if not is_reserved(key):
            message.labels[key] = text
        elif key not in _SPREAD_BY_SYSTEM:
            notes[f"{prefix}label:{key}"] = text
    for key, text in metadata.get("annotations", {}).items():
        if key in places:
            take_one(message, places[key], f"{path}.annotations[{key}]", text)
            if not places[key].show(message):  # a default that was spelled out
                notes[f"{prefix}annotation:{key}"] = text
        elif not is_reserved(key):
            message.annotations[key] = text
        elif key not in _SHOWN_ONLY:
            notes[f"{prefix}annotation:{key}"] = text


def take_one(message: Any, place: Place, path: str, text: str) -> None:  # noqa: ANN401 - protobuf
    """Write an annotation's text into a message. Raises `ApiError` when it cannot be read."""
    try:
        place.take(message, text)
    except (ValueError, RecursionError) as error:
        raise violation(path, f"Invalid value '{text}'.") from error


def is_reserved(key: str) -> bool:
    """Whether a label or annotation is in one of the system's domains."""
    domain = key.partition("/")[0] if "/" in key else ""
    return any(domain == one or domain.endswith(f".{one}") for one in RESERVED)
