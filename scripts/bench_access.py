#!/usr/bin/env python3
"""Measures access as a daily verb: grants, tokens, calls, the proxy; beside gcloud, curl, requests.

Both programs speak to the same emulator, gcloud as `provision emulator env` sets it up. What is
called is a bare server on this machine.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import requests
from bench_load import READERS, Target, http_rate
from bench_pairs import Compared, in_turn, row, seconds, whole
from crowd import PARENT, ROOT, deploy, session_of, start, stop

from provision.access.granting import Offer, granted
from provision.policy import MAX_PRINCIPALS, Binding, Policy

RUNS, ROUNDS, MANY, READS, EDITS = 7, 3, 20, 25, 50
BODY = 500
"""Megabytes of the body that goes through the proxy."""
FEW = MAX_PRINCIPALS // 10
_BIN = ROOT / ".venv" / "bin"
_DEVELOPER = "user:developer@example.com"
_ROLE = "roles/run.invoker"
_EVAL = 'lines=$(provision emulator env) || exit; eval "$lines"; exec env -0'
HEAD = f"""\
## Access

Commands are whole processes, {RUNS} of each in turn after a warm-up ({MANY} grants: {ROUNDS}).
Ours and gcloud's speak to the same emulator, which answers at once, so this is what the programs
themselves take. curl has a token in hand, which `provision call` mints first. What is called,
through `provision proxy` or not, is a bare aiohttp server.

| what | ours | peer | ratio | peer |
| --- | ---: | ---: | ---: | --- |
"""


@dataclass(frozen=True)
class Place:
    """What both programs find.

    Args:
        environ: their environment; it holds logins.
        account: e-mail of a service account that they may impersonate.
        audience: the address of the service `orders`.
        bare: the address of a bare server.
        header: a file with an Authorization header for curl.
    """

    environ: Mapping[str, str]
    account: str
    audience: str
    bare: str
    header: Path


def section() -> str:
    """The part of the page about access. Raises `RuntimeError` without gcloud or curl."""
    for name in ("gcloud", "curl"):
        if shutil.which(name) is None:
            raise RuntimeError(f"{name} is a peer, and it is not installed")
    with _place() as place:
        parts = (_commands(place), _grants(place), _invoker(place), _proxied(place), _edits())
        return HEAD + "".join(one for part in parts for one in part)


@contextmanager
def _place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        process, about = start("--operation-delay", "0")
        stack.callback(stop, process)
        deploy(about)
        bare = stack.enter_context(_bare(Path(scratch)))
        environ = evaluated(Path(scratch), about["http"])
        header = Path(scratch) / "header"
        token = _output(["provision", "token", bare], environ)
        header.write_text(f"Authorization: Bearer {token}")
        account, audience = _account(about)
        yield Place(environ, account, audience, bare, header)


def evaluated(home: Path, http: str) -> dict[str, str]:
    """The environment of a shell after ``eval "$(provision emulator env)"``."""
    begun = {"PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(home)}
    begun |= {"PROVISION_EMULATOR": http, "CLOUDSDK_RUN_REGION": "asia-east1"}
    lines = _output(["/bin/sh", "-c", _EVAL], begun)
    return dict(line.split("=", 1) for line in lines.split("\0") if "=" in line)


def _output(command: list[str], environ: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=environ, timeout=120
    )
    return done.stdout.strip()


def _account(about: dict[str, Any]) -> tuple[str, str]:
    """A service account that the developer may impersonate, and the service's address."""
    session, project = session_of(about), about["project"]
    made = session.post(
        f"{about['http']}/v1/projects/{project}/serviceAccounts",
        json={"accountId": "caller"},
        timeout=30,
    )
    made.raise_for_status()
    role = "roles/iam.serviceAccountTokenCreator"
    grant = {"resource": f"projects/{project}", "role": role, "member": _DEVELOPER}
    session.post(f"{about['http']}/_emulator/grants", json=grant, timeout=30).raise_for_status()
    service = session.get(f"{about['http']}/v2/{PARENT}/services/orders", timeout=30).json()
    return str(made.json()["email"]), str(service["uri"])


@contextmanager
def _bare(scratch: Path) -> Iterator[str]:
    (scratch / "answer").write_bytes(b"{}")
    program = str(Path(__file__).parent / "bench_peers.py")
    files = [str(scratch / "answer")] * 2
    command = [sys.executable, program, *files]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield str(json.loads(process.stdout.readline() if process.stdout else "")["http"])
    finally:
        stop(process)


def _commands(place: Place) -> Iterator[str]:
    """Commands that change nothing, so that the same one can be run again and again."""
    gcloud, asked = ["gcloud", "run", "services"], ["provision", "token", "service/orders"]
    token = ["gcloud", "auth", "print-identity-token", f"--audiences={place.audience}"]
    pairs = (
        (["provision", "--version"], ["gcloud", "--version"], 2),
        (["provision", "grants", "service/orders"], [*gcloud, "get-iam-policy", "orders"], 4),
        (
            [*asked, f"--as={place.account}"],
            [*token, f"--impersonate-service-account={place.account}"],
            3,
        ),
        (
            ["provision", "call", f"{place.bare}/"],
            ["curl", "-sSf", "-H", f"@{place.header}", f"{place.bare}/"],
            1,
        ),
    )
    for ours, peer, words in pairs:
        mine, theirs = (partial(seconds, one, place.environ) for one in (ours, peer))
        mine(), theirs()
        what = " ".join(ours[:2]) + (" --as ACCOUNT" if "--as" in ours[-1] else "")
        yield row(f"`{what}`", in_turn(mine, theirs, RUNS), "s", f"`{' '.join(peer[:words])}`")


