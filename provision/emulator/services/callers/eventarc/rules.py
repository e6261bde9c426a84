"""What a trigger must be.

Source: the comments of ``google.cloud.eventarc.v1``; the words are assumed.
"""

import re
from typing import Any

from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.callers.words import not_done

WRITABLE = (
    "event_filters",
    "service_account",
    "destination",
    "labels",
    "event_data_content_type",
)
"""The fields that a caller may set, now and later."""
PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"
_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_EVENT_TYPE = re.compile(r"[a-z][a-z0-9.-]*\.v\d+[a-z0-9]*\.[A-Za-z0-9]+")
_OPERATORS = ("", "match-path-pattern", "path_pattern")
_CONTENT_TYPES = ("", "application/json", "application/protobuf")
_WORKFLOW = re.compile(r"projects/[^/]+/locations/[^/]+/workflows/[^/]+")
_FUNCTION = re.compile(r"projects/[^/]+/locations/[^/]+/functions/[^/]+")
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_MOST_LABELS = 64
_AUDIT = "google.cloud.audit.log.v1.written"
_NEEDED = {
    _AUDIT: ("serviceName", "methodName"),
    "google.cloud.storage.object.v1.finalized": ("bucket",),
    "google.cloud.storage.object.v1.archived": ("bucket",),
    "google.cloud.storage.object.v1.deleted": ("bucket",),
    "google.cloud.storage.object.v1.metadataUpdated": ("bucket",),
}
"""Attributes that a type of event cannot be filtered without (documented)."""


def check_id(given: str) -> None:
    """Raise `ApiError` (INVALID_ARGUMENT) for a name that no trigger can have."""
    if not _ID.fullmatch(given):
        raise _refused(
            "trigger_id",
            "must begin with a lowercase letter, hold lowercase letters, numbers and hyphens, "
            "end with no hyphen, and have at most 63 characters",
        )


def check_same_name(sent: str, name: str) -> None:
    """Raise `ApiError` (INVALID_ARGUMENT) when the trigger says to have another name."""
    if sent not in ("", name):
        raise _refused("trigger.name", f"must be {name}")


def check(trigger: Any) -> None:  # noqa: ANN401 - Trigger
    """Raise `ApiError` for a trigger that cannot be."""
    _check_filters(trigger.event_filters)
    _check_destination(trigger.destination)
    if trigger.event_data_content_type not in _CONTENT_TYPES:
        raise _refused("trigger.event_data_content_type", f"must be {_CONTENT_TYPES[1]} or so")
    labels = trigger.labels
    fit = all(_LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(labels[key]) for key in labels)
    if not fit or len(labels) > _MOST_LABELS:
        raise _refused("trigger.labels", "must be at most 64 of lowercase letters and numbers")


def event_type(trigger: Any) -> str:  # noqa: ANN401 - Trigger
    """The type of event that a trigger is for."""
    return next((one.value for one in trigger.event_filters if one.attribute == "type"), "")


def _check_filters(filters: Any) -> None:  # noqa: ANN401 - EventFilters
    values = {one.attribute: one.value for one in filters}
    if len(values) != len(filters):
        raise _refused("trigger.event_filters", "must not name an attribute twice")
    kind = values.get("type", "")
    if not _EVENT_TYPE.fullmatch(kind):
        raise _refused("trigger.event_filters", "must have the type of an event")
    if any(one.operator not in _OPERATORS or not one.value for one in filters):
        raise _refused("trigger.event_filters", "must have values and known operators")
    missing = [one for one in _NEEDED.get(kind, ()) if one not in values]
    if missing:
        raise _refused("trigger.event_filters", f"must have {missing[0]} for {kind}")


def _check_destination(destination: Any) -> None:  # noqa: ANN401 - Destination
    kind = destination.WhichOneof("descriptor")
    if kind is None:
        raise _refused("trigger.destination", "is required")
    if kind in ("gke", "http_endpoint"):
        raise not_done(f"Triggers with the destination {kind} are")
    if kind == "cloud_run":
        _check_service(destination.cloud_run)
    pattern = {"workflow": _WORKFLOW, "cloud_function": _FUNCTION}.get(kind)
    if pattern is not None and not pattern.fullmatch(getattr(destination, kind)):
        raise _refused(f"trigger.destination.{kind}", f"must be of the form {pattern.pattern}")


def _check_service(service: Any) -> None:  # noqa: ANN401 - CloudRun
    if not service.service:
        raise _refused("trigger.destination.cloud_run.service", "is required")
    if not service.region:
        raise _refused("trigger.destination.cloud_run.region", "is required")


def _refused(field: str, text: str) -> ApiError:
    return invalid(f"The request was invalid: {field} {text}", (field, text))
