"""No token, key or login is told by any command: not in a result, an error, a log or a crash."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from google.cloud import run_v2

from tests.conftest import (
    DEVELOPER,
    Clients,
    ImagePusher,
    RunningEmulator,
    make_repository,
    start_emulator_process,
)
from tests.e2e.emulator_shell import new_shell
from tests.functional.proofs.conftest import REGION
from tests.functional.proofs.secrets_in_play import SecretsInPlay

WORKER = Path(__file__).with_name("one_after_another.py")
STRANGER = "user:stranger@example.com"
ROBOT = "checker@demo-project.iam.gserviceaccount.com"
OWN = "YW5uOnNlc2FtZS1vcGVu"
"""What a caller brings in an ``Authorization`` of its own."""

WRONG = "call -v --audience https://wrong.example.com orders"
COMMANDS = {
    "plan": 0,
    "up --yes --wait=1s --json": 0,
    "verify --wait=1s": 0,
    "token orders --decode": 0,
    "token orders --decode --json": 0,
    "call orders": 0,
    "call -v -i orders /reports": 0,
    "call -v -H @own.txt orders": 0,
    WRONG: 0,
    f"token orders --decode --as {ROBOT}": 0,
    f"call -v orders --as {ROBOT}": 0,
    "grant user:ann@example.com --on orders --for 8h --reason T-1 --wait 2s": 4,
    "grant user:ann@example.com --on orders --json": 0,
    "grants orders --json": 0,
    "revoke user:ann@example.com --on orders": 0,
    "prune-expired orders": 0,
    "execute job/nightly": 0,
    "snippet orders --language python": 0,
    "snippet orders --language curl": 0,
}
"""What every command ends with as a user who may do all, who cannot choose an audience."""


@dataclass
class World:
    """An emulator with a log, a service and a job, and the secrets that are in play there.

    Args:
        emulator: the emulator.
        folder: where all files of the user are.
        log: what the emulator says.
        secrets: what must not be told.
    """

    emulator: RunningEmulator
    folder: Path
    log: Path
    secrets: SecretsInPlay = field(default_factory=SecretsInPlay)

    def environ(self, credentials: str = "") -> dict[str, str]:
        """The environment of somebody with the credentials file of that name."""
        shell = new_shell(self.emulator.http, self.folder / "home")
        place = {"CLOUDSDK_CORE_PROJECT": "demo-project", "CLOUDSDK_RUN_REGION": REGION}
        named = {"GOOGLE_APPLICATION_CREDENTIALS": str(self.file(credentials))}
        return {**shell, **place, **(named if credentials else {})}

    def file(self, name: str) -> Path:
        """A credentials file."""
        return self.folder / "credentials" / f"{name}.json"

    def keep(self, name: str, text: str) -> None:
        """Write a credentials file, and remember what is secret in it."""
        self.file(name).parent.mkdir(exist_ok=True)
        self.file(name).write_text(text)
        self.secrets.add_file(text)

    def run(self, *command: str, given: str = "", **environ: str) -> tuple[int, str, str]:
        """Run a Python program: exit code, stdout and stderr."""
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env=environ or self.environ(),
            capture_output=True,
            text=True,
            input=given,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def kept(self) -> Iterator[tuple[str, str]]:
        """What is written down: the emulator's log and record, and every file of the user's."""
        yield "the emulator's log", self.log.read_text()
        yield "the emulator's record", json.dumps(self.emulator.requests())
        for file in sorted((self.folder / "home").rglob("*")):
            if file.is_file():
                yield str(file), file.read_text(errors="replace")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Everything that secrets are needed for."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "home").mkdir()
    log = folder / "emulator.log"
    with log.open("w") as stderr:
        emulator = start_emulator_process(
            "--engine", "none", "--operation-delay", "0", stderr=stderr
        )
    try:
        made = World(emulator, folder, log)
        furnish(made)
        yield made
    finally:
        emulator.stop()


def furnish(world: World) -> None:
    """Make the service, the job, and credentials of several kinds."""
    clients = Clients(world.emulator, "grpc", DEVELOPER)
    hand_out(world, clients)
    make_repository(clients, "demo-project")
    image = ImagePusher(world.emulator).push(f"{REGION}/demo-project/services/hello", "v1")
    spec: dict[str, Any] = {"service": "orders", "image": {"reference": image}, "ingress": "all"}
    spec["invokers"] = [DEVELOPER, f"serviceAccount:{ROBOT}"]
    (world.folder / "provision.yaml").write_text(yaml.safe_dump(spec))
    code, out, err = world.run("-m", "provision", "up", "--yes", "--wait=1s")
    assert code == 0, out + err
    task = run_v2.TaskTemplate(containers=[run_v2.Container(image=image)], max_retries=0)
    job = run_v2.Job(template=run_v2.ExecutionTemplate(template=task))
    clients.make(run_v2.JobsClient).create_job(
        parent=f"projects/demo-project/locations/{REGION}", job_id="nightly", job=job
    ).result(timeout=30)


def hand_out(world: World, clients: Clients) -> None:
    """Give somebody a login and somebody a key, and remember all that is secret in them."""
    request = {"name": "projects/demo-project", "account_id": "checker"}
    clients.iam.create_service_account(request=request)
    for resource, role in (
        ("projects/demo-project", "roles/owner"),
        ("projects/demo-project", "roles/iam.serviceAccountTokenCreator"),
        ("organizations/100000000001", "roles/iam.securityReviewer"),
        ("organizations/100000000001", "roles/browser"),
    ):
        member = f"serviceAccount:{ROBOT}"
        world.emulator.admin("POST", "/grants", resource=resource, member=member, role=role)
    for name in ("key", "deleted key"):
        made = clients.iam.create_service_account_key(
            name=f"projects/demo-project/serviceAccounts/{ROBOT}"
        )
        world.keep(name, made.private_key_data.decode())
    clients.iam.delete_service_account_key(name=made.name)
    for name, member in (("login", DEVELOPER), ("stranger", STRANGER)):
        told = world.emulator.admin("POST", "/identities", member=member)
        world.secrets.add_token(told["access_token"])
        world.keep(name, json.dumps(told["adc"]))
    world.secrets.add_token(world.emulator.token())
    (world.folder / "own.txt").write_text(f"Authorization: Basic {OWN}\n")
    world.secrets.add(OWN)


def commands(world: World, credentials: str) -> list[int]:
    """Run every command with those credentials; their exit codes. No secret may be told."""
    lines = "".join(f"{line}\n" for line in COMMANDS)
    _, out, err = world.run(str(WORKER), given=lines, **world.environ(credentials))
    assert world.secrets.told_in([("stdout", out), ("stderr", err), *world.kept()]) == []
    assert "codes: " in out, err
    codes: list[int] = json.loads(out.rpartition("codes: ")[2])
    return codes


@pytest.mark.parametrize(
    ("credentials", "wrong"), [("", 0), ("login", 0), ("key", 22)], ids=["own", "login", "key"]
)
def test_commands_that_do_their_work(world: World, credentials: str, wrong: int) -> None:
    """Every command, as the default identity, by a user's login, and by a key."""
    found = dict(zip(COMMANDS, commands(world, credentials), strict=True))
    assert found == {**COMMANDS, WRONG: wrong}


