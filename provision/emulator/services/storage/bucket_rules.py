"""What a bucket must be, and what of it is kept.

Source: "About Cloud Storage buckets" (names), the discovery document of the JSON API (fields).
"""

import re
from typing import Any

from provision.emulator.services.storage.errors import not_here, wrong
from provision.emulator.services.storage.fields import Fields, check_texts, unreadable

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_LOCATION = re.compile(r"[A-Z]{2,4}\d?|[A-Z]+(?:-[A-Z]+)+\d+")
_KEY = re.compile(
    r"projects/[^/]+/locations/[a-z0-9-]+/keyRings/[A-Za-z0-9_-]{1,63}"
    r"/cryptoKeys/[A-Za-z0-9_-]{1,63}"
)
_CLASSES = ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "MULTI_REGIONAL", "REGIONAL")
_FIELDS = Fields(
    "Buckets",
    maps=("labels", "encryption", "iamConfiguration", "softDeletePolicy"),
    told=(
        *("kind", "id", "name", "selfLink", "etag", "projectNumber", "location", "storageClass"),
        *("metageneration", "generation", "timeCreated", "updated", "locationType"),
        *("satisfiesPZS", "satisfiesPZI"),
    ),
    off={
        "versioning": ({}, {"enabled": False}),
        "hierarchicalNamespace": ({}, {"enabled": False}),
        "autoclass": ({}, {"enabled": False}),
        "billing": ({}, {"requesterPays": False}),
        "lifecycle": ({}, {"rule": []}),
        "cors": ([],),
        "defaultEventBasedHold": (False,),
        "rpo": ("DEFAULT",),
    },
)
_PREVENTIONS = ("inherited", "enforced", "unspecified")
_SHORTEST, _LONGEST, _LONGEST_DOTTED, _LONGEST_PART = 3, 63, 222, 63


def check_name(name: object) -> str:
    """The name of a new bucket. Raises `StorageError` for one that cannot be."""
    if not isinstance(name, str) or not name:
        raise wrong("Required", "required")
    parts = name.split(".")
    longest = _LONGEST_DOTTED if len(parts) > 1 else _LONGEST
    fits = _SHORTEST <= len(name) <= longest and all(0 < len(one) <= _LONGEST_PART for one in parts)
    google = name.startswith("goog") or "google" in name
    if not fits or not _NAME.fullmatch(name) or _ADDRESS.fullmatch(name) or google:
        raise wrong(f"Invalid bucket name: '{name[:250]}'")
    return name


def settled(before: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """A bucket's settings after a write; what is null is taken away.

    Args:
        before: those that it has; empty for a new bucket.
        sent: the bucket as sent.

    Raises:
        StorageError: it cannot be, or is not offered here.
    """
    after = _FIELDS.settled(before, sent)
    after.setdefault("location", _location(sent.get("location") or "US"))
    wanted = sent.get("storageClass") or after.get("storageClass") or "STANDARD"
    after["storageClass"] = check_class(wanted)
    _check(after)
    return after


def _location(sent: object) -> str:
    text = sent.upper() if isinstance(sent, str) else ""
    if not _LOCATION.fullmatch(text):
        raise wrong("The specified location constraint is not valid.")
    return text


def _check(settings: dict[str, Any]) -> None:
    for key in settings.get("encryption", {}):
        if key != "defaultKmsKeyName":
            raise not_here(f"Buckets with encryption.{key} are")
    named = settings.get("encryption", {}).get("defaultKmsKeyName")
    if named is not None:
        check_key(named)
    check_texts(settings.get("labels", {}))
    access = settings.get("iamConfiguration", {})
    uniform = access.get("uniformBucketLevelAccess", {})
    if not isinstance(uniform, dict) or not isinstance(uniform.get("enabled", False), bool):
        raise unreadable()
    if access.get("publicAccessPrevention", "inherited") not in _PREVENTIONS:
        raise wrong("Invalid value for publicAccessPrevention.")
    kept_for = str(settings.get("softDeletePolicy", {}).get("retentionDurationSeconds", "0"))
    if not kept_for.isascii() or not kept_for.isdecimal():
        raise wrong("Invalid value for softDeletePolicy.retentionDurationSeconds.")


def check_class(name: object) -> str:
    """A storage class. Raises `StorageError` for what is none."""
    if name not in _CLASSES:
        raise wrong(f"Invalid storage class: {str(name)[:100]}")
    return str(name)


def check_key(name: object) -> str:
    """The name of a key of Cloud KMS. Raises `StorageError` for another name."""
    if not isinstance(name, str) or not _KEY.fullmatch(name):
        raise wrong(f"Malformed Cloud KMS crypto key: {str(name)[:250]}")
    return name
