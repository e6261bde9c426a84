#!/usr/bin/env python3
"""Measures the audit of large organisations, as whole processes: time and memory beside limits."""

import gc
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench_pairs import row, whole  # noqa: E402 - beside this file

from provision.audit import Audit  # noqa: E402 - of the checkout
from provision.snapshot import load  # noqa: E402 - likewise
from tests.audit_world import HUGE, LARGE, write  # noqa: E402 - likewise

RUNS = 3
PATIENCE = 600
"""Seconds of the processor after which a process is ended: its row tells that it took longer."""
SIZES = {"large": LARGE, "huge": HUGE}
LIMIT = "the limit"
QUOTED = 1.1
"""Microseconds a pair that Cartography's evaluator takes at best, allow policies alone."""
_MEGABYTE = 1 << 20
HEAD = """\
## The audit

Made-up organisations (`tests/audit_world.py`), read from a snapshot; whole commands by the clock,
of {runs} runs the median (of the report on huge: one). A report judges every binding and target and
counts who gets into the first ones; it works as two processes that share what they have read,
and its memory is that of the larger one. Large is {large.services:,} services,
{large.accounts:,} accounts, {large.users:,} people, {large.groups:,} nested groups and
{large.bindings:,} bindings; huge is {huge.services:,} services and {huge.bindings:,} bindings; both
with conditions, deny policies, boundaries and impersonation. A pair is a principal and a target, of
all targets, in seconds of the processor.
Cartography's figure is what its evaluator took, measured apart on 3,000 principals and 5,170
services, without groups, conditions, deny policies, boundaries or impersonation.

| what | ours | limit or peer | ratio | against |
| --- | ---: | ---: | ---: | --- |
"""


class Process(NamedTuple):
    """What a process took: seconds by the clock, and megabytes at most."""

    seconds: float
    megabytes: float


class SlowError(Exception):
    """A process did not end in time."""


def section() -> str:
    """The part of the page about the audit.

    Whatever is large is done in processes of its own: a child's memory, as the kernel tells it, is
    at least what its parent had when it began.
    """
    with tempfile.TemporaryDirectory() as scratch:
        files = {name: Path(scratch) / f"{name}.jsonl.zst" for name in SIZES}
        for name, path in files.items():
            _own("write", name, path)
        told = json.loads(_own("evaluate", files["large"])[1])
        rows = [*_commands(files["large"], told), *_huge(files["huge"])]
    return HEAD.format(runs=RUNS, large=LARGE, huge=HUGE) + "".join(rows)


def _commands(large: Path, told: dict[str, Any]) -> list[str]:
    report = _median(["audit", "report", "--snapshot", str(large)])
    asked = ["user:u205@example.com", told["target"]]
    why = _median(["audit", "why", *asked, "--snapshot", str(large)])
    return [
        row("`provision audit report` on large", whole(report.seconds, 3), "s", LIMIT),
        row("its memory", whole(report.megabytes, 400), "MB", LIMIT),
        row("`provision audit why` on large", whole(why.seconds, 1), "s", LIMIT),
        row("a pair of large", whole(_pair(told), QUOTED), "µs", "Cartography, quoted"),
    ]


def _huge(huge: Path) -> list[str]:
    what = "`provision audit report` on huge"
    try:
        report, _ = _provision("audit", "report", "--snapshot", str(huge))
    except SlowError:
        return [f"| {what} | over {PATIENCE} s | 60 s | over {PATIENCE // 60} | {LIMIT} |\n"]
    return [
        row(what, whole(report.seconds, 60), "s", LIMIT),
        row("its memory", whole(report.megabytes / 1024, 4), "GB", LIMIT),
    ]


def _pair(told: dict[str, Any]) -> float:
    """Microseconds for each principal and target."""
    return float(told["seconds"] / told["pairs"] * 1e6)


def _provision(*words: str) -> tuple[Process, bytes]:
    return _process([str(ROOT / ".venv" / "bin" / "provision"), *words])


def _median(words: Sequence[str]) -> Process:
    _provision(*words)
    found = [_provision(*words)[0] for _ in range(RUNS)]
    return Process(*(median(column) for column in zip(*found, strict=True)))


def _own(*words: str | Path) -> tuple[Process, bytes]:
    """Do a part of this file in a process of its own."""
    return _process([sys.executable, __file__, *map(str, words)])


def _process(command: Sequence[str]) -> tuple[Process, bytes]:
    """Run one; the kernel tells what it took at most. 0, 1, 3 and 4 are answers."""
    begun = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        resource.prlimit(child.pid, resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
        out = child.stdout.read() if child.stdout else b""
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode in {-signal.SIGXCPU, -signal.SIGKILL}:
        raise SlowError(f"{command[1:3]} took longer than {PATIENCE} s")
    if child.returncode not in {0, 1, 3, 4}:
        raise RuntimeError(f"{command[1:3]} ended with {child.returncode}")
    return Process(time.monotonic() - begun, used.ru_maxrss * 1024 / _MEGABYTE), out


def evaluate(path: Path) -> dict[str, Any]:
    """Judge everybody and every target of a snapshot; the seconds, how many pairs, one target."""
    begun = time.process_time()
    gc.disable()  # as the commands do
    audit = Audit(load(path))
    targets = sum(1 for _ in audit.summaries())
    took = time.process_time() - begun
    one = list(audit.targets)[targets // 3]
    return {"seconds": took, "pairs": targets * len(audit.judge.universe), "target": one}


def main(what: str, *words: str) -> None:
    """Write an organisation to a file, or judge one: for the process that started it."""
    if what == "write":
        write(Path(words[1]), SIZES[words[0]])
    else:
        print(json.dumps(evaluate(Path(words[0]))))  # noqa: T201 - the answer


if __name__ == "__main__":
    main(*sys.argv[1:])
