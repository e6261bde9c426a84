"""Run by gcloud's own Python: gcloud's modules are loaded once, and a fork runs each command.

    python3 -S warm_server.py SDK SOCKET

Two thirds of what a command takes is to load gcloud. From there on nothing is different: a fork has
the arguments, the environment, the directory and the files of its command, and calls what gcloud's
``lib/gcloud.py`` calls.
"""

import array
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Any

_MODULES = (
    "googlecloudsdk.gcloud_main",
    "googlecloudsdk.command_lib.run.flags",
    "googlecloudsdk.command_lib.run.serverless_operations",
    "googlecloudsdk.api_lib.run.global_methods",
)
_CONFIGURATIONS = "googlecloudsdk.core.configurations.named_configs"
_FILES = 3
_MOST = 1 << 20
"""Bytes of a command with its environment."""


def load(sdk: str) -> None:
    """Import what every command does, from the places that ``lib/gcloud.py`` names."""
    lib = Path(sdk) / "lib"
    sys.path[:0] = [str(lib / "third_party"), str(lib)]
    sys.argv[0] = str(lib / "gcloud.py")
    for name in _MODULES:
        importlib.import_module(name)
    gc.freeze()


def serve(listener: socket.socket) -> None:
    """Take commands until stdin ends; returns in the process that has to run one."""
    while True:
        if sys.stdin in select.select([listener, sys.stdin], [], [])[0]:
            sys.exit()
        connection, _ = listener.accept()
        if os.fork():
            connection.close()
            continue
        listener.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        command = receive(connection)
        ours = os.fork()
        if not ours:
            connection.close()
            become(*command)
            return
        _, status = os.waitpid(ours, 0)
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)


def receive(connection: socket.socket) -> "tuple[dict[str, Any], list[int]]":
    """A command, and its stdin, stdout and stderr."""
    size = _FILES * array.array("i").itemsize
    text, rights, _, _ = connection.recvmsg(_MOST, socket.CMSG_SPACE(size))
    while not text.endswith(b"\n"):
        text += connection.recv(_MOST)
    files = array.array("i")
    files.frombytes(rights[0][2][:size])
    return json.loads(text), list(files)


def become(command: "dict[str, Any]", files: "list[int]") -> None:
    """Have what a process of the command's own would have had."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(command["directory"])
    os.environ.clear()
    os.environ.update(command["environ"])
    sys.argv[1:] = command["arguments"]
    # Some modules ask for a property while they are loaded; the user's file is read again.
    sys.modules[_CONFIGURATIONS].ActivePropertiesFile.Invalidate()


if __name__ == "__main__":
    load(sys.argv[1])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(sys.argv[2])
        door.listen(8)
        serve(door)
    sys.exit(sys.modules["googlecloudsdk.gcloud_main"].main())
