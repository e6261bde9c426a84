"""Runs `provision` once for each line of stdin, in one process; prints the exit codes.

A line of its own on stdout and on stderr goes before what each command says.
"""

import shlex
import sys

from provision.cli.app import app

BEFORE = "=== provision "


def run(line: str) -> int:
    """Run one command line; its exit code."""
    sys.argv[1:] = shlex.split(line)
    for stream in (sys.stdout, sys.stderr):
        stream.write(f"{BEFORE}{line.strip()}\n")
        stream.flush()
    try:
        app()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


if __name__ == "__main__":
    codes = [run(line) for line in sys.stdin]
    sys.stdout.write(f"\ncodes: {codes}\n")
