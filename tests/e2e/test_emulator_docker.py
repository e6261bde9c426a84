"""Docker's own tools with the variables of `provision emulator env`: push, pull, and skopeo."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Clients, ImagePusher, RunningEmulator, make_repository
from tests.e2e.emulator_shell import evaluated, new_shell
from tests.functional.conftest import BASE

if TYPE_CHECKING:
    from subprocess import CompletedProcess

Tool = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def environ(emulator: RunningEmulator, grpc_clients: Clients, tmp_path: Path) -> dict[str, str]:
    """A shell after the lines for Docker ran; the repository `services` exists."""
    make_repository(grpc_clients, emulator.project)
    return evaluated(new_shell(emulator.http, tmp_path), "--for", "docker")


def _tool(name: str, environ: Mapping[str, str]) -> Tool:
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed, and nothing else speaks as it does")

    def run(*words: str) -> "CompletedProcess[str]":
        return subprocess.run(
            [program, *words],
            check=False,
            capture_output=True,
            text=True,
            env=dict(environ),
            timeout=120,
        )

    return run


@pytest.fixture
def skopeo(environ: dict[str, str]) -> Tool:
    """Runs skopeo in that shell."""
    return _tool("skopeo", environ)


@pytest.fixture
def tagged(environ: dict[str, str], emulator: RunningEmulator) -> Iterator[tuple[Tool, str]]:
    """Runs docker in that shell, and a name in the emulator's registry that its engine knows."""
    docker = _tool("docker", environ)
    name = f"{emulator.about['registry']}/asia-east1/{emulator.project}/services/app:v1"
    made = docker("tag", BASE, name)
    assert made.returncode == 0, made.stderr
    yield docker, name
    docker("rmi", name)


@pytest.mark.engine
def test_docker_pushes_and_pulls(tagged: tuple[Tool, str], emulator: RunningEmulator) -> None:
    """The login that was written lets Docker push and pull as the default identity."""
    docker, name = tagged
    pushed = docker("push", name)
    assert pushed.returncode == 0, pushed.stderr
    assert "v1: digest: sha256:" in pushed.stdout
    assert docker("rmi", name).returncode == 0
    pulled = docker("pull", name)
    assert pulled.returncode == 0, pulled.stderr
    puts = [one for one in emulator.requests() if one["method"] == "registry/PUT manifests"]
    assert [one["principal"] for one in puts] == [emulator.about["identity"]]


@pytest.mark.engine
def test_docker_is_refused_without_the_login(
    tagged: tuple[Tool, str], environ: dict[str, str], tmp_path: Path
) -> None:
    """It is the login that opens the registry: with another configuration it stays shut."""
    _, name = tagged
    (tmp_path / "none").mkdir()
    stranger = _tool("docker", {**environ, "DOCKER_CONFIG": str(tmp_path / "none")})
    refused = stranger("push", name)
    assert refused.returncode == 1
    assert "artifactregistry.repositories.uploadArtifacts" in refused.stderr


def test_skopeo_reads_loopback_and_googles_host_alike(
    skopeo: Tool, environ: dict[str, str], emulator: RunningEmulator
) -> None:
    """By loopback in plain HTTP, and by Google's host name over TLS through the proxy."""
    path = f"{emulator.project}/services/app"
    ImagePusher(emulator).push(f"asia-east1/{path}", "v1")
    own = str(emulator.about["registry"])
    by_loopback = skopeo("list-tags", "--tls-verify=false", f"docker://{own}/asia-east1/{path}")
    assert by_loopback.returncode == 0, by_loopback.stderr
    assert json.loads(by_loopback.stdout)["Tags"] == ["v1"]
    google = f"docker://asia-east1-docker.pkg.dev/{path}"
    assert "403 (Forbidden)" in skopeo("list-tags", google).stderr
    login = json.loads(Path(environ["REGISTRY_AUTH_FILE"]).read_text())
    login["auths"]["asia-east1-docker.pkg.dev"] = login["auths"][own]
    Path(environ["REGISTRY_AUTH_FILE"]).write_text(json.dumps(login))
    by_google = skopeo("list-tags", google)
    assert by_google.returncode == 0, by_google.stderr
    assert json.loads(by_google.stdout)["Tags"] == ["v1"]
