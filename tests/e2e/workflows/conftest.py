"""A service with internal ingress and a job, of one image, with everything that calls them."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import yaml

from tests.e2e.gcloud.application import Application
from tests.e2e.gcloud.conftest import gcloud, gcloud_program
from tests.functional.conftest import DOCKERFILE

if TYPE_CHECKING:
    from tests.e2e.cloud.target import Target

__all__ = ["Private", "gcloud", "gcloud_program", "private"]

APP = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

if "CLOUD_RUN_JOB" in os.environ:
    sys.exit(0 if os.environ.get("DAY") == "today" else 7)

seen = []


class App(BaseHTTPRequestHandler):
    def do_GET(self):
        self.do_POST()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        parts = urlsplit(self.path)
        told = seen
        if parts.path == "/count":
            told = {"count": 3}
        elif parts.path != "/seen":
            seen.append(parts.path)
            told = {"path": parts.path, "query": parse_qs(parts.query), "body": body}
        kind = "text/plain" if parts.path == "/count" else "application/json"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())


HTTPServer(("0.0.0.0", int(os.environ["PORT"])), App).serve_forever()
"""


_IAM = 900.0
"""Seconds that a change of a policy may take at most; none in the emulator."""


@dataclass
class Private:
    """The application, and what its spec says.

    Args:
        app: runs commands, and writes files beside the spec.
        service: the document of the service.
        job: the document of the job.
    """

    app: Application
    service: dict[str, Any]
    job: dict[str, Any]

    @property
    def target(self) -> "Target":
        """Where it is."""
        return self.app.target

    def name(self, word: str) -> str:
        """A name of this run's own."""
        return self.target.name(word)

    def write(self) -> None:
        """Write the spec."""
        text = yaml.safe_dump_all([self.service, self.job], sort_keys=False)
        (self.app.path / "provision.yaml").write_text(text)

    def up(self) -> list[dict[str, Any]]:
        """Bring it about; what was told of the service and of the job."""
        told = self.app.provision("up", "--yes", "--json", "--wait", self.target.wait)
        services: list[dict[str, Any]] = json.loads(told)["services"]
        return services

    def run(self, word: str, state: str = "SUCCEEDED") -> dict[str, Any]:
        """Execute a workflow until IAM lets it end so; what was told of it."""
        deadline = time.monotonic() + _IAM
        while True:
            done = self.app.tried("workflow", "run", self.name(word), "--json")
            assert done.stdout, done.stderr
            told: dict[str, Any] = json.loads(done.stdout)
            if told["state"] == state:
                return told
            assert time.monotonic() < deadline, done.stdout

    def calling(self, word: str, **fields: object) -> dict[str, Any]:
        """A workflow or caller with an account of its own."""
        return {"name": self.name(word), "service_account": self.name(word), **fields}


@pytest.fixture(scope="session")
def private(target: "Target", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Private]:
    """Brought about by one `provision up`, and taken away at the end."""
    path = tmp_path_factory.mktemp("private")
    (path / "app.py").write_text(f"{APP}\n# {uuid4()}\n")
    (path / "Dockerfile").write_text(DOCKERFILE)
    (path / ".dockerignore").write_text("*.yaml\n")
    app = Application(path, target, target.name("private"))
    image = {"context": ".", "repository": target.name("images"), "name": "app"}
    shared = {"project": target.project, "region": target.region, "image": image}
    shared |= {"service_account": target.name("run"), "invokers": [target.member]}
    made = Private(app, {**shared, "service": app.service}, {**shared, "kind": "job"})
    call = {"path": "/reconcile", "query": {"day": "today"}, "body": {"dry": False}}
    made.service |= {
        "ingress": "internal",
        "max_instances": 1,
        "workflows": [
            made.calling("reconcile", call=call),
            made.calling("seen", call={"method": "GET", "path": "/seen"}),
        ],
        "callers": [
            made.calling("tick", kind="schedule", schedule="0 3 1 1 *", call={"path": "/tick"}),
            made.calling("push", kind="push", topic=target.name("topic"), call={"path": "/push"}),
            made.calling("queue", kind="queue", call={"path": "/work"}),
        ],
    }
    execution = made.calling("execution", call={"env": {"DAY": "today"}})
    made.job |= {"job": target.name("job"), "max_retries": 0, "workflows": [execution]}
    made.write()
    yield made
    app.provision("destroy", "--all", "--yes")
