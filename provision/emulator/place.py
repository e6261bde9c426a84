"""Where an emulator listened, so that a restart on the same folder finds the same addresses."""

import contextlib
import json
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from provision.emulator.store import write_atomically

_FILE = "place.json"
_PORTS = ("http", "grpc", "proxy")


class Place:
    """Ports, and the subnet of containers, as an earlier run had them.

    Args:
        folder: where state survives; None for memory only.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / _FILE
        self._kept: dict[str, object] = {}
        if self._path is None or not self._path.exists():
            return
        with contextlib.suppress(ValueError):
            found = json.loads(self._path.read_text(encoding="utf-8"))
            self._kept = found if isinstance(found, dict) else {}
        if not all(self.port(name) for name in _PORTS):
            sys.stderr.write(f"{self._path} does not tell every port: the others are new\n")

    def port(self, name: str) -> int:
        """The port of ``http``, ``grpc`` or ``proxy``; 0 when there is none to return to."""
        found = self._kept.get(name)
        return found if type(found) is int and is_port(found) else 0

    @property
    def subnet(self) -> str:
        """As in ``172.18.0.0/16``; empty when there was none."""
        found = self._kept.get("subnet")
        return found if isinstance(found, str) else ""

    def keep(self, ports: Mapping[str, int], subnet: str | None) -> None:
        """Write down where this run listens."""
        if self._path is not None:
            kept = {**ports, **({"subnet": subnet} if subnet else {})}
            write_atomically(self._path, json.dumps(kept))


def is_port(number: int) -> bool:
    """Whether a TCP port can have that number."""
    return 0 < number <= 0xFFFF  # noqa: PLR2004 - 16 bits


def listen(host: str, port: int) -> socket.socket:
    """A socket on a port, or on any free one for 0. Raises `OSError`, which names the port."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {error.strerror}") from error
    return listening
