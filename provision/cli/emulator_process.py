"""The local Google Cloud as a process: started apart from the terminal, and ended.

It is known here by its command line and by the line it writes when it is ready; nothing of it is
imported.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

from provision.errors import ProvisionError, UnavailableError, UsageError

MODULE = "provision.emulator"
NEEDED = ("aiohttp", "cryptography", "grpc", "grpc_status")
START_SECONDS = 60.0
STOP_SECONDS = 30.0


@dataclass(frozen=True)
class Settings:
    """How an emulator is to be run.

    Args:
        port: HTTP port; 0 takes a free one.
        grpc_port: gRPC port; 0 takes a free one.
        data: folder that outlives a restart; None keeps everything in memory.
        projects: ids of the projects it begins with; empty leaves that to the emulator.
        iam_delay: seconds until a changed policy takes effect.
        engine: ``auto`` or ``none``.
    """

    port: int
    grpc_port: int
    data: Path | None
    projects: tuple[str, ...]
    iam_delay: float
    engine: str

    def command(self) -> list[str]:
        """The command line; ``-P`` keeps files of the current folder from shadowing modules."""
        command = [sys.executable, "-P", "-m", MODULE, "--port", str(self.port)]
        command += ["--grpc-port", str(self.grpc_port), "--engine", self.engine]
        command += ["--iam-delay", str(self.iam_delay)]
        for project in self.projects:
            command += ["--project", project]
        if self.data is not None:
            command += ["--data", str(self.data.resolve())]
        return command


def check_packages(needed: Sequence[str] = NEEDED) -> None:
    """Raise `UsageError` when packages that the emulator needs are not installed."""
    # Looked for where packages lie, since this process may do without one that is there.
    missing = [package for package in needed if PathFinder.find_spec(package) is None]
    if missing:
        raise UsageError(
            f"the emulator needs packages that are not installed: {', '.join(missing)}",
            hint="pip install 'provision[emulator]'",
        )


def check_port(port: int) -> None:
    """Raise `UnavailableError` when something listens on loopback port `port` already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UnavailableError(
                f"the emulator cannot listen on 127.0.0.1:{port}: {error.strerror}",
                hint="take another port (`--port 0` or `--grpc-port 0` takes a free one), or stop"
                " what listens there",
            ) from error


def launch(settings: Settings, ready: Path, log: Path) -> tuple[int, dict[str, object]]:
    """Start the emulator in a session of its own and wait until it is ready.

    Args:
        settings: how to run it.
        ready: empty file, for the line it writes when it is ready.
        log: empty file, for everything else it writes.

    Returns:
        Its process id, and that line, decoded.

    Raises:
        UnavailableError: it ended, or did not get ready in time; with the end of its log.
    """
    with log.open("wb") as errors, ready.open("wb") as output:
        process = subprocess.Popen(
            settings.command(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
    try:
        return process.pid, _await_line(process, ready, log)
    except BaseException:
        process.terminate()
        process.wait()
        raise


def _await_line(process: subprocess.Popen[bytes], ready: Path, log: Path) -> dict[str, object]:
    until = time.monotonic() + START_SECONDS
    while not (text := ready.read_text()).endswith("\n"):
        code = process.poll()
        if code is not None or time.monotonic() > until:
            why = f"it ended with code {code}" if code is not None else "it did not get ready"
            end = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
            raise UnavailableError(
                f"starting the emulator: {why}" + (f"\n{end}" if end else ""),
                hint=f"its whole log: {log}",
            )
        time.sleep(0.05)
    said = json.loads(text.splitlines()[0])
    if not isinstance(said, dict) or "http" not in said:
        raise ProvisionError(f"starting the emulator: not the line it should write: {text.strip()}")
    return said


def end(pid: int, log: str) -> None:
    """Ask the emulator to end, and wait until it has.

    Raises:
        UnavailableError: it does not.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + STOP_SECONDS
    while runs(pid):
        with contextlib.suppress(ChildProcessError):  # ours only when this process started it
            os.waitpid(pid, os.WNOHANG)
        if time.monotonic() > until:
            raise UnavailableError(
                f"stopping the emulator: process {pid} has not ended in {STOP_SECONDS:.0f} s",
                hint=f"its log: {log}; as a last resort: kill -9 {pid}",
            )
        time.sleep(0.05)


def runs(pid: int) -> bool:
    """Whether process `pid` runs and is an emulator, not another process with its number."""
    if Path("/proc/self").exists():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return MODULE.encode() in command
    shown = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], check=False, capture_output=True, text=True
    )
    return MODULE in shown.stdout
