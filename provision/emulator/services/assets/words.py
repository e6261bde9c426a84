"""What the RPCs of the inventory have alike: scopes, permissions, refusals.

The refusal's words were reported for searches.
"""

import re
from collections.abc import Sequence
from typing import Any

from provision.emulator.rpc.calls import Call
from provision.emulator.rpc.status import ApiError, invalid, permission_info
from provision.emulator.services.permissions import require
from provision.emulator.world import World

PACKAGE = "google.cloud.asset.v1"
_SCOPE = re.compile(r"projects/[a-z0-9][a-z0-9.:-]*|(?:folders|organizations)/\d+")


def scope_of(world: World, name: str) -> str:
    """A project, folder or organisation as the emulator names it. Raises `ApiError`."""
    if not _SCOPE.fullmatch(name):
        raise invalid(
            f"Invalid scope '{name}': it must be projects/*, folders/* or organizations/*.",
            ("scope", name),
        )
    return world.hierarchy.canonical(name)


def allow(world: World, call: Call, permissions: Sequence[str], scope: str) -> None:
    """Raise the refusal unless the caller holds all the permissions."""
    for permission in permissions:
        require(world, call, permission, scope, _refusal)


def _refusal(permission: str, resource: str) -> ApiError:
    full = f"//cloudresourcemanager.googleapis.com/{resource}"
    return ApiError(
        "PERMISSION_DENIED",
        f"Permission '{permission}' denied on resource '{full}' (or it may not exist).",
        permission_info(permission, resource),
    )


def types_of(request: Any) -> list[str]:  # noqa: ANN401 - protobuf
    """The asset types, or patterns of them, that a request is about."""
    return [str(one) for one in request.asset_types]
