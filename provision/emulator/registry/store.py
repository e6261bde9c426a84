"""The registry's content, whole: bytes on disk and the catalog of who sees what."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from provision.emulator.registry.blobs import BlobFiles, digest_of
from provision.emulator.registry.catalog import Catalog
from provision.emulator.registry.manifests import Manifest, image_platform
from provision.emulator.registry.names import ImageName, is_digest, parse_reference
from provision.emulator.registry.refusals import Refusal
from provision.emulator.registry.wanted import Wanted
from provision.emulator.seams import RepositoryKey, StoredFile, StoredImage

_UNUSED_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Store:
    """Files and catalog, kept in step; made by `open_store`."""

    files: BlobFiles
    catalog: Catalog
    clock: Callable[[], float]
    wanted: Wanted = field(default_factory=Wanted)

    def drop_stale_uploads(self, *, unowned: bool = False) -> None:
        """Drop the uploads that nobody went on with for a day.

        Args:
            unowned: those that nobody owns too; left by a run that ended between two steps.
        """
        oldest = self.clock() - _UNUSED_SECONDS
        unfinished = dict(self.files.unfinished())
        owned = set(self.catalog.uploads())
        for upload, touched in unfinished.items():
            if touched < oldest or (unowned and upload not in owned):
                self.files.abandon(upload)
        for upload in owned:
            if unfinished.get(upload, 0.0) < oldest:
                self.catalog.drop_upload(upload)

    def drop_unused_blobs(self) -> None:
        """Drop blobs that no manifest uses a day after they came, and those that nobody owns."""
        for digest, written in self.files.stored():
            if written < self.clock() - _UNUSED_SECONDS:
                self.catalog.drop_unused_blob(digest)
            if not self.catalog.knows(digest):
                self.files.remove(digest)

    def resolve(self, name: ImageName, target: str) -> StoredImage | None:
        """The manifest that a tag or digest means."""
        digest = target if is_digest(target) else self.catalog.digest(name, target)
        return self.catalog.image(name, digest) if digest else None

    def draft(self, name: ImageName, manifest: Manifest, content: bytes) -> StoredImage:
        """What a manifest would be once stored; writes nothing.

        Raises:
            Refusal: MANIFEST_BLOB_UNKNOWN when something it points at is missing.
        """
        children = self._children(name, manifest)
        self._require_blobs(name, manifest)
        platforms = [child.platform for child in manifest.children]
        if manifest.blobs:
            platforms = [image_platform(self.files.path(manifest.blobs[0].digest))]
        return StoredImage(
            repository=name.repository,
            package=name.package,
            digest=digest_of(content),
            media_type=manifest.media_type,
            size=sum(blob.size for blob in manifest.blobs) + sum(child.size for child in children),
            tags=(),
            platforms=tuple(platform for platform in platforms if platform),
            uploaded=self.clock(),
        )

    def add_manifest(self, name: ImageName, manifest: Manifest, image: StoredImage) -> None:
        """Store what `draft` made of a manifest whose bytes are on disk.

        Raises:
            Refusal: the bytes went with another manifest that was deleted just now.
        """
        self.require_file(image.digest)
        self.catalog.add_manifest(name, image, manifest)
        used = (image.digest, *(blob.digest for blob in manifest.blobs))
        self.wanted.settle(name.repository, used)

    def require_file(self, digest: str) -> None:
        """Refuse when content that was just written has been deleted again."""
        if not self.files.path(digest).exists():
            raise _missing(digest)

    def _children(self, name: ImageName, manifest: Manifest) -> list[StoredImage]:
        found = []
        for child in manifest.children:
            image = self.catalog.image(name, child.digest)
            if image is None:
                raise _missing(child.digest)
            found.append(image)
        return found

    def _require_blobs(self, name: ImageName, manifest: Manifest) -> None:
        for blob in manifest.blobs:
            if not blob.foreign and not self.catalog.has_blob(name.repository, blob.digest):
                raise _missing(blob.digest)

    def remove_manifest(self, name: ImageName, digest: str) -> None:
        """Delete a manifest and the content that only it used."""
        wanted = self.wanted.of(name.repository)
        self._remove_files(self.catalog.drop_manifest(name, digest, wanted))

    def _remove_files(self, unused: Iterable[str]) -> None:
        for digest in unused:
            if not self.wanted.anywhere(digest):
                self.files.remove(digest)

    def remove_repository(self, repository: RepositoryKey) -> None:
        """Delete everything in a repository."""
        self.wanted.settle(repository, self.wanted.of(repository))
        self._remove_files(self.catalog.drop_repository(repository))


@dataclass(frozen=True)
class StoredImages:
    """What the control side asks of the registry (`seams.Images`)."""

    store: Store
    public_host: Callable[[], str]

    def find(self, reference: str) -> StoredImage | None:
        """The image a reference points at; see `seams.Images`."""
        host = self.public_host()
        port = host.rpartition(":")[2]
        wanted = parse_reference(reference, (host, f"127.0.0.1:{port}", f"localhost:{port}"))
        return self.store.resolve(wanted.name, wanted.target) if wanted else None

    def list(self, repository: RepositoryKey) -> Sequence[StoredImage]:
        """Everything in a repository, oldest first."""
        return self.store.catalog.images(repository)

    def pull_reference(self, image: StoredImage) -> str:
        """By digest, on this machine's own address."""
        return f"{self.public_host()}/{_name(image).path}@{image.digest}"

    def files(self, repository: RepositoryKey) -> Sequence[StoredFile]:
        """Every blob and manifest in a repository, by digest."""
        owners: dict[str, StoredImage | None] = dict.fromkeys(self.store.catalog.blobs(repository))
        owners.update((image.digest, image) for image in self.list(repository))
        return [self._file(digest, owners[digest]) for digest in sorted(owners)]

    def _file(self, digest: str, owner: StoredImage | None) -> StoredFile:
        status = self.store.files.path(digest).stat()
        return StoredFile(digest, status.st_size, status.st_mtime, owner)

    def children(self, image: StoredImage) -> Sequence[str]:
        """The digests of what it points at."""
        return self.store.catalog.targets(_name(image), image.digest)

    def parents(self, image: StoredImage) -> Sequence[str]:
        """The digests of the indexes that hold it."""
        return self.store.catalog.parents(_name(image), image.digest)

    def set_tag(self, image: StoredImage, tag: str) -> None:
        """Point a tag at the image."""
        self.store.catalog.set_tag(_name(image), tag, image.digest)

    def drop_tag(self, image: StoredImage, tag: str) -> None:
        """Take a tag of the image's package away."""
        self.store.catalog.drop_tag(_name(image), tag)

    def delete(self, image: StoredImage) -> None:
        """Delete a manifest or index with its tags, and the content that only it used."""
        self.store.remove_manifest(_name(image), image.digest)

    def forget(self, repository: RepositoryKey) -> None:
        """The repository was deleted."""
        self.store.remove_repository(repository)


def open_store(directory: Path, clock: Callable[[], float] = time.time) -> Store:
    """Open the content in `directory`, as an earlier run left it, and clear away its leavings."""
    # Images hold what their owner may not want read by others on this machine.
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = BlobFiles(directory)
    catalog = Catalog(directory / "registry.sqlite3")
    store = Store(files, catalog, clock)
    store.drop_stale_uploads(unowned=True)
    store.drop_unused_blobs()
    return store


def _name(image: StoredImage) -> ImageName:
    return ImageName(image.repository, image.package)


def _missing(digest: str) -> Refusal:
    return Refusal(
        400, "MANIFEST_BLOB_UNKNOWN", f"The manifest refers to unknown content {digest}."
    )
