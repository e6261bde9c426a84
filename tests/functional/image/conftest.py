"""Stages that build and push, over a real emulator and, where a test asks for it, a real engine."""

import hashlib
import io
import json
import os
import tarfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import docker
import pytest
import requests

from provision.clients.credentials import load_caller
from provision.clients.google import GoogleClients
from provision.clients.local_cloud import LocalCloud, find_local_cloud
from provision.engine import Outcome, Plan, apply, plan
from provision.pipeline import Pipeline
from provision.plan import Known
from provision.resources import ImageReference, RepositoryName
from provision.spec import BuiltImage, GivenImage
from tests.conftest import RunningEmulator

_OCI = "application/vnd.oci.image"
NO_ENGINE = "unix:///nonexistent/docker.sock"


@dataclass
class Workshop:
    """An application in a directory, and what builds and pushes it.

    Args:
        context: the directory.
        local: the emulator.
        engine: where the Docker engine is.
        name: of the image, one of this test's own.
        repository: id of the repository.
        lines: the progress so far.
    """

    context: Path
    local: LocalCloud
    engine: str = NO_ENGINE
    name: str = field(default_factory=lambda: f"app-{uuid.uuid4().hex[:12]}")
    repository: str = "services"
    lines: list[str] = field(default_factory=list)
    build_args: dict[str, str] = field(default_factory=dict)

    @property
    def repository_name(self) -> RepositoryName:
        """The repository's full name."""
        project = self.local.project
        return RepositoryName.of(self.repository, project=project, location="asia-east1")

    @property
    def host(self) -> str:
        """Where the emulator's registry listens."""
        return self.local.http.removeprefix("http://")

    @property
    def google(self) -> GoogleClients:
        """Google's clients, of whom the workshop acts as."""
        return GoogleClients(load_caller({}, self.local, None), self.local)

    @property
    def image(self) -> BuiltImage:
        """What the spec says."""
        return BuiltImage(
            context=self.context,
            dockerfile=self.context / "Dockerfile",
            repository=self.repository_name,
            name=self.name,
            build_args=self.build_args,
        )

    def stages(self, reference: str = "") -> list[Any]:
        """Build and push, new ones as a new run has them; or those of a given image."""
        pipeline = Pipeline(self.google, {"DOCKER_HOST": self.engine}, self.lines.append)
        if reference:
            made = pipeline._given(GivenImage(ImageReference.parse(reference)))
        else:
            made = pipeline._built(self.image)
        return [made["build"](), made["push"]()]

    def plan(self) -> Plan:
        """What a new run would do."""
        return plan(self.stages())

    def up(self) -> Known:
        """Plan and apply; what was learned."""
        stages, outcome = self.stages(), Outcome()
        apply(stages, plan(stages), outcome)
        return outcome.known

    def elsewhere(self, engine: str = NO_ENGINE) -> "Workshop":
        """The same on another machine, without an engine unless one is given."""
        return replace(self, engine=engine, lines=[])

    def acting_as(self, adc: dict[str, str]) -> "Workshop":
        """The same with somebody else's credentials."""
        return replace(self, local=replace(self.local, refresh=adc), lines=[])

    def write(self, name: str, text: str) -> None:
        """Put a file into the context."""
        path = self.context / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def workshop(emulator: RunningEmulator, tmp_path: Path) -> Workshop:
    """An application that needs no base image, on a machine without an engine."""
    local = find_local_cloud({"PROVISION_EMULATOR": emulator.http})
    assert local is not None
    made = Workshop(tmp_path / "app", local)
    made.write("Dockerfile", "FROM scratch\nCOPY . /app/\n")
    made.write("unique.txt", uuid.uuid4().hex)
    return made


@pytest.fixture(scope="session")
def engine_host() -> str:
    """The address of the Docker engine that the environment names."""
    return os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")


@pytest.fixture
def engine(engine_host: str) -> Iterator[docker.DockerClient]:
    """The Docker engine itself."""
    client = docker.DockerClient(base_url=engine_host)
    yield client
    client.close()


@pytest.fixture
def built_here(
    workshop: Workshop, engine_host: str, engine: docker.DockerClient
) -> Iterator[Workshop]:
    """The workshop with the engine; its images are taken away afterwards."""
    workshop.engine = engine_host
    yield workshop
    names = [name for image in engine.api.images() for name in image["RepoTags"] or ()]
    for name in names:
        if workshop.name in name or workshop.host in name:
            engine.images.remove(name, force=True)


class Shelf:
    """Puts images into the emulator's registry with nothing but HTTP."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {workshop.google.access_token()}"

    def name(self, image: str) -> str:
        """Host and path of an image in the workshop's repository."""
        key = self._workshop.repository_name
        return f"{self._workshop.host}/{key.location}/{key.project}/{key.repository}/{image}"

    def put(self, image: str, tag: str, architecture: str = "amd64", content: str = "") -> str:
        """Push an image of one file; its digest."""
        layer = _layer(content or uuid.uuid4().hex)
        config = {
            "os": "linux",
            "architecture": architecture,
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
        document = {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.manifest.v1+json",
            "config": self._blob(image, json.dumps(config).encode(), f"{_OCI}.config.v1+json"),
            "layers": [self._blob(image, layer, f"{_OCI}.layer.v1.tar")],
        }
        return self._manifest(image, tag, document)

    def put_index(self, image: str, tag: str, *architectures: str) -> str:
        """Push an index with an image for each architecture; its digest."""
        entries = [
            {
                "mediaType": f"{_OCI}.manifest.v1+json",
                "digest": self.put(image, f"{tag}-{architecture}", architecture),
                "size": 1,
                "platform": {"os": "linux", "architecture": architecture},
            }
            for architecture in architectures
        ]
        for entry in entries:
            answer = self._session.get(self._url(image, f"manifests/{entry['digest']}"), timeout=30)
            entry["size"] = len(answer.content)
        document = {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.index.v1+json",
            "manifests": entries,
        }
        return self._manifest(image, tag, document)

    def _manifest(self, image: str, tag: str, document: dict[str, Any]) -> str:
        answer = self._session.put(
            self._url(image, f"manifests/{tag}"),
            data=json.dumps(document),
            headers={"Content-Type": document["mediaType"]},
            timeout=30,
        )
        assert answer.status_code == 201, answer.text
        return str(answer.headers["Docker-Content-Digest"])

    def _blob(self, image: str, content: bytes, media_type: str) -> dict[str, Any]:
        digest = _digest(content)
        url = self._url(image, f"blobs/uploads/?digest={digest}")
        answer = self._session.post(url, data=content, timeout=30)
        assert answer.status_code == 201, answer.text
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def _url(self, image: str, rest: str) -> str:
        host, _, path = self.name(image).partition("/")
        return f"http://{host}/v2/{path}/{rest}"


def _layer(content: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("from-base")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content.encode()))
    return file.getvalue()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def shelf(workshop: Workshop) -> Shelf:
    """Images can be put into the workshop's repository, which is there."""
    pipeline = Pipeline(workshop.google, {}, workshop.lines.append)
    pipeline.artifacts.create_repository(workshop.repository_name, workshop.lines.append)
    return Shelf(workshop)


@pytest.fixture
def writes(emulator: RunningEmulator) -> Callable[[], list[str]]:
    """What was written at the emulator since the last time it was asked."""

    def since_last() -> list[str]:
        found = [item["method"] for item in emulator.requests() if item["write"]]
        emulator.admin("DELETE", "/requests")
        return found

    return since_last
