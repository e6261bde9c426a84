"""Moments as Google's messages hold them, and the etags that are made of them."""

import base64
import time
from typing import Any

from provision.emulator.rpc.wellknown import Timestamp

_MICRO = 1_000_000


def micros() -> int:
    """Now, in microseconds since the epoch."""
    return time.time_ns() // 1000


def timestamp(moment: int | None = None) -> Any:  # noqa: ANN401 - a Timestamp
    """A protobuf Timestamp of microseconds since the epoch (now when left out)."""
    value = micros() if moment is None else moment
    return Timestamp(seconds=value // _MICRO, nanos=value % _MICRO * 1000)


def to_micros(stamp: Any) -> int:  # noqa: ANN401 - a Timestamp
    """Microseconds since the epoch of a protobuf Timestamp."""
    return int(stamp.seconds) * _MICRO + int(stamp.nanos) // 1000


def run_etag(stamp: Any, name: str) -> str:  # noqa: ANN401 - a Timestamp
    """The etag of a Cloud Run resource, quotes included.

    Recorded form: unpadded base64 of the update time as a Timestamp message, a slash, and unpadded
    base64 of the resource name.
    """
    moment = base64.urlsafe_b64encode(stamp.SerializeToString()).decode().rstrip("=")
    subject = base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")
    return f'"{moment}/{subject}"'


def run_etag_moment(etag: str) -> int | None:
    """The update time (µs) that a Cloud Run etag tells; None when it is not one."""
    try:
        encoded = etag.strip('"').split("/")[0]
        raw = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        return to_micros(Timestamp.FromString(raw))
    except Exception:  # noqa: BLE001 - whatever was sent, it is no etag of ours
        return None


def policy_etag(moment: int) -> bytes:
    """The etag of a policy set at `moment` (µs): 0x07 and seven big-endian bytes (recorded)."""
    return b"\x07" + moment.to_bytes(7, "big")