@pytest.mark.parametrize("credentials", ["stranger", "deleted key"])
def test_commands_that_are_refused(world: World, credentials: str) -> None:
    """Every command, by a login without any role, and by a key that counts no more."""
    found = dict(zip(COMMANDS, commands(world, credentials), strict=True))
    assert not [line for line, code in found.items() if code == 0]


def test_a_token_is_told_by_its_own_command_alone(world: World) -> None:
    """It is the only thing on stdout, where this test's search finds it, and in no file."""
    code, out, err = world.run("-m", "provision", "token", "orders", **world.environ("key"))
    assert code == 0, err
    assert out.count("\n") == 1
    assert len(world.secrets.told_in([("stdout", out)])) == 1
    world.secrets.add_token(out.strip())
    assert world.secrets.told_in([("stderr", err), *world.kept()]) == []


@contextmanager
def relay(world: World, garbled: str) -> Iterator[str]:
    """The address of a server that passes all on to the emulator, and garbles one path's answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on("GET", b"")

        def do_POST(self) -> None:
            self._pass_on("POST", self.rfile.read(int(self.headers["Content-Length"])))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _pass_on(self, method: str, body: bytes) -> None:
            url = world.emulator.http + self.path
            passed = ("Content-Type", "Authorization")
            headers = {name: self.headers[name] for name in passed if name in self.headers}
            answer = requests.request(method, url, data=body, headers=headers, timeout=30)
            here = f"http://{self.headers['Host']}".encode()
            content = answer.content.replace(world.emulator.http.encode(), here)
            self.send_response(answer.status_code)
            self.end_headers()
            self.wfile.write(b"[" + content + b"]" if self.path == garbled else content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    ("garbled", "command"),
    [
        ("/token", "token orders --decode"),
        ("/v1/userinfo", "grants orders --json"),
        ("/v1/userinfo", "call -v orders"),
    ],
)
def test_a_crash(world: World, garbled: str, command: str) -> None:
    """What nobody thought of, a list where an object belongs, is a bug with its traceback."""
    with relay(world, garbled) as address:
        environ = {**world.environ(), "PROVISION_EMULATOR": address}
        code, out, err = world.run("-m", "provision", *command.split(), **environ)
    assert code == 1, err
    assert "Traceback" in err
    assert world.secrets.told_in([("stdout", out), ("stderr", err), *world.kept()]) == []


@pytest.mark.parametrize("command", ["token orders", "call -v orders", "grants orders --json"])
def test_a_disk_that_is_full(world: World, command: str) -> None:
    """What was to be printed is not told elsewhere."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "provision", *command.split()],
            cwd=world.folder,
            env=world.environ("key"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode != 0
    assert done.stderr
    assert world.secrets.told_in([("stderr", done.stderr), *world.kept()]) == []


def test_a_proxy_that_is_interrupted(world: World) -> None:
    """Neither what it tells of each request, nor how it ends, holds the token it adds."""
    process = subprocess.Popen(
        [sys.executable, "-m", "provision", "proxy", "orders", "-v", "--port=0", "--json"],
        cwd=world.folder,
        env=world.environ("key"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    first = document_of(process.stdout)
    answers = [requests.get(first["address"], timeout=30) for _ in range(2)]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert [one.status_code for one in answers] == [200, 200], err
    heads = "".join(f"{one.headers}{one.text}" for one in answers)
    told = [("stdout", f"{first}{out}"), ("stderr", err), ("answers", heads), *world.kept()]
    assert world.secrets.told_in(told) == []


def document_of(lines: Iterable[str]) -> Any:  # noqa: ANN401 - JSON
    """The JSON document that a command prints before it goes on working."""
    text = ""
    for line in lines:
        text += line
        with suppress(ValueError):
            return json.loads(text)
    raise AssertionError(text)
