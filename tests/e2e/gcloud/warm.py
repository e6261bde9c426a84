"""gcloud's commands without loading gcloud anew for each: `warm_server` runs them in forks."""

import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO

_SERVER = Path(__file__).with_name("warm_server.py")
_PATIENCE = 120.0
"""Seconds for one command; for the first one, to load gcloud as well."""

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
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environ = {"PATH": os.environ["PATH"], **self._variables}
        with theirs:
            words = [str(python), "-S", str(_SERVER), str(sdk)]
            subprocess.Popen(words, stdin=theirs.fileno(), env=environ)

    def run(self, arguments: tuple[str, ...], environ: Mapping[str, str], given: str) -> Done:
        """Run a command; as `subprocess.run` tells how it ended."""
        command = {
            "arguments": arguments,
            "environ": {**environ, **self._variables},
            "directory": str(Path.cwd()),
        }
        with (
            tempfile.TemporaryFile("w+") as stdin,
            tempfile.TemporaryFile("w+") as stdout,
            tempfile.TemporaryFile("w+") as stderr,
        ):
            stdin.write(given)
            stdin.seek(0)
            code = self._ended(command, (stdin, stdout, stderr))
            for file in (stdout, stderr):
                file.seek(0)
            return Done(["gcloud", *arguments], code, stdout.read(), stderr.read())

    def _ended(self, command: object, files: tuple[IO[str], ...]) -> int:
        """The exit code of a command."""
        answer, theirs = socket.socketpair()
        with answer, theirs:
            answer.settimeout(_PATIENCE)
            numbers = [*(file.fileno() for file in files), theirs.fileno()]
            socket.send_fds(self._control, [json.dumps(command).encode()], numbers)
            theirs.close()
            told = answer.recv(16)
        assert told, "gcloud could not be loaded, or was killed"
        return int(told)
