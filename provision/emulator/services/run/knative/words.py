"""How v1 refuses: names in the Knative form, and field paths without the request in front."""

import re

from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.run.violations import ViolationError

NAME_RULE = (
    "Resource name must use only lowercase letters, numbers and '-'. Must begin with a letter and "
    "cannot end with a '-'. Maximum length is 63 characters."
)
"""Google's words for a bad name (reported)."""

_PATHS = (
    ("template.containers", "spec.template.spec.containers"),
    ("template.volumes", "spec.template.spec.volumes"),
    (
        "template.max_instance_request_concurrency",
        "spec.template.spec.containerConcurrency",
    ),
    ("template.timeout", "spec.template.spec.timeoutSeconds"),
    ("template.labels", "spec.template.metadata.labels"),
    ("template.annotations", "spec.template.metadata.annotations"),
    ("template.revision", "spec.template.metadata.name"),
    ("traffic", "spec.traffic"),
    ("labels", "metadata.labels"),
    ("annotations", "metadata.annotations"),
    ("service_id", "metadata.name"),
    ("overrides.container_overrides", "overrides.containerOverrides"),
    ("overrides.task_count", "overrides.taskCount"),
)


def refusal(permission: str, resource: str) -> ApiError:
    """A missing permission, the resource named as ``namespaces/P/services/S`` (reported)."""
    return ApiError(
        "PERMISSION_DENIED",
        f"Permission '{permission}' denied on resource '{knative_name(resource)}' "
        "(or resource may not exist).",
    )


def list_refusal(permission: str, resource: str) -> ApiError:
    """A missing permission on a whole collection: ``namespaces/P/services``."""
    kind = permission.split(".")[1]
    project = resource.split("/")[1]
    return refusal(permission, f"projects/{project}/locations/-/{kind}")


def knative_name(name: str) -> str:
    """``namespaces/P/services/S`` of ``projects/P/locations/R/services/S``."""
    below = r"(?:\w+/[^/]+/)*?(\w+/[^/]+|\w+)"
    found = re.fullmatch(rf"projects/([^/]+)/locations/[^/]+/{below}", name)
    return f"namespaces/{found.group(1)}/{found.group(2)}" if found else name


def violation(path: str, text: str) -> ApiError:
    """A field that cannot be so, with BadRequest details (reported for names)."""
    return invalid(f"{path}: {text}", (path, text))


def unsupported(path: str) -> ApiError:
    """A field of Kubernetes that Cloud Run does not have."""
    return violation(path, "This field is not supported by Cloud Run.")


def of_v2(error: ApiError) -> ApiError:
    """An error of the writes that both forms share, worded as v1 words it."""
    if not isinstance(error, ViolationError):
        return error
    for ours, theirs in _PATHS:
        if error.problem.path.startswith(ours):
            path = theirs + error.problem.path.removeprefix(ours)
            return violation(path, error.problem.text)
    return violation(error.problem.path, error.problem.text)
