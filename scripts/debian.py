#!/usr/bin/env python3
"""Installs Debian's packages where that can be done: as root, on Debian or Ubuntu."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")


class InstallError(Exception):
    """What apt-get said when it could not."""


def can_install() -> bool:
    """Whether this is root on a machine with apt."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(*packages: str) -> None:
    """Install packages without questions, and without letting them start services.

    Raises:
        InstallError: apt-get said no, with what it said.
    """
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    with no_services_started():
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            done = subprocess.run(
                ["apt-get", "-q", *arguments],
                check=False,
                text=True,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                env=environment,
            )
    if done.returncode != 0:
        raise InstallError(
            f"apt-get could not install {' '.join(packages)}:\n{done.stderr.strip()}"
        )


@contextlib.contextmanager
def no_services_started() -> Iterator[None]:
    """Debian's way of installing a daemon without starting it, for as long as this lasts."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)
