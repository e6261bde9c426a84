"""A registry that is cut off, killed, or has no room left: refused or resumed, never corrupt."""

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.emulator.registry.conftest import PROJECT, add_repositories, peer_of
from tests.emulator.registry.talk import Peer, digest_of, with_digest

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator, StartEmulator

MEGABYTE = 1 << 20


class Lasting:
    """An emulator on a folder of its own, which can be killed and started again.

    Args:
        start: starts an emulator.
        data: the folder.
    """

    def __init__(self, start: "StartEmulator", data: Path) -> None:
        self._start, self.data = start, data
        self.running = self._begin()
        add_repositories(self.running, "one")
        self.peer = peer_of(self.running)

    def _begin(self) -> "RunningEmulator":
        return self._start("--engine", "none", "--project", PROJECT, "--data", str(self.data))

    def kill(self) -> None:
        """End it without warning, and start it again."""
        self.running.stop(signal.SIGKILL)
        self.running = self._begin()
        self.peer = peer_of(self.running)

    @property
    def uploads(self) -> list[Path]:
        """The files of unfinished uploads."""
        return sorted((self.data / "images" / "uploads").iterdir())

    def corrupt(self) -> list[Path]:
        """The blobs whose content is not what their name says."""
        blobs = [file for file in (self.data / "images" / "blobs").rglob("*") if file.is_file()]
        return [
            file for file in blobs if hashlib.sha256(file.read_bytes()).hexdigest() != file.name
        ]


@pytest.fixture(scope="module")
def steady(
    start_emulator: "StartEmulator", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lasting]:
    """An emulator that is not killed, for the tests that do without."""
    found = Lasting(start_emulator, tmp_path_factory.mktemp("steady") / "data")
    yield found
    found.running.stop()


@pytest.fixture
def lasting(start_emulator: "StartEmulator", tmp_path: Path) -> Iterator[Lasting]:
    """An emulator that outlives kills."""
    found = Lasting(start_emulator, tmp_path / "data")
    yield found
    found.running.stop()


def _cut_after(peer: Peer, location: str, sent: bytes) -> None:
    """A piece of which only the beginning arrives; returns once the registry has it."""
    with peer.cut("PATCH", location, announced=len(sent) + MEGABYTE, sent=sent):
        pass
    while peer.call("GET", location).headers.get("Range") != f"0-{len(sent) - 1}":
        pass


def test_an_upload_goes_on_after_a_kill(lasting: Lasting) -> None:
    """What arrived before the kill need not be sent again."""
    content = bytes(range(256)) * 4096
    location = lasting.peer.begin("app").location
    half = len(content) // 2
    assert lasting.peer.call("PATCH", location, content[:half]).status == 202
    lasting.kill()
    status = lasting.peer.call("GET", location)
    assert (status.status, status.headers["Range"]) == (204, f"0-{half - 1}")
    assert lasting.peer.finish(location, content, content[half:]).status == 201
    answer = lasting.peer.image("GET", "app", f"blobs/{digest_of(content)}")
    assert answer.body == content


def test_a_kill_in_mid_piece_leaves_a_beginning_to_go_on_from(lasting: Lasting) -> None:
    """The registry says how much it has; the rest makes the blob whole."""
    content = bytes(range(256)) * 16384
    location = lasting.peer.begin("app").location
    with lasting.peer.cut("PATCH", location, announced=len(content), sent=content[: 3 * MEGABYTE]):
        while not lasting.uploads[0].stat().st_size:
            pass
        lasting.kill()
    status = lasting.peer.call("GET", location)
    received = int(status.headers["Range"].partition("-")[2]) + 1
    assert 0 < received <= 3 * MEGABYTE
    assert lasting.peer.finish(location, content, content[received:]).status == 201
    assert lasting.corrupt() == []


def test_a_kill_while_an_upload_is_closed_leaves_no_corrupt_blob(lasting: Lasting) -> None:
    """Afterwards the blob is there whole, or not at all and can be pushed anew."""
    content = bytes(range(256)) * 16384
    digest = digest_of(content)
    location = lasting.peer.begin("app").location
    assert lasting.peer.call("PATCH", location, content).status == 202
    path = with_digest(location, digest)
    with lasting.peer.cut("PUT", path, announced=0, sent=b""):
        lasting.kill()
    assert lasting.corrupt() == []
    found = lasting.peer.image("GET", "app", f"blobs/{digest}")
    assert (found.status, found.body) == (200, content) or found.outcome == "404 BLOB_UNKNOWN"
    lasting.peer.push_blob("app", content)
    assert lasting.peer.image("GET", "app", f"blobs/{digest}").body == content


