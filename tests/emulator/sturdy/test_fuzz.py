"""Ten thousand strange requests, seeded: nothing breaks, and all is answered in Google's forms.

A request that fails is printed as it went over the wire; the seed and its turn make it again.
"""

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import run_v2

from tests.conftest import (
    DEVELOPER,
    Clients,
    ImagePusher,
    RunningEmulator,
    make_repository,
    start_emulator_process,
)
from tests.emulator.sturdy.conftest import PARENT
from tests.emulator.sturdy.strange import Strange, Strangeness

HTTP_SEEDS, HTTP_REQUESTS = range(16), 500
GRPC_SEEDS, GRPC_REQUESTS = range(100, 108), 250
FURNISHED = 250
NEVER = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN}


class Watched:
    """An emulator whose log is watched."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "stderr"
        # Google's schemas say nothing of what is asked in no way that they know.
        with self.log.open("w") as log, pytest.MonkeyPatch.context() as patch:
            patch.delenv("PROVISION_EMULATOR_ANSWERS", raising=False)
            options = ("--engine", "none", "--data", str(folder / "data"))
            self.emulator = start_emulator_process(*options, stderr=log)
        self._seen = 0

    def told(self) -> str:
        """What it logged since it was last asked."""
        text = self.log.read_text()
        new, self._seen = text[self._seen :], len(text)
        return new


@pytest.fixture(scope="module")
def _watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    watched = Watched(tmp_path_factory.mktemp("fuzz"))
    yield watched
    watched.emulator.stop()


@pytest.fixture
def watched(_watched: Watched) -> Watched:
    """An emulator of its own, from whose log nothing is left to be read."""
    _watched.told()
    return _watched


def furnish(emulator: RunningEmulator) -> None:
    """Begin anew, with a repository, an image, an account and a service."""
    emulator.admin("POST", "/reset")
    emulator.admin("POST", "/settings", iamDelay=0, operationDelay=0.02)
    clients = Clients(emulator, "grpc", DEVELOPER)
    make_repository(clients, "demo-project")
    clients.iam.create_service_account(
        request={"name": "projects/demo-project", "account_id": "orders-run"}
    )
    image = ImagePusher(emulator).push("asia-east1/demo-project/services/hello", "v1")
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=image)])
    clients.services.create_service(
        parent=PARENT, service_id="orders", service=run_v2.Service(template=template)
    ).result(timeout=30)


def answer_to(emulator: RunningEmulator, request: Strange) -> tuple[int, str, bytes]:
    """The answer's status, type and body. Raises `OSError` or `HTTPException` for none."""
    host, _, port = emulator.http.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as wire:
        wire.sendall(request.raw)
        verb = request.head[0].partition(b" ")[0].decode()
        answer = http.client.HTTPResponse(wire, method=verb)
        answer.begin()
        return answer.status, answer.getheader("Content-Type", ""), answer.read()


def is_in_google_s_form(status: int, body: bytes) -> bool:
    """Whether an error has the JSON envelope that Google's APIs answer with."""
    try:
        error = json.loads(body)["error"]
    except (ValueError, KeyError):
        return False
    return bool(error["code"] == status and error["message"] and error["status"].isupper())


def complaint(request: Strange, status: int, kind: str, body: bytes) -> str:
    """What is wrong with an answer; nothing when it may be so."""
    if status >= 500 and status != 501:
        return f"status {status}"
    if request.rpc and status >= 400 and not is_in_google_s_form(status, body):
        return f"status {status} in another form"
    if request.rpc and status < 300 and not kind.startswith("application/json"):
        return f"an answer of type {kind}"
    return ""


def is_sane(emulator: RunningEmulator) -> bool:
    """Whether what is always there is there, and something new can be made and read."""
    # What came before may have deleted the project, and taken it from everybody.
    owned = {"resource": "projects/demo-project", "member": DEVELOPER, "role": "roles/owner"}
    emulator.admin("POST", "/grants", **owned)
    with contextlib.suppress(exceptions.FailedPrecondition):  # it may be there still
        projects = Clients(emulator, "grpc", DEVELOPER).projects
        projects.undelete_project(name="projects/demo-project").result(timeout=30)
    for transport in ("grpc", "rest"):
        clients = Clients(emulator, transport, DEVELOPER)
        list(clients.services.list_services(parent=PARENT))
        list(clients.repositories.list_repositories(parent=PARENT))
    emulator.admin("POST", "/reset")
    make_repository(Clients(emulator, "grpc", DEVELOPER), "demo-project")
    return len(emulator.requests()) > 0


@pytest.mark.parametrize("seed", HTTP_SEEDS)
def test_strange_http_requests_break_nothing(watched: Watched, seed: int) -> None:
    """No traceback, no status of a server that broke, no connection without an answer."""
    stream = Strangeness(seed, watched.emulator.token())
    for turn in range(HTTP_REQUESTS):
        if turn % FURNISHED == 0:
            furnish(watched.emulator)  # a project may have been deleted meanwhile
        request = stream.http()
        shown = f"seed {seed}, turn {turn}: {request.raw[:3000]!r}"
        try:
            status, kind, body = answer_to(watched.emulator, request)
        except (OSError, http.client.HTTPException) as error:
            pytest.fail(f"no answer ({error!r}): {shown}")
        problem = complaint(request, status, kind, body)
        assert not problem, f"{problem} {body[:1000]!r}: {shown}\n{watched.told()[-3000:]}"
        if b"/_emulator/faults" in request.head[0]:
            watched.emulator.admin("DELETE", "/faults")
    assert "Traceback" not in watched.told()
    assert is_sane(watched.emulator)


def called(channel: Any, name: str, raw: bytes, metadata: Any) -> Any:  # noqa: ANN401 - grpc ships no types
    """The status code that a call with these bytes ends with."""
    try:
        channel.unary_unary(name)(raw, metadata=metadata, timeout=5)
    except grpc.RpcError as error:
        return error.code()  # type: ignore[attr-defined] # grpc ships no types
    return grpc.StatusCode.OK


@pytest.mark.parametrize("seed", GRPC_SEEDS)
def test_strange_grpc_requests_break_nothing(watched: Watched, seed: int) -> None:
    """Whatever the bytes, the answer is an answer or an error of the caller's."""
    stream = Strangeness(seed, "")
    token = (("authorization", f"Bearer {watched.emulator.token()}"),)
    with grpc.insecure_channel(watched.emulator.grpc) as channel:
        for turn in range(GRPC_REQUESTS):
            if turn % FURNISHED == 0:
                furnish(watched.emulator)
            name, raw, signed = stream.grpc()
            ended = called(channel, name, raw, token if signed else ())
            shown = f"seed {seed}, turn {turn}: {name} {raw[:3000]!r}"
            assert ended not in NEVER, f"{ended}: {shown}\n{watched.told()[-3000:]}"
    assert "Traceback" not in watched.told()
    assert is_sane(watched.emulator)
