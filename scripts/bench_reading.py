#!/usr/bin/env python3
"""Measures the live reading of a thousand services, each call 50 ms late, beside a gcloud loop."""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bench_access import evaluated
from bench_pairs import seconds
from crowd import deploy, multiply, session_of, start, stop

from provision.clients.credentials import load_caller
from provision.clients.google import GoogleClients
from provision.clients.local_cloud import find_local_cloud
from provision.clients.reading import write
from provision.clients.reading.scheduler import LANES
from provision.snapshot import load

SERVICES, LATE, ASKED = 1_000, 0.05, 10
_FAULT = {"method": "*", "kind": "latency", "seconds": LATE, "times": None}
SECTION = """\
## Live reading

A project with {services:,} services, and 50 ms added to every call. The bound is what the latency
of the reading's {calls:,} calls takes with {lanes} in flight, libraries loaded. Below is the whole
process `provision audit snapshot`, beside a loop of `gcloud run services get-iam-policy` over
{asked} of them in the same run.

| what | ours | bound or peer | ratio |
| --- | ---: | ---: | ---: |
| the reading, s, beside the bound | {took:.2f} | {bound:.2f} | {over:.2f} |
| a service, ms, beside gcloud | {ours:.1f} | {gcloud:.0f} | {faster:.0f} times faster |
"""


class Measured(NamedTuple):
    """What came of it, in seconds, but for the calls.

    Args:
        took: the reading.
        calls: how many it made.
        whole: the command.
        gcloud: for one service.
    """

    took: float
    calls: int
    whole: float
    gcloud: float

    @property
    def bound(self) -> float:
        """Seconds that the latency alone takes with all lanes in use."""
        return self.calls * LATE / LANES


def section() -> str:
    """The part of the page about live reading. Raises `RuntimeError` without gcloud."""
    if shutil.which("gcloud") is None:
        raise RuntimeError("gcloud is the peer, and it is not installed")
    found = measure()
    ours = found.whole / SERVICES * 1000
    return SECTION.format(
        services=SERVICES,
        asked=ASKED,
        calls=found.calls,
        lanes=LANES,
        took=found.took,
        bound=found.bound,
        over=found.took / found.bound,
        ours=ours,
        gcloud=found.gcloud * 1000,
        faster=found.gcloud * 1000 / ours,
    )


def measure() -> Measured:
    """Both, in one run."""
    with tempfile.TemporaryDirectory() as scratch, _crowded(Path(scratch)) as about:
        environ = evaluated(Path(scratch), about["http"])
        _late(about)
        took, calls = _read(about, Path(scratch) / "one.jsonl.zst")
        scope = f"--scope=project/{about['project']}"
        other = Path(scratch) / "other.jsonl.zst"
        whole = seconds(["provision", "audit", "snapshot", scope, "-o", str(other)], environ)
        for found in (one.targets for one in (load(Path(scratch) / "one.jsonl.zst"), load(other))):
            if len(found) != SERVICES + 1:
                raise RuntimeError(f"read {len(found)} of {SERVICES + 1} services")
        return Measured(took, calls, whole, _loop(environ))


def _read(about: dict[str, Any], file: Path) -> tuple[float, int]:
    """Seconds that the reading takes, and its calls."""
    environ = {"PROVISION_EMULATOR": about["http"]}
    local = find_local_cloud(environ)
    google = GoogleClients(load_caller(environ, local, None), local)
    # Whatever it imports is there before.
    for name in ("services", "projects", "iam", "functions", "deny_policies", "boundaries", "rest"):
        getattr(google, name)
    begun = time.perf_counter()
    written = write(google, f"projects/{about['project']}", file)
    return time.perf_counter() - begun, written.calls


def _late(about: dict[str, Any]) -> None:
    with session_of(about) as session:
        url = f"{about['http']}/_emulator/faults"
        session.post(url, json=_FAULT, timeout=30).raise_for_status()


def _loop(environ: Mapping[str, str]) -> float:
    """Seconds that gcloud takes for a service."""
    asked = ["gcloud", "run", "services", "get-iam-policy"]
    took = [
        seconds([*asked, f"s{number:05d}", "--region=asia-east1", "--format=json"], environ)
        for number in range(ASKED)
    ]
    return sum(took) / ASKED


@contextmanager
def _crowded(scratch: Path) -> Iterator[dict[str, Any]]:
    folder = scratch / "emulator"
    first, about = start("--data", str(folder), "--operation-delay", "0")
    deploy(about)
    stop(first)
    multiply(folder, SERVICES)
    with ExitStack() as stack:
        process, about = start("--data", str(folder))
        stack.callback(stop, process)
        yield about


if __name__ == "__main__":
    print(section())  # noqa: T201 - it tells what it measures
    sys.exit(0)
