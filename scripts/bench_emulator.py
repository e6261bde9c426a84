#!/usr/bin/env python3
"""Measures the emulator with ten thousand services: start, memory, pages, and 64 readers."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from bench_load import READERS, Target, grpc_rate, http_rate
from bench_pairs import row, whole
from crowd import PARENT, deploy, multiply, session_of, start, stop
from google.cloud import run_v2

MANY, FEW, PAGE = 10_000, 1000, 100
STARTS, ROUNDS, READS, TURNS = 3, 3, 25, 20
START_LIMIT = 5.0
_GET = "/google.cloud.run.v2.Services/GetService"
HEAD = f"""\
## The emulator

Started without an engine. Of {STARTS} starts, {ROUNDS} rounds and all pages the median; the readers
of ours and of the peer take turns. The peers are bare aiohttp and grpc.aio servers that answer each
request with the same bytes, without a token, a policy or a record.

| what | ours | limit or peer | ratio | against |
| --- | ---: | ---: | ---: | --- |
"""


def section() -> str:
    """The part of the page about the emulator."""
    with tempfile.TemporaryDirectory() as scratch:
        few, many = Path(scratch) / "few", Path(scratch) / "many"
        for folder, count in ((few, FEW), (many, MANY)):
            _fill(folder, count)
        return HEAD + "".join((*_starts(few, many), *_pages(few, many), *_readers(many)))


def _fill(folder: Path, count: int) -> None:
    process, about = start("--data", str(folder), "--operation-delay", "0.02")
    deploy(about)
    stop(process)
    multiply(folder, count - 1)


def _starts(few: Path, many: Path) -> Iterator[str]:
    seconds, memory = {}, {}
    for folder in (few, many):
        took, used = zip(*(_start(folder) for _ in range(STARTS)), strict=True)
        seconds[folder], memory[folder] = statistics.median(took), statistics.median(used)
    what = f"start with {MANY:,} services, policies and addresses"
    yield row(what, whole(seconds[many], START_LIMIT), "s", "the limit")
    yield row(what, whole(seconds[many], seconds[few]), "s", f"start with {FEW} services")
    what = f"memory after it, {MANY:,} services"
    yield row(what, whole(memory[many], memory[few]), "MiB", f"{FEW} services")


def _start(folder: Path) -> tuple[float, float]:
    """Seconds until the start line, and the memory (MiB) then."""
    begun = time.perf_counter()
    process, _ = start("--data", str(folder))
    took = time.perf_counter() - begun
    used = _memory(process.pid)
    stop(process)
    return took, used


def _memory(pid: int) -> float:
    status = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True, text=True
    )
    return int(status.stdout) / 1024


@contextmanager
def _running(folder: Path) -> Iterator[tuple[dict[str, Any], requests.Session]]:
    process, about = start("--data", str(folder))
    try:
        yield about, session_of(about)
    finally:
        stop(process)


def _pages(few: Path, many: Path) -> Iterator[str]:
    with _running(few) as (about, session):
        peer = statistics.median(_page_times(about, session)[0][:-1])
    with _running(many) as (about, session):
        times, tokens = _page_times(about, session)
        url = f"{about['http']}/v2/{PARENT}/services"
        turns = [[_page(session, url, tokens[one])[0] for one in (-2, 1)] for _ in range(TURNS)]
    what = f"a page of {PAGE} of {MANY:,} services, read for the first time (REST)"
    ours = statistics.median(times[:-1])
    yield row(what, whole(ours * 1000, peer * 1000), "ms", f"a page of {PAGE} of {FEW}")
    last, second = (statistics.median(column) for column in zip(*turns, strict=True))
    what = f"the last page but one, read {TURNS} times"
    yield row(what, whole(last * 1000, second * 1000), "ms", "the second, in turn")


def _page(session: requests.Session, url: str, token: str) -> tuple[float, Any]:
    """Seconds that a page takes, and what is on it."""
    asked: dict[str, str] = {"pageSize": str(PAGE), "pageToken": token}
    begun = time.perf_counter()
    answer = session.get(url, params=asked, timeout=60).json()
    return time.perf_counter() - begun, answer


def _page_times(about: dict[str, Any], session: requests.Session) -> tuple[list[float], list[str]]:
    """Seconds and token of each page of all services. Raises when services are missing."""
    url, tokens = f"{about['http']}/v2/{PARENT}/services", [""]
    names: set[str] = set()
    times: list[float] = []
    while tokens[-1] or not times:
        took, answer = _page(session, url, tokens[-1])
        times.append(took)
        names |= {one["name"] for one in answer["services"]}
        tokens.append(answer.get("nextPageToken", ""))
    if len(names) not in (FEW, MANY):
        raise RuntimeError(f"only {len(names)} services were listed")
    return times, tokens[:-1]


def _readers(many: Path) -> Iterator[str]:
    name = f"{PARENT}/services/s00042"
    request = run_v2.GetServiceRequest.pb()(name=name).SerializeToString()
    with _running(many) as (about, session), tempfile.TemporaryDirectory() as scratch:
        url = f"{about['http']}/v2/{name}"
        token = str(session.headers["Authorization"]).removeprefix("Bearer ")
        ours = Target(url, about["grpc"], _GET, request, token)
        plain = session.get(url, timeout=60).json()
        message = run_v2.Service.pb()(name=name, uid=plain["uid"], etag=plain["etag"])
        answers = (json.dumps(plain).encode(), message.SerializeToString())
        with _peers(answers, Path(scratch)) as told:
            peer = Target(told["http"], told["grpc"], _GET, request, token)
            for transport, rate in (("REST", http_rate), ("gRPC", grpc_rate)):
                rates = [(rate(ours, READS), rate(peer, READS)) for _ in range(ROUNDS)]
                mine, theirs = (statistics.median(column) for column in zip(*rates, strict=True))
                what = f"{READERS} readers of single services over {transport}"
                against = f"bare {'aiohttp' if transport == 'REST' else 'grpc.aio'}"
                yield row(what, whole(mine, theirs), "/s", against)


@contextmanager
def _peers(answers: tuple[bytes, bytes], scratch: Path) -> Iterator[dict[str, Any]]:
    files = [scratch / "http", scratch / "grpc"]
    for file, answer in zip(files, answers, strict=True):
        file.write_bytes(answer)
    command = [sys.executable, str(Path(__file__).parent / "bench_peers.py"), *map(str, files)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(process.stdout.readline() if process.stdout else "")
    finally:
        stop(process)
