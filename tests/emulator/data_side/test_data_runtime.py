"""Revisions on a real Docker engine: pushed, pulled, started, watched and removed."""

import json
from typing import TYPE_CHECKING, Any

import docker
import pytest
import requests

from provision.emulator.seams import StartError
from tests.emulator.data_side.conftest import DataSide, RegistryClient

if TYPE_CHECKING:
    from tests.emulator.data_side.workshop import Workshop

INDEX = "application/vnd.oci.image.index.v1+json"
pytestmark = pytest.mark.engine

ECHO = """
import http.server, json, os

class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(dict(os.environ)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Echo).serve_forever()
"""
DEAF = 'import sys\nprint("no configuration: giving up")\nsys.exit(3)\n'
LOOPBACK = """
import os, socket, time
listening = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
time.sleep(600)
"""
# The head of an ELF executable for arm64, and nothing behind it.
FOREIGN = bytes.fromhex("7f454c4602010100000000000000000002 00b700") + b"\0" * 60


@pytest.fixture(scope="module")
def echo(workshop: "Workshop") -> str:
    """An image whose program answers with its environment."""
    return workshop.python("echo", ECHO)


def _failure(side: DataSide, service: str, image: str, **changes: Any) -> StartError:  # noqa: ANN401 - fields of a revision
    revision = side.revision_of(service, image, **changes)
    with pytest.raises(StartError) as caught:
        side.run(side.runtime.start(revision))
    assert side.run(side.runtime.address(revision.service, revision.revision)) is None
    return caught.value


def test_a_container_finds_what_cloud_run_promises(engine_side: DataSide, echo: str) -> None:
    """PORT and the K_ variables are set, over the user's own, and the user's others are there."""
    revision = engine_side.revision_of("env", echo, env={"LOG_LEVEL": "info", "K_SERVICE": "x"})
    engine_side.run(engine_side.runtime.start(revision))
    address = engine_side.run(engine_side.runtime.address(revision.service, revision.revision))
    assert address is not None
    seen = requests.get(f"http://{address[0]}:{address[1]}/", timeout=30).json()
    wanted = {
        "PORT": "8080",
        "K_SERVICE": "env",
        "K_REVISION": "env-00001-abc",
        "K_CONFIGURATION": "env",
        "LOG_LEVEL": "info",
    }
    assert {name: seen[name] for name in wanted} == wanted
    assert seen["GCE_METADATA_HOST"].startswith(f"{engine_side.runtime.gateway}:")
    caller = engine_side.runtime.caller(address[0])
    assert caller is not None
    assert caller.service == revision.service


def test_a_container_is_confined(
    engine_side: DataSide, engine: docker.DockerClient, echo: str
) -> None:
    """No mounts, no privileges, no published ports, no restarts, and the limits of the revision."""
    revision = engine_side.revision_of("confined", echo, memory_bytes=256 * 1024 * 1024, cpu=0.5)
    engine_side.run(engine_side.runtime.start(revision))
    (container,) = engine.containers.list(
        filters={"label": f"provision.service={revision.service.name}"}
    )
    config = container.attrs["HostConfig"]
    assert (config["Memory"], config["NanoCpus"]) == (256 * 1024 * 1024, 500_000_000)
    assert (config["Binds"], config["Privileged"], config["PortBindings"]) == (None, False, None)
    assert (container.attrs["Mounts"], config["RestartPolicy"]["Name"]) == ([], "")
    assert "NET_RAW" in config["CapDrop"]


def test_stopping_removes_the_container(
    engine_side: DataSide, engine: docker.DockerClient, echo: str
) -> None:
    """After stop there is neither a container nor an address, and stopping again does nothing."""
    revision = engine_side.revision_of("stopped", echo)
    engine_side.run(engine_side.runtime.start(revision))
    address = engine_side.run(engine_side.runtime.address(revision.service, revision.revision))
    for _ in range(2):
        engine_side.run(engine_side.runtime.stop(revision.service, revision.revision))
    assert address is not None
    assert engine_side.runtime.caller(address[0]) is None
    label = f"provision.service={revision.service.name}"
    assert engine.containers.list(all=True, filters={"label": label}) == []


def test_a_container_that_ends_fails_in_googles_words(
    engine_side: DataSide, engine: docker.DockerClient, workshop: "Workshop"
) -> None:
    """The message names the port, the logs have the last lines, and nothing is left behind."""
    error = _failure(engine_side, "deaf", workshop.python("deaf", DEAF))
    assert str(error) == (
        "Revision 'deaf-00001-abc' is not ready and cannot serve traffic. The user-provided "
        "container failed to start and listen on the port defined provided by the PORT=8080 "
        "environment variable. Logs for this revision might contain more information."
    )
    assert error.reason == "HEALTH_CHECK_CONTAINER_ERROR"
    assert "no configuration: giving up" in error.logs
    label = "provision.revision=deaf-00001-abc"
    assert engine.containers.list(all=True, filters={"label": label}) == []


def test_a_container_that_listens_on_loopback_only_fails(
    engine_side: DataSide, workshop: "Workshop"
) -> None:
    """Listening on 127.0.0.1 does not count, and the time it was given is mentioned."""
    image = workshop.python("loopback", LOOPBACK)
    error = _failure(engine_side, "loopback", image, startup_seconds=1.5)
    assert "environment variable within the allocated timeout." in str(error)