def test_what_was_acknowledged_outlives_a_kill(lasting: Lasting) -> None:
    """A manifest and its blobs are there once the push was answered."""
    content = lasting.peer.manifest("app", "v1")
    assert lasting.peer.put("app", "v1", content).status == 201
    lasting.kill()
    assert lasting.peer.image("GET", "app", "manifests/v1").body == content
    assert lasting.corrupt() == []


def test_the_leavings_of_a_kill_are_cleared_away(lasting: Lasting) -> None:
    """Files that nobody owns go at the next start; an upload that can go on stays."""
    images = lasting.data / "images"
    kept = lasting.peer.begin("app").headers["Docker-Upload-UUID"]
    stray = digest_of(b"stray").removeprefix("sha256:")
    blob = images / "blobs" / "sha256" / stray[:2] / stray
    blob.parent.mkdir(exist_ok=True)
    blob.write_bytes(b"stray")
    (images / "uploads" / "11111111-1111-4111-8111-111111111111").write_bytes(b"nobody's")
    lasting.kill()
    assert [file.name for file in lasting.uploads] == [kept]
    assert not blob.exists()


def _age(file: Path) -> None:
    """Make a file two days old."""
    moment = time.time() - 2 * 24 * 3600
    os.utime(file, (moment, moment))


def test_uploads_that_nobody_goes_on_with_are_dropped(lasting: Lasting) -> None:
    """After a day, when somebody begins another one; younger ones stay."""
    old, young = lasting.peer.begin("app"), lasting.peer.begin("app")
    _age(lasting.data / "images" / "uploads" / old.headers["Docker-Upload-UUID"])
    lasting.peer.begin("app")
    assert lasting.peer.call("GET", old.location).outcome == "404 BLOB_UPLOAD_UNKNOWN"
    assert lasting.peer.call("GET", young.location).status == 204


def test_blobs_that_no_manifest_uses_are_dropped(lasting: Lasting) -> None:
    """At a start, once they are a day old; those of images stay."""
    manifest = lasting.peer.manifest("app", "v1")
    assert lasting.peer.put("app", "v1", manifest).status == 201
    unused, young = (
        str(lasting.peer.push_blob("app", content)["digest"]) for content in (b"unused", b"young")
    )
    for file in (lasting.data / "images" / "blobs").rglob("*"):
        if file.is_file() and file.name != young.removeprefix("sha256:"):
            _age(file)
    lasting.kill()
    assert lasting.peer.image("GET", "app", f"blobs/{unused}").outcome == "404 BLOB_UNKNOWN"
    assert lasting.peer.image("GET", "app", f"blobs/{young}").status == 200
    (layer,) = json.loads(manifest)["layers"]
    assert lasting.peer.image("GET", "app", f"blobs/{layer['digest']}").status == 200
    assert lasting.peer.image("GET", "app", "manifests/v1").body == manifest


