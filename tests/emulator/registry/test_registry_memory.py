"""Big layers go to disk and come from there; whoever asks meanwhile is answered."""

import hashlib
import http.client
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.emulator.registry.talk import MANIFEST, Peer, with_digest

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator

MEGABYTE = 1 << 20
LAYER = 300
ALLOWED = 60
"""Megabytes: a layer that does not fit into what the process may grow by."""


def _content(seed: int, start: int = 0, end: int = LAYER) -> Iterator[bytes]:
    """A layer, megabyte by megabyte, each of its own."""
    rest = hashlib.sha256(bytes([seed])).digest() * (MEGABYTE // 32)
    for number in range(start, end):
        yield number.to_bytes(16, "big") + rest[16:]


def _digest(seed: int) -> str:
    value = hashlib.sha256()
    for piece in _content(seed):
        value.update(piece)
    return f"sha256:{value.hexdigest()}"


class Memory:
    """How far a process has grown at its peak.

    Args:
        pid: the process.
    """

    def __init__(self, pid: int) -> None:
        self._proc = Path(f"/proc/{pid}")
        (self._proc / "clear_refs").write_text("5")  # the peak counts anew from here (proc(5))
        self._before = self._read("VmRSS")

    def growth(self) -> float:
        """Megabytes above what it had at first."""
        return self._read("VmHWM") - self._before

    def _read(self, field: str) -> float:
        lines = (self._proc / "status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))


def _push(peer: Peer, seed: int, step: int) -> str:
    """Push a layer, `step` megabytes a request; its digest."""
    digest, location = _digest(seed), peer.begin("big").location
    for start in range(0, LAYER, step):
        end = min(start + step, LAYER)
        answer = peer.call(
            "PATCH",
            location,
            _content(seed, start, end),
            Content_Length=str((end - start) * MEGABYTE),
            Content_Range=f"{start * MEGABYTE}-{end * MEGABYTE - 1}",
        )
        assert answer.status == 202, answer
    assert peer.call("PUT", with_digest(location, digest)).status == 201
    return digest


def _pull(peer: Peer, headers: dict[str, str], digest: str) -> str:
    """The digest of what comes back."""
    connection = http.client.HTTPConnection(peer.host, timeout=60)
    connection.request("GET", f"/v2/{peer.name('big')}/blobs/{digest}", headers=headers)
    answer, value = connection.getresponse(), hashlib.sha256()
    while piece := answer.read(MEGABYTE):
        value.update(piece)
    connection.close()
    return f"sha256:{value.hexdigest()}"


@pytest.mark.parametrize("step", [LAYER, 20], ids=["whole", "in pieces"])
def test_memory_stays_flat_for_a_big_layer(
    judged_emulator: "RunningEmulator", subject: Peer, step: int
) -> None:
    """Pushing and pulling take far less memory than the layer has bytes."""
    memory = Memory(judged_emulator.process.pid)
    digest = _push(subject, seed=step % 256, step=step)
    assert memory.growth() < ALLOWED
    token = {"Authorization": f"Bearer {judged_emulator.token()}"}
    assert _pull(subject, token, digest) == digest
    assert memory.growth() < ALLOWED


def test_memory_is_measured() -> None:
    """What is held in memory shows, were it only for a moment."""
    holding = "input(); len(b'x' * (100 << 20)); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holding], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        memory = Memory(process.pid)
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"held\n"
        assert memory.growth() > ALLOWED
        process.communicate(b"\n")


def test_others_are_answered_while_a_big_layer_comes(subject: Peer) -> None:
    """A manifest can be read again and again before the push has ended."""
    subject.put("small", "v1", subject.manifest("small", "1"))
    answered = 0
    with ThreadPoolExecutor(1) as pool:
        pushing = pool.submit(_push, subject, 3, LAYER)
        while not pushing.done():
            answer = subject.image("GET", "small", "manifests/v1", Accept=MANIFEST)
            answered += answer.status == 200 and not pushing.done()
        pushing.result()
    assert answered > 10
