"""Run by gcloud's own Python: gcloud's modules are loaded once, and a fork runs each command.

    python3 -S warm_server.py SDK       commands come by the socket that is its stdin

Two thirds of what a command takes is to load gcloud. From there on nothing is different: a fork has
the arguments, the environment, the directory and the files of its command, and calls what gcloud's
``lib/gcloud.py`` calls.
"""

import gc
import importlib
import json
import os
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
_FILES = 4
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


def serve(control: socket.socket) -> None:
    """Take commands until there are no more; returns in the process that has to run one."""
    while True:
        text, files, _, _ = socket.recv_fds(control, _MOST, _FILES)
        if not text:
            sys.exit()
        *standard, answer = files
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            ours = os.fork()
            if not ours:
                control.close()
                os.close(answer)
                become(json.loads(text), standard)
                return
            _, status = os.waitpid(ours, 0)
            os.write(answer, str(os.waitstatus_to_exitcode(status)).encode())
            os._exit(0)
        for file in files:
            os.close(file)


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
    serve(socket.socket(fileno=os.dup(0)))
    sys.exit(sys.modules["googlecloudsdk.gcloud_main"].main())