def _grants(place: Place) -> Iterator[str]:
    """Grants of somebody new each time, of one and of many."""
    fresh = (f"user:u{number}@example.com" for number in count())

    def ours(how_many: int) -> float:
        members = [next(fresh) for _ in range(how_many)]
        return seconds(["provision", "grant", *members, "--on", "service/orders"], place.environ)

    def peer(how_many: int) -> float:
        command = ["gcloud", "run", "services", "add-iam-policy-binding", "orders"]
        more = (["--role", _ROLE, "--member", next(fresh)] for _ in range(how_many))
        return sum(seconds([*command, *one], place.environ) for one in more)

    ours(1), peer(1)
    against = "`gcloud run services add-iam-policy-binding`"
    yield row("`provision grant`, one", in_turn(_of(ours, 1), _of(peer, 1), RUNS), "s", against)
    found = in_turn(_of(ours, MANY), _of(peer, MANY), ROUNDS)
    yield row(f"`provision grant`, {MANY} in one call", found, "s", f"{MANY} calls of it")


def _of(measured: Callable[[int], float], how_many: int) -> Callable[[], float]:
    return partial(measured, how_many)


def _invoker(place: Place) -> Iterator[str]:
    program = str(Path(__file__).parent / "bench_invoker.py")
    told = _output(
        [sys.executable, program, place.bare], {**place.environ, "PYTHONPATH": str(ROOT)}
    )
    found = Compared(**json.loads(told))
    yield row("a request of `Invoker`, its token held", found, "µs", "`requests.Session`")


def _proxied(place: Place) -> Iterator[str]:
    """A large body in both directions, and many readers, through the proxy and without it."""
    with _proxy(place) as (process, address):
        _read(address, 1)
        before = _peak(process.pid)
        for what, moved in (("from", _read), ("to", _sent)):
            through, direct = (partial(moved, url, BODY) for url in (address, place.bare))
            found = in_turn(through, direct, ROUNDS)
            yield row(
                f"{BODY} MB {what} the service by `provision proxy`", found, "MB/s", "no proxy"
            )
        grown = whole(_peak(process.pid) - before, BODY)
        yield row("memory that the proxy grew by for them", grown, "MB", "the body")
        through, direct = (partial(_rate, url) for url in (address, place.bare))
        what = f"{READERS} readers at once by `provision proxy`"
        yield row(what, in_turn(through, direct, ROUNDS), "/s", "no proxy")


@contextmanager
def _proxy(place: Place) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = ["provision", "proxy", place.bare, "--port", "0", "--json"]
    process = subprocess.Popen(
        [str(_BIN / command[0]), *command[1:]],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=place.environ,
    )
    try:
        text = "".join(iter(process.stdout.readline, "}\n")) if process.stdout else ""
        address = json.loads(text + "}")["address"]
        yield process, str(address).replace("localhost", "127.0.0.1")
    finally:
        stop(process)


def _peak(pid: int) -> float:
    """Megabytes of memory that a process had at most."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024


def _read(url: str, megabytes: int) -> float:
    """Megabytes a second that come."""
    begun, came = time.perf_counter(), 0
    whole_url = f"{url}/stream?megabytes={megabytes}"
    with requests.get(whole_url, stream=True, timeout=120) as answer:
        answer.raise_for_status()
        while piece := answer.raw.read(1024 * 1024):
            came += len(piece)
    if came != megabytes * 1024 * 1024:
        raise RuntimeError(f"only {came} bytes came")
    return megabytes / (time.perf_counter() - begun)


def _sent(url: str, megabytes: int) -> float:
    """Megabytes a second that go."""
    piece = bytes(1024 * 1024)
    begun = time.perf_counter()
    body = (piece for _ in range(megabytes))
    answer = requests.post(f"{url}/stream", data=body, timeout=120)
    if answer.text != str(megabytes * len(piece)):
        raise RuntimeError(f"it took {answer.status_code} {answer.text}")
    return megabytes / (time.perf_counter() - begun)


def _rate(url: str) -> float:
    return http_rate(Target(f"{url}/", "", "", b"", "none"), READS)


def _edits() -> Iterator[str]:
    """The pure edit of the fullest policy, and of one that is a tenth of it."""
    found = in_turn(partial(_edit, MAX_PRINCIPALS), partial(_edit, FEW), EDITS)
    what = f"letting one more into a policy of {MAX_PRINCIPALS:,} principals, no request made"
    yield row(what, found, "ms", f"one of {FEW}")


def _edit(principals: int) -> float:
    members = tuple(f"user:u{number}@example.com" for number in range(principals))
    policy = Policy((Binding(_ROLE, members),))
    now = datetime.now(UTC)
    begun = time.perf_counter()
    after, _ = granted(policy, ["user:new@example.com"], Offer(_ROLE), now)
    took = time.perf_counter() - begun
    if after.principals != principals + 1:
        raise RuntimeError("the edit is wrong")
    return took * 1000
