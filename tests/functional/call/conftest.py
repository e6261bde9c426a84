"""A deployed application that tells what reached it, and ways to bring its service out of order."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests

from provision.clients.credentials import load_caller
from provision.clients.google import GoogleClients
from provision.clients.local_cloud import find_local_cloud
from tests.functional.conftest import DOCKERFILE, Project, Result, _environment
from tests.functional.proofs.conftest import provision

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator, StartEmulator

__all__ = ["Shop", "claims", "provision", "shop"]

APP = """
import base64, hashlib, json, os, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

released, received = threading.Event(), []


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/held":
            self.begin(("Transfer-Encoding", "chunked"), ("Content-Type", "text/event-stream"))
            self.chunk(b"data: first\\n\\n")
            released.wait(60)
            self.chunk(b"data: second\\n\\n")
            return self.chunk(b"")
        if path == "/hold":
            released.clear()
            return self.reply(200, b"held")
        if path == "/socket":
            return self.socket()
        if path == "/release":
            released.set()
            return self.reply(200, b"released")
        if path == "/upload":
            received.clear()
            while piece := self.piece():
                received.append(piece)
            return self.reply(200, str(sum(map(len, received))).encode())
        if path == "/received":
            return self.reply(200, b"".join(received)[:100])
        if path == "/binary":
            return self.reply(200, bytes(range(256)))
        if path == "/never":
            threading.Event().wait(120)
        if path == "/cut":
            self.begin(("Content-Length", "100"))
            self.wfile.write(b"half")
            self.close_connection = True
            return
        if path.startswith("/status/"):
            return self.reply(int(path[8:]), b"the application says so")
        if path.startswith("/to/"):
            code, _, where = self.path[4:].partition("/")
            return self.reply(int(code), b"", ("Location", where), ("Set-Cookie", "to=1; Secure"))
        body = b""
        while piece := self.piece():
            body += piece
        told = {"method": self.command, "path": self.path, "body": body.decode("latin-1")}
        told["headers"] = [[name.lower(), value] for name, value in self.headers.items()]
        self.reply(200, json.dumps(told).encode())

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET
    left = None

    def piece(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            size = int(self.rfile.readline(), 16)
            piece = self.rfile.read(size)
            self.rfile.readline()
            return piece
        if self.left is None:
            self.left = int(self.headers.get("Content-Length") or 0)
        piece = self.rfile.read1(min(self.left, 65536)) if self.left else b""
        self.left -= len(piece)
        return piece

    def socket(self):
        guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        digest = hashlib.sha1((self.headers["Sec-WebSocket-Key"] + guid).encode()).digest()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(digest).decode())
        self.end_headers()
        self.close_connection = True
        while (head := self.rfile.read(2)) and head[0] != 0x88:
            mask = self.rfile.read(4)
            content = self.rfile.read(head[1] & 0x7F)
            plain = bytes(byte ^ mask[i % 4] for i, byte in enumerate(content))
            self.wfile.write(bytes([head[0], len(plain)]) + plain)
        self.wfile.write(b"\\x88\\x00")

    def chunk(self, piece):
        self.wfile.write(b"%x\\r\\n%b\\r\\n" % (len(piece), piece))

    def begin(self, *headers):
        self.send_response(200)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def reply(self, code, content, *headers):
        self.send_response(code)
        for name, value in (*headers, ("Content-Length", str(len(content)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Echo).serve_forever()
"""

SERVICE = "projects/demo-project/locations/asia-east1/services/orders"
GUEST = "stranger@demo-project.iam.gserviceaccount.com"


@dataclass
class Shop:
    """The service and its surroundings.

    Args:
        project: where commands are run.
        google: the developer's clients.
    """

    project: Project
    google: GoogleClients

    @property
    def cloud(self) -> "RunningEmulator":
        """The emulator."""
        return self.project.cloud

    @property
    def url(self) -> str:
        """The service's address."""
        urls = self.google.services.get_service(name=SERVICE).urls
        return next(str(url) for url in urls if "//127.0.0.1:" in url)

    def call(self, *words: str, **environ: str) -> Result:
        """Run ``provision call orders``."""
        return self.project.run("call", "orders", *words, **environ)

    def explained(self, *words: str, **environ: str) -> dict[str, Any]:
        """The explanation of a call that was refused."""
        done = self.call(*words, "--json", **environ)
        assert done.out, done.err
        found: dict[str, Any] = done.document["explanation"]
        assert found is not None, done.document
        assert all(len(line) <= 80 for line in done.err.splitlines()), done.err
        return found

    @contextmanager
    def with_binding(
        self, member: str, expression: str = "", role: str = "roles/run.invoker"
    ) -> Iterator[None]:
        """Add a binding to the service's policy for a while."""
        before = self.google.services.get_iam_policy(
            request={"resource": SERVICE, "options": {"requested_policy_version": 3}}
        )
        after = type(before)()
        after.CopyFrom(before)
        after.version = 3
        binding = after.bindings.add()
        binding.role = role
        binding.members.append(member)
        if expression:
            binding.condition.title = "for a test"
            binding.condition.expression = expression
        written = self.google.services.set_iam_policy(
            request={"resource": SERVICE, "policy": after}
        )
        try:
            yield
        finally:
            before.etag = written.etag
            before.version = 3
            self.google.services.set_iam_policy(request={"resource": SERVICE, "policy": before})

    @contextmanager
    def with_fields(self, **fields: Any) -> Iterator[None]:  # noqa: ANN401 - Google's
        """Set fields of the service for a while."""
        service = self.google.services.get_service(name=SERVICE)
        before = {name: getattr(service, name) for name in fields}
        self._set(fields)
        try:
            yield
        finally:
            self._set(before)

    def _set(self, fields: dict[str, Any]) -> None:
        service = self.google.services.get_service(name=SERVICE)
        for name, value in fields.items():
            setattr(service, name, value)
        request = {"service": service, "update_mask": {"paths": list(fields)}}
        self.google.services.update_service(request=request).result(timeout=60)

    @contextmanager
    def with_deny(self, permission: str, principal: str) -> Iterator[None]:
        """Deny a permission in the whole project for a while."""
        point = "cloudresourcemanager.googleapis.com%2Fprojects%2Fdemo-project"
        base = f"{self.cloud.http}/v2/policies/{point}/denypolicies"
        rule = {"denyRule": {"deniedPermissions": [permission], "deniedPrincipals": [principal]}}
        headers = {
            "Authorization": f"Bearer {self.cloud.token()}",
            "Host": "iam.googleapis.com",
        }
        made = requests.post(
            f"{base}?policyId=no-calls", json={"rules": [rule]}, headers=headers, timeout=30
        )
        assert made.ok, made.text
        try:
            yield
        finally:
            gone = requests.delete(f"{base}/no-calls", headers=headers, timeout=30)
            assert gone.ok, gone.text


@pytest.fixture(scope="session")
def shop(start_emulator: "StartEmulator", tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The service, deployed once; what a test changes it sets back."""
    cloud = start_emulator("--operation-delay", "0")
    place = tmp_path_factory.mktemp("shop")
    path, home = place / "orders", place / "home"
    path.mkdir()
    home.mkdir()
    (path / "app.py").write_text(APP)
    (path / "Dockerfile").write_text(DOCKERFILE)
    (path / ".dockerignore").write_text("*\n!app.py\n!Dockerfile\n")
    declared = {
        "project": cloud.project,
        "region": "asia-east1",
        "service": "orders",
        "image": {"context": ".", "repository": "services"},
        "ingress": "all",
        "service_account": "orders-run",
        "invokers": ["user:developer@example.com"],
    }
    project = Project(path, cloud, declared, _environment(home, cloud.http))
    project.declare()
    done = project.up()
    assert done.code == 0, done.err
    local = find_local_cloud(project.environ)
    google = GoogleClients(load_caller(project.environ, local, None), local)
    google.iam.create_service_account(
        request={"name": "projects/demo-project", "account_id": "stranger"}
    )
    above = "organizations/100000000001"
    developer = "user:developer@example.com"
    for role in ("roles/iam.denyAdmin", "roles/iam.serviceAccountTokenCreator"):
        cloud.admin("POST", "/grants", resource=above, role=role, member=developer)
    return Shop(project, google)


def claims(**told: object) -> str:
    """A token that says `told`, signed by nobody."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'RS256', 'kid': 'none'})}.{part(told)}.{part('signature')}"
