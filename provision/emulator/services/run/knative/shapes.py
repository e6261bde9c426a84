"""What a v1 body may look like: field names and types of the discovery document, version v1."""

from collections.abc import Mapping
from typing import Any

from provision.emulator.rpc.status import ApiError, invalid

_META = "ObjectMeta"
_SHAPES: Mapping[str, Mapping[str, str]] = {
    "Service": {
        "apiVersion": "string",
        "kind": "string",
        "metadata": _META,
        "spec": "ServiceSpec",
        "status": "any",
    },
    _META: {
        **dict.fromkeys(
            (
                "name",
                "generateName",
                "namespace",
                "selfLink",
                "uid",
                "resourceVersion",
                "creationTimestamp",
                "deletionTimestamp",
                "clusterName",
            ),
            "string",
        ),
        "generation": "int32",
        "deletionGracePeriodSeconds": "int32",
        "labels": "map",
        "annotations": "map",
        "ownerReferences": "any",
        "finalizers": "string[]",
    },
    "ServiceSpec": {"template": "RevisionTemplate", "traffic": "TrafficTarget[]"},
    "RevisionTemplate": {"metadata": _META, "spec": "RevisionSpec"},
    "RevisionSpec": {
        "containerConcurrency": "int32",
        "timeoutSeconds": "int32",
        "serviceAccountName": "string",
        "containers": "Container[]",
        "volumes": "Volume[]",
        "nodeSelector": "map",
        "runtimeClassName": "string",
        "enableServiceLinks": "bool",
        "imagePullSecrets": "any",
        "sandboxes": "any",
    },
    "Job": {
        "apiVersion": "string",
        "kind": "string",
        "metadata": _META,
        "spec": "JobSpec",
        "status": "any",
    },
    "JobSpec": {"template": "ExecutionTemplate"},
    "ExecutionTemplate": {"metadata": _META, "spec": "ExecutionSpec"},
    "ExecutionSpec": {"parallelism": "int32", "taskCount": "int32", "template": "TaskTemplate"},
    "TaskTemplate": {"spec": "TaskSpec"},
    "TaskSpec": {
        "containers": "Container[]",
        "volumes": "Volume[]",
        "maxRetries": "int32",
        "timeoutSeconds": "int32",
        "serviceAccountName": "string",
        "nodeSelector": "map",
    },
    "RunJobRequest": {"overrides": "Overrides"},
    "Overrides": {
        "containerOverrides": "ContainerOverride[]",
        "taskCount": "int32",
        "timeoutSeconds": "int32",
    },
    "ContainerOverride": {
        "name": "string",
        "args": "string[]",
        "env": "EnvVar[]",
        "clearArgs": "bool",
    },
    "CancelExecutionRequest": {},
    "TrafficTarget": {
        "configurationName": "string",
        "revisionName": "string",
        "percent": "int32",
        "tag": "string",
        "latestRevision": "bool",
        "url": "string",
    },
    "Container": {
        "name": "string",
        "image": "string",
        "command": "string[]",
        "args": "string[]",
        "env": "EnvVar[]",
        "envFrom": "any",
        "resources": "ResourceRequirements",
        "ports": "ContainerPort[]",
        "volumeMounts": "VolumeMount[]",
        "workingDir": "string",
        "livenessProbe": "Probe",
        "startupProbe": "Probe",
        "readinessProbe": "Probe",
        "imagePullPolicy": "string",
        "securityContext": "any",
        "terminationMessagePath": "string",
        "terminationMessagePolicy": "string",
        "sandboxLauncher": "bool",
    },
    "EnvVar": {"name": "string", "value": "string", "valueFrom": "EnvVarSource"},
    "EnvVarSource": {"secretKeyRef": "KeySelector", "configMapKeyRef": "any"},
    "KeySelector": {
        "name": "string",
        "key": "string",
        "optional": "bool",
        "localObjectReference": "any",
    },
    "ResourceRequirements": {"limits": "map", "requests": "map"},
    "ContainerPort": {"name": "string", "containerPort": "int32", "protocol": "string"},
    "VolumeMount": {
        "name": "string",
        "mountPath": "string",
        "subPath": "string",
        "readOnly": "bool",
    },
    "Probe": {
        **dict.fromkeys(
            (
                "initialDelaySeconds",
                "timeoutSeconds",
                "periodSeconds",
                "successThreshold",
                "failureThreshold",
            ),
            "int32",
        ),
        "httpGet": "HTTPGetAction",
        "tcpSocket": "TCPSocketAction",
        "grpc": "GRPCAction",
        "exec": "any",
    },
    "HTTPGetAction": {
        "path": "string",
        "port": "int32",
        "host": "string",
        "scheme": "string",
        "httpHeaders": "HTTPHeader[]",
    },
    "HTTPHeader": {"name": "string", "value": "string"},
    "TCPSocketAction": {"port": "int32", "host": "string"},
    "GRPCAction": {"port": "int32", "service": "string"},
    "Volume": {
        "name": "string",
        "secret": "SecretVolumeSource",
        "emptyDir": "EmptyDirVolumeSource",
        "nfs": "NFSVolumeSource",
        "csi": "CSIVolumeSource",
        "configMap": "any",
        "filestore": "any",
    },
    "SecretVolumeSource": {
        "secretName": "string",
        "items": "KeyToPath[]",
        "defaultMode": "int32",
        "optional": "bool",
    },
    "KeyToPath": {"key": "string", "path": "string", "mode": "int32"},
    "EmptyDirVolumeSource": {"medium": "string", "sizeLimit": "string"},
    "NFSVolumeSource": {"server": "string", "path": "string", "readOnly": "bool"},
    "CSIVolumeSource": {"driver": "string", "readOnly": "bool", "volumeAttributes": "map"},
}
_INT32 = 2**31


