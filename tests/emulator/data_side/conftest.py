"""The data side of the emulator alone: registry, runtime and front door, policies in memory."""

import asyncio
import contextlib
import dataclasses
import hashlib
import json
import threading
import uuid
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import docker
import pytest
import requests
from aiohttp import web

from provision.emulator.frontdoor import HttpFrontDoor
from provision.emulator.frontdoor_seams import Route
from provision.emulator.iam.identities import TokenIssuer
from provision.emulator.registry import Registry
from provision.emulator.rpc.calls import Recorder
from provision.emulator.runtime import open_runtime
from provision.emulator.seams import (
    RepositoryKey,
    RequestAttributes,
    RevisionToRun,
    ServiceKey,
    StoredImage,
)
from provision.emulator.store import Store
from tests.emulator.data_side.workshop import DEVELOPER, LOCATION, PROJECT, Workshop

T = TypeVar("T")

AGENT = "serviceAccount:service-123456789012@serverless-robot-prod.iam.gserviceaccount.com"
ALL = ("uploadArtifacts", "downloadArtifacts", "deleteArtifacts")


class Grants:
    """Policies in memory: who holds which permission on which resource."""

    def __init__(self) -> None:
        self.held: set[tuple[str, str, str]] = set()

    def allow(self, member: str, permission: str, resource: str) -> None:
        """Grant."""
        self.held.add((member, permission, resource))

    def allowed(
        self,
        member: str,
        permission: str,
        resource: str,
        attributes: RequestAttributes | None = None,  # noqa: ARG002 - grants have no conditions
    ) -> bool:
        """Whether the member, or everybody, holds it."""
        return any((who, permission, resource) in self.held for who in (member, "allUsers"))


class RepositoryList:
    """Which repositories there are, and whether their tags may move."""

    def __init__(self) -> None:
        self.immutable: dict[RepositoryKey, bool] = {}

    def exists(self, repository: RepositoryKey) -> bool:
        """Whether it was added."""
        return repository in self.immutable

    def immutable_tags(self, repository: RepositoryKey) -> bool:
        """As it was added."""
        return self.immutable[repository]


class RouteTable:
    """Routes that a test sets."""

    def __init__(self) -> None:
        self.routes: dict[ServiceKey, Route] = {}

    def route(self, service: ServiceKey) -> Route | None:
        """As it was set."""
        return self.routes.get(service)


class DataSide:
    """The rooms, listening, on an event loop in a thread of its own."""

    def __init__(self, directory: Path, engine: str, label: str) -> None:
        self.directory, self.engine, self.label = directory, engine, label
        self.grants, self.repositories, self.routes = Grants(), RepositoryList(), RouteTable()
        self.identities = TokenIssuer(Store(None), lambda _: False)
        self.recorder = Recorder()
        self.host = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of the rooms and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    def on_loop(self, function: Callable[..., T], *arguments: object) -> T:
        """Call something of the rooms where they live, as the control side does."""

        async def call() -> T:
            return function(*arguments)

        return self.run(call())

    def find(self, image: str) -> StoredImage | None:
        """What the registry finds; ``{host}`` stands for its own host."""
        return self.on_loop(self.registry.images.find, image.replace("{host}", self.host))

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self.run(self._open())

    async def _open(self) -> None:
        self.registry = Registry(
            self.directory,
            self.repositories,
            self.grants,
            self.identities,
            self.recorder,
            lambda: self.host,
        )
        app = web.Application()
        self.registry.mount(app)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.host = f"127.0.0.1:{self._runner.addresses[0][1]}"
        self.runtime = await open_runtime(
            self.engine, self.label, self.identities, self.registry.images
        )
        self.door = HttpFrontDoor(self.routes, self.grants, self.identities, self.runtime)

    def stop(self) -> None:
        """Close everything."""
        self.run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        await self.door.close_all()
        await self.runtime.close()
        await self._runner.cleanup()
        self.registry.close()

    def repository(self, name: str = "services", *, immutable: bool = False) -> RepositoryKey:
        """Add a repository that the developer may use, and the service agent may pull from."""
        key = RepositoryKey(PROJECT, LOCATION, name)
        self.repositories.immutable[key] = immutable
        for verb in ALL:
            permission = f"artifactregistry.repositories.{verb}"
            self.grants.allow(DEVELOPER, permission, key.name)
        self.grants.allow(AGENT, "artifactregistry.repositories.downloadArtifacts", key.name)
        return key

    def open_service(
        self,
        name: str,
        project: str = PROJECT,
        **changes: Any,  # noqa: ANN401 - fields of a route
    ) -> tuple[ServiceKey, str, str]:
        """Open a service's address; its key, the URL for containers and the loopback URL."""
        key = ServiceKey(project, LOCATION, name)
        _, urls = self.run(self.door.open(key))
        route = Route(
            service=key,
            ingress="INGRESS_TRAFFIC_ALL",
            default_url_disabled=False,
            invoker_iam_disabled=False,
            iap_enabled=False,
            audiences=urls,
            revision=f"{name}-00001-abc",
            timeout=60,
        )
        self.routes.routes[key] = dataclasses.replace(route, **changes)
        return key, urls[-1], urls[0]

    def running(self, revision: RevisionToRun) -> RevisionToRun:
        """The revision, started unless it runs already."""
        held = self.run(self.runtime.address(revision.service, revision.revision))
        if held is None:
            self.run(self.runtime.start(revision))
        return revision

    def revision_of(
        self,
        service: str,
        image: str,
        project: str = PROJECT,
        **changes: Any,  # noqa: ANN401 - fields of a revision
    ) -> RevisionToRun:
        """A revision of a pushed image, with Cloud Run's defaults."""
        stored = self.find(image)
        assert stored is not None
        revision = RevisionToRun(
            service=ServiceKey(project, LOCATION, service),
            revision=f"{service}-00001-abc",
            project_number=123456789012,
            image=stored,
            env={},
            command=(),
            args=(),
            port=8080,
            memory_bytes=512 * 1024 * 1024,
            cpu=1,
            service_account=f"{service}@{PROJECT}.iam.gserviceaccount.com",
            vpc_egress="",
            startup_seconds=30,
        )
        return dataclasses.replace(revision, **changes)


