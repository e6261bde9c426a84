"""gcloud's commands without loading gcloud anew for each: `warm_server` runs them in forks."""

import array
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO

_SERVER = Path(__file__).with_name("warm_server.py")
_PATIENCE = 120.0
"""Seconds for one command, and to load gcloud."""

Done = subprocess.CompletedProcess[str]


@cache
def warm_gcloud(program: str) -> "WarmGcloud | None":
    """The one of this process; None for a gcloud that brings no Python of its own.

    Args:
        program: where gcloud is.
    """
    sdk = Path(program).resolve().parents[1]
    python = sdk / "platform" / "bundledpythonunix" / "bin" / "python3"
    return WarmGcloud(sdk, python) if python.exists() else None


class WarmGcloud:
    """A gcloud that is loaded once, when it is asked first; it ends with this process.

    Args:
        sdk: its folder.
        python: what it runs with.
    """

    def __init__(self, sdk: Path, python: Path) -> None:
        self._variables = {"CLOUDSDK_ROOT_DIR": str(sdk), "CLOUDSDK_PYTHON": str(python)}
        self._socket = Path(tempfile.mkdtemp(prefix="gcloud-")) / "socket"
        words = [str(python), "-S", str(_SERVER), str(sdk), str(self._socket)]
        environ = {"PATH": os.environ["PATH"], **self._variables}
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, env=environ)

    def run(self, arguments: tuple[str, ...], environ: Mapping[str, str], given: str) -> Done:
        """Run a command; as `subprocess.run` tells how it ended."""
        with (
            tempfile.TemporaryFile("w+") as stdin,
            tempfile.TemporaryFile("w+") as stdout,
            tempfile.TemporaryFile("w+") as stderr,
            self._connected() as connection,
        ):
            stdin.write(given)
            stdin.seek(0)
            command = {
                "arguments": arguments,
                "environ": {**environ, **self._variables},
                "directory": str(Path.cwd()),
            }
            _send(connection, command, (stdin, stdout, stderr))
            code = connection.recv(16)
            for file in (stdout, stderr):
                file.seek(0)
            return Done(["gcloud", *arguments], int(code), stdout.read(), stderr.read())

    def _connected(self) -> socket.socket:
        deadline = time.monotonic() + _PATIENCE
        while True:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(_PATIENCE)
            try:
                connection.connect(str(self._socket))
            except (FileNotFoundError, ConnectionRefusedError):
                connection.close()
                assert self._process.poll() is None, "gcloud could not be loaded"
                assert time.monotonic() < deadline, "gcloud was not loaded in time"
                time.sleep(0.05)
            else:
                return connection


def _send(connection: socket.socket, command: object, files: tuple[IO[str], ...]) -> None:
    numbers = array.array("i", [file.fileno() for file in files])
    text = json.dumps(command).encode() + b"\n"
    sent = connection.sendmsg([text], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)])
    connection.sendall(text[sent:])
