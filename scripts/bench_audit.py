#!/usr/bin/env python3
"""Measures the audit of large organisations, as whole processes: time and memory beside limits."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench_pairs import row, whole  # noqa: E402 - beside this file

from provision.audit import Audit  # noqa: E402 - of the checkout
from provision.snapshot import load  # noqa: E402 - likewise
from tests.audit_world import HUGE, LARGE, Size, write  # noqa: E402 - likewise

RUNS = 3
QUOTED = 1.1
"""Microseconds a pair that Cartography's evaluator takes at best, allow policies alone."""
_MEGABYTE = 1 << 20
HEAD = """\
## The audit

Made-up organisations (`tests/audit_world.py`), read from a snapshot; whole processes, of {runs}
runs the median. Large is {large.services:,} services, {large.accounts:,} accounts,
{large.users:,} people, {large.groups:,} nested groups and {large.bindings:,} bindings; huge is
{huge.services:,} services and {huge.bindings:,} bindings; both with conditions, deny policies,
boundaries and impersonation. A pair is a principal and a target. Cartography's figure is what its
evaluator took, measured apart on 3,000 principals and 5,170 services, without groups, conditions,
deny policies, boundaries or impersonation.

| what | ours | limit or peer | ratio | against |
| --- | ---: | ---: | ---: | --- |
"""


class Process(NamedTuple):
    """What a process took: seconds, and megabytes at most."""

    seconds: float
    megabytes: float


def section() -> str:
    """The part of the page about the audit."""
    with tempfile.TemporaryDirectory() as scratch:
        large = _written(Path(scratch) / "large.jsonl.zst", LARGE)
        huge = _written(Path(scratch) / "huge.jsonl.zst", HUGE)
        rows = [*_commands(large), *_judged(large, huge)]
    return HEAD.format(runs=RUNS, large=LARGE, huge=HUGE) + "".join(rows)


def _written(path: Path, size: Size) -> Path:
    write(path, size)
    return path


def _commands(large: Path) -> list[str]:
    targets = load(large).targets
    target = targets[len(targets) // 3].name
    report = _median(["audit", "report", "--snapshot", str(large)])
    why = _median(["audit", "why", "user:u205@example.com", target, "--snapshot", str(large)])
    limit = "the limit"
    return [
        row("`provision audit report` on large", whole(report.seconds, 3), "s", limit),
        row("its memory", whole(report.megabytes, 400), "MB", limit),
        row("`provision audit why` on large", whole(why.seconds, 1), "s", limit),
    ]


def _judged(large: Path, huge: Path) -> list[str]:
    """Everything judged for every target, in a process that does nothing else."""
    found = {path: _evaluated(path) for path in (large, huge)}
    process, told = found[huge]
    pair = found[large][1]["seconds"] / found[large][1]["pairs"] * 1e6
    return [
        row("huge read and judged", whole(process.seconds, 60), "s", "the limit"),
        row("its memory", whole(process.megabytes / 1024, 4), "GB", "the limit"),
        row("a pair of large", whole(pair, QUOTED), "µs", "Cartography, quoted"),
        row(
            "a pair of huge", whole(told["seconds"] / told["pairs"] * 1e6, QUOTED), "µs", "likewise"
        ),
    ]


def _median(words: Sequence[str]) -> Process:
    command = [str(ROOT / ".venv" / "bin" / "provision"), *words]
    _process(command)
    found = [_process(command)[0] for _ in range(RUNS)]
    return Process(*(median(column) for column in zip(*found, strict=True)))


def _evaluated(path: Path) -> tuple[Process, dict[str, float]]:
    process, out = _process([sys.executable, __file__, str(path)])
    told: dict[str, float] = json.loads(out)
    return process, told


def _process(command: Sequence[str]) -> tuple[Process, bytes]:
    """Run one; the kernel tells what it took at most. 0, 1 and 3 are answers."""
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        out = child.stdout.read() if child.stdout else b""
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in {0, 1, 3}:
        raise RuntimeError(f"{command[1:3]} ended with {child.returncode}")
    return Process(time.perf_counter() - begun, used.ru_maxrss * 1024 / _MEGABYTE), out


def evaluate(path: Path) -> dict[str, float]:
    """Judge everybody and every target of a snapshot; the seconds, and how many pairs."""
    begun = time.perf_counter()
    audit = Audit(load(path))
    targets = sum(1 for _ in audit.summaries())
    pairs = targets * len(audit.judge.universe)
    return {"seconds": time.perf_counter() - begun, "pairs": pairs}


if __name__ == "__main__":
    print(json.dumps(evaluate(Path(sys.argv[1]))))  # noqa: T201 - for the process that started it
