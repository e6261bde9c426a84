"""A private service, accounts that may and may not call it, and servers that redirect."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from google.cloud import run_v2
from google.iam.v1 import policy_pb2

from provision.clients.clock import Clock
from tests.conftest import Clients, RunningEmulator
from tests.e2e.emulator_shell import evaluated, new_shell

REGION = "asia-east1"
CUT: tuple[int, dict[str, str], bytes] = (0, {}, b"")
"""Instead of an answer: the connection is cut."""


@dataclass(frozen=True)
class Shifted(Clock):
    """A clock that is off.

    Args:
        seconds: by how much it is ahead.
    """

    seconds: float = 0.0

    def now(self) -> datetime:
        """The wrong time."""
        return super().now() + timedelta(seconds=self.seconds)


@dataclass
class Done:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


@dataclass
class Shell:
    """Runs commands as a user of the emulator would, in a directory of their own.

    Args:
        path: the directory.
        environ: the environment.
    """

    path: Path
    environ: dict[str, str]

    def run(self, *words: str, text: str = "", **environ: str) -> Done:
        """Run ``provision``."""
        return self.command(sys.executable, "-m", "provision", *words, text=text, **environ)

    def python(self, script: str, **environ: str) -> Done:
        """Run a script in the directory."""
        return self.command(sys.executable, script, **environ)

    def command(self, *words: str, text: str = "", **environ: str) -> Done:
        """Run any program."""
        done = subprocess.run(
            words,
            cwd=self.path,
            env={**self.environ, **environ},
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def shell(emulator: RunningEmulator, tmp_path: Path) -> Shell:
    """Commands whose only Google Cloud is the emulator."""
    (tmp_path / "work").mkdir()
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "provision"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m provision "$@"\n')
    program.chmod(0o755)
    environ = {
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "PROVISION_EMULATOR": emulator.http,
        "CLOUDSDK_CORE_PROJECT": emulator.project,
        "CLOUDSDK_RUN_REGION": REGION,
    }
    return Shell(tmp_path / "work", environ)


@pytest.fixture
def google(emulator: RunningEmulator, tmp_path: Path) -> Shell:
    """A shell in which only Google's host names lead to the emulator, and no variable of ours."""
    environ = evaluated(new_shell(emulator.http, tmp_path))
    for name in ("PROVISION_EMULATOR", "GOOGLE_APPLICATION_CREDENTIALS"):
        environ.pop(name)
    environ["PYTHONPATH"] = str(Path(__file__).parents[3])
    return Shell(tmp_path, environ)


@dataclass
class Orders:
    """The private service ``orders``.

    Args:
        clients: Google's clients as its owner.
        emulator: where it runs.
        name: its full name.
    """

    clients: Clients
    emulator: RunningEmulator
    name: str

    @property
    def live(self) -> run_v2.Service:
        """As Cloud Run tells it."""
        return self.clients.services.get_service(name=self.name)

    @property
    def url(self) -> str:
        """Its address."""
        return str(self.live.urls[0])

    def let_in(self, *members: str) -> None:
        """Make these its invokers."""
        bindings = [policy_pb2.Binding(role="roles/run.invoker", members=members)]
        policy = policy_pb2.Policy(bindings=bindings)
        self.clients.services.set_iam_policy(request={"resource": self.name, "policy": policy})

    def account(self, name: str, *, invoker: bool = True) -> str:
        """A new service account's e-mail, an invoker as a rule."""
        made = self.clients.iam.create_service_account(
            request={"name": f"projects/{self.emulator.project}", "account_id": name}
        )
        if invoker:
            self.let_in(f"serviceAccount:{made.email}")
        return str(made.email)

    def key(self, email: str, file: Path) -> Any:  # noqa: ANN401 - Google's own message
        """A key of an account, written to `file`."""
        made = self.clients.iam.create_service_account_key(
            request={"name": f"projects/-/serviceAccounts/{email}"}
        )
        file.write_bytes(made.private_key_data)
        return made


@pytest.fixture
def orders(emulator: RunningEmulator, grpc_clients: Clients, pushed_image: str) -> Orders:
    """A private service of which nobody but the project's owner is an invoker."""
    container = run_v2.Container(image=pushed_image)
    service = run_v2.Service(template=run_v2.RevisionTemplate(containers=[container]))
    made = grpc_clients.services.create_service(
        parent=f"projects/{emulator.project}/locations/{REGION}",
        service_id="orders",
        service=service,
    ).result(timeout=30)
    return Orders(grpc_clients, emulator, made.name)


@pytest.fixture
def here(emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """This very process is a user of the emulator."""
    monkeypatch.setenv("PROVISION_EMULATOR", emulator.http)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)


@dataclass
class Seen:
    """What a server was asked, and what it answers.

    Args:
        origin: its address.
        requests: path and headers, names in lower case, of each request.
        answers: status, headers and body by path; 200 and nothing else otherwise.
    """

    origin: str
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)

    def redirect(self, path: str, target: str, status: int = 302) -> None:
        """Answer `path` with a redirect."""
        self.answers[path] = (status, {"Location": target}, b"")

    def headers(self, path: str) -> dict[str, str]:
        """Those of the only request for `path`."""
        [found] = [headers for asked, headers in self.requests if asked == path]
        return found


def _handler(seen: Seen) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Writes down what it is asked."""

        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            seen.bodies.append(self.rfile.read(length))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.requests.append((self.path, headers))
            status, extra, body = seen.answers.get(self.path, (200, {}, b"{}"))
            if (status, extra, body) == CUT:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def serve() -> Iterator[Callable[[], Seen]]:
    """Starts HTTP servers on this machine, each an origin of its own."""
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start() -> Seen:
        seen = Seen("")
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(seen))
        seen.origin = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        running.append((server, thread))
        return seen

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()
