"""The suite as it runs against Google: Google's host names, TLS, its clients as they come.

The emulator stands behind those names, by way of its proxy; nothing in the suite knows of it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest
import requests

from tests.functional.conftest import BASE

ROOT = Path(__file__).parents[3]
GET_SERVICE = "google.cloud.run.v2.Services/GetService"


@dataclass
class StandIn:
    """An emulator in Google's place.

    Args:
        http: its own address, for looking behind the curtain.
        project: its project.
        environ: what leads to it, and nothing that names it.
    """

    http: str
    project: str
    environ: dict[str, str]

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a Python module against it."""
        return subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def suite(self, part: str = "tests/e2e/cloud/test_refusals.py") -> subprocess.Popen[str]:
        """Start a part of the suite; the default one needs no Docker engine."""
        return self.start(
            *("pytest", part, "-p", "no:cacheprovider", "-n", "0"),
            *("--cloud", "google", "--project", self.project, "--region", "asia-east1"),
        )

    def clean(self) -> str:
        """Run the clean-up; what it told."""
        done = self.start(
            *("tests.e2e.cloud.clean", "--project", self.project, "--region", "asia-east1")
        )
        told, _ = done.communicate(timeout=120)
        assert done.returncode == 0, told
        return told

    def repositories(self) -> list[str]:
        """Ids of the suite's repositories."""
        developer = {"member": "user:developer@example.com"}
        token = self._ask("POST", "/_emulator/identities", developer)["access_token"]
        path = f"/v1/projects/{self.project}/locations/asia-east1/repositories"
        found = self._ask("GET", f"{path}?access_token={token}").get("repositories", [])
        return [one["name"].rpartition("/")[2] for one in found if "pve2e" in one["name"]]

    def fault(self, **fault: object) -> None:
        """Have a call answered otherwise than the emulator would."""
        self._ask("POST", "/_emulator/faults", fault)

    def _ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        answer = requests.request(method, f"{self.http}{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()


@pytest.fixture
def stand_in(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[StandIn]:
    """An emulator of its own and the environment that `provision emulator env` makes."""
    passed = ("PATH", "LANG", "PYTHONPATH", "DOCKER_HOST")
    kept = {key: os.environ[key] for key in passed if key in os.environ}
    # Google's libraries look for credentials in the home as well.
    environ = {**kept, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}

    def emulator(*words: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "provision", "emulator", *words, "--json"],
            env=environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    engine = "auto" if request.node.get_closest_marker("engine") else "none"
    told = emulator("start", "--engine", engine, "--port", "0")
    variables = emulator("env", "--for", "clients")["set"]
    variables.pop("PROVISION_EMULATOR")
    yield StandIn(told["http"], told["project"], {**environ, **variables})
    emulator("stop")


@pytest.fixture
def engine_behind_the_proxy(stand_in: StandIn, bare_checkout: Path) -> Iterator[str]:
    """A Docker engine of its own that asks for Google's registries by way of the proxy."""
    environ = {**stand_in.environ, "DOCKER_HOST": "unix:///nonexistent/docker.sock"}

    def engine(word: str) -> str:
        command = [sys.executable, str(bare_checkout / "scripts" / "engine.py"), word]
        done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()

    host = engine("ensure")
    try:
        image = docker.from_env().images.get(BASE).save(named=BASE)
        docker.DockerClient(host).images.load(b"".join(image))
        yield host
    finally:
        engine("stop")


@pytest.mark.engine
def test_a_private_service_is_brought_about_at_google_s_names(
    stand_in: StandIn, engine_behind_the_proxy: str
) -> None:
    """Built, pushed to `LOCATION-docker.pkg.dev`, deployed, proven and destroyed, as at Google."""
    stand_in.environ["DOCKER_HOST"] = engine_behind_the_proxy
    run = stand_in.suite(
        "tests/e2e/cloud/test_journey.py::test_a_private_service_from_nothing_to_nothing"
    )
    told, _ = run.communicate(timeout=280)
    assert run.returncode == 0, told
    assert "1 passed" in told
    assert "differences from the emulator: 0" in told
    assert stand_in.repositories() == []


def test_the_suite_passes_at_google_s_names_and_leaves_nothing(stand_in: StandIn) -> None:
    """Every test passes, none is skipped, and what they made is deleted."""
    run = stand_in.suite()
    told, _ = run.communicate(timeout=240)
    assert run.returncode == 0, told
    assert "differences from the emulator: 0" in told
    assert "skipped" not in told
    assert stand_in.repositories() == []
    assert "deleted" not in stand_in.clean()


def test_a_difference_is_told_as_one(stand_in: StandIn) -> None:
    """The test's sentence, what was seen instead, no traceback, and exit code 1."""
    stand_in.fault(method=GET_SERVICE, code="NOT_FOUND", message="Gone with the wind.")
    run = stand_in.suite()
    told, _ = run.communicate(timeout=240)
    assert run.returncode == 1, told
    assert "differences from the emulator: 1" in told
    summary = told[told.index("differences from the emulator: 1") :]
    assert "404, naming the service, its kind, its region and its project by id." in summary
    assert "Gone with the wind." in summary
    assert "Traceback" not in told
    assert stand_in.repositories() == []


def test_what_a_killed_run_left_is_found_and_deleted(stand_in: StandIn) -> None:
    """`kill -9` in the middle leaves a repository; the clean-up knows no more than its name."""
    run = stand_in.suite()
    while not stand_in.repositories():
        assert run.poll() is None, run.communicate()[0]
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.communicate(timeout=30)
    (left,) = stand_in.repositories()

    assert f"deleted repository {left}" in stand_in.clean()
    assert stand_in.repositories() == []
