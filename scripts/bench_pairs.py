#!/usr/bin/env python3
"""Two things held against each other in one run, in turn."""

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

_LOUD = 50
"""From here on a figure needs no digits behind the point."""


class Compared(NamedTuple):
    """What came of it: medians, and the median of the ratios pair by pair."""

    ours: float
    peer: float
    ratio: float


def in_turn(ours: Callable[[], float], peer: Callable[[], float], runs: int) -> Compared:
    """Measure both so often, one after the other; each tells a figure of its own."""
    figures = [(ours(), peer()) for _ in range(runs)]
    mine, theirs = (statistics.median(column) for column in zip(*figures, strict=True))
    return Compared(mine, theirs, statistics.median(one / other for one, other in figures))


def seconds(command: Sequence[str], environ: Mapping[str, str]) -> float:
    """How long a command takes, as a whole process. Raises when it fails."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environ, timeout=120)
    return time.perf_counter() - begun


def row(what: str, found: Compared, unit: str, against: str) -> str:
    """A row of a table: what, ours, the peer's, their ratio, the peer."""
    digits = 0 if min(found.ours, found.peer) > _LOUD else 2
    ours, peer = (f"{one:.{digits}f} {unit}" for one in found[:2])
    return f"| {what} | {ours} | {peer} | {found.ratio:.2f} | {against} |\n"


def whole(ours: float, peer: float) -> Compared:
    """Two figures that were not measured in turn."""
    return Compared(ours, peer, ours / peer)
