#!/usr/bin/env python3
"""Measure, and write docs/benchmarks.md: ratios within one run, never seconds alone.

    bench.py [commands] [access] [emulator] [registry] [reading] [audit]
                  the parts to measure anew; all if none is named; the others' rows stay

Each pair of commands runs in turn, A B A B …, so that a machine whose speed drifts tells the same
ratio. The peers are gcloud, bare servers, and Debian's docker-registry. Calls go to this machine
only.
"""
# ruff: noqa: T201 - it tells what it measures

import os
import resource
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import bench_access as access
import bench_audit
import bench_emulator as emulator
import bench_reading
import bench_registry
from bench_pairs import in_turn, seconds

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
BIN = ROOT / ".venv" / "bin"
RUNS = 7
BIG_LAYER = 2048
TITLES = ("Commands", "Access", "The emulator", "The registry", "Live reading", "The audit")
TITLE = """\
# Benchmarks

Made by `make bench`; do not edit. Every ratio is of one run; seconds of two runs say nothing.

"""
COMMANDS = """\
## Commands

Each row compares two commands as whole processes, run in turn {runs} times after a warm-up:
medians, and the median of the ratios pair by pair.

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


REGISTRY = """\
## The registry

One layer of {megabytes} MB, pushed in one request, in pieces of 64 MB, and pulled; the peer is
Debian's docker-registry, beside it on the same disk.

| what | ours | peer | ratio |
| --- | ---: | ---: | ---: |
| push, MB/s | {emulator[push]:.0f} | {docker_registry[push]:.0f} | {ratio[push]:.2f} |
| push in pieces, MB/s | {emulator[push_in_pieces]:.0f} | {docker_registry[push_in_pieces]:.0f} \
| {ratio[push_in_pieces]:.2f} |
| pull, MB/s | {emulator[pull]:.0f} | {docker_registry[pull]:.0f} | {ratio[pull]:.2f} |
| memory that it grew by, MB | {emulator[growth]:.1f} | {docker_registry[growth]:.1f} \
| {growth:.2f} |
"""


def main(wanted: list[str]) -> int:
    """Measure the parts that are wanted, and write the page."""
    parts = {
        "commands": commands,
        "access": access.section,
        "emulator": emulator.section,
        "registry": registry,
        "reading": bench_reading.section,
        "audit": bench_audit.section,
    }
    if unknown := set(wanted) - set(parts):
        print(f"there is no part {min(unknown)}, only {', '.join(parts)}", file=sys.stderr)
        return 2
    kept = PAGE.read_text(encoding="utf-8").split("\n## ")[1:] if PAGE.exists() else []
    sections = {section.partition("\n")[0]: f"## {section.rstrip()}\n" for section in kept}
    for name in wanted or parts:
        begun = time.perf_counter()
        section = parts[name]()
        print(f"{name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        sections[section.removeprefix("## ").partition("\n")[0]] = section
    order = [sections[title] for title in TITLES if title in sections]
    PAGE.write_text(TITLE + "\n".join(order), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))
    return 0


def registry() -> str:
    """The part of the page about the registry."""
    found = bench_registry.compare(BIG_LAYER)
    growth = found["emulator"]["growth"] / found["docker_registry"]["growth"]
    return REGISTRY.format(**found, growth=growth)


def commands() -> str:
    """The part of the page about whole commands. Raises `RuntimeError` without gcloud."""
    if shutil.which("gcloud") is None:
        raise RuntimeError("gcloud is the peer, and it is not installed")
    with tempfile.TemporaryDirectory() as home:
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        environment = {"PATH": path, "HOME": home, "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}
        rows = [measured(pair, environment) for pair in PAIRS]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    foot = f"\nThe largest of all these processes took {peak:.0f} MiB.\n"
    return COMMANDS.format(runs=RUNS) + "".join(rows) + foot


def measured(pair: Pair, environment: dict[str, str]) -> str:
    """One row of the table."""
    ours, peer = (partial(seconds, one, environment) for one in (pair.ours, pair.peer))
    ours(), peer()
    found = in_turn(ours, peer, RUNS)
    figures = f"{found.ours:.2f} | {found.peer:.2f} | {found.ratio:.2f}"
    return f"| {pair.what} | {figures} | `{' '.join(pair.peer)}` |\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
