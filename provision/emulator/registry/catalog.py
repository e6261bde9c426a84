"""What is in which repository: blobs, manifests, tags and unfinished uploads, in one SQLite file.

A blob's bytes are shared by all repositories, but it can be seen only in those it was pushed to or
mounted into: the digest alone opens nothing.
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from provision.emulator.registry.manifests import Manifest
from provision.emulator.registry.names import ImageName
from provision.emulator.seams import RepositoryKey, StoredImage

_SCHEMA = """
CREATE TABLE IF NOT EXISTS blob (
  repository TEXT, digest TEXT, PRIMARY KEY (repository, digest)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS manifest (
  repository TEXT, package TEXT, digest TEXT, media_type TEXT, size INTEGER, platforms TEXT,
  subject TEXT, uploaded REAL, PRIMARY KEY (repository, package, digest)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS target (
  repository TEXT, package TEXT, digest TEXT, target TEXT,
  PRIMARY KEY (repository, package, digest, target)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tag (
  repository TEXT, package TEXT, tag TEXT, digest TEXT,
  PRIMARY KEY (repository, package, tag)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS upload (
  id TEXT PRIMARY KEY, repository TEXT, package TEXT) WITHOUT ROWID;
"""
_TABLES = ("blob", "manifest", "target", "tag", "upload")


class Catalog:
    """The registry's index.

    Args:
        file: the SQLite file; made when missing.
    """

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def has_blob(self, repository: RepositoryKey, digest: str) -> bool:
        """Whether the blob can be seen in the repository."""
        return self._any(
            "SELECT 1 FROM blob WHERE repository = ? AND digest = ?", repository.name, digest
        )

    def add_blob(self, repository: RepositoryKey, digest: str) -> None:
        """Make a stored blob visible in the repository."""
        self._db.execute("INSERT OR IGNORE INTO blob VALUES (?, ?)", (repository.name, digest))

    def add_upload(self, upload: str, name: ImageName) -> None:
        """Remember whose upload it is."""
        self._db.execute(
            "INSERT INTO upload VALUES (?, ?, ?)", (upload, name.repository.name, name.package)
        )

    def has_upload(self, upload: str, name: ImageName) -> bool:
        """Whether the upload is one of this image."""
        return self._any(
            "SELECT 1 FROM upload WHERE id = ? AND repository = ? AND package = ?",
            *(upload, name.repository.name, name.package),
        )

    def uploads(self) -> list[str]:
        """The ids of all uploads that somebody owns."""
        return self._column("SELECT id FROM upload")

    def drop_upload(self, upload: str) -> None:
        """Forget an upload."""
        self._db.execute("DELETE FROM upload WHERE id = ?", (upload,))

    def add_manifest(self, name: ImageName, image: StoredImage, manifest: Manifest) -> None:
        """Store a manifest's facts and what it points at, and the tags of `image`."""
        key = (name.repository.name, name.package, image.digest)
        targets = {part.digest for part in (*manifest.blobs, *manifest.children)}
        facts = (image.media_type, image.size, " ".join(image.platforms), manifest.subject)
        with self._transaction():
            self._db.execute(
                "INSERT OR IGNORE INTO manifest VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*key, *facts, image.uploaded),
            )
            self._db.executemany(
                "INSERT OR IGNORE INTO target VALUES (?, ?, ?, ?)",
                [(*key, target) for target in targets],
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO tag VALUES (?, ?, ?, ?)",
                [(*key[:2], tag, image.digest) for tag in image.tags],
            )

    def has_package(self, name: ImageName) -> bool:
        """Whether the repository has any manifest of the package."""
        return self._any(
            "SELECT 1 FROM manifest WHERE repository = ? AND package = ?",
            *(name.repository.name, name.package),
        )

    def digest(self, name: ImageName, tag: str) -> str | None:
        """The digest that a tag points at."""
        row = self._db.execute(
            "SELECT digest FROM tag WHERE repository = ? AND package = ? AND tag = ?",
            (name.repository.name, name.package, tag),
        ).fetchone()
        return row[0] if row else None

    def tags(self, name: ImageName) -> list[str]:
        """The package's tags, in the order of the specification: without regard to case."""
        return self._column(
            "SELECT tag FROM tag WHERE repository = ? AND package = ? ORDER BY lower(tag), tag",
            *(name.repository.name, name.package),
        )

    def drop_tag(self, name: ImageName, tag: str) -> None:
        """Delete a tag; the manifest stays."""
        self._db.execute(
            "DELETE FROM tag WHERE repository = ? AND package = ? AND tag = ?",
            (name.repository.name, name.package, tag),
        )

    def image(self, name: ImageName, digest: str) -> StoredImage | None:
        """A manifest by its digest."""
        where = "repository = ? AND package = ? AND digest = ?"
        found = self._images(where, name.repository.name, name.package, digest)
        return next(found, None)

    def images(self, repository: RepositoryKey) -> list[StoredImage]:
        """Every manifest of a repository."""
        return list(self._images("repository = ?", repository.name))

    def package(self, name: ImageName) -> list[StoredImage]:
        """Every manifest of a package."""
        where = "repository = ? AND package = ?"
        return list(self._images(where, name.repository.name, name.package))

    def referrers(self, name: ImageName, digest: str) -> list[StoredImage]:
        """The manifests attached to `digest`."""
        where = "repository = ? AND package = ? AND subject = ?"
        return list(self._images(where, name.repository.name, name.package, digest))

    def parents(self, name: ImageName, digest: str) -> list[str]:
        """The digests of the package's indexes that point at this manifest."""
        return self._column(
            "SELECT digest FROM target WHERE repository = ? AND package = ? AND target = ?",
            *(name.repository.name, name.package, digest),
        )

    def targets(self, name: ImageName, digest: str) -> list[str]:
        """The digests that a manifest of the package points at."""
        return self._column(
            "SELECT target FROM target WHERE repository = ? AND package = ? AND digest = ?",
            *(name.repository.name, name.package, digest),
        )

    def set_tag(self, name: ImageName, tag: str, digest: str) -> None:
        """Point a tag at a manifest of the package."""
        row = (name.repository.name, name.package, tag, digest)
        self._db.execute("INSERT OR REPLACE INTO tag VALUES (?, ?, ?, ?)", row)

    def blobs(self, repository: RepositoryKey) -> list[str]:
        """The digests of the blobs that can be seen in the repository."""
        return self._column("SELECT digest FROM blob WHERE repository = ?", repository.name)

    def drop_manifest(self, name: ImageName, digest: str, kept: Collection[str] = ()) -> list[str]:
        """Delete a manifest, and the blobs only it used; returns digests nobody uses any more.

        Args:
            name: the package.
            digest: of the manifest.
            kept: digests of blobs that stay in any case.
        """
        key = (name.repository.name, name.package, digest)
        where = "repository = ? AND package = ? AND digest = ?"
        with self._transaction():
            used = self._column(f"SELECT target FROM target WHERE {where}", *key)  # noqa: S608 - `where` is a constant above
            for table in ("manifest", "target", "tag"):
                self._db.execute(f"DELETE FROM {table} WHERE {where}", key)  # noqa: S608 - constants above
            self._db.executemany(
                "DELETE FROM blob WHERE repository = ?1 AND digest = ?2 AND NOT EXISTS "
                "(SELECT 1 FROM target WHERE repository = ?1 AND target = ?2)",
                [(key[0], target) for target in used if target not in kept],
            )
        return self._unused([*used, digest])

    def drop_repository(self, repository: RepositoryKey) -> list[str]:
        """Forget everything in a repository; returns the digests nobody uses any more."""
        key = repository.name
        digests = self._column(
            "SELECT digest FROM blob WHERE repository = ?1 "
            "UNION SELECT digest FROM manifest WHERE repository = ?1",
            key,
        )
        with self._transaction():
            for table in _TABLES:
                self._db.execute(f"DELETE FROM {table} WHERE repository = ?", (key,))  # noqa: S608 - constants above
        return self._unused(digests)

    def drop_unused_blob(self, digest: str) -> None:
        """Hide a blob in the repositories where no manifest uses it."""
        self._db.execute(
            "DELETE FROM blob WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM target "
            "WHERE target.repository = blob.repository AND target.target = ?1)",
            (digest,),
        )

    def knows(self, digest: str) -> bool:
        """Whether a repository has it, as a blob or as a manifest."""
        query = (
            "SELECT 1 FROM blob WHERE digest = ?1 UNION SELECT 1 FROM manifest WHERE digest = ?1"
        )
        return self._any(query, digest)

    def _unused(self, digests: Iterable[str]) -> list[str]:
        return [digest for digest in digests if not self.knows(digest)]

    def _images(self, where: str, *values: str) -> Iterator[StoredImage]:
        rows = self._db.execute(
            "SELECT repository, package, digest, media_type, size, platforms, uploaded "  # noqa: S608 - `where` is a constant of this module
            f"FROM manifest WHERE {where} ORDER BY uploaded, digest",
            values,
        ).fetchall()
        for repository, package, digest, media_type, size, platforms, uploaded in rows:
            _, project, _, location, _, identifier = repository.split("/")
            yield StoredImage(
                repository=RepositoryKey(project, location, identifier),
                package=package,
                digest=digest,
                media_type=media_type,
                size=size,
                tags=tuple(
                    self._column(
                        "SELECT tag FROM tag "
                        "WHERE repository = ? AND package = ? AND digest = ? ORDER BY tag",
                        *(repository, package, digest),
                    )
                ),
                platforms=tuple(platforms.split()),
                uploaded=uploaded,
            )

    def _column(self, query: str, *values: str) -> list[str]:
        return [row[0] for row in self._db.execute(query, values)]

    def _any(self, query: str, *values: str) -> bool:
        return self._db.execute(query, values).fetchone() is not None

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._db)


class _Transaction:
    """All of the statements within, or none of them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")
