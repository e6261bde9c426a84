#!/usr/bin/env python3
"""A Chromium for the tests of the audit's page: the one that is there, or Debian's, installed.

Where neither can be had, the tests that need it say so and are skipped.
"""
# ruff: noqa: T201 - what is done goes to stderr

import shutil
import sys

from debian import InstallError, can_install, install

NAMES = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    """See to it that there is one, as far as that can be done."""
    if any(map(shutil.which, NAMES)) or not can_install():
        return 0
    print("installing chromium for the tests of the audit's page", file=sys.stderr)
    try:
        install("chromium")
    except InstallError as error:
        print(error, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
