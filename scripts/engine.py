#!/usr/bin/env python3
"""A Docker engine for `make demo` and `make test`, whatever the machine has.

    engine.py run COMMAND…   run COMMAND with DOCKER_HOST set; stop what was started for it
    engine.py ensure         the same without a command: prints DOCKER_HOST, the engine stays
    engine.py stop           stop the engine that this checkout started

The engine is the one that DOCKER_HOST, the Docker context or the default socket reaches. Else, as
root on Debian or Ubuntu, the package `docker.io` is installed and a private `dockerd` runs in the
checkout's `.work/engine`. Only that one is ever stopped; with `KEEP=1` it stays.
"""
# ruff: noqa: T201 - the answer goes to stdout

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import docker
from debian import InstallError, can_install, install
from private_engine import NoEngineError, PrivateEngine, answers

WORK = Path(__file__).resolve().parent.parent / ".work"
DEFAULT_SOCKET = "unix:///var/run/docker.sock"
NEEDED = {"dockerd": "docker.io", "iptables": "iptables", "ip": "iproute2"}
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
NOT_FOUND = """\
No Docker engine answers: {tried}.
Install one and start it, then run this again:
  Debian, Ubuntu   sudo apt-get install docker.io   (or run this as root: then it is done for you)
  Fedora           sudo dnf install moby-engine && sudo systemctl start docker
  other            https://docs.docker.com/engine/install/
If one runs already, you may lack access to its socket: sudo usermod -aG docker $USER, then log in
again. If it listens elsewhere, say where: export DOCKER_HOST=unix:///path/to/docker.sock"""


def main(arguments: list[str]) -> int:
    """Do what the first argument says."""
    # Where Debian has dockerd and iptables; not everybody's PATH has these folders.
    os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    engine = PrivateEngine(WORK / "engine")
    match arguments:
        case ["ensure"]:
            with exclusive():
                print(ensure(engine, keep=True))
            return 0
        case ["stop"]:
            with exclusive():
                running = engine.find()
                if running:
                    engine.stop(running)
            return 0
        case ["run", *command] if command:
            return run(engine, command)
    print(__doc__, file=sys.stderr)
    return 2


def ensure(engine: PrivateEngine, *, keep: bool) -> str:
    """What to set DOCKER_HOST to, after starting an engine if none answers.

    Raises:
        NoEngineError: there is none and none can be had here.
    """
    tried = []
    for name, host in candidates():
        if answers(host):
            return host
        tried.append(f"{name} ({host})")
    running = engine.find()
    if running is None:
        get_dockerd(tried)
        say(f"no Docker engine answers at {', '.join(tried)}; starting one in {engine.home}")
        return engine.start(keep=keep).host
    if keep:
        engine.keep(running)
    return running.host


def get_dockerd(tried: list[str]) -> None:
    """Install what a private engine needs where that can be done, or say what to install."""
    missing = [package for tool, package in NEEDED.items() if shutil.which(tool) is None]
    if os.geteuid() != 0 or (missing and not can_install()):
        raise NoEngineError(NOT_FOUND.format(tried=", ".join(tried)))
    if missing:
        say(f"installing {', '.join(missing)} …")
        install(*missing)


def candidates() -> Iterator[tuple[str, str]]:
    """Where an engine may be, the one the user means first."""
    if os.environ.get("DOCKER_HOST"):
        yield "DOCKER_HOST", os.environ["DOCKER_HOST"]
    context = docker.ContextAPI.get_current_context()
    if context is not None and context.Host and context.Host != DEFAULT_SOCKET:
        yield f"the Docker context {context.Name}", context.Host
    yield "the default socket", DEFAULT_SOCKET
    if os.environ.get("XDG_RUNTIME_DIR"):
        yield "the rootless socket", f"unix://{os.environ['XDG_RUNTIME_DIR']}/docker.sock"


def run(engine: PrivateEngine, command: list[str]) -> int:
    """Run `command` with an engine at hand, and stop the engine when nobody uses it any more."""
    WORK.mkdir(exist_ok=True)
    with (WORK / "engine.users").open("w") as users:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda received, _: sys.exit(128 + received))
        try:
            with exclusive():
                host = ensure(engine, keep=bool(os.environ.get("KEEP")))
                fcntl.flock(users, fcntl.LOCK_SH)
            return wait(command, host)
        finally:
            for number in ENDING:
                signal.signal(number, signal.SIG_IGN)
            fcntl.flock(users, fcntl.LOCK_UN)
            with exclusive():
                stop_if_unused(engine, users)


def wait(command: list[str], host: str) -> int:
    """Run `command` to its end; what would end us is handed on to it, and its end is awaited."""
    with subprocess.Popen(command, env={**os.environ, "DOCKER_HOST": host}) as child:
        # Ctrl-C reaches the child by itself: it is in the terminal's foreground group like us.
        signal.signal(signal.SIGINT, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda received, _: child.send_signal(received))
        code = child.wait()
    return code if code >= 0 else 128 - code


def stop_if_unused(engine: PrivateEngine, users: TextIO) -> None:
    """Stop the private engine, unless somebody else uses it or it was asked to stay."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    running = engine.find()
    if running and running.keep:
        say(f"the engine stays: export DOCKER_HOST={running.host}   (stop it: make stop)")
    elif running:
        engine.stop(running)


@contextlib.contextmanager
def exclusive() -> Iterator[None]:
    """Hold the lock under which the engine is started and stopped."""
    WORK.mkdir(exist_ok=True)
    with (WORK / "engine.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """Tell the person at the terminal; stdout is for the answer alone."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (NoEngineError, InstallError) as problem:
        sys.exit(f"{problem}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