class RegistryClient:
    """A registry client in the raw: nothing but HTTP."""

    def __init__(self, side: DataSide, member: str = DEVELOPER) -> None:
        self.host = side.host
        self.session = requests.Session()
        self.authorization = f"Bearer {side.identities.access_token(member)}"
        self.session.headers["Authorization"] = self.authorization

    def url(self, name: str, rest: str) -> str:
        """The URL of something of an image."""
        return f"http://{self.host}/v2/{LOCATION}/{PROJECT}/{name}/{rest}"

    def call(
        self,
        method: str,
        name: str,
        rest: str,
        **options: Any,  # noqa: ANN401 - as requests has it
    ) -> requests.Response:
        """One request about an image."""
        return self.session.request(method, self.url(name, rest), timeout=30, **options)

    def push_blob(self, name: str, content: bytes) -> str:
        """Upload a blob in one request; returns its digest."""
        digest = self.digest_of(content)
        answer = self.call("POST", name, f"blobs/uploads/?digest={digest}", data=content)
        assert answer.status_code == 201, answer.text
        return digest

    def push_image(
        self, name: str, tag: str, layer: bytes = b"layer", architecture: str = "amd64"
    ) -> tuple[str, bytes]:
        """Push a one-layer image; returns its digest and manifest."""
        config = json.dumps({"os": "linux", "architecture": architecture}).encode()
        content = self.manifest_of(
            (self.push_blob(name, config), len(config)), (self.push_blob(name, layer), len(layer))
        )
        answer = self.put_manifest(name, tag, content)
        assert answer.status_code == 201, answer.text
        return answer.headers["Docker-Content-Digest"], content

    def put_manifest(
        self, name: str, target: str, content: bytes, media_type: str = ""
    ) -> requests.Response:
        """Push a manifest."""
        headers = {"Content-Type": media_type or "application/vnd.oci.image.manifest.v1+json"}
        return self.call("PUT", name, f"manifests/{target}", data=content, headers=headers)

    @staticmethod
    def digest_of(content: bytes) -> str:
        """``sha256:…``."""
        return f"sha256:{hashlib.sha256(content).hexdigest()}"

    @staticmethod
    def manifest_of(config: tuple[str, int], layer: tuple[str, int], **more: object) -> bytes:
        """An OCI manifest of one layer; both parts by digest and size."""
        kind = "application/vnd.oci.image"
        document = {
            "schemaVersion": 2,
            "mediaType": f"{kind}.manifest.v1+json",
            "config": _descriptor(f"{kind}.config.v1+json", config),
            "layers": [_descriptor(f"{kind}.layer.v1.tar+gzip", layer)],
            **more,
        }
        return json.dumps(document).encode()


def _descriptor(media_type: str, part: tuple[str, int]) -> dict[str, object]:
    return {"mediaType": media_type, "digest": part[0], "size": part[1]}


@contextlib.contextmanager
def opened(side: DataSide) -> Iterator[DataSide]:
    """A data side that listens within."""
    side.start()
    try:
        yield side
    finally:
        side.stop()


@pytest.fixture
def side(tmp_path: Path) -> Iterator[DataSide]:
    """The data side without an engine."""
    with opened(DataSide(tmp_path / "registry", "none", "test")) as side:
        yield side


@pytest.fixture
def client(side: DataSide) -> RegistryClient:
    """A developer's registry client; the repository `services` is there."""
    side.repository()
    return RegistryClient(side)


@pytest.fixture
def other_client(side: DataSide) -> RegistryClient:
    """A client of somebody with no permission at all."""
    return RegistryClient(side, "user:stranger@example.com")


@pytest.fixture(scope="session")
def engine() -> docker.DockerClient:
    """The Docker engine that the environment names."""
    return docker.from_env(timeout=120)


@pytest.fixture(scope="module")
def engine_side(
    tmp_path_factory: pytest.TempPathFactory, engine: docker.DockerClient
) -> Iterator[DataSide]:
    """The data side with the engine that the environment names."""
    assert engine.ping()
    directory = tmp_path_factory.mktemp("registry")
    with opened(DataSide(directory, "auto", f"test-{uuid.uuid4().hex[:12]}")) as side:
        assert side.runtime.gateway, getattr(side.runtime, "reason", "")
        side.repository()
        yield side


@pytest.fixture(scope="module")
def workshop(engine_side: DataSide, engine: docker.DockerClient) -> Iterator[Workshop]:
    """Builds and pushes images."""
    shop = Workshop(engine, engine_side.host, engine_side.identities.access_token)
    yield shop
    shop.clean()
