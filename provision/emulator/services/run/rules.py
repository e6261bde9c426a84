"""What Cloud Run refuses in a service before anything happens."""

import re
from typing import Any

from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.rpc.wellknown import FieldMask
from provision.emulator.services.run.records import LATEST, NAMED, ServiceMessage
from provision.emulator.times import run_etag_moment, to_micros

_NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_MAX_NAME = 49
_MAX_REVISION_NAME = 63
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_MAX_LABELS = 64
_LOCATION = re.compile(r"[a-z]+-[a-z]+\d+")
_RESERVED_ENV = {"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"}
_MAX_CONCURRENCY = 1000
_MAX_TIMEOUT = 3600
_FULL = 100

WRITABLE = (
    "description",
    "labels",
    "annotations",
    "client",
    "client_version",
    "ingress",
    "launch_stage",
    "binary_authorization",
    "template",
    "traffic",
    "scaling",
    "invoker_iam_disabled",
    "default_uri_disabled",
    "iap_enabled",
    "multi_region_settings",
    "custom_audiences",
    "build_config",
)
"""The fields of a Service that a caller may set."""


def check_location(location: str) -> None:
    """Raise unless it looks like a region; other locations are not served."""
    if not _LOCATION.fullmatch(location):
        raise ApiError("UNIMPLEMENTED", "Operation is not implemented, or supported, or enabled.")


def check_new_name(service_id: str) -> None:
    """Raise unless a service may be called so."""
    if not _NAME.fullmatch(service_id) or len(service_id) > _MAX_NAME:
        raise _violation(
            "CreateServiceRequest",
            "service_id",
            "Resource name must use only lowercase letters, numbers and '-'. Must begin with a "
            f"letter and cannot end with a '-'. Maximum length is {_MAX_NAME} characters.",
        )


def check(service: Any, request: str) -> None:  # noqa: ANN401 - Service
    """Raise when a field of the service cannot be as it is.

    Args:
        service: the message, defaults filled in.
        request: the request's name, for the violation's text.
    """
    template = service.template
    if not template.containers:
        raise _violation(request, "service.template.containers", "required field not present.")
    for index, container in enumerate(template.containers):
        _check_container(container, f"service.template.containers[{index}]", request)
    for field, labels in (("labels", service.labels), ("template.labels", template.labels)):
        _check_labels(labels, f"service.{field}", request)
    if not 0 < template.max_instance_request_concurrency <= _MAX_CONCURRENCY:
        raise _violation(
            request,
            "service.template.max_instance_request_concurrency",
            f"must be between 1 and {_MAX_CONCURRENCY}.",
        )
    if template.timeout.seconds > _MAX_TIMEOUT:
        raise _violation(request, "service.template.timeout", "must be at most 3600 seconds.")
    _check_revision_name(service, request)
    _check_traffic(service, request)


def _check_container(container: Any, path: str, request: str) -> None:  # noqa: ANN401 - Container
    if not container.image:
        raise _violation(request, f"{path}.image", "required field not present.")
    if len(container.ports) > 1:
        raise _violation(request, f"{path}.ports", "ports should contain 0 or 1 port.")
    seen: set[str] = set()
    for index, variable in enumerate(container.env):
        if not variable.name or variable.name in _RESERVED_ENV or variable.name in seen:
            raise _violation(
                request,
                f"{path}.env[{index}].name",
                f"'{variable.name}' is reserved, empty or given twice.",
            )
        seen.add(variable.name)


def _check_labels(labels: Any, path: str, request: str) -> None:  # noqa: ANN401 - a map
    if len(labels) > _MAX_LABELS:
        raise _violation(request, path, f"at most {_MAX_LABELS} labels are allowed.")
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
            raise _violation(
                request,
                path,
                f"label '{key}: {value}' must use lowercase letters, numbers, '_' and '-', begin "
                "with a letter and have at most 63 characters.",
            )


def _check_revision_name(service: Any, request: str) -> None:  # noqa: ANN401 - Service
    wanted = service.template.revision
    prefix = service.name.rpartition("/")[2] + "-"
    if wanted and not (
        wanted.startswith(prefix) and _NAME.fullmatch(wanted) and len(wanted) <= _MAX_REVISION_NAME
    ):
        raise _violation(
            request,
            "service.template.revision",
            f"must be prefixed by the service's name and a dash ('{prefix}').",
        )


def _check_traffic(service: Any, request: str) -> None:  # noqa: ANN401 - Service
    if sum(target.percent for target in service.traffic) != _FULL:
        raise _violation(request, "service.traffic", "percentages must add up to 100.")
    tags = [target.tag for target in service.traffic if target.tag]
    if len(tags) != len(set(tags)):
        raise _violation(request, "service.traffic", "a tag may be given once only.")
    for target in service.traffic:
        if not 0 <= target.percent <= _FULL:
            raise _violation(request, "service.traffic", "percent must be between 0 and 100.")
        if (target.type_ == NAMED) != bool(target.revision) or target.type_ not in (LATEST, NAMED):
            raise _violation(
                request, "service.traffic", "a target is either the latest or a named revision."
            )


def _violation(request: str, path: str, text: str) -> ApiError:
    field = f"Violation in {request}.{path}"
    return invalid(f"{field}: {text}", (field, text))


def check_etag(sent: str, current: Any) -> None:  # noqa: ANN401 - Service or Revision
    """Raise (ABORTED) when an etag was sent and is not the current one."""
    if not sent or sent == current.etag:
        return
    version = run_etag_moment(sent)
    shown = sent if version is None else str(version)
    raise ApiError(
        "ABORTED",
        f"Conflict for resource '{current.name.rpartition('/')[2]}': version '{shown}' was "
        f"specified but current version is '{to_micros(current.update_time)}'.",
    )


def changed(current: Any, sent: Any, mask: Any = None) -> Any:  # noqa: ANN401 - messages
    """The service as it would be after an update; only writable fields are taken.

    Args:
        current: what is, with the ingress as asked for.
        sent: the service of the request.
        mask: the update mask; none, empty or ``*`` replaces every writable field.
    """
    wanted = ServiceMessage()
    wanted.CopyFrom(current)
    asked = list(mask.paths) if mask is not None else []
    paths = [] if "*" in asked else asked
    whole = FieldMask(paths=paths)
    if paths and not whole.IsValidForDescriptor(ServiceMessage.DESCRIPTOR):
        raise invalid(f"The update mask names a field that does not exist: {','.join(paths)}")
    taken = [path for path in paths or WRITABLE if path.partition(".")[0] in WRITABLE]
    for path in taken:
        one = FieldMask(paths=[path])
        one.MergeMessage(sent, wanted, replace_message_field=True, replace_repeated_field=True)
        # Merging never takes a message away that was not sent.
        if "." not in path and not _is_set(sent, path):
            wanted.ClearField(path)
    return wanted


def _is_set(message: Any, field: str) -> bool:  # noqa: ANN401 - a message
    return any(descriptor.name == field for descriptor, _ in message.ListFields())