def test_a_reader_sees_the_whole_blob_or_none_while_it_is_pushed(steady: Lasting) -> None:
    """However often it looks."""
    content = bytes(range(256)) * 4096 + b"read while it is written"
    digest = digest_of(content)
    location = steady.peer.begin("app").location
    done = threading.Event()

    def look() -> set[bytes]:
        seen = set()
        while not done.is_set():
            answer = steady.peer.image("GET", "app", f"blobs/{digest}")
            seen.add(answer.body if answer.status == 200 else b"")
        return seen

    with ThreadPoolExecutor() as pool:
        looking = pool.submit(look)
        for start in range(0, len(content), MEGABYTE // 4):
            steady.peer.call("PATCH", location, content[start : start + MEGABYTE // 4])
        steady.peer.finish(location, content)
        done.set()
        assert looking.result() <= {b"", content}
    assert steady.peer.image("GET", "app", f"blobs/{digest}").body == content


def test_many_pushes_of_one_blob_at_once_make_one_blob(steady: Lasting) -> None:
    """Each is answered 201, and the content is right."""
    content = bytes(range(256)) * 8192
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: steady.peer.push_blob("app", content), range(16)))
    assert steady.corrupt() == []
    assert steady.uploads == []
    assert steady.peer.image("GET", "app", f"blobs/{digest_of(content)}").body == content


@pytest.mark.parametrize("counted", ["asked for", "pushed", "mounted"])
def test_a_deletion_leaves_what_a_push_in_progress_counts_on(steady: Lasting, counted: str) -> None:
    """The layers that two images share are there for the second when the first goes meanwhile."""
    peer, image = steady.peer, f"shared-{counted.partition(' ')[0]}"
    first, second = peer.manifest(image, "first"), peer.manifest(image, "second")
    assert peer.put(image, digest_of(first), first).status == 201
    (layer,) = json.loads(second)["layers"]
    path = f"blobs/uploads/?mount={layer['digest']}&from={peer.name(image)}"
    answer = {
        "asked for": lambda: peer.image("HEAD", image, f"blobs/{layer['digest']}"),
        "pushed": lambda: peer.finish(
            peer.begin(image).location, f"layer of {image}".encode(), f"layer of {image}".encode()
        ),
        "mounted": lambda: peer.image("POST", image, path),
    }[counted]()
    assert answer.status in (200, 201)
    assert peer.image("DELETE", image, f"manifests/{digest_of(first)}").status == 202
    assert peer.put(image, "second", second).status == 201
    assert peer.image("GET", image, f"blobs/{layer['digest']}").status == 200


def test_two_writers_of_one_upload_do_not_mix(steady: Lasting) -> None:
    """While a piece arrives, the upload takes no other."""
    location = steady.peer.begin("app").location
    with steady.peer.cut("PATCH", location, announced=9, sent=b"01234") as connection:
        while steady.peer.call("GET", location).status != 409:
            pass
        assert steady.peer.call("PATCH", location, b"other").outcome == "409 BLOB_UPLOAD_INVALID"
        connection.sendall(b"5678")
        assert b" 202 " in connection.recv(4096)
    assert steady.peer.finish(location, b"012345678").status == 201


def _limit_files(lasting: Lasting, size: int) -> None:
    """Let the emulator's files grow to `size` bytes and no further, as a full disk would."""
    hard = resource.prlimit(lasting.running.process.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(lasting.running.process.pid, resource.RLIMIT_FSIZE, (size, hard))


def test_a_layer_that_the_disk_has_no_room_for_is_refused_and_can_be_resumed(
    steady: Lasting,
) -> None:
    """500 with a reason, what fits stays; with room again the rest makes it whole."""
    content = bytes(reversed(range(256))) * 16384
    location = steady.peer.begin("app").location
    _limit_files(steady, 3 * MEGABYTE)
    refused = steady.peer.call("PATCH", location, content)
    assert refused.outcome == "500 UNKNOWN"
    assert "disk" in refused.json["errors"][0]["message"]
    assert steady.peer.image("HEAD", "app", f"blobs/{digest_of(content)}").status == 404
    _limit_files(steady, resource.RLIM_INFINITY)
    received = int(steady.peer.call("GET", location).headers["Range"].partition("-")[2]) + 1
    assert received == 3 * MEGABYTE
    assert steady.peer.finish(location, content, content[received:]).status == 201
    assert steady.corrupt() == []


SMALL = 8 * MEGABYTE
SHARED_MEMORY = Path("/dev/shm")
"""In a container that may not mount, this is a file system that is small already."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    problem = _run(["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "none", str(folder)])
    if not problem:
        yield folder
        assert _run(["umount", str(folder)]) == ""
    elif SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).total < 256 * MEGABYTE:
        with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as name:
            with Path(name, "ballast").open("wb") as ballast:
                os.posix_fallocate(ballast.fileno(), 0, shutil.disk_usage(name).free - SMALL)
            yield Path(name)
    else:
        pytest.skip(f"a file system of its own cannot be mounted here: {problem}")


def _run(command: list[str]) -> str:
    """What a command complained of; empty when it did what it was told."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        return str(error)
    return done.stderr.strip() or "it failed" if done.returncode else ""


def test_a_full_disk_is_told_and_survived(
    start_emulator: "StartEmulator", small_disk: Path
) -> None:
    """Nothing corrupt is served while it is full, and pushing works again when there is room."""
    lasting = Lasting(start_emulator, small_disk / "data")
    small = b"pushed while there was room"
    lasting.peer.push_blob("app", small)
    content = bytes(range(256)) * 48 * 1024
    location = lasting.peer.begin("app").location
    refused = lasting.peer.call("PATCH", location, content)
    assert refused.outcome == "500 UNKNOWN"
    full = [
        lasting.peer.begin("app"),
        lasting.peer.image("POST", "app", f"blobs/uploads/?digest={digest_of(content)}", content),
        lasting.peer.put("app", "v1", b"{}" * MEGABYTE),
    ]
    assert [answer.status for answer in full if answer.status < 400] in ([], [202])
    assert lasting.peer.image("GET", "app", f"blobs/{digest_of(small)}").body == small
    assert lasting.corrupt() == []
    assert lasting.peer.call("DELETE", location).status == 204
    manifest = lasting.peer.manifest("app", "v1")
    assert lasting.peer.put("app", "v1", manifest).status == 201
    lasting.kill()
    assert lasting.peer.image("GET", "app", "manifests/v1").body == manifest
    assert lasting.corrupt() == []
    lasting.running.stop()
