"""Annotations of v1 that are fields in v2, in one table for both directions.

Names and values as gcloud and the discovery document of v1 have them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from google.api import launch_stage_pb2
from google.cloud import run_v2

_RUN = "run.googleapis.com"
_HOUR = 3600
_MOST_HOURS = 87_660_000  # what a protobuf Duration can hold, 10,000 years


@dataclass(frozen=True)
class Place:
    """Where v2 keeps what an annotation says.

    Args:
        show: the annotation's text, from the message; empty when there is nothing to show.
        take: writes a text into the message; raises ValueError when it cannot be read.
    """

    show: Callable[[Any], str]
    take: Callable[[Any, str], None]


def _reach(message: Any, path: str) -> tuple[Any, str]:  # noqa: ANN401 - protobuf
    *above, last = path.split(".")
    return reduce(getattr, above, message), last


def _value(message: Any, path: str) -> Any:  # noqa: ANN401 - protobuf
    parent, last = _reach(message, path)
    return getattr(parent, last)


def _scalar(path: str, show: Callable[[Any], str], read: Callable[[str], object]) -> Place:
    def take(message: Any, text: str) -> None:  # noqa: ANN401 - protobuf
        parent, last = _reach(message, path)
        setattr(parent, last, read(text))

    def shown(message: Any) -> str:  # noqa: ANN401 - protobuf
        value = _value(message, path)
        return show(value) if value else ""

    return Place(shown, take)


def boolean(text: str) -> bool:
    """``true`` or ``false``, however capitalised. Raises ValueError."""
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _text(path: str) -> Place:
    return _scalar(path, str, str)


def _flag(path: str) -> Place:
    return _scalar(path, lambda _: "true", boolean)


def _number(path: str) -> Place:
    return _scalar(path, str, int)


def _choice(path: str, names: Mapping[str, int]) -> Place:
    words = {number: word for word, number in reversed(list(names.items()))}

    def read(text: str) -> int:
        if text.lower() not in names:
            raise ValueError(text)
        return names[text.lower()]

    return _scalar(path, lambda value: words.get(value, ""), read)


def _texts(path: str, show: Callable[[list[str]], str], read: Callable[[str], Any]) -> Place:
    def take(message: Any, text: str) -> None:  # noqa: ANN401 - protobuf
        found = read(text)
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise ValueError(text)
        _value(message, path).extend(found)

    def shown(message: Any) -> str:  # noqa: ANN401 - protobuf
        values = list(_value(message, path))
        return show(values) if values else ""

    return Place(shown, take)


def _json_map(path: str) -> Place:
    def take(message: Any, text: str) -> None:  # noqa: ANN401 - protobuf
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError(text)  # noqa: TRY004 - one kind of error for what cannot be read
        _value(message, path).update({key: str(value) for key, value in found.items()})

    return Place(lambda message: _dumped(dict(_value(message, path))), take)


def _dumped(value: object) -> str:
    return json.dumps(value, separators=(",", ":")) if value else ""


def _show_interfaces(template: Any) -> str:  # noqa: ANN401 - RevisionTemplate
    found = []
    for one in template.vpc_access.network_interfaces:
        entry = {"network": one.network, "subnetwork": one.subnetwork, "tags": list(one.tags)}
        found.append({key: value for key, value in entry.items() if value})
    return _dumped(found)


def _take_interfaces(template: Any, text: str) -> None:  # noqa: ANN401 - RevisionTemplate
    try:
        for one in json.loads(text):
            template.vpc_access.network_interfaces.add(
                network=one.get("network", ""),
                subnetwork=one.get("subnetwork", ""),
                tags=one.get("tags", []),
            )
    except (AttributeError, TypeError) as error:
        raise ValueError(text) from error


def _show_shutdown(template: Any) -> str:  # noqa: ANN401 - RevisionTemplate
    seconds = template.encryption_key_shutdown_duration.seconds
    return str(seconds // _HOUR) if seconds else ""


def _take_shutdown(template: Any, text: str) -> None:  # noqa: ANN401 - RevisionTemplate
    hours = int(text)
    if not 0 <= hours <= _MOST_HOURS:
        raise ValueError(text)
    template.encryption_key_shutdown_duration.seconds = hours * _HOUR


def _take_authorization(service: Any, text: str) -> None:  # noqa: ANN401 - Service
    if text == "default":
        service.binary_authorization.use_default = True
    else:
        service.binary_authorization.policy = text


def _show_authorization(service: Any) -> str:  # noqa: ANN401 - Service
    found = service.binary_authorization
    return "default" if found.use_default else str(found.policy)


_STAGES = {
    "ALPHA": int(launch_stage_pb2.ALPHA),
    "BETA": int(launch_stage_pb2.BETA),
    "GA": int(launch_stage_pb2.GA),
}


def _show_stage(service: Any) -> str:  # noqa: ANN401 - Service
    """The launch stage; of what is generally available nothing is said."""
    found = (
        word for word, number in _STAGES.items() if number == service.launch_stage != _STAGES["GA"]
    )
    return next(found, "")


def _take_stage(service: Any, text: str) -> None:  # noqa: ANN401 - Service
    if text.upper() not in _STAGES:
        raise ValueError(text)
    service.launch_stage = _STAGES[text.upper()]


_EGRESS = {
    "all-traffic": int(run_v2.VpcAccess.VpcEgress.ALL_TRAFFIC),
    "all": int(run_v2.VpcAccess.VpcEgress.ALL_TRAFFIC),
    "private-ranges-only": int(run_v2.VpcAccess.VpcEgress.PRIVATE_RANGES_ONLY),
}
_GENERATIONS = {
    "gen1": int(run_v2.ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN1),
    "gen2": int(run_v2.ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN2),
}
_REVOCATIONS = {
    "prevent-new": int(run_v2.EncryptionKeyRevocationAction.PREVENT_NEW),
    "shut-down": int(run_v2.EncryptionKeyRevocationAction.SHUTDOWN),
}
_SCALING = {
    "automatic": int(run_v2.ServiceScaling.ScalingMode.AUTOMATIC),
    "manual": int(run_v2.ServiceScaling.ScalingMode.MANUAL),
}
INGRESS = {
    "all": int(run_v2.IngressTraffic.INGRESS_TRAFFIC_ALL),
    "internal": int(run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY),
    "internal-and-cloud-load-balancing": int(
        run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER
    ),
    "none": int(run_v2.IngressTraffic.INGRESS_TRAFFIC_NONE),
}
"""Values of the ingress annotation."""

SERVICE: Mapping[str, Place] = {
    f"{_RUN}/client-name": _text("client"),
    f"{_RUN}/client-version": _text("client_version"),
    f"{_RUN}/description": _text("description"),
    f"{_RUN}/launch-stage": Place(_show_stage, _take_stage),
    f"{_RUN}/ingress": _choice("ingress", INGRESS),
    f"{_RUN}/invoker-iam-disabled": _flag("invoker_iam_disabled"),
    f"{_RUN}/default-url-disabled": _flag("default_uri_disabled"),
    f"{_RUN}/iap-enabled": _flag("iap_enabled"),
    f"{_RUN}/custom-audiences": _texts("custom_audiences", _dumped, json.loads),
    f"{_RUN}/minScale": _number("scaling.min_instance_count"),
    f"{_RUN}/maxScale": _number("scaling.max_instance_count"),
    f"{_RUN}/scalingMode": _choice("scaling.scaling_mode", _SCALING),
    f"{_RUN}/manualInstanceCount": _number("scaling.manual_instance_count"),
    f"{_RUN}/binary-authorization": Place(_show_authorization, _take_authorization),
    f"{_RUN}/binary-authorization-breakglass": _text(
        "binary_authorization.breakglass_justification"
    ),
    f"{_RUN}/regions": _texts(
        "multi_region_settings.regions", ",".join, lambda text: text.split(",")
    ),
    f"{_RUN}/build-name": _text("build_config.name"),
    f"{_RUN}/build-source-location": _text("build_config.source_location"),
    f"{_RUN}/build-function-target": _text("build_config.function_target"),
    f"{_RUN}/build-image-uri": _text("build_config.image_uri"),
    f"{_RUN}/build-base-image": _text("build_config.base_image"),
    f"{_RUN}/build-enable-automatic-updates": _flag("build_config.enable_automatic_updates"),
    f"{_RUN}/build-worker-pool": _text("build_config.worker_pool"),
    f"{_RUN}/build-service-account": _text("build_config.service_account"),
    f"{_RUN}/build-environment-variables": _json_map("build_config.environment_variables"),
}
"""Annotations of a service; the message is a v2 Service."""

TEMPLATE: Mapping[str, Place] = {
    "autoscaling.knative.dev/minScale": _number("scaling.min_instance_count"),
    "autoscaling.knative.dev/maxScale": _number("scaling.max_instance_count"),
    f"{_RUN}/vpc-access-connector": _text("vpc_access.connector"),
    f"{_RUN}/vpc-access-egress": _choice("vpc_access.egress", _EGRESS),
    f"{_RUN}/network-interfaces": Place(_show_interfaces, _take_interfaces),
    f"{_RUN}/execution-environment": _choice("execution_environment", _GENERATIONS),
    f"{_RUN}/encryption-key": _text("encryption_key"),
    f"{_RUN}/post-key-revocation-action-type": _choice(
        "encryption_key_revocation_action", _REVOCATIONS
    ),
    f"{_RUN}/encryption-key-shutdown-hours": Place(_show_shutdown, _take_shutdown),
    f"{_RUN}/sessionAffinity": _flag("session_affinity"),
    f"{_RUN}/mesh": _text("service_mesh.mesh"),
    f"{_RUN}/health-check-disabled": _flag("health_check_disabled"),
    f"{_RUN}/gpu-zonal-redundancy-disabled": _flag("gpu_zonal_redundancy_disabled"),
}
"""Annotations of a template; the message is a v2 RevisionTemplate, or a Revision for `show`."""
