"""Refusals of callers without a permission, in the words of the APIs that call services.

Sources: Pub/Sub, Cloud Scheduler and Cloud Tasks as people quote them in public issues
(googleapis/nodejs-tasks#249, hashicorp/terraform-provider-google#12069); that Eventarc and
Workflows speak as the other APIs of their kind do is assumed.
"""

from provision.emulator.rpc.calls import Call
from provision.emulator.rpc.status import ApiError, not_found, permission_info


def pubsub_refusal(permission: str, resource: str) -> ApiError:
    """Pub/Sub's words, which name nothing."""
    del permission, resource
    return ApiError("PERMISSION_DENIED", "User not authorized to perform this action.")


def scheduler_refusal(permission: str, resource: str) -> ApiError:
    """The words of Cloud Scheduler and Cloud Tasks."""
    return ApiError(
        "PERMISSION_DENIED",
        f'The principal (user or service account) lacks IAM permission "{permission}" for the '
        f'resource "{resource}" (or the resource may not exist).',
    )


def eventarc_refusal(permission: str, resource: str) -> ApiError:
    """Eventarc's words."""
    return _platform_refusal("eventarc", permission, resource)


def workflows_refusal(permission: str, resource: str) -> ApiError:
    """The words of Workflows."""
    return _platform_refusal("workflows", permission, resource)


def _platform_refusal(api: str, permission: str, resource: str) -> ApiError:
    full = f"//{api}.googleapis.com/{resource}"
    return ApiError(
        "PERMISSION_DENIED",
        f"Permission '{permission}' denied on resource '{full}' (or it may not exist).",
        permission_info(permission, resource),
    )


def pubsub_missing(name: str) -> ApiError:
    """NOT_FOUND in Pub/Sub's words (reported)."""
    return not_found(f"Resource not found (resource={name.rpartition('/')[2]}).")


def pubsub_exists(name: str) -> ApiError:
    """ALREADY_EXISTS in Pub/Sub's words (reported)."""
    short = name.rpartition("/")[2]
    text = f"Resource already exists in the project (resource={short})."
    return ApiError("ALREADY_EXISTS", text)


def platform_missing(name: str) -> ApiError:
    """NOT_FOUND in the words of Workflows (recorded), which Eventarc's are assumed to be, too."""
    return not_found(f"Resource '{name}' was not found")


def platform_exists(name: str) -> ApiError:
    """ALREADY_EXISTS in the same words."""
    return ApiError("ALREADY_EXISTS", f"Resource '{name}' already exists")


def check_unfiltered(call: Call) -> None:
    """Raise (UNIMPLEMENTED) for a list with a filter, so that nobody takes it for applied."""
    if call.request.filter:
        raise ApiError("UNIMPLEMENTED", f"{call.method} with filter is not offered here.")


def not_done(what: str) -> ApiError:
    """What cannot be had here: UNIMPLEMENTED, in plain words."""
    return ApiError("UNIMPLEMENTED", f"{what} not offered by this emulator.")
