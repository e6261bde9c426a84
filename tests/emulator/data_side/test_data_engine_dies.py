"""The Docker engine goes away while the emulator runs."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
import requests

from provision.emulator.seams import StartError
from tests.emulator.data_side.conftest import DataSide, opened
from tests.emulator.data_side.workshop import Workshop

pytestmark = pytest.mark.engine

_ENGINE = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
SERVER = """
import http.server, os
http.server.HTTPServer(("", int(os.environ["PORT"])), http.server.SimpleHTTPRequestHandler
                       ).serve_forever()
"""


class Wire:
    """A socket that leads to the engine until it is cut."""

    def __init__(self, path: Path) -> None:
        self.address = f"unix://{path}"
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen()
        self._ends: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(_ENGINE.removeprefix("unix://"))
            self._ends += [near, far]
            for pair in ((near, far), (far, near)):
                self._threads.append(threading.Thread(target=_pass, args=pair))
                self._threads[-1].start()

    def cut(self) -> None:
        """From now on nothing answers any more."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for end in self._ends:
            _shut(end)
        for thread in self._threads:
            thread.join()
        for end in self._ends:
            end.close()
        self._ends.clear()


def _pass(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
    except OSError:
        return
    finally:
        _shut(target)


def _shut(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    """A wire, cut at the end at the latest."""
    made = Wire(tmp_path / "engine.sock")
    yield made
    if made._ends:
        made.cut()


def test_a_dead_engine_is_told_of_and_the_emulator_goes_on(
    wire: Wire, engine: docker.DockerClient, tmp_path: Path
) -> None:
    """A start fails in plain words, stopping and closing succeed, and what runs still answers."""
    label = f"test-dies-{tmp_path.name}"
    with opened(DataSide(tmp_path / "registry", wire.address, label)) as side:
        side.repository()
        shop = Workshop(engine, side.host, side.identities.access_token)
        image = shop.python("server", SERVER)
        first, second = side.revision_of("first", image), side.revision_of("second", image)
        side.run(side.runtime.start(first))
        _, url, _ = side.open_service("first", invoker_iam_disabled=True)
        wire.cut()
        with pytest.raises(StartError, match="The Docker engine cannot be used") as caught:
            side.run(side.runtime.start(second))
        assert caught.value.reason == "REVISION_FAILED"
        assert requests.get(url, timeout=30).status_code == 200
        side.run(side.runtime.stop(first.service, first.revision))
        assert requests.get(url, timeout=30).status_code == 503
        shop.clean()
    with opened(DataSide(tmp_path / "registry", "auto", label)):
        ours = f"provision.emulator={label}"
        assert engine.containers.list(all=True, filters={"label": ours}) == []
