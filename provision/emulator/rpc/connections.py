"""Dropping a gRPC connection, which grpc itself has no way to do from within a call."""

import contextlib
import os
import socket
import stat
from pathlib import Path

_OPEN_FILES = Path("/dev/fd")


def cut(peer: str) -> None:
    """Shut down the TCP connection from a peer, as a network that fails would.

    Args:
        peer: as grpc tells it, ``ipv4:127.0.0.1:41234``.
    """
    kind, _, address = peer.partition(":")
    host, _, port = address.rpartition(":")
    if kind != "ipv4":
        return
    for entry in _OPEN_FILES.iterdir():
        number = int(entry.name)
        with contextlib.suppress(OSError):
            if _is_from(number, (host, int(port))):
                _shut_down(number)


def _is_from(number: int, peer: tuple[str, int]) -> bool:
    if not stat.S_ISSOCK(os.fstat(number).st_mode):
        return False
    with socket.socket(fileno=os.dup(number)) as connection:
        return bool(connection.getpeername() == peer)


def _shut_down(number: int) -> None:
    with socket.socket(fileno=os.dup(number)) as connection:
        connection.shutdown(socket.SHUT_RDWR)
