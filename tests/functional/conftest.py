"""A project of the user's and an emulator that runs containers, for stages and commands."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import yaml

from provision.clients.credentials import load_caller
from provision.clients.google import GoogleClients
from provision.clients.local_cloud import find_local_cloud
from provision.pipeline import Pipeline
from provision.spec import Spec
from provision.spec.load import load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.conftest import RunningEmulator

BASE = "provision-base:dev"
"""What test images are built from; `make test` makes it."""

APP = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Hello(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello from " + os.environ["K_SERVICE"].encode())


HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Hello).serve_forever()
"""

DOCKERFILE = f"""FROM {BASE}
WORKDIR /app
COPY app.py .
CMD ["python3", "app.py"]
"""


@pytest.fixture(scope="session")
def _engine_emulator(start_emulator: "Callable[..., RunningEmulator]") -> "RunningEmulator":
    return start_emulator("--operation-delay", "0")


@pytest.fixture
def cloud(_engine_emulator: "RunningEmulator") -> "RunningEmulator":
    """An emulator with an engine, as if just started."""
    _engine_emulator.admin("POST", "/reset")
    _engine_emulator.admin("POST", "/settings", iamDelay=0, operationDelay=0)
    _engine_emulator.tokens.clear()
    return _engine_emulator


@dataclass
class Result:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """What it printed with ``--json``."""
        assert self.out, self.err
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def service(self) -> dict[str, Any]:
        """The first service of the JSON result."""
        found: dict[str, Any] = self.document["services"][0]
        return found

    def check(self, name: str) -> dict[str, Any]:
        """The first check of that name in the JSON result."""
        found: dict[str, Any] = next(c for c in self.service["checks"] if c["check"] == name)
        return found


@dataclass
class Project:
    """A directory with an application and a spec, as a user has it.

    Args:
        path: the directory.
        cloud: where it goes.
        declared: the spec, as YAML has it.
        environ: the environment of commands.
    """

    path: Path
    cloud: "RunningEmulator"
    declared: dict[str, Any]
    environ: dict[str, str] = field(default_factory=dict)

    def declare(self, **changes: object) -> None:
        """Write the spec with some of it changed; None takes a field away."""
        for name, value in changes.items():
            if value is None:
                self.declared.pop(name, None)
            else:
                self.declared[name] = value
        self.file.write_text(yaml.safe_dump(self.declared, sort_keys=False))

    @property
    def file(self) -> Path:
        """The spec's file."""
        return self.path / "provision.yaml"

    @property
    def spec(self) -> Spec:
        """The spec as it stands."""
        return load([self.file])[0]

    def pipeline(self, **options: Any) -> Pipeline:  # noqa: ANN401 - as Pipeline's
        """The stages, as a new process would make them."""
        local = find_local_cloud(self.environ)
        google = GoogleClients(load_caller(self.environ, local, None), local)
        options.setdefault("wait", 3.0)
        return Pipeline(google, self.environ, lambda _: None, **options)

    def run(self, *words: str, **environ: str) -> Result:
        """Run `provision` as a user would."""
        done = subprocess.run(
            [sys.executable, "-m", "provision", *words],
            cwd=self.path,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            timeout=180,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def up(self, *words: str) -> Result:
        """``provision up --yes --json``, waiting for IAM only a little."""
        return self.run("up", "--yes", "--json", "--wait", "3s", *words)

    def act_as(self, member: str) -> dict[str, str]:
        """The environment in which commands act as another identity."""
        made = self.cloud.admin("POST", "/identities", member=member)
        file = self.path.parent / "home" / "adc.json"
        file.write_text(json.dumps(made["adc"]))
        return {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}

    def forget_requests(self) -> None:
        """Begin a new record of what is asked of the cloud."""
        self.cloud.admin("DELETE", "/requests")

    def writes(self) -> list[str]:
        """The writes that were asked for since."""
        return [one["method"] for one in self.cloud.requests() if one["write"]]


def _environment(home: Path, http: str) -> dict[str, str]:
    """An empty home, the emulator, and the engine; nothing of the machine's own Google set-up."""
    kept = ("PATH", "DOCKER_HOST", "LANG", "PYTHONPATH")
    passed = {name: os.environ[name] for name in kept if name in os.environ}
    return {**passed, "HOME": str(home), "PROVISION_EMULATOR": http}


@pytest.fixture
def project(tmp_path: Path, cloud: "RunningEmulator") -> Project:
    """An application that answers hello, and a spec that lets the developer call it."""
    return new_project(tmp_path, cloud)


def new_project(place: Path, cloud: "RunningEmulator") -> Project:
    """Such a project in the empty directory `place`."""
    path, home = place / "orders", place / "home"
    path.mkdir()
    home.mkdir()
    # The engine outlives a test: inputs of its own make sure that nothing was built before.
    (path / "app.py").write_text(f"{APP}\n# {uuid4()}\n")
    (path / "Dockerfile").write_text(DOCKERFILE)
    (path / ".dockerignore").write_text("*.yaml\n")  # as `init` writes it: the spec is no input
    declared: Mapping[str, Any] = {
        "project": cloud.project,
        "region": "asia-east1",
        "service": "orders",
        "image": {"context": ".", "repository": "services"},
        "ingress": "all",
        "service_account": "orders-run",
        "invokers": ["user:developer@example.com"],
    }
    made = Project(path, cloud, dict(declared), _environment(home, cloud.http))
    made.declare()
    return made
