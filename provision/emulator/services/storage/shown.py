"""Buckets and objects as the JSON API shows them."""

import datetime as dt
from typing import Any
from urllib.parse import quote

from provision.emulator.services.storage.checksums import bucket_etag, etag
from provision.emulator.services.storage.records import Bucket, Stored

_API = "https://www.googleapis.com/storage/v1"
_MULTI = ("US", "EU", "ASIA")
_OPTIONAL = ("labels", "encryption")
_KEPT_DELETED = str(7 * 24 * 60 * 60)
"""Seconds for which Google keeps deleted objects where nothing else is said (recorded)."""


def moment(stamp: int) -> str:
    """Microseconds since the epoch as Cloud Storage writes them, in milliseconds."""
    at = dt.datetime.fromtimestamp(stamp / 1e6, dt.UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def location_type(location: str) -> str:
    """``multi-region``, ``dual-region`` or ``region``."""
    if location in _MULTI:
        return "multi-region"
    return "region" if "-" in location else "dual-region"


def bucket_json(bucket: Bucket, number: int) -> dict[str, Any]:
    """A bucket.

    Args:
        bucket: which.
        number: of its project.
    """
    settings = bucket.settings
    return {
        "kind": "storage#bucket",
        "selfLink": f"{_API}/b/{bucket.name}",
        "id": bucket.name,
        "name": bucket.name,
        "projectNumber": str(number),
        "generation": str(bucket.created * 1000),
        "metageneration": str(bucket.metageneration),
        "location": settings["location"],
        "storageClass": settings["storageClass"],
        "etag": bucket_etag(bucket.metageneration),
        "timeCreated": moment(bucket.created),
        "updated": moment(bucket.updated),
        **{
            key: settings[key]
            for key in ("labels", "encryption", "softDeletePolicy")
            if key in settings
        },
        "iamConfiguration": _access(bucket),
        "softDeletePolicy": _soft_delete(bucket),
        "locationType": location_type(settings["location"]),
        **({"satisfiesPZI": True} if "-" in settings["location"] else {}),
    }


def _soft_delete(bucket: Bucket) -> dict[str, Any]:
    sent = bucket.settings.get("softDeletePolicy", {})
    for_seconds = str(sent.get("retentionDurationSeconds", _KEPT_DELETED))
    if for_seconds == "0":
        return {"retentionDurationSeconds": "0"}
    return {"retentionDurationSeconds": for_seconds, "effectiveTime": moment(bucket.created)}


def _access(bucket: Bucket) -> dict[str, Any]:
    sent = bucket.settings.get("iamConfiguration", {})
    uniform: dict[str, Any] = {"enabled": False}
    if sent.get("uniformBucketLevelAccess", {}).get("enabled"):
        locked = bucket.created + 90 * 24 * 60 * 60 * 10**6
        uniform = {"enabled": True, "lockedTime": moment(locked)}
    return {
        "bucketPolicyOnly": uniform,
        "uniformBucketLevelAccess": uniform,
        "publicAccessPrevention": sent.get("publicAccessPrevention", "inherited"),
    }


def object_json(stored: Stored, home: str) -> dict[str, Any]:
    """An object.

    Args:
        stored: which.
        home: the address at which it was asked.
    """
    path = f"{stored.bucket}/o/{quote(stored.name, safe='')}"
    media = f"{home}/download/storage/v1/b/{path}?generation={stored.generation}&alt=media"
    created = moment(stored.created)
    return {
        "kind": "storage#object",
        "id": f"{stored.bucket}/{stored.name}/{stored.generation}",
        "selfLink": f"{_API}/b/{path}",
        "mediaLink": media,
        "name": stored.name,
        "bucket": stored.bucket,
        "generation": str(stored.generation),
        "metageneration": str(stored.metageneration),
        **stored.settings,
        "size": str(stored.content.size),
        "md5Hash": stored.content.md5,
        "crc32c": stored.content.crc32c,
        "etag": etag(stored.generation, stored.metageneration),
        "timeCreated": created,
        "updated": moment(stored.updated),
        "timeStorageClassUpdated": created,
        "timeFinalized": created,
    }
