"""What an object must be, and which of its metadata are kept.

Source: "About Cloud Storage objects" (names), the discovery document of the JSON API (fields).
"""

from typing import Any

from provision.emulator.services.storage.errors import wrong
from provision.emulator.services.storage.fields import Fields, check_texts

_FIELDS = Fields(
    "Objects",
    maps=("metadata",),
    texts=(
        *("contentType", "contentEncoding", "contentDisposition", "contentLanguage"),
        *("cacheControl", "customTime", "storageClass"),
    ),
    told=(
        *("kind", "id", "selfLink", "mediaLink", "name", "bucket", "generation"),
        *("metageneration", "size", "md5Hash", "crc32c", "etag", "timeCreated", "updated"),
        *("timeStorageClassUpdated", "timeFinalized", "kmsKeyName", "componentCount", "owner"),
    ),
    off={"eventBasedHold": (False,), "temporaryHold": (False,), "acl": ([],)},
)
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
    after = _FIELDS.settled(before, sent)
    check_texts(after.get("metadata", {}))
    return after


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
