"""The local Google Cloud as a process: started apart from the terminal, found again, stopped.

What runs is written down in a file per instance, readable by its owner alone. The emulator is
known here by its command line and by its HTTP address only; nothing of it is imported.
"""

import contextlib
import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from provision.errors import ProvisionError, UnavailableError, UsageError

MODULE = "provision.emulator"
NEEDED = ("aiohttp", "cryptography", "grpc", "grpc_status")
START_SECONDS = 60.0
STOP_SECONDS = 30.0
ANSWER_SECONDS = 10.0


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


@dataclass(frozen=True)
class Instance:
    """A running emulator.

    Args:
        name: which one of several.
        pid: its process id.
        data: its data folder, or empty when it keeps everything in memory.
        log: file with what it writes.
        said: the line it wrote when it was ready: addresses, projects, identity, engine.
    """

    name: str
    pid: int
    data: str
    log: str
    said: Mapping[str, object]

    @property
    def url(self) -> str:
        """The value for ``PROVISION_EMULATOR``."""
        return str(self.said["http"])

    def alive(self) -> bool:
        """Whether the process still is that emulator, and not another one with its number."""
        return MODULE in _command_line(self.pid)


class Instances:
    """The emulators of this user, by name.

    Args:
        folder: where records and logs are; made when needed, for the user alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, name: str) -> Instance | None:
        """The running emulator of that name; the record of one that has ended is removed."""
        record = self._record(name)
        try:
            instance = Instance(**json.loads(record.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        if instance.alive():
            return instance
        record.unlink(missing_ok=True)
        return None

    def start(self, name: str, settings: Settings) -> tuple[Instance, bool]:
        """The running emulator of that name, and whether this started it.

        Raises:
            UsageError: its packages are missing.
            UnavailableError: a port is taken, or it did not start.
        """
        with self._exclusive():
            running = self.find(name)
            if running is not None:
                return running, False
            check_packages()
            check_port(settings.port)
            check_port(settings.grpc_port)
            instance = self._launch(name, settings)
            self._private(self._record(name)).write_text(json.dumps(asdict(instance)))
            return instance, True

    def stop(self, name: str) -> Instance | None:
        """Ask the emulator to end, wait until it has, and return what ran; None if nothing did.

        Raises:
            UnavailableError: it does not end.
        """
        with self._exclusive():
            running = self.find(name)
            if running is not None:
                _end(running)
                self._record(name).unlink(missing_ok=True)
            return running

    def log(self, name: str) -> Path:
        """Where that emulator writes what it does."""
        return self._folder / f"{_stem(name)}.log"

    def _record(self, name: str) -> Path:
        return self._folder / f"{_stem(name)}.json"

    def _launch(self, name: str, settings: Settings) -> Instance:
        log, ready = self._private(self.log(name)), self._private(self._folder / f"{name}.ready")
        with log.open("wb") as errors, ready.open("wb") as output:
            process = subprocess.Popen(
                settings.command(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        try:
            said = _await_line(process, ready, log)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            ready.unlink(missing_ok=True)
        return Instance(name, process.pid, str(settings.data or ""), str(log), said)

    def _private(self, path: Path) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        return path

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / "emulator.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def check_packages(needed: Sequence[str] = NEEDED) -> None:
    """Raise `UsageError` when packages that the emulator needs are not installed."""
    missing = [package for package in needed if find_spec(package) is None]
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
                hint="take another port with --port or --grpc-port (0 takes a free one), or stop"
                " what listens there",
            ) from error


def reset(instance: Instance) -> None:
    """Have the emulator forget everything it was told.

    Raises:
        UnavailableError: it does not answer, or says no.
    """
    where = urlsplit(instance.url)
    connection = http.client.HTTPConnection(where.netloc, timeout=ANSWER_SECONDS)
    try:
        connection.request("POST", "/_emulator/reset")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise UnavailableError(
            f"resetting the emulator at {instance.url}: {error}",
            hint=f"its log: {instance.log}",
        ) from error
    finally:
        connection.close()
    if status >= http.client.BAD_REQUEST:
        raise UnavailableError(
            f"resetting the emulator at {instance.url}: it answered {status}",
            hint=f"its log: {instance.log}",
        )


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


def _end(instance: Instance) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(instance.pid, signal.SIGTERM)
    until = time.monotonic() + STOP_SECONDS
    while instance.alive():
        with contextlib.suppress(ChildProcessError):  # ours only when this process started it
            os.waitpid(instance.pid, os.WNOHANG)
        if time.monotonic() > until:
            raise UnavailableError(
                f"stopping the emulator: process {instance.pid} has not ended in"
                f" {STOP_SECONDS:.0f} s",
                hint=f"its log: {instance.log}; as a last resort: kill -9 {instance.pid}",
            )
        time.sleep(0.05)


def _command_line(pid: int) -> str:
    """The command line of a process; empty when it has ended."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, UnicodeDecodeError):
            return ""
    shown = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], check=False, capture_output=True, text=True
    )
    return shown.stdout


def _stem(name: str) -> str:
    return "emulator" if name == "default" else f"emulator-{name}"
