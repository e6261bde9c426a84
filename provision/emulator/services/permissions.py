"""Refusals of callers without a permission, in the words of each API."""

from collections.abc import Callable

from google.rpc import error_details_pb2

from provision.emulator.iam.permission_names import to_v2
from provision.emulator.rpc.calls import Call
from provision.emulator.rpc.status import ApiError, permission_info
from provision.emulator.seams import RequestAttributes
from provision.emulator.world import World

Refusal = Callable[[str, str], ApiError]
"""Makes the error from a permission and a resource name."""


def require(  # noqa: PLR0913 - what a check is made of
    world: World,
    call: Call,
    permission: str,
    resource: str,
    refusal: Refusal,
    *,
    attributes: RequestAttributes | None = None,
) -> None:
    """Raise the refusal unless the caller holds the permission on the resource."""
    if not world.access.allowed(call.principal, permission, resource, attributes):
        raise _deleted(world, permission, resource) or refusal(
            permission, world.hierarchy.canonical(resource)
        )


def _deleted(world: World, permission: str, resource: str) -> ApiError | None:
    """The refusal of a project that awaits deletion; None for others.

    Words and reason: googleapis/google-api-php-client#2422.
    """
    hierarchy = world.hierarchy
    if permission.startswith("resourcemanager.") or not hierarchy.awaits_deletion(resource):
        return None
    found = hierarchy.find(hierarchy.node(resource).removeprefix("projects/"))
    if found is None:
        return None
    info = error_details_pb2.ErrorInfo(
        reason="CONSUMER_INVALID",
        domain="googleapis.com",
        metadata={"consumer": f"projects/{found.number}"},
    )
    return ApiError("PERMISSION_DENIED", f"Project #{found.number} has been deleted.", info)


def run_refusal(permission: str, resource: str) -> ApiError:
    """Cloud Run's words."""
    return ApiError(
        "PERMISSION_DENIED",
        f"Permission '{permission}' denied on resource '{resource}' (or resource may not exist).",
    )


def artifact_refusal(permission: str, resource: str) -> ApiError:
    """Artifact Registry's words."""
    full = f"//artifactregistry.googleapis.com/{resource}"
    return ApiError(
        "PERMISSION_DENIED",
        f"Permission '{permission}' denied on resource '{full}' (or it may not exist).",
        permission_info(permission, resource),
    )


def iam_refusal(permission: str, resource: str) -> ApiError:
    """The words of IAM and of IAM Credentials."""
    return ApiError(
        "PERMISSION_DENIED",
        f"Permission '{permission}' denied on resource (or it may not exist).",
        permission_info(permission, resource),
    )


def project_refusal(permission: str, resource: str) -> ApiError:
    """Resource Manager's words."""
    del permission, resource
    return ApiError("PERMISSION_DENIED", "The caller does not have permission")


def deny_refusal(permission: str, point: str) -> ApiError:
    """IAM's words about deny policies, which name permission and resource in the v2 form.

    Args:
        permission: as in ``iam.denypolicies.create``.
        point: the attachment point as it was sent.
    """
    return ApiError(
        "PERMISSION_DENIED",
        f"Permission {to_v2(permission)} denied on resource {point}",
        permission_info(to_v2(permission), point),
    )
