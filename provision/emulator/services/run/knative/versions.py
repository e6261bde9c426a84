"""The resourceVersion that a replacement may carry, so that no change is lost."""

import base64
import binascii
from typing import Any

from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.run.knative import to_v1


def check_version(sent: str, message: Any) -> None:  # noqa: ANN401 - Service or Job
    """Raise (ABORTED) when another resourceVersion was sent; in decimal (reported)."""
    current = to_v1.resource_version(message)
    if not sent or sent.rstrip("=").replace("-", "+").replace("_", "/") == current:
        return
    name = message.name.rpartition("/")[2]
    raise ApiError(
        "ABORTED",
        f"Conflict for resource '{name}': version '{_decimal(sent)}' was specified "
        f"but current version is '{to_v1.changed(message)}'.",
    )


def _decimal(version: str) -> int:
    padded = version + "=" * (-len(version) % 4)
    try:
        raw = base64.b64decode(padded, altchars=b"-_", validate=False)
    except binascii.Error as error:
        raise invalid(f"metadata.resourceVersion: '{version}' is not valid.") from error
    return int.from_bytes(raw[:8], "big")
