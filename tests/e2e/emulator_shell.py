"""A shell of somebody who uses the emulator: what ``eval "$(provision emulator env)"`` leaves."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

KEPT = ("PATH", "DOCKER_HOST", "LANG", "PYTHONPATH", "CLOUDSDK_PYTHON")
"""What of our own environment such a shell has."""

_MAIN = "from provision.__main__ import main; main()"
_EVAL = 'lines=$("$@") || exit; eval "$lines"; exec env -0'


def new_shell(http: str, home: Path) -> dict[str, str]:
    """The environment of a shell that knows the emulator's address and no more."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "HOME": str(home), "PROVISION_EMULATOR": http}


def evaluated(environ: Mapping[str, str], *words: str) -> dict[str, str]:
    """The environment after ``eval "$(provision emulator env WORDS)"``."""
    command = [sys.executable, "-c", _MAIN, "emulator", "env", *words]
    done = subprocess.run(
        ["/bin/sh", "-c", _EVAL, "sh", *command],
        check=False,
        capture_output=True,
        text=True,
        env=dict(environ),
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
