#!/usr/bin/env python3
"""A Docker engine of the checkout's own: `dockerd` with its data, socket and network apart.

It shares nothing with another engine of the same machine: its own data folder, containerd, socket
and, when another one is running, its own bridge and no hand in the other's firewall rules.
"""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import docker
from bridge import make_bridge, take_bridge_away

START_SECONDS = 60
STOP_SECONDS = 40
# A Unix socket's path has 107 usable characters; containerd's own sockets lie deeper than ours.
SOCKET_FOLDER_LENGTH = 60


class NoEngineError(Exception):
    """Why there is no engine, and what to do about it."""


@dataclass
class Running:
    """What is written down about the engine that was started.

    Args:
        host: for `DOCKER_HOST`.
        pid: of `dockerd`.
        folder: where its sockets and its pid file are.
        subnet: of the bridge made for it; empty when it uses Docker's own.
        keep: it was asked to stay when its users have gone.
    """

    host: str
    pid: int
    folder: str
    subnet: str
    keep: bool

    def alive(self) -> bool:
        """Whether that process is still the engine we started, and not another with its number."""
        try:
            command = Path(f"/proc/{self.pid}/cmdline").read_bytes()
        except OSError:
            return False
        return f"{self.folder}/pid".encode() in command.split(b"\0")


class PrivateEngine:
    """Starts, finds and stops the engine of one checkout.

    Args:
        home: folder of its own, made when needed.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._record = home / "engine.json"
        # Names that two checkouts of one machine do not share; 15 characters for an interface.
        self._name = f"provision-{hashlib.sha256(str(home).encode()).hexdigest()[:5]}"

    def find(self) -> Running | None:
        """The engine that runs already; what a crash left of the record is cleared away."""
        try:
            running = Running(**json.loads(self._record.read_text()))
        except FileNotFoundError:
            return None
        if running.alive():
            return running
        self._clear(running)
        return None

    def start(self, *, keep: bool) -> Running:
        """Start it and wait until it answers.

        Raises:
            NoEngineError: it did not come up; with the end of its log.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        folder = self._socket_folder()
        subnet = make_bridge(self._name) if another_runs() else ""
        host = f"unix://{folder}/docker.sock"
        command = ["dockerd", "-H", host, "-p", f"{folder}/pid", "--exec-root", f"{folder}/exec"]
        command += ["--data-root", str(self.home / "data")]
        command += ["--containerd-namespace", self._name]
        command += ["--containerd-plugins-namespace", f"{self._name}-plugins"]
        if subnet:
            command += ["--bridge", self._name, "--iptables=false", "--ip6tables=false"]
        with (self.home / "dockerd.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running = Running(host, process.pid, str(folder), subnet, keep)
        self._write(running)
        try:
            self._await(process, host)
        except BaseException:
            self.stop(running)
            raise
        return running

    def keep(self, running: Running) -> None:
        """Let it stay when its users have gone."""
        self._write(Running(**{**asdict(running), "keep": True}))

    def stop(self, running: Running) -> None:
        """Stop it, its containers with it, and take its bridge away; its data stays."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not running.alive():
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(running.pid, number)
            until = time.monotonic() + STOP_SECONDS
            while running.alive() and time.monotonic() < until:
                reap(running.pid)
                time.sleep(0.1)
        self._clear(running)

    def log_end(self) -> str:
        """The last lines the engine wrote."""
        try:
            lines = (self.home / "dockerd.log").read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(lines[-15:])

    def _socket_folder(self) -> Path:
        if len(str(self.home)) <= SOCKET_FOLDER_LENGTH:
            return self.home
        return Path(tempfile.mkdtemp(prefix="provision-engine-", dir="/tmp"))

    def _await(self, process: subprocess.Popen[bytes], host: str) -> None:
        until = time.monotonic() + START_SECONDS
        while not answers(host):
            if process.poll() is not None:
                raise NoEngineError(f"dockerd ended by itself:\n{self.log_end()}")
            if time.monotonic() > until:
                raise NoEngineError(
                    f"dockerd did not answer in {START_SECONDS} s:\n{self.log_end()}"
                )
            time.sleep(0.2)

    def _write(self, running: Running) -> None:
        self._record.write_text(json.dumps(asdict(running)))

    def _clear(self, running: Running) -> None:
        if running.subnet:
            take_bridge_away(self._name, running.subnet)
        folder = Path(running.folder)
        if folder != self.home:
            shutil.rmtree(folder, ignore_errors=True)
        for name in ("pid", "docker.sock"):
            (folder / name).unlink(missing_ok=True)
        self._record.unlink(missing_ok=True)


def answers(host: str | None) -> bool:
    """Whether a Docker engine answers at `host`; None asks what the environment names."""
    try:
        client = docker.DockerClient(host, timeout=5) if host else docker.from_env(timeout=5)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except Exception:  # noqa: BLE001 - whatever keeps the client from it: it is no engine for us
        return False


def another_runs() -> bool:
    """Whether some other `dockerd` runs on this machine."""
    for name in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if name.read_text().strip() == "dockerd":
                return True
    return False


def reap(pid: int) -> None:
    """Take note of our child's end, so that its number is free; not our child is no matter."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
