"""Containers and volumes, v1 and v2: the same but for environment, resources and volume sources.

Both sides are proto3 JSON; what v1 says by annotations stands in `annotations` and `tuning`.
"""

from collections.abc import Mapping
from typing import Any

from provision.emulator.services.run.knative.words import unsupported

_SAME = ("name", "image", "command", "args", "workingDir")
_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
_PROBE_FIELDS = (
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "failureThreshold",
    "grpc",
)
_BUCKETS = "gcsfuse.run.googleapis.com"


def _container_to_v2(one: Mapping[str, Any], path: str) -> dict[str, Any]:
    """A container of v1 as v2's JSON. Raises `ApiError` for what Cloud Run does not support."""
    if one.get("envFrom"):
        raise unsupported(f"{path}.envFrom")
    made = {key: one[key] for key in _SAME if one.get(key)}
    made["env"] = [
        variable_to_v2(variable, f"{path}.env[{index}]")
        for index, variable in enumerate(one.get("env", ()))
    ]
    made["ports"] = [_picked(port, "name", "containerPort") for port in one.get("ports", ())]
    made["volumeMounts"] = [
        _picked(mount, "name", "mountPath", "subPath") for mount in one.get("volumeMounts", ())
    ]
    if "resources" in one:
        made["resources"] = {"limits": one["resources"].get("limits", {})}
    made |= {key: _probe_to_v2(one[key], f"{path}.{key}") for key in _PROBES if key in one}
    return made


def pod_to_v2(spec: Mapping[str, Any], path: str) -> dict[str, Any]:
    """What the specs of revisions and of tasks share. Raises `ApiError`.

    Args:
        spec: of v1.
        path: where it stands in the message, for refusals.
    """
    return {
        "containers": [
            _container_to_v2(one, f"{path}.containers[{index}]")
            for index, one in enumerate(spec.get("containers", ()))
        ],
        "volumes": [
            _volume_to_v2(one, f"{path}.volumes[{index}]")
            for index, one in enumerate(spec.get("volumes", ()))
        ],
        "serviceAccount": spec.get("serviceAccountName", ""),
    }


def container_to_v1(one: Mapping[str, Any]) -> dict[str, Any]:
    """A container of v2's JSON as v1 shows it."""
    made = {key: one[key] for key in _SAME if key in one}
    if "env" in one:
        made["env"] = [_variable_to_v1(variable) for variable in one["env"]]
    if one.get("resources", {}).get("limits"):
        made["resources"] = {"limits": one["resources"]["limits"]}
    for key in ("ports", "volumeMounts", *_PROBES):
        if one.get(key):
            made[key] = one[key]
    return made


def _volume_to_v2(one: Mapping[str, Any], path: str) -> dict[str, Any]:
    """A volume of v1 as v2's JSON. Raises `ApiError` for sources Cloud Run does not support."""
    made: dict[str, Any] = {"name": one.get("name", "")}
    if "secret" in one:
        source = one["secret"]
        made["secret"] = {
            "secret": source.get("secretName", ""),
            "items": [_key_to_v2(item) for item in source.get("items", ())],
            "defaultMode": source.get("defaultMode", 0),
        }
    elif "emptyDir" in one:
        source = one["emptyDir"]
        made["emptyDir"] = {
            "medium": str(source.get("medium", "")).upper() or "MEDIUM_UNSPECIFIED",
            "sizeLimit": source.get("sizeLimit", ""),
        }
    elif "nfs" in one:
        made["nfs"] = one["nfs"]
    elif one.get("csi", {}).get("driver") == _BUCKETS:
        made["gcs"] = _bucket_to_v2(one["csi"])
    else:
        raise unsupported(path)
    return made


def volume_to_v1(one: Mapping[str, Any]) -> dict[str, Any]:
    """A volume of v2's JSON as v1 shows it."""
    made: dict[str, Any] = {"name": one.get("name", "")}
    if "secret" in one:
        source = one["secret"]
        made["secret"] = {"secretName": source.get("secret", "")}
        if "items" in source:
            made["secret"]["items"] = [_key_to_v1(item) for item in source["items"]]
        if "defaultMode" in source:
            made["secret"]["defaultMode"] = source["defaultMode"]
    elif "emptyDir" in one:
        source = dict(one["emptyDir"])
        if "medium" in source:
            source["medium"] = str(source["medium"]).capitalize()
        made["emptyDir"] = source
    elif "nfs" in one:
        made["nfs"] = one["nfs"]
    elif "gcs" in one:
        made["csi"] = _bucket_to_v1(one["gcs"])
    return made


def _picked(one: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: one[key] for key in keys if key in one}


def variable_to_v2(one: Mapping[str, Any], path: str) -> dict[str, Any]:
    """An environment variable of v1 as v2's JSON. Raises `ApiError` for config maps."""
    source = one.get("valueFrom")
    if source is None:
        return _picked(one, "name", "value")
    reference = source.get("secretKeyRef")
    if reference is None:
        raise unsupported(f"{path}.valueFrom.configMapKeyRef")
    secret = {"secret": reference.get("name", ""), "version": reference.get("key", "")}
    return {"name": one.get("name", ""), "valueSource": {"secretKeyRef": secret}}


def _variable_to_v1(one: Mapping[str, Any]) -> dict[str, Any]:
    reference = one.get("valueSource", {}).get("secretKeyRef")
    if reference is None:
        return _picked(one, "name", "value")
    selector = {"name": reference.get("secret", ""), "key": reference.get("version", "")}
    return {"name": one.get("name", ""), "valueFrom": {"secretKeyRef": selector}}


def _probe_to_v2(one: Mapping[str, Any], path: str) -> dict[str, Any]:
    if "exec" in one:
        raise unsupported(f"{path}.exec")
    made = _picked(one, *_PROBE_FIELDS)
    if "httpGet" in one:
        made["httpGet"] = _picked(one["httpGet"], "path", "port", "httpHeaders")
    if "tcpSocket" in one:
        made["tcpSocket"] = _picked(one["tcpSocket"], "port")
    return made


def _key_to_v2(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"version": one.get("key", ""), **_picked(one, "path", "mode")}


def _key_to_v1(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"key": one.get("version", ""), **_picked(one, "path", "mode")}


def _bucket_to_v2(one: Mapping[str, Any]) -> dict[str, Any]:
    attributes = one.get("volumeAttributes", {})
    options = attributes.get("mountOptions", "")
    return {
        "bucket": attributes.get("bucketName", ""),
        "readOnly": one.get("readOnly", False),
        "mountOptions": [option for option in options.split(",") if option],
    }


def _bucket_to_v1(one: Mapping[str, Any]) -> dict[str, Any]:
    attributes = {"bucketName": one.get("bucket", "")}
    if one.get("mountOptions"):
        attributes["mountOptions"] = ",".join(one["mountOptions"])
    return {"driver": _BUCKETS, **_picked(one, "readOnly"), "volumeAttributes": attributes}
