"""The emulator's registry beside Debian's docker-registry, which is the control."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.emulator.registry.talk import Peer

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator, StartEmulator

ROOT = Path(__file__).resolve().parents[3]
LOCATION, PROJECT = "asia-east1", "demo-project"
PREFIX = f"{LOCATION}/{PROJECT}"
_CONFIG = """\
version: 0.1
log: {{level: error}}
storage:
  filesystem: {{rootdirectory: {folder}}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:{port}", relativeurls: true}}
"""
_START_SECONDS = 30

FindTool = Callable[[str], Path]


@pytest.fixture(scope="session")
def tool() -> FindTool:
    """Finds skopeo or docker-registry, installing it where that can be done."""

    def find(name: str) -> Path:
        command = [sys.executable, str(ROOT / "scripts" / "registry_tools.py"), name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(done.stderr.strip())
        return Path(done.stdout.strip())

    return find


@pytest.fixture(scope="session")
def control(tool: FindTool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """Debian's docker-registry, started for the tests."""
    program, folder = tool("docker-registry"), tmp_path_factory.mktemp("control")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "config.yml"
    config.write_text(_CONFIG.format(folder=folder / "data", port=port))
    with subprocess.Popen([program, "serve", config], stderr=subprocess.DEVNULL) as process:
        try:
            _await_port(process, port)
            yield Peer(f"127.0.0.1:{port}", PREFIX, {})
        finally:
            process.kill()


def _await_port(process: "subprocess.Popen[bytes]", port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("docker-registry did not come up")


@pytest.fixture(scope="session")
def judged_emulator(start_emulator: "StartEmulator") -> "RunningEmulator":
    """An emulator with the repositories `one` and `two`."""
    running = start_emulator("--engine", "none", "--project", PROJECT, "--operation-delay", "0.01")
    add_repositories(running, "one", "two")
    return running


@pytest.fixture(scope="session")
def subject(judged_emulator: "RunningEmulator") -> Peer:
    """The emulator's registry, as the developer."""
    return peer_of(judged_emulator)


def peer_of(running: "RunningEmulator", member: str = "user:developer@example.com") -> Peer:
    """The emulator's registry, as a member."""
    headers = {"Authorization": f"Bearer {running.token(member)}"}
    return Peer(str(running.about["registry"]), PREFIX, headers)


def add_repositories(running: "RunningEmulator", *names: str, immutable: bool = False) -> None:
    """Make Docker repositories."""
    peer = peer_of(running)
    body = json.dumps({"format": "DOCKER", "dockerConfig": {"immutableTags": immutable}}).encode()
    for name in names:
        path = f"/v1/projects/{PROJECT}/locations/{LOCATION}/repositories?repositoryId={name}"
        answer = peer.call("POST", path, body, Content_Type="application/json")
        assert answer.status == 200, answer.body
