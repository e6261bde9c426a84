"""Fixtures for every test: a real emulator process, reached over the wire only."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar, cast

import grpc
import pytest
import requests
from google.cloud import (
    artifactregistry_v1,
    iam_admin_v1,
    iam_credentials_v1,
    resourcemanager_v3,
    run_v2,
)
from google.oauth2.credentials import Credentials
from hypothesis import settings

from tests.golden.answers import AnswersFile

os.environ.setdefault("PROVISION_EMULATOR_FUNCTION_BASE", "provision-base:dev")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Shells have what runs in the background of a script ignore Ctrl-C, and whatever it starts
    # inherits that: the commands under test would, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples in every run, however slow the machine is; `--hypothesis-profile=searching`
# tries others.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("searching", deadline=None, max_examples=1000)
settings.load_profile("steady")

C = TypeVar("C")


@dataclass
class RunningEmulator:
    """One emulator process.

    Args:
        process: the process.
        about: its start line.
    """

    process: subprocess.Popen[str]
    about: dict[str, Any]
    tokens: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def http(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return str(self.about["http"])

    @property
    def grpc(self) -> str:
        """``127.0.0.1:PORT``."""
        return str(self.about["grpc"])

    @property
    def project(self) -> str:
        """The first project's id."""
        return str(self.about["project"])

    def admin(self, method: str, path: str, /, **body: object) -> Any:  # noqa: ANN401 - JSON
        """Ask ``/_emulator``; the answer's JSON."""
        url = f"{self.http}/_emulator{path}"
        answer = requests.request(method, url, json=body if method == "POST" else None, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def token(self, member: str = "user:developer@example.com") -> str:
        """An access token of a member."""
        if member not in self.tokens:
            made = self.admin("POST", "/identities", member=member)
            self.tokens[member] = made["access_token"]
        return self.tokens[member]

    def requests(self) -> list[dict[str, Any]]:
        """Every request that was recorded."""
        recorded: list[dict[str, Any]] = self.admin("GET", "/requests")
        return recorded

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """Stop the process; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signum)
        code = self.process.wait(timeout=30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


StartEmulator = Callable[..., RunningEmulator]


@pytest.fixture(scope="session", autouse=True)
def rest_answers(tmp_path_factory: pytest.TempPathFactory) -> AnswersFile:
    """Where every emulator of this worker writes its REST answers."""
    path = tmp_path_factory.mktemp("answers") / "answers.jsonl"
    os.environ["PROVISION_EMULATOR_ANSWERS"] = str(path)
    return AnswersFile(path)


@pytest.fixture(autouse=True)
def _answers_fit_google_s_schemas(rest_answers: AnswersFile) -> Iterator[None]:
    """Fails the test that made an emulator answer what Google's documents do not allow."""
    yield
    assert rest_answers.faults() == []


def start_emulator_process(*arguments: str, stderr: IO[str] | None = None) -> RunningEmulator:
    """Start ``python -m provision.emulator`` and wait for its start line; it logs to `stderr`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "provision.emulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the emulator ended before it was ready"
    return RunningEmulator(process, json.loads(line))


@pytest.fixture(scope="session")
def start_emulator() -> Iterator[StartEmulator]:
    """Starts emulators with given arguments; all are stopped at the end."""
    started: list[RunningEmulator] = []

    def start(*arguments: str) -> RunningEmulator:
        started.append(start_emulator_process(*arguments))
        return started[-1]

    yield start
    for running in started:
        running.stop()


@pytest.fixture(scope="session")
def _session_emulator(start_emulator: StartEmulator) -> RunningEmulator:
    return start_emulator("--engine", "none", "--operation-delay", "0")


@pytest.fixture
def emulator(_session_emulator: RunningEmulator) -> RunningEmulator:
    """An emulator without an engine, as if just started: state is reset before every test."""
    _session_emulator.admin("POST", "/reset")
    _session_emulator.admin("POST", "/settings", iamDelay=0, operationDelay=0)
    return _session_emulator


class Clients:
    """Google's own clients of every emulated service, as one member, over one transport.

    Args:
        emulator: where they go.
        transport: ``grpc`` or ``rest``.
        member: who they act as.
    """

    def __init__(self, emulator: RunningEmulator, transport: str, member: str) -> None:
        self._emulator = emulator
        self._transport = transport
        self._token = emulator.token(member)

    def make(self, client: type[C]) -> C:
        """A client of the class."""
        made: Any = client  # Google's client classes share no type
        transport = made.get_transport_class(self._transport)
        if self._transport == "grpc":
            found = transport(channel=self._channel())
        else:
            host = self._emulator.http.removeprefix("http://")
            credentials = Credentials(token=self._token)
            found = transport(host=host, credentials=credentials, url_scheme="http")
        return cast("C", made(transport=found))

    def _channel(self) -> grpc.Channel:
        token = self._token
        channel = grpc.insecure_channel(self._emulator.grpc)
        intercepted: grpc.Channel = grpc.intercept_channel(channel, _Bearer(token))
        return intercepted

    @property
    def services(self) -> run_v2.ServicesClient:
        """Cloud Run services."""
        return self.make(run_v2.ServicesClient)

    @property
    def revisions(self) -> run_v2.RevisionsClient:
        """Cloud Run revisions."""
        return self.make(run_v2.RevisionsClient)

    @property
    def repositories(self) -> artifactregistry_v1.ArtifactRegistryClient:
        """Artifact Registry."""
        return self.make(artifactregistry_v1.ArtifactRegistryClient)

    @property
    def projects(self) -> resourcemanager_v3.ProjectsClient:
        """Resource Manager's projects."""
        return self.make(resourcemanager_v3.ProjectsClient)

    @property
    def credentials(self) -> iam_credentials_v1.IAMCredentialsClient:
        """IAM Credentials."""
        return self.make(iam_credentials_v1.IAMCredentialsClient)

    @property
    def iam(self) -> iam_admin_v1.IAMClient:
        """IAM admin, which Google's package offers over gRPC only."""
        return iam_admin_v1.IAMClient(
            transport=iam_admin_v1.IAMClient.get_transport_class("grpc")(channel=self._channel())
        )


class _Call(NamedTuple):
    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: bool | None
    compression: Any


class _Bearer(grpc.UnaryUnaryClientInterceptor):
    """Adds the access token to each call; call credentials would want TLS."""

    def __init__(self, token: str) -> None:
        self._token = token

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:  # noqa: ANN401 - grpc's signature
        """Add the header and go on."""
        metadata = [*(details.metadata or ()), ("authorization", f"Bearer {self._token}")]
        call = _Call(details.method, details.timeout, metadata, details.credentials, None, None)
        return continuation(call, request)


DEVELOPER = "user:developer@example.com"


@pytest.fixture(params=["grpc", "rest"])
def clients(request: pytest.FixtureRequest, emulator: RunningEmulator) -> Clients:
    """The developer's clients, once over gRPC and once over REST."""
    return Clients(emulator, request.param, DEVELOPER)


@pytest.fixture
def grpc_clients(emulator: RunningEmulator) -> Clients:
    """The developer's clients over gRPC, where the transport does not matter."""
    return Clients(emulator, "grpc", DEVELOPER)


@pytest.fixture
def clients_of(emulator: RunningEmulator) -> Callable[[str], Clients]:
    """Clients of any member, over gRPC."""
    return lambda member: Clients(emulator, "grpc", member)


class ImagePusher:
    """Pushes tiny images, as a registry client does.

    Args:
        emulator: whose registry.
    """

    def __init__(self, emulator: RunningEmulator) -> None:
        self._emulator = emulator
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {emulator.token()}"

    def push(self, name: str, tag: str, architecture: str = "amd64") -> str:
        """Push an image to ``LOCATION/PROJECT/REPO/name``; its reference by digest."""
        config = json.dumps({"os": "linux", "architecture": architecture, "t": tag}).encode()
        layer = b"layer"
        document = {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.manifest.v1+json",
            "config": self._blob(name, config, f"{_OCI}.config.v1+json"),
            "layers": [self._blob(name, layer, f"{_OCI}.layer.v1.tar")],
        }
        return self.put(name, tag, document)

    def put(self, name: str, tag: str, document: dict[str, Any]) -> str:
        """Push a manifest or index; its reference by digest."""
        answer = self._session.put(
            f"{self._emulator.http}/v2/{name}/manifests/{tag}",
            data=json.dumps(document).encode(),
            headers={"Content-Type": document["mediaType"]},
            timeout=30,
        )
        assert answer.status_code == 201, answer.text
        host = self._emulator.about["registry"]
        return f"{host}/{name}@{answer.headers['Docker-Content-Digest']}"

    def _blob(self, name: str, content: bytes, media_type: str) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        url = f"{self._emulator.http}/v2/{name}/blobs/uploads/?digest={digest}"
        answer = self._session.post(url, data=content, timeout=30)
        assert answer.status_code == 201, answer.text
        return {"mediaType": media_type, "digest": digest, "size": len(content)}


_OCI = "application/vnd.oci.image"


@pytest.fixture
def pushed_image(grpc_clients: Clients, emulator: RunningEmulator) -> str:
    """An image in the repository `services`, by digest; both are made."""
    make_repository(grpc_clients, emulator.project)
    return ImagePusher(emulator).push(f"asia-east1/{emulator.project}/services/hello", "v1")


def make_repository(clients: Clients, project: str, name: str = "services") -> None:
    """Make a Docker repository in asia-east1."""
    clients.repositories.create_repository(
        parent=f"projects/{project}/locations/asia-east1",
        repository_id=name,
        repository=artifactregistry_v1.Repository(format_="DOCKER"),
    ).result(timeout=30)
