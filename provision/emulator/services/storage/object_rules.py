"""What an object must be, and which of its metadata are kept.

Source: "About Cloud Storage objects" (names), the discovery document of the JSON API (fields).
"""

from typing import Any

from provision.emulator.services.storage.errors import not_here, wrong

_KEPT = (
    *("contentType", "contentEncoding", "contentDisposition", "contentLanguage", "cacheControl"),
    *("metadata", "customTime", "storageClass"),
)
_TOLD = (
    *("kind", "id", "selfLink", "mediaLink", "name", "bucket", "generation", "metageneration"),
    *("size", "md5Hash", "crc32c", "etag", "timeCreated", "updated", "timeStorageClassUpdated"),
    *("timeFinalized", "kmsKeyName", "componentCount", "owner"),
)
_OFF: dict[str, Any] = {"eventBasedHold": False, "temporaryHold": False, "acl": []}
"""What may be sent only to say that it is not wanted."""
_LONGEST = 1024


def check_name(name: object) -> str:
    """The name of a new object. Raises `StorageError` for one that cannot be."""
    if not isinstance(name, str) or not name:
        raise wrong("Required", "required")
    raw = name.encode("utf-8", "replace")  # half of a surrogate pair is no letter of a name
    long = len(raw) > _LONGEST or raw.decode() != name
    odd = any(one in name for one in "\r\n") or name in {".", ".."}
    if long or odd or name.startswith(".well-known/acme-challenge/"):
        raise wrong(f"Invalid object name: '{name[:250]}'")
    return name


def settled(before: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """An object's metadata after a write; what is null is taken away.

    Args:
        before: those that it has; empty for a new object.
        sent: the object as sent.

    Raises:
        StorageError: it cannot be, or is not offered here.
    """
    after = dict(before)
    for key, value in sent.items():
        if key in _KEPT and value is None:
            after.pop(key, None)
        elif key == "metadata":
            after[key] = _custom(before.get(key, {}), value)
        elif key in _KEPT:
            if not isinstance(value, str):
                raise wrong("Parse Error", "parseError")
            after[key] = value
        elif key not in _TOLD and value is not None and (key not in _OFF or value != _OFF[key]):
            raise not_here(f"Objects with {key} are")
    return {key: value for key, value in after.items() if value not in ("", {})}


def _custom(before: dict[str, str], sent: object) -> dict[str, str]:
    if not isinstance(sent, dict):
        raise wrong("Parse Error", "parseError")
    both = {**before, **sent}
    kept = {key: value for key, value in both.items() if value is not None}
    if not all(isinstance(value, str) for value in kept.values()):
        raise wrong("Parse Error", "parseError")
    return kept


def check_sums(sent: dict[str, Any], md5: str, crc32c: str) -> None:
    """Raise `StorageError` when what came is not what its sender meant.

    Args:
        sent: the object as sent.
        md5: of what came.
        crc32c: of what came.
    """
    for field, title, found in (("md5Hash", "MD5 hash", md5), ("crc32c", "CRC32C", crc32c)):
        wanted = sent.get(field)
        if wanted and wanted != found:
            raise wrong(
                f'Provided {title} "{str(wanted)[:50]}" doesn\'t match calculated {title} '
                f'"{found}".'
            )
