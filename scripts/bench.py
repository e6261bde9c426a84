#!/usr/bin/env python3
"""Measure, and write docs/benchmarks.md: ratios within one run, never seconds alone.

Each pair of commands runs in turn, A B A B …, so that a machine whose speed drifts tells the same
ratio. Needs gcloud, which is the peer. Calls go to this machine only.
"""
# ruff: noqa: T201 - it tells what it measures

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
BIN = ROOT / ".venv" / "bin"
RUNS = 7
HEAD = """\
# Benchmarks

Made by `make bench`; do not edit. Each row compares two commands as whole processes, run in turn
{runs} times after a warm-up: medians, and the median of the ratios pair by pair.

| what | ours, s | peer, s | ratio | peer |
| --- | ---: | ---: | ---: | --- |
"""


@dataclass(frozen=True)
class Pair:
    """Two commands to compare."""

    what: str
    ours: list[str]
    peer: list[str]


PAIRS = (
    Pair("`provision --version`", ["provision", "--version"], ["gcloud", "--version"]),
    Pair("`provision plan --help`", ["provision", "plan", "--help"], ["gcloud", "run", "--help"]),
    Pair(
        "`provision schema` (the spec's model loaded)",
        ["provision", "schema"],
        ["gcloud", "config", "list"],
    ),
)


def main() -> int:
    """Measure every pair and write the page."""
    if shutil.which("gcloud") is None:
        print("gcloud is the peer, and it is not installed.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as home:
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        environment = {"PATH": path, "HOME": home, "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}
        rows = [measured(pair, environment) for pair in PAIRS]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    foot = f"\nThe largest of all these processes took {peak:.0f} MiB.\n"
    PAGE.write_text(HEAD.format(runs=RUNS) + "".join(rows) + foot, encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))
    return 0


def measured(pair: Pair, environment: dict[str, str]) -> str:
    """One row of the table."""
    seconds(pair.ours, environment)
    seconds(pair.peer, environment)
    runs = [(seconds(pair.ours, environment), seconds(pair.peer, environment)) for _ in range(RUNS)]
    ours, peer = (statistics.median(column) for column in zip(*runs, strict=True))
    ratio = statistics.median(one / other for one, other in runs)
    return f"| {pair.what} | {ours:.2f} | {peer:.2f} | {ratio:.2f} | `{' '.join(pair.peer)}` |\n"


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """How long a command takes, as a whole process."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment, timeout=120)
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
