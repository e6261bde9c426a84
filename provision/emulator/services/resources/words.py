"""Resource Manager: what its parts say alike: refusals, names of operations, etags."""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from typing import Any

from provision.emulator.rpc.calls import Call
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import project_refusal, require
from provision.emulator.world import World

PACKAGE = "google.cloud.resourcemanager.v3"


def refused() -> ApiError:
    """What is not there is refused like what may not be seen (recorded)."""
    return project_refusal("", "")


def allow(world: World, call: Call, permission: str, resource: str) -> None:
    """Raise the refusal unless the caller holds ``resourcemanager.`` + `permission`."""
    require(world, call, f"resourcemanager.{permission}", resource, project_refusal)


def operation_name(kind: str) -> str:
    """A new name, as in ``operations/cp.5604738089330105044`` (recorded for new projects)."""
    return f"operations/{kind}.{10**18 + secrets.randbelow(9 * 10**18)}"


def new_number() -> int:
    """A number for a new folder: twelve digits."""
    return 10**11 + secrets.randbelow(9 * 10**11)


def etag(*parts: object) -> str:
    """The checksum of what a resource is now: 16 bytes in base64 (recorded for projects)."""
    digest = hashlib.sha256("\n".join(map(str, parts)).encode()).digest()
    return base64.b64encode(digest[:16]).decode()


def check_etag(sent: str, current: str) -> None:
    """Raise when a caller knows an older state."""
    if sent and sent != current:
        raise ApiError(
            "ABORTED",
            "The etag of the request does not match the current one; read the resource again.",
        )


def bad_field(field: str, issue: str) -> ApiError:
    """A field that cannot be used, in the words that project creation has (reported)."""
    return invalid(f"field [{field}] has issue [{issue}]", (field, issue))


def precondition(message: str) -> ApiError:
    """The resource is in no state for this."""
    return ApiError("FAILED_PRECONDITION", message)


def listed(
    answer: Any,  # noqa: ANN401 - a message class
    field: str,
    shown: Sequence[Any],
    request: Any,  # noqa: ANN401 - protobuf
) -> Any:  # noqa: ANN401 - protobuf
    """One page of a list, as the request asks for it.

    Args:
        answer: the response's class.
        field: its repeated field.
        shown: everything there is to list, as messages.
        request: tells ``page_size`` and ``page_token``.
    """
    found, token = page(shown, request.page_size, request.page_token)
    return answer(**{field: found, "next_page_token": token})


def masked(mask: Any, changeable: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ANN401 - a FieldMask
    """Which fields an update names; all that can be changed when it names none."""
    paths = tuple(mask.paths)
    if not paths or paths == ("*",):
        return changeable
    for path in paths:
        if path not in changeable:
            raise invalid(
                "Request contains an invalid argument.",
                ("update_mask", f"{path} cannot be updated"),
            )
    return paths
