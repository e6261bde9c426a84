"""Faults on demand: what goes wrong, where, how often, and at which moment of a request.

Whoever answers requests runs them within `Faults.around`. Deeper down, the start of an operation
and the writing of a policy ask for the faults that are theirs (`operation_fault`, `iam_delay`).
"""

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from google.rpc import error_details_pb2

from provision.emulator import history
from provision.emulator.rpc.status import ApiError

Kind = Literal["error", "latency", "cut", "pending-operation", "failed-operation", "stale", "iam"]
_STALE = ("Get", "List", "Search")
_WRITES_KNOWN = 1000


class ConnectionCutError(Exception):
    """The connection is to be dropped without an answer; whoever serves it has to do so."""


@dataclass
class Fault:
    """One thing that goes wrong.

    Args:
        method: which requests; ``google.cloud.run.v2.Services/GetService``, or with ``*`` and ``?``
            as in a shell.
        kind: ``error``, ``latency``, ``cut`` (of the connection), ``pending-operation``,
            ``failed-operation``, ``stale`` (a read of the past), ``iam`` (a policy that is slow to
            take effect).
        resource: part of the resource's name; empty for any.
        times: how often it happens; None for as long as it is there.
        skip: how many requests that fit are spared at first.
        after: whether it happens only once the request took effect.
        code: canonical code of an error.
        message: what the error says.
        retry_delay: seconds that an error asks to wait, in a RetryInfo; None for no RetryInfo.
        seconds: of latency, of slowness, or back into the past.
        writes: how many writes back into the past.
        seen: how many requests fitted.
        played: how often it happened.
    """

    method: str
    kind: Kind = "error"
    resource: str = ""
    times: int | None = 1
    skip: int = 0
    after: bool = False
    code: str = "INTERNAL"
    message: str = ""
    retry_delay: float | None = None
    seconds: float = 0.0
    writes: int = 0
    id: str = ""
    seen: int = 0
    played: int = 0

    def error(self) -> ApiError:
        """The error as it is answered."""
        if self.retry_delay is None:
            return ApiError(self.code, self.message)
        detail = error_details_pb2.RetryInfo()
        detail.retry_delay.FromNanoseconds(round(self.retry_delay * 1e9))
        return ApiError(self.code, self.message, detail)

    def fits(self, method: str, resource: str) -> bool:
        """Whether a request is one of those that it may happen to."""
        return self.resource in resource and fnmatchcase(method, self.method)

    def take(self) -> bool:
        """Whether it happens to a request that fits, which is counted."""
        self.seen += 1
        if self.seen <= self.skip or (self.times is not None and self.played >= self.times):
            return False
        self.played += 1
        return True


@dataclass
class _Request:
    """A request in progress: the faults that may happen to it, and those that did."""

    fitting: list[Fault] = field(default_factory=list)
    played: list[str] = field(default_factory=list)

    def take(self, *kinds: Kind, after: bool | None = None) -> Iterator[Fault]:
        """Those that happen now, counted."""
        for fault in self.fitting:
            if fault.kind in kinds and after in (None, fault.after) and fault.take():
                self.played.append(fault.id)
                yield fault


_request: ContextVar[_Request | None] = ContextVar("request", default=None)


@contextlib.contextmanager
def noted() -> Iterator[list[str]]:
    """Keep the ids of the faults that happen to what runs within; yields that list."""
    request = _Request()
    token = _request.set(request)
    try:
        yield request.played
    finally:
        _request.reset(token)


def played_now() -> list[str]:
    """Ids of the faults that happened to the running request; grows with those to come."""
    request = _request.get()
    return [] if request is None else request.played


def operation_fault() -> Fault | None:
    """What is to go wrong with the operation that the running request starts."""
    request = _request.get()
    if request is None:
        return None
    return next(request.take("pending-operation", "failed-operation"), None)


def iam_delay() -> float:
    """Seconds that the policy which the running request writes is late to take effect."""
    request = _request.get()
    return 0.0 if request is None else sum(one.seconds for one in request.take("iam"))


class Faults:
    """The faults that are set."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._ids = itertools.count(1)
        self._writes: deque[float] = deque(maxlen=_WRITES_KNOWN)

    def add(self, fault: Fault) -> Fault:
        """Set a fault; it gets its id."""
        fault.id = str(next(self._ids))
        return self._faults.setdefault(fault.id, fault)

    def all(self) -> tuple[Fault, ...]:
        """Those that are set, the oldest first, also when they will not happen any more."""
        return tuple(self._faults.values())

    def remove(self, fault_id: str) -> bool:
        """Take one away; whether it was there."""
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Take all away."""
        self._faults.clear()

    @contextlib.asynccontextmanager
    async def around(
        self, method: str, resource: str, *, write: bool = False
    ) -> AsyncIterator[None]:
        """Let happen to a request what is to happen, before it and once it took effect.

        Args:
            method: its name, as it is recorded.
            resource: what it is about.
            write: whether it changes state, which stale reads count.

        Raises:
            ApiError: the error to answer with.
            ConnectionCutError: the connection is to be dropped.
        """
        with contextlib.nullcontext() if _request.get() else noted():
            request = _request.get() or _Request()
            request.fitting = [one for one in self._faults.values() if one.fits(method, resource)]
            begun = history.now()
            await _happen(request, after=False)
            with self._past(request, method):
                yield
            if write:
                self._writes.append(begun)
            await _happen(request, after=True)

    def _past(self, request: _Request, method: str) -> contextlib.AbstractContextManager[None]:
        """The moment that a read sees."""
        if not method.rpartition("/")[2].startswith(_STALE):
            return contextlib.nullcontext()
        for fault in request.take("stale"):
            return history.reading_as_of(self._moment(fault))
        return contextlib.nullcontext()

    def _moment(self, fault: Fault) -> float:
        if not fault.writes:
            return history.now() - fault.seconds
        writes = sorted(self._writes)
        # A write may have put its first record at the very moment at which it began.
        return writes[-fault.writes] - 1e-9 if len(writes) >= fault.writes else history.now()


async def _happen(request: _Request, *, after: bool) -> None:
    for fault in request.take("latency", after=after):
        await asyncio.sleep(fault.seconds)
    for fault in request.take("error", "cut", after=after):
        if fault.kind == "cut":
            raise ConnectionCutError
        raise fault.error()
