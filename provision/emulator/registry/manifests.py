"""Manifests and indexes, as they are pushed: checked, and read for what the registry needs.

Sources: https://github.com/opencontainers/image-spec (manifest, index) and Docker's image manifest
version 2, schema 2. Version 1 manifests are refused.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provision.emulator.registry.names import is_digest
from provision.emulator.registry.refusals import Refusal

LARGEST_MANIFEST = 4 * 1024 * 1024
_LARGEST_CONFIG = 4 * 1024 * 1024
_LARGEST_BLOB = 1 << 44
_PLATFORM = re.compile(r"[a-z0-9]+/[A-Za-z0-9_]+")
_MANIFESTS = frozenset(
    {
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }
)
_INDEXES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)


@dataclass(frozen=True)
class Descriptor:
    """Something a manifest points at; `foreign` content is fetched from elsewhere."""

    digest: str
    size: int
    platform: str = ""
    foreign: bool = False


@dataclass(frozen=True)
class Manifest:
    """What a manifest says.

    Args:
        media_type: as pushed.
        blobs: config first, then the layers; empty for an index.
        children: the manifests of an index.
        subject: digest of what this is attached to, or empty.
        artifact_type: what a referrer is, or empty.
        annotations: of the manifest itself.
    """

    media_type: str
    blobs: tuple[Descriptor, ...]
    children: tuple[Descriptor, ...]
    subject: str
    artifact_type: str
    annotations: dict[str, object]


def parse_manifest(content: bytes, content_type: str) -> Manifest:
    """Read a manifest or index.

    Raises:
        Refusal: MANIFEST_INVALID, with what is wrong with it.
    """
    document = _document(content)
    declared = document.get("mediaType", "")
    if not isinstance(declared, str):
        raise _invalid("mediaType is not a string")
    media_type = content_type.partition(";")[0].strip() or declared
    if declared and declared != media_type:
        raise _invalid("mediaType does not match the Content-Type header")
    if media_type not in _MANIFESTS | _INDEXES or document.get("schemaVersion") != 2:  # noqa: PLR2004 - the only version there is
        raise _invalid(f"media type {media_type!r} is not supported")
    if "manifests" in document and ("layers" in document or "config" in document):
        raise _invalid("it is a manifest and an index at once")
    return _read(document, str(media_type))


def _read(document: dict[str, object], media_type: str) -> Manifest:
    blobs: tuple[Descriptor, ...] = ()
    children: tuple[Descriptor, ...] = ()
    config = _descriptor(document["config"]) if "config" in document else None
    if media_type in _INDEXES:
        children = tuple(_descriptors(document, "manifests"))
    elif config is None:
        raise _invalid("it has no config")
    else:
        blobs = (config, *_descriptors(document, "layers"))
    subject = document.get("subject")
    annotations = document.get("annotations")
    return Manifest(
        media_type=media_type,
        blobs=blobs,
        children=children,
        subject=_descriptor(subject).digest if subject else "",
        artifact_type=str(document.get("artifactType") or _config_type(document)),
        annotations=annotations if isinstance(annotations, dict) else {},
    )


def _document(content: bytes) -> dict[str, object]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise _invalid("it is not JSON") from None
    if not isinstance(document, dict):
        raise _invalid("it is not a JSON object")
    return document


def _descriptors(document: dict[str, object], field: str) -> Iterator[Descriptor]:
    items = document.get(field)
    if not isinstance(items, list):
        raise _invalid(f"{field} is not a list")
    for item in items:
        yield _descriptor(item)


def _descriptor(item: object) -> Descriptor:
    if not isinstance(item, dict):
        raise _invalid("a descriptor is not an object")
    digest, size = item.get("digest"), item.get("size")
    if not (isinstance(digest, str) and is_digest(digest)):
        raise _invalid("a descriptor has no sha256 digest")
    if not isinstance(size, int) or not 0 <= size <= _LARGEST_BLOB:
        raise _invalid("a descriptor has no size")
    return Descriptor(digest, size, _platform(item.get("platform")), bool(item.get("urls")))


def _platform(value: object) -> str:
    if not isinstance(value, dict):
        return ""
    told = f"{value.get('os')}/{value.get('architecture')}"
    return told if value.get("os") and _PLATFORM.fullmatch(told) else ""


def _config_type(document: dict[str, object]) -> str:
    config = document.get("config")
    return str(config.get("mediaType", "")) if isinstance(config, dict) else ""


def image_platform(config: Path) -> str:
    """``os/architecture`` as an image's config blob has it; empty when it is no image config."""
    if config.stat().st_size > _LARGEST_CONFIG:
        return ""
    try:
        return _platform(json.loads(config.read_bytes()))
    except (ValueError, RecursionError):
        return ""


def _invalid(reason: str) -> Refusal:
    return Refusal(400, "MANIFEST_INVALID", f"Invalid manifest: {reason}.")
