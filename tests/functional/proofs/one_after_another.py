"""Runs `provision` once for each line of stdin, in one process; prints the exit codes."""

import sys

from provision.cli.app import app


def run(line: str) -> int:
    """Run one command line; its exit code."""
    try:
        app(line.split())
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


if __name__ == "__main__":
    codes = [run(line) for line in sys.stdin]
    sys.stdout.write(f"\ncodes: {codes}\n")
