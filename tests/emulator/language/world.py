"""A world for workflows to run in: answers as told, a clock that sleeping sets forward."""

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provision.emulator.language import (
    Entry,
    HttpRequest,
    HttpResponse,
    Raised,
    Value,
    compile_source,
    connection_broken,
    connection_failed,
    execute,
    fault,
    timed_out,
)

CONNECTORS = frozenset(
    ("googleapis.run.v1.namespaces.jobs.run", "googleapis.storage.v1.objects.get")
)
ENVIRONMENT = {
    "GOOGLE_CLOUD_LOCATION": "us-central1",
    "GOOGLE_CLOUD_PROJECT_ID": "demo-project",
    "GOOGLE_CLOUD_WORKFLOW_ID": "nightly",
}
START = dt.datetime(2026, 3, 13, 12, 0, tzinfo=dt.UTC)
_NO_ANSWER = {
    "refused": connection_failed("dial tcp: connection refused"),
    "broken": connection_broken("connection reset by peer"),
    "late": timed_out(),
}


@dataclass
class World:
    """Surroundings of an execution that keep what was asked of them.

    Args:
        answers: to requests and connectors in turn: responses, values, or errors to raise.
        env: what ``sys.get_env`` knows.
    """

    answers: list[HttpResponse | Raised | Value] = field(default_factory=list)
    env: Mapping[str, str] = field(default_factory=lambda: dict(ENVIRONMENT))
    requests: list[HttpRequest] = field(default_factory=list)
    connected: list[tuple[str, dict[str, Value]]] = field(default_factory=list)
    sleeps: list[float] = field(default_factory=list)
    logs: list[tuple[str, Value]] = field(default_factory=list)
    clock: dt.datetime = START

    async def http(self, request: HttpRequest) -> HttpResponse:
        """The next answer."""
        self.requests.append(request)
        answer = self._next()
        assert isinstance(answer, HttpResponse)
        return answer

    async def connector(self, name: str, args: Mapping[str, Value]) -> Value:
        """The next answer."""
        self.connected.append((name, dict(args)))
        answer = self._next()
        assert not isinstance(answer, HttpResponse)
        return answer

    def _next(self) -> HttpResponse | Value:
        answer = self.answers.pop(0)
        if isinstance(answer, Raised):
            raise answer
        return answer

    def now(self) -> dt.datetime:
        """The clock."""
        return self.clock

    async def sleep(self, seconds: float) -> None:
        """Set the clock forward; whoever else runs gets a turn."""
        self.sleeps.append(seconds)
        self.clock += dt.timedelta(seconds=seconds)
        await asyncio.sleep(0)

    def log(self, severity: str, data: Value) -> None:
        """Keep the entry."""
        self.logs.append((severity, data))


@dataclass
class Notes:
    """A watch that writes down what it is told."""

    started: list[Entry] = field(default_factory=list)
    ended: list[tuple[int, bool]] = field(default_factory=list)

    def step_started(self, entry: Entry) -> None:
        """Keep it."""
        self.started.append(entry)

    def step_ended(self, entry: Entry, error: Raised | None) -> None:
        """Keep its number, and whether it failed."""
        self.ended.append((entry.number, error is not None))


def run(source: str, argument: Value = None, world: World | None = None) -> Value:
    """What a source results in."""
    program = compile_source(source, CONNECTORS)
    return asyncio.run(execute(program, argument, world or World(), Notes()))


def answer(told: Any) -> HttpResponse | Raised | Value:  # noqa: ANN401 - as a file tells it
    """What a file tells of an answer: a status with headers and a body, or none at all."""
    if isinstance(told, str):
        return Raised(_NO_ANSWER[told].value)
    if "fault" in told:
        return fault(told["fault"], told["message"], told.get("more"))
    if "value" in told:
        value: Value = told["value"]
        return value
    body = told.get("body", "")
    return HttpResponse(
        told.get("status", 200),
        tuple(told.get("headers", {}).items()),
        bytes.fromhex(told["hex"]) if "hex" in told else body.encode(),
    )