def read(value: object, shape: str = "Service", path: str = "service") -> Any:  # noqa: ANN401 - JSON
    """A body as it is meant: nulls gone, numbers as numbers. Raises `ApiError`.

    Args:
        value: decoded JSON.
        shape: name of a shape, or ``string``, ``int32``, ``bool``, ``map``, ``any``; ``[]`` after
            it for a list.
        path: where it stands, for the words of a refusal.
    """
    if shape == "any":
        return value
    if shape.endswith("[]"):
        if not isinstance(value, list):
            raise _wrong(path, shape.removesuffix("[]"), value)
        return [read(one, shape.removesuffix("[]"), f"{path}[{i}]") for i, one in enumerate(value)]
    if shape in _SHAPES or shape == "map":
        return _read_message(value, shape, path)
    return _read_scalar(value, shape, path)


def _read_message(value: object, shape: str, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(path, shape, value)
    fields = None if shape == "map" else _SHAPES[shape]
    read_fields: dict[str, Any] = {}
    for key, one in value.items():
        if not _is_text(key):
            raise _wrong(path, "string", ascii(key))
        if fields is not None and key not in fields:
            text = (
                f"Invalid JSON payload received. Unknown name \"{key}\" at '{path}': "
                "Cannot find field."
            )
            raise invalid(text, (path, text))
        if one is not None:
            kind = "string" if fields is None else fields[key]
            inner = f"{path}[{key}]" if fields is None else f"{path}.{key}"
            read_fields[key] = read(one, kind, inner)
    return read_fields


def _read_scalar(value: object, shape: str, path: str) -> object:
    if shape == "bool" and isinstance(value, bool):
        return value
    if shape == "string" and isinstance(value, str) and _is_text(value):
        return value
    if shape == "int32" and not isinstance(value, bool):
        number = _integer(value)
        if number is not None and -_INT32 <= number < _INT32:
            return number
    raise _wrong(path, shape, value)


def _is_text(value: str) -> bool:
    """Whether a text is one: JSON can spell halves of characters, which no message can hold."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _integer(value: object) -> int | None:
    """A whole number as proto3 JSON writes it: a number, or one in quotes."""
    if isinstance(value, str) and value.lstrip("-").isdecimal():
        return int(value)
    if isinstance(value, int | float) and value == value // 1:
        return int(value)
    return None


def _wrong(path: str, shape: str, value: object) -> ApiError:
    kind = {"string": "TYPE_STRING", "int32": "TYPE_INT32", "bool": "TYPE_BOOL"}.get(shape, shape)
    shown = f'"{value}"' if isinstance(value, str) and _is_text(value) else ascii(value)
    text = f"Invalid value at '{path}' ({kind}), {shown}"
    return invalid(text, (path, text))
