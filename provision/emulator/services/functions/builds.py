"""Building: from an uploaded archive to an image in the project's repository ``gcf-artifacts``."""

import asyncio
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.cloud import artifactregistry_v1

from provision.emulator.function_seams import Builder, BuildError, FunctionHost, ImageToBuild
from provision.emulator.seams import Images, RepositoryKey, StoredImage
from provision.emulator.services.artifacts.repositories import RepositoryMessage, RepositoryRecords
from provision.emulator.services.functions import images, packages
from provision.emulator.services.functions.archive import (
    SourceError,
    check_source,
    missing_function,
    read_archive,
)
from provision.emulator.services.functions.records import FunctionRecord
from provision.emulator.services.functions.uploads import Uploads
from provision.emulator.times import timestamp
from provision.emulator.world import World

_REPOSITORY = "gcf-artifacts"
_DOCKER = int(artifactregistry_v1.Repository.Format.DOCKER)
_STANDARD = int(artifactregistry_v1.Repository.Mode.STANDARD_REPOSITORY)
_IMAGE_NAME = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
_WRITER = "roles/artifactregistry.writer"


class BuildFailedError(Exception):
    """A function could not be built; the text says why, as a user is to read it."""


class NotLoadedError(Exception):
    """What was built has no such function; told where no engine would find out by running it."""


@dataclass(frozen=True)
class ToBuild:
    """What is to be built.

    Args:
        host: project and region.
        function: the function's short name.
        version: of the function.
        source: bucket and object.
        entry_point: the function in ``main.py``.
    """

    host: FunctionHost
    function: str
    version: int
    source: tuple[str, str]
    entry_point: str


class Builds:
    """Builds functions.

    Args:
        world: accounts and policies.
        records: the repositories, where ``gcf-artifacts`` is made when it is missing.
        stored: the registry's images.
        uploads: the sources.
        public_host: the registry's own ``127.0.0.1:PORT``.
        base: the base image.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a build is made of
        self,
        world: World,
        records: RepositoryRecords,
        stored: Images,
        uploads: Uploads,
        public_host: Callable[[], str],
        base: str,
    ) -> None:
        self._world = world
        self._records = records
        self._stored = stored
        self._uploads = uploads
        self._public_host = public_host
        self._base = base

    async def build(self, wanted: ToBuild, builder: Builder | None) -> str:
        """Build and push; the image by digest, ``REGION-docker.pkg.dev/…``.

        Args:
            wanted: what.
            builder: the engine; None where there is none, and the image holds the source alone.

        Raises:
            BuildFailedError: it cannot be built.
            NotLoadedError: without an engine, when there is no such function.
        """
        content = self._uploads.read(*wanted.source)
        if content is None:
            raise BuildFailedError("Failed to retrieve function source code")
        repository = self._repository(wanted.host)
        name = _image_name(wanted)
        reference = f"{self._public_host()}/{_path(repository)}/{name}:version_{wanted.version}"
        try:
            await self._make(wanted, content, reference, builder)
        except (SourceError, BuildError) as error:
            logs = getattr(error, "logs", "")
            raise BuildFailedError("\n".join(filter(None, (str(error), logs)))) from None
        digest = self._found(reference).digest
        host = f"{wanted.host.region}-docker.pkg.dev"
        return f"{host}/{wanted.host.project}/{_REPOSITORY}/{name}@{digest}"

    def _found(self, reference: str) -> StoredImage:
        found = self._stored.find(reference)
        if found is None:
            raise BuildFailedError(f"the image {reference} is not in the registry")
        return found

    async def _make(
        self, wanted: ToBuild, content: bytes, reference: str, builder: Builder | None
    ) -> None:
        files, needed = await asyncio.to_thread(_checked, content)
        token = self._world.identities.access_token(self.agent(wanted.host.project))
        if builder is None:
            problem = missing_function(files, wanted.entry_point)
            if problem:
                raise NotLoadedError(problem)
            archive = images.source_archive(files)
            await images.push_source(ImageToBuild(archive, reference, token), wanted.entry_point)
            return
        made = await asyncio.to_thread(
            images.context, self._base, files, needed, wanted.entry_point
        )
        await builder.build(ImageToBuild(made, reference, token))

    def forget(self, record: FunctionRecord) -> None:
        """A function is gone: so is its source; images stay, as at Google."""
        self._uploads.forget(*record.source)

    def agent(self, project_id: str) -> str:
        """The member by which Cloud Functions acts in a project."""
        project = self._world.hierarchy.find(project_id)
        number = project.number if project else 0
        return f"serviceAccount:service-{number}@gcf-admin-robot.iam.gserviceaccount.com"

    def _repository(self, host: FunctionHost) -> RepositoryKey:
        """The repository of a region's functions, made when it is not there (documented)."""
        key = RepositoryKey(host.project, host.region, _REPOSITORY)
        if key.name not in self._records.table:
            now = timestamp()
            made: Any = RepositoryMessage(
                name=key.name,
                format_=_DOCKER,
                mode=_STANDARD,
                description="This repository is created and used by Cloud Functions for storing "
                "function docker images.",
                labels={"goog-managed-by": "cloudfunctions"},
                create_time=now,
                update_time=now,
                satisfies_pzi=True,
            )
            self._records.table.put(key.name, made)
            self._world.grant_at_once(key.name, self.agent(host.project), (_WRITER,))
        return key


def _checked(content: bytes) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The files of a source, and the packages that it needs. Raises `SourceError`."""
    files = read_archive(content)
    check_source(files)
    requirements = files.get("requirements.txt", b"").decode("utf-8", "replace")
    return files, packages.needed(requirements)


def _path(repository: RepositoryKey) -> str:
    return f"{repository.location}/{repository.project}/{repository.repository}"


def _image_name(wanted: ToBuild) -> str:
    """A name in the registry: functions' own may have capitals and more underscores."""
    plain = f"{wanted.host.project}__{wanted.host.region}__{wanted.function}"
    if _IMAGE_NAME.fullmatch(plain):
        return plain
    unique = hashlib.sha256(plain.encode()).hexdigest()[:12]
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") + f"-{unique}"