def test_a_program_for_another_processor_is_recognised(
    engine_side: DataSide, workshop: "Workshop"
) -> None:
    """The engine really tries to run it, and its words are kept."""
    files = {"Dockerfile": b'FROM scratch\nCOPY app /app\nCMD ["/app"]', "app": FOREIGN}
    error = _failure(engine_side, "foreign", workshop.build("foreign", files))
    assert "exec format error" in error.logs
    assert "failed to start and listen on the port" in str(error)


def test_a_missing_command_is_recognised(engine_side: DataSide, echo: str) -> None:
    """A command that the image does not have fails the revision with the engine's words."""
    error = _failure(engine_side, "typo", echo, command=("/no/such/program",))
    assert "no such file" in error.logs
    assert error.reason == "HEALTH_CHECK_CONTAINER_ERROR"


def test_command_and_arguments_replace_the_images(engine_side: DataSide, echo: str) -> None:
    """An override runs instead of the image's own entry point and command."""
    revision = engine_side.revision_of(
        "override", echo, command=("python3",), args=("-m", "http.server", "9000"), port=9000
    )
    engine_side.run(engine_side.runtime.start(revision))
    address = engine_side.run(engine_side.runtime.address(revision.service, revision.revision))
    assert address is not None
    assert address[1] == 9000
    assert "app.py" in requests.get(f"http://{address[0]}:9000/", timeout=30).text


def test_the_service_agent_needs_to_read_the_image(engine_side: DataSide, echo: str) -> None:
    """Without the permission the pull is refused, and the message names who lacks it."""
    error = _failure(engine_side, "unreadable", echo, project_number=999999999999)
    assert error.reason == "CONTAINER_IMAGE_UNAUTHORIZED"
    assert "service-999999999999@serverless-robot-prod.iam.gserviceaccount.com" in str(error)


def test_a_push_without_the_permission_is_told_in_the_engines_stream(
    workshop: "Workshop", echo: str
) -> None:
    """Docker passes Google's denial on, word for word."""
    (error,) = workshop.push(echo, "user:stranger@example.com")
    assert error == (
        'denied: Permission "artifactregistry.repositories.uploadArtifacts" denied on resource '
        '"projects/acme-prod/locations/asia-east1/repositories/services" (or it may not exist)'
    )


def test_containers_cannot_reach_each_other(engine_side: DataSide, echo: str) -> None:
    """The front door is the only way from one service to another."""
    target = engine_side.revision_of("target", echo)
    engine_side.run(engine_side.runtime.start(target))
    held = engine_side.run(engine_side.runtime.address(target.service, target.revision))
    assert held is not None
    probe = (
        "import os, socket, http.server\n"
        "try:\n"
        f"    socket.create_connection({held!r}, 2)\n"
        "    os._exit(1)\n"
        "except TimeoutError:\n"
        "    http.server.HTTPServer(('', 8080), http.server.BaseHTTPRequestHandler).serve_forever()"
    )
    source = engine_side.revision_of("source", echo, command=("python3",), args=("-c", probe))
    # It listens, and so becomes ready, only when it could not connect.
    engine_side.run(engine_side.runtime.start(source))


def _index(side: DataSide, name: str, *architectures: str) -> str:
    """Push an index of one-layer images; returns its reference."""
    client = RegistryClient(side)
    entries = []
    for architecture in architectures:
        digest, content = client.push_image(f"services/{name}", architecture, b"x", architecture)
        platform = {"os": "linux", "architecture": architecture}
        entries.append({"digest": digest, "size": len(content), "platform": platform})
    body = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
    answer = client.put_manifest(f"services/{name}", "latest", json.dumps(body).encode(), INDEX)
    assert answer.status_code == 201
    return f"{{host}}/asia-east1/acme-prod/services/{name}"


def test_an_index_without_amd64_is_refused(engine_side: DataSide) -> None:
    """Whatever this machine could run, Cloud Run runs linux/amd64."""
    error = _failure(engine_side, "arms", _index(engine_side, "arms", "arm64", "arm"))
    assert "must support amd64/linux" in str(error)


def test_an_image_for_arm64_alone_is_refused(engine_side: DataSide) -> None:
    """Also on machines and engines that could run it."""
    client = RegistryClient(engine_side)
    client.push_image("services/arm", "latest", b"x", "arm64")
    error = _failure(engine_side, "arm", "{host}/asia-east1/acme-prod/services/arm")
    assert "exec format error" in error.logs


def test_the_amd64_image_of_an_index_runs(engine_side: DataSide, echo: str) -> None:
    """A multi-platform image is started by the index's digest."""
    client = RegistryClient(engine_side)
    stored = engine_side.find(echo)
    assert stored is not None
    content = client.call("GET", "services/echo", f"manifests/{stored.digest}").content
    platform = {"os": "linux", "architecture": "amd64"}
    entry = {
        "mediaType": stored.media_type,
        "digest": stored.digest,
        "size": len(content),
        "platform": platform,
    }
    body = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
    pushed = client.put_manifest("services/echo", "both", json.dumps(body).encode(), INDEX)
    assert pushed.status_code == 201
    revision = engine_side.revision_of("index", f"{echo}:both")
    assert revision.image.media_type == INDEX
    engine_side.run(engine_side.runtime.start(revision))
    assert engine_side.run(engine_side.runtime.address(revision.service, revision.revision))
