"""Images on disk as the OCI image layout has them, for skopeo to push."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.emulator.registry.talk import INDEX, MANIFEST, OCI

Descriptor = dict[str, object]


class Layout:
    """An OCI image layout.

    Args:
        folder: where it is made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index: list[Descriptor] = []
        (folder / "blobs" / "sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')

    def image(self, layers: Iterable[Mapping[str, bytes]], architecture: str) -> Descriptor:
        """Add an image of layers with these files; its descriptor."""
        archives = [_archive(files) for files in layers]
        config = {
            "architecture": architecture,
            "os": "linux",
            "config": {"Cmd": ["/none"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(one) for one in archives]},
        }
        compressed = [gzip.compress(one, 1, mtime=0) for one in archives]
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self._blob(f"{OCI}.config.v1+json", json.dumps(config).encode()),
            "layers": [self._blob(f"{OCI}.layer.v1.tar+gzip", one) for one in compressed],
        }
        found = self._blob(MANIFEST, json.dumps(document).encode())
        return {**found, "platform": {"os": "linux", "architecture": architecture}}

    def index(self, images: Iterable[Descriptor]) -> Descriptor:
        """Add an index over images; its descriptor."""
        document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(images)}
        return self._blob(INDEX, json.dumps(document).encode())

    def name(self, descriptor: Descriptor, tag: str) -> str:
        """Give an image or index a tag; how skopeo finds it."""
        named = {**descriptor, "annotations": {"org.opencontainers.image.ref.name": tag}}
        self._index.append(named)
        document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": self._index}
        (self.folder / "index.json").write_text(json.dumps(document))
        return f"oci:{self.folder}:{tag}"

    def _blob(self, media_type: str, content: bytes) -> Descriptor:
        digest = _digest(content)
        (self.folder / "blobs" / digest.replace(":", "/")).write_bytes(content)
        return {"mediaType": media_type, "digest": digest, "size": len(content)}


def _archive(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
