#!/usr/bin/env python3
"""Measures the emulator's registry with one big layer, beside Debian's docker-registry.

    bench_registry.py [MEGABYTES]   prints one line of JSON; 2048 MB if nothing else is said

Each registry takes the layer in one request and in pieces, and gives it back. What counts are the
ratios: throughput as a share of docker-registry's, and how far the process grew at its peak.
"""
# ruff: noqa: T201 - the answer goes to stdout

import hashlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from registry_tools import find

MEGABYTE = 1 << 20
PIECE = 64 * MEGABYTE
PREFIX = "asia-east1/demo-project/layers"
CONFIG = """\
version: 0.1
log: {{level: error}}
storage:
  filesystem: {{rootdirectory: {folder}}}
http: {{addr: "127.0.0.1:{port}", relativeurls: true}}
"""
START_SECONDS = 30


@dataclass(frozen=True)
class Figures:
    """What was measured of one registry.

    Args:
        push: megabytes a second, in one request.
        push_in_pieces: megabytes a second, in pieces of 64 MB.
        pull: megabytes a second.
        growth: megabytes that the process grew at its peak, above what it had before.
    """

    push: float
    push_in_pieces: float
    pull: float
    growth: float


@dataclass(frozen=True)
class Registry:
    """A registry process.

    Args:
        host: ``127.0.0.1:PORT``.
        pid: of the process.
        headers: sent with each request.
    """

    host: str
    pid: int
    headers: dict[str, str]

    def send(
        self,
        method: str,
        path: str,
        body: bytes | str | Iterable[bytes] | None = None,
        **headers: str,
    ) -> http.client.HTTPResponse:
        """One request; the answer, read to its end unless it is a blob."""
        connection = http.client.HTTPConnection(self.host, timeout=600)
        parts = urlsplit(path)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target, body, {**self.headers, **headers})
        answer = connection.getresponse()
        if method != "GET":
            answer.read()
        if answer.status >= 400:  # noqa: PLR2004 - where HTTP's errors begin
            raise RuntimeError(f"{method} {parts.path}: {answer.status}")
        return answer

    def peak(self) -> float:
        """The most memory that the process ever had, in megabytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024


def main(arguments: list[str]) -> int:
    """Print the figures of both registries and their ratios."""
    megabytes = int(arguments[0]) if arguments else 2048
    print(json.dumps(compare(megabytes)))
    return 0


def compare(megabytes: int) -> dict[str, Any]:
    """Measure both with a layer of that size; ``ratio`` is the emulator's share of the other's."""
    (program,) = find(["docker-registry"])
    with tempfile.TemporaryDirectory(prefix="bench-registry-") as scratch:
        with emulator(Path(scratch) / "emulator") as registry:
            ours = measure(registry, megabytes)
        with docker_registry(program, Path(scratch)) as registry:
            theirs = measure(registry, megabytes)
    names = ("push", "push_in_pieces", "pull")
    ratio = {name: round(getattr(ours, name) / getattr(theirs, name), 2) for name in names}
    return {
        "megabytes": megabytes,
        "emulator": asdict(ours),
        "docker_registry": asdict(theirs),
        "ratio": ratio,
    }


def measure(registry: Registry, megabytes: int) -> Figures:
    """Push a layer twice (two contents) and pull it; times and growth."""
    before = registry.peak()
    size = megabytes * MEGABYTE
    digests = [digest_of(size, seed) for seed in (1, 2)]
    pushed = timed(lambda: push(registry, size, 1, size, digests[0]))
    in_pieces = timed(lambda: push(registry, size, 2, PIECE, digests[1]))
    pulled = timed(lambda: pull(registry, digests[0], size))
    speeds = [round(megabytes / seconds, 1) for seconds in (pushed, in_pieces, pulled)]
    return Figures(speeds[0], speeds[1], speeds[2], round(registry.peak() - before, 1))


def timed(work: Callable[[], None]) -> float:
    """Seconds that it took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def layer(size: int, seed: int, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """A part of a layer's content, a megabyte at a time; every megabyte is another one."""
    pattern = hashlib.sha256(seed.to_bytes(4, "big")).digest() * (MEGABYTE // 32)
    for offset in range(start, size if end is None else end, MEGABYTE):
        yield offset.to_bytes(16, "big") + pattern[16:]


def digest_of(size: int, seed: int) -> str:
    """The digest of a whole layer."""
    value = hashlib.sha256()
    for piece in layer(size, seed):
        value.update(piece)
    return f"sha256:{value.hexdigest()}"


def push(registry: Registry, size: int, seed: int, step: int, digest: str) -> None:
    """Push a layer, `step` bytes a request."""
    location = registry.send("POST", f"/v2/{PREFIX}/big/blobs/uploads/").headers["Location"]
    for start in range(0, size, step):
        end = min(start + step, size)
        answer = registry.send(
            "PATCH",
            location,
            layer(size, seed, start, end),
            **{
                "Content-Length": str(end - start),
                "Content-Range": f"{start}-{end - 1}",
                "Content-Type": "application/octet-stream",
            },
        )
        location = answer.headers["Location"]
    mark = "&" if "?" in location else "?"
    registry.send("PUT", f"{location}{mark}digest={digest}")


def pull(registry: Registry, digest: str, size: int) -> None:
    """Pull a layer and check it."""
    answer = registry.send("GET", f"/v2/{PREFIX}/big/blobs/{digest}")
    value, received = hashlib.sha256(), 0
    while piece := answer.read(MEGABYTE):
        value.update(piece)
        received += len(piece)
    if received != size or f"sha256:{value.hexdigest()}" != digest:
        raise RuntimeError("the layer came back as something else")


@contextmanager
def emulator(folder: Path) -> Iterator[Registry]:
    """An emulator of this checkout with one repository."""
    command = [
        sys.executable,
        "-m",
        "provision.emulator",
        "--engine",
        "none",
        "--data",
        str(folder),
    ]
    root = Path(__file__).resolve().parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, cwd=root
    ) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - it was asked for
            about = json.loads(process.stdout.readline())
            yield _ready(about, process.pid)
        finally:
            process.terminate()


def _ready(about: dict[str, Any], pid: int) -> Registry:
    """The emulator's registry once its repository is made."""
    plain = Registry(str(about["registry"]), pid, {"Content-Type": "application/json"})
    connection = http.client.HTTPConnection(plain.host, timeout=60)
    member = json.dumps({"member": about["identity"]})
    connection.request("POST", "/_emulator/identities", member, plain.headers)
    token = json.loads(connection.getresponse().read())["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    location, project, name = PREFIX.split("/")
    path = f"/v1/projects/{project}/locations/{location}/repositories?repositoryId={name}"
    registry = Registry(plain.host, pid, headers)
    registry.send("POST", path, b'{"format": "DOCKER"}', **plain.headers)
    return registry


def await_port(port: int) -> None:
    """Wait until something listens on the port."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


@contextmanager
def docker_registry(program: Path, scratch: Path) -> Iterator[Registry]:
    """Debian's docker-registry on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = scratch / "config.yml"
    config.write_text(CONFIG.format(folder=scratch / "control", port=port))
    with subprocess.Popen(
        [program, "serve", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            await_port(port)
            yield Registry(f"127.0.0.1:{port}", process.pid, {})
        finally:
            process.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
