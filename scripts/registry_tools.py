#!/usr/bin/env python3
"""Finds skopeo and docker-registry, which judge the emulator's registry; installs what is missing.

    registry_tools.py TOOL…   prints the path of each, one a line

Installing is done as root on Debian or Ubuntu, with apt-get; elsewhere the answer says what to do.
"""
# ruff: noqa: T201 - the answer goes to stdout

import fcntl
import shutil
import sys
from pathlib import Path

from debian import InstallError, can_install, install

WORK = Path(__file__).resolve().parent.parent / ".work"
PLACES = ("/usr/bin", "/usr/local/bin", "/usr/sbin")
HOW = (
    "{missing}: not installed, and cannot be installed from here (root on Debian or Ubuntu can). "
    "Install it by hand: apt-get install {missing}"
)


def main(tools: list[str]) -> int:
    """Print where each tool is."""
    try:
        for path in find(tools):
            print(path)
    except InstallError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def find(tools: list[str]) -> list[Path]:
    """Where the tools are, each named as its Debian package; missing ones are installed.

    Raises:
        InstallError: one is missing and cannot be installed.
    """
    WORK.mkdir(exist_ok=True)
    # Test processes run side by side, and apt-get bears no company.
    with (WORK / "tools.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [tool for tool in tools if _path(tool) is None]
        if missing and not can_install():
            raise InstallError(HOW.format(missing=" ".join(missing)))
        if missing:
            install(*missing)
    found = [path for path in map(_path, tools) if path is not None]
    if len(found) != len(tools):
        raise InstallError(f"{' '.join(tools)}: not there even after installing")
    return found


def _path(tool: str) -> Path | None:
    found = shutil.which(tool) or shutil.which(tool, path=":".join(PLACES))
    return Path(found) if found else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
