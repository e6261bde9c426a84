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
from tests.conftest import ImagePusher, make_repository

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.conftest import Clients, RunningEmulator

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
        prepare: brings about what has to be there.
    """

    path: Path
    cloud: "RunningEmulator"
    declared: dict[str, Any]
    environ: dict[str, str] = field(default_factory=dict)
    prepare: "Callable[[], None]" = lambda: None

    def begin_anew(self) -> None:
        """Have the cloud forget everything but what the project stands on."""
        self.cloud.admin("POST", "/reset")
        self.prepare()

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
    made = project_in(place, cloud, image={"context": ".", "repository": "services"})
    # The engine outlives a test: inputs of its own make sure that nothing was built before.
    (made.path / "app.py").write_text(f"{APP}\n# {uuid4()}\n")
    (made.path / "Dockerfile").write_text(DOCKERFILE)
    (made.path / ".dockerignore").write_text("*.yaml\n")  # as `init` writes it: no input
    return made


def project_in(place: Path, cloud: "RunningEmulator", **declared: object) -> Project:
    """A directory with a spec alone, in the empty directory `place`, and what it declares."""
    path, home = place / "orders", place / "home"
    path.mkdir()
    home.mkdir()
    always: Mapping[str, Any] = {
        "project": cloud.project,
        "region": "asia-east1",
        "service": "orders",
        "ingress": "all",
        "service_account": "orders-run",
        "invokers": ["user:developer@example.com"],
    }
    made = Project(path, cloud, {**always, **declared}, _environment(home, cloud.http))
    made.declare()
    return made


WORKFLOW = {
    "name": "nightly-orders",
    "service_account": "nightly-orders",
    "call": {"path": "/reconcile", "query": {"day": "today"}, "body": {"dry": False}},
}
SCHEDULE = {
    "kind": "schedule",
    "name": "tick",
    "service_account": "ticker",
    "schedule": "0 3 * * *",
    "call": {"path": "/tick", "body": {"at": "night"}},
}
PUSH = {
    "kind": "push",
    "name": "orders-push",
    "service_account": "pusher",
    "topic": "orders",
    "call": {"path": "/events"},
}
QUEUE = {
    "kind": "queue",
    "name": "work",
    "service_account": "worker",
    "call": {"path": "/work", "headers": {"X-From": "queue"}},
}


@pytest.fixture
def called(
    tmp_path: Path, emulator: "RunningEmulator", clients_of: "Callable[[str], Clients]"
) -> Project:
    """A service that everything there is calls, on an emulator without an engine."""
    project = project_in(tmp_path, emulator)

    def prepare() -> None:
        make_repository(clients_of("user:developer@example.com"), emulator.project)
        image = f"asia-east1/{emulator.project}/services/hello"
        reference = ImagePusher(emulator).push(image, "v1")
        project.declare(image={"reference": reference})

    project.prepare = prepare
    prepare()
    project.declare(workflows=[WORKFLOW], callers=[SCHEDULE, PUSH, QUEUE])
    return project


@pytest.fixture
def called_job(called: Project) -> Project:
    """A job that a workflow executes otherwise than it says, likewise."""
    call = {"env": {"DAY": "today"}, "tasks": 2}
    workflow = {"name": "nightly-run", "service_account": "nightly-run", "call": call}
    called.declare(kind="job", job="nightly", service=None, ingress=None)
    called.declare(workflows=[workflow], callers=None)
    return called
