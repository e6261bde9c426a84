"""What a bucket must be, and what of it is kept.

Source: "About Cloud Storage buckets" (names), the discovery document of the JSON API (fields).
"""

import re
from typing import Any

from provision.emulator.services.storage.errors import not_here, wrong

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_LOCATION = re.compile(r"[A-Z]{2,4}\d?|[A-Z]+(?:-[A-Z]+)+\d+")
_KEY = re.compile(
    r"projects/[^/]+/locations/[a-z0-9-]+/keyRings/[A-Za-z0-9_-]{1,63}"
    r"/cryptoKeys/[A-Za-z0-9_-]{1,63}"
)
_CLASSES = ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "MULTI_REGIONAL", "REGIONAL")
_KEPT = ("labels", "encryption", "iamConfiguration", "softDeletePolicy")
_TOLD = (
    *("kind", "id", "name", "selfLink", "etag", "projectNumber", "location", "storageClass"),
    *("metageneration", "generation", "timeCreated", "updated", "locationType", "satisfiesPZS"),
    "satisfiesPZI",
)
_OFF: dict[str, tuple[Any, ...]] = {
    "versioning": ({}, {"enabled": False}),
    "hierarchicalNamespace": ({}, {"enabled": False}),
    "autoclass": ({}, {"enabled": False}),
    "billing": ({}, {"requesterPays": False}),
    "lifecycle": ({}, {"rule": []}),
    "cors": ([],),
    "defaultEventBasedHold": (False,),
    "rpo": ("DEFAULT",),
}
"""What may be sent only to say that it is not wanted."""
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
    after = dict(before)
    for key, value in sent.items():
        if key in _KEPT and value is None:
            after.pop(key, None)
        elif key in _KEPT:
            after[key] = _merged(before.get(key), value)
        elif key not in _TOLD and value is not None and value not in _OFF.get(key, ()):
            raise not_here(f"Buckets with {key} are")
    after.setdefault("location", _location(sent.get("location") or "US"))
    wanted = sent.get("storageClass") or after.get("storageClass") or "STANDARD"
    after["storageClass"] = check_class(wanted)
    _check(after)
    return after


def _merged(before: Any, sent: Any) -> Any:  # noqa: ANN401 - JSON
    """A field after a patch: maps key by key, null takes a key away."""
    if not isinstance(sent, dict) or not isinstance(before, dict):
        return sent
    both = {**before, **sent}
    return {key: value for key, value in both.items() if value is not None}


def _location(sent: object) -> str:
    text = sent.upper() if isinstance(sent, str) else ""
    if not _LOCATION.fullmatch(text):
        raise wrong("The specified location constraint is not valid.")
    return text


def _check(settings: dict[str, Any]) -> None:
    for key in _KEPT:
        if not isinstance(settings.get(key, {}), dict):
            raise wrong("Parse Error", "parseError")
    for key in settings.get("encryption", {}):
        if key != "defaultKmsKeyName":
            raise not_here(f"Buckets with encryption.{key} are")
    named = settings.get("encryption", {}).get("defaultKmsKeyName")
    if named is not None:
        check_key(named)
    labels = settings.get("labels", {})
    if not all(isinstance(value, str) for value in labels.values()):
        raise wrong("Parse Error", "parseError")


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
