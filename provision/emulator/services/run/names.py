"""What names, labels, annotations and addresses of accounts may look like."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from provision.emulator.rpc.status import ApiError, invalid, not_found
from provision.emulator.services.run.violations import Problem, ViolationError

NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
MAX_SERVICE_NAME = 49
MAX_NAME = 63
_LOCATION = re.compile(r"[a-z]+-[a-z]+\d+")
# Other tools' labels have a domain in front: gcloud sets client.knative.dev/nonce.
_LABEL_KEY = re.compile(r"(?:[a-z0-9][a-z0-9.-]{0,252}/)?[a-z][a-z0-9_-]{0,62}")
# As gcloud's own ``client.knative.dev/nonce``, which v2 shows (recorded in v1).
_DOMAIN_KEY = re.compile(
    r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
)
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_MAX_LABELS = 64
_EMAIL = re.compile(r"[a-z0-9][a-z0-9._-]*@[a-z0-9][a-z0-9.-]*\.[a-z]+")
_SYSTEM = (
    "run.googleapis.com",
    "cloud.googleapis.com",
    "serving.knative.dev",
    "autoscaling.knative.dev",
)


_COLLECTIONS = {
    "SERVICE": "services",
    "REVISION": "services/*/revisions",
    "JOB": "jobs",
    "EXECUTION": "jobs/*/executions",
    "TASK": "jobs/*/executions/*/tasks",
    "INSTANCE": "instances",
}


def checked_name(name: str, kind: str) -> str:
    """A canonical full name, unless it is malformed or of a place that is not served.

    Args:
        name: ``projects/P/locations/R/…`` with the project's id.
        kind: ``SERVICE``, ``REVISION``, ``JOB``, ``EXECUTION``, ``TASK`` or ``INSTANCE``.

    Raises:
        ApiError: INVALID_ARGUMENT or UNIMPLEMENTED.
    """
    _check_form(name, f"projects/*/locations/*/{_COLLECTIONS[kind]}/*")
    check_location(name.split("/")[3])
    return name


def checked_parent(parent: str, collection: str = "") -> str:
    """The canonical parent of a list, checked in the same way.

    Args:
        parent: ``projects/P/locations/R`` or what is beneath it.
        collection: what of it holds the list, as in ``services/*``.
    """
    _check_form(parent, "/".join(one for one in ("projects/*/locations/*", collection) if one))
    location = parent.split("/")[3]
    if location == "-":
        raise invalid("The location of the parent cannot be the '-' wildcard.")
    check_location(location)
    return parent


def _check_form(name: str, form: str) -> None:
    if not re.fullmatch(re.escape(form).replace(r"\*", "[^/]+"), name):
        raise invalid(f"Invalid resource name '{name[:200]}'; it must have the form {form}.")


def check_location(location: str) -> None:
    """Raise (UNIMPLEMENTED) unless it looks like a region; other locations are not served."""
    if not _LOCATION.fullmatch(location):
        raise ApiError("UNIMPLEMENTED", "Operation is not implemented, or supported, or enabled.")


def check_new_name(given: str, request: str = "CreateServiceRequest.service_id") -> None:
    """Raise `ViolationError` unless a service or job may be called so.

    Args:
        given: the id.
        request: request and field, for the violation's text.
    """
    longest = MAX_SERVICE_NAME
    if not NAME.fullmatch(given) or len(given) > longest:
        subject, _, field = request.partition(".")
        text = (
            "Resource name must use only lowercase letters, numbers and '-'. Must begin with a "
            f"letter and cannot end with a '-'. Maximum length is {longest} characters."
        )
        raise ViolationError(Problem(field, text), subject)


def label_problems(labels: Mapping[str, str], path: str) -> Iterator[Problem]:
    """Labels follow the rules of Resource Manager's labels, without system namespaces."""
    if len(labels) > _MAX_LABELS:
        yield Problem(path, f"at most {_MAX_LABELS} labels are allowed.")
    for key, value in labels.items():
        if _is_system(key):
            yield Problem(
                path, f"labels with the '{key.partition('/')[0]}' namespace are rejected."
            )
        elif _DOMAIN_KEY.fullmatch(key):
            continue
        elif not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
            yield Problem(
                path,
                f"label '{key}: {value}' must use lowercase letters, numbers, '_' and '-', begin "
                "with a letter and have at most 63 characters.",
            )


def annotation_problems(annotations: Mapping[str, str], path: str) -> Iterator[Problem]:
    """System annotations of v1 have fields of their own in v2 and are rejected (documented)."""
    for key in annotations:
        if _is_system(key):
            namespace = key.partition("/")[0]
            yield Problem(path, f"annotations with the '{namespace}' namespace are not supported.")


def _is_system(key: str) -> bool:
    namespace = key.partition("/")[0] if "/" in key else ""
    return any(namespace == one or namespace.endswith(f".{one}") for one in _SYSTEM)


def account_problems(email: str, path: str) -> Iterator[Problem]:
    """A runtime account is named by its e-mail address."""
    if not _EMAIL.fullmatch(email):
        yield Problem(path, f"'{email}' is not the email address of a service account.")


def enum_problems(message: Any, path: str, *fields: str) -> Iterator[Problem]:  # noqa: ANN401 - protobuf
    """Numbers that no value of a field's enum has; JSON names are refused on their way in."""
    for field in fields:
        number = getattr(message, field)
        values = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
        if number not in values:
            yield Problem(f"{path}.{field}" if path else field, f"{number} is not a known value.")


def missing(name: str, kind: str) -> ApiError:
    """NOT_FOUND in Cloud Run's words.

    Args:
        name: canonical full name.
        kind: ``SERVICE``, ``REVISION``, ``JOB`` and so on.
    """
    _, project, _, region, *_, resource = name.split("/")
    return not_found(
        f"Resource '{resource}' of kind '{kind}' in region '{region}' in project '{project}' does "
        "not exist."
    )


def location_of(name: str) -> str:
    """``projects/P/locations/R`` of a full name."""
    return "/".join(name.split("/")[:4])
