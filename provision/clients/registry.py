"""Image registries over HTTP: manifests and configurations, read only.

The protocol is that of https://github.com/opencontainers/distribution-spec/blob/main/spec.md;
how tokens are come by stands in https://distribution.github.io/distribution/spec/auth/token/.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provision.clients.registry_http import RegistryHttp
from provision.errors import BuildError, UnavailableError
from provision.resources import ImageReference

_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_MANIFEST_LIMIT = 4 * 1024 * 1024
"""Bytes; the specification's own limit for manifests."""
_CONFIG_LIMIT = 8 * 1024 * 1024


@dataclass(frozen=True)
class Manifest:
    """A manifest, or an index of several.

    Args:
        reference: the image by digest.
        media_type: as the registry said.
        body: the document.
    """

    reference: ImageReference
    media_type: str
    body: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """``sha256:…`` of the document itself."""
        return self.reference.digest

    @property
    def is_index(self) -> bool:
        """Whether it lists manifests rather than being one."""
        return self.media_type in _INDEXES

    @property
    def config_digest(self) -> str:
        """Digest of the configuration, which is the engine's image id; empty for an index."""
        return str(self.body.get("config", {}).get("digest", ""))


@dataclass(frozen=True)
class Configuration:
    """What an image says of itself.

    Args:
        digest: of the configuration, which is the engine's image id.
        platform: ``os/architecture``.
        labels: of the image.
    """

    digest: str
    platform: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Registry:
    """Any image registry, by the host in the reference.

    Args:
        http: asks, with the credentials that belong to the host.
    """

    http: RegistryHttp

    def find_manifest(self, reference: ImageReference) -> Manifest | None:
        """What a tag or digest names, or None when there is nothing by that name.

        Raises:
            PermissionDeniedError: it may not be read.
            UnavailableError: the registry cannot be reached, or its answer is not a manifest.
        """
        wanted = reference.digest or reference.tag or "latest"
        answer = self.http.find(
            reference, f"manifests/{wanted}", accept=(*_INDEXES, *_MANIFESTS), limit=_MANIFEST_LIMIT
        )
        if answer is None:
            return None
        digest = _digest(answer.body)
        if reference.digest and digest != reference.digest:
            raise _unusable(reference, f"what it sent has the digest {digest}")
        body = _document(reference, answer.body)
        media_type = answer.media_type if answer.media_type in _INDEXES + _MANIFESTS else ""
        media_type = media_type or str(body.get("mediaType", ""))
        if media_type not in _INDEXES + _MANIFESTS:
            raise _unusable(reference, f"it sent {media_type or answer.media_type or 'no type'}")
        return Manifest(reference.with_digest(digest), media_type, body)

    def platforms(self, manifest: Manifest) -> tuple[str, ...]:
        """``os/architecture`` of everything there is to run.

        Entries of an index that are not images (attestations) say ``unknown``, and are left out.
        """
        if not manifest.is_index:
            return (self._configuration(manifest).platform,)
        found = [_platform(item.get("platform", {})) for item in manifest.body.get("manifests", [])]
        return tuple(dict.fromkeys(item for item in found if "unknown" not in item))

    def find_configuration(self, manifest: Manifest, platform: str) -> Configuration | None:
        """The configuration of the image for `platform`, or None when there is none for it."""
        if not manifest.is_index:
            configuration = self._configuration(manifest)
            return configuration if configuration.platform == platform else None
        for item in manifest.body.get("manifests", []):
            if _platform(item.get("platform", {})) == platform:
                inner = self.find_manifest(manifest.reference.with_digest(str(item["digest"])))
                return self._configuration(inner) if inner else None
        return None

    def _configuration(self, manifest: Manifest) -> Configuration:
        digest = manifest.config_digest
        answer = self.http.find(
            manifest.reference, f"blobs/{digest}", accept=("*/*",), limit=_CONFIG_LIMIT
        )
        if answer is None:
            raise BuildError(
                f"Reading the configuration of {manifest.reference}: the registry has none.",
                hint="The image is damaged there: push it again.",
            )
        if _digest(answer.body) != digest:
            raise _unusable(
                manifest.reference, "its configuration does not have the digest it says"
            )
        body = _document(manifest.reference, answer.body)
        labels = (body.get("config") or {}).get("Labels") or {}
        return Configuration(digest, _platform(body), labels)


def _platform(described: Mapping[str, Any]) -> str:
    return f"{described.get('os', 'unknown')}/{described.get('architecture', 'unknown')}"


def _digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _document(reference: ImageReference, body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise _unusable(reference, "it sent no JSON document")
    return document


def _unusable(reference: ImageReference, why: str) -> UnavailableError:
    return UnavailableError(f"Reading {reference} from {reference.host}: {why}.")
