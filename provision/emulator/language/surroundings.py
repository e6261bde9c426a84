"""What a workflow needs of the world that it runs in, and who watches it run."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from provision.emulator.language.faults import Raised, fault
from provision.emulator.language.values import Value


@dataclass(frozen=True)
class Oidc:
    """Call with an ID token of the workflow's account.

    Args:
        audience: whom it is for; None is the URL that is called.
    """

    audience: str | None = None


@dataclass(frozen=True)
class OAuth2:
    """Call with an access token of the workflow's account.

    Args:
        scopes: what it is good for; empty is all of Google Cloud.
    """

    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class HttpRequest:
    """One request over HTTP.

    Args:
        method: in capitals.
        url: with its query.
        headers: names and values as they are sent.
        body: None without one.
        auth: the token to call with; None without one.
        timeout: seconds until an answer must be there.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    auth: Oidc | OAuth2 | None = None
    timeout: float = 300.0


@dataclass(frozen=True)
class HttpResponse:
    """What came back.

    Args:
        status: the code.
        headers: names and values as they arrived, in turn.
        body: as it arrived, unpacked.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Surroundings(Protocol):
    """The world of one execution.

    `http` and `connector` raise `Raised`, made by the functions below, when there is no answer.
    """

    @property
    def env(self) -> Mapping[str, str]:
        """What ``sys.get_env`` knows: Google's own variables and the workflow's."""

    async def http(self, request: HttpRequest) -> HttpResponse:
        """Send one request; redirects are followed by the language."""

    async def connector(self, name: str, args: Mapping[str, Value]) -> Value:
        """Call a connector, ``googleapis.run.v1.namespaces.jobs.run`` for one."""

    def now(self) -> dt.datetime:
        """The time, with its zone."""

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""

    def log(self, severity: str, data: Value) -> None:
        """Keep an entry of ``sys.log``: a text or a map."""


@dataclass(frozen=True)
class Entry:
    """A step, or a part of one, that was begun.

    Args:
        number: counted from 1 in the order of beginning.
        parent: the number of the entry around it; 0 at the top of main.
        routine: the workflow or subworkflow.
        step: the step's name.
        kind: as ``StepEntry.stepType`` of the Executions API names it.
        thread: which of what runs at once: empty, or branches by name or number joined by dots.
        progress: which iteration, branch, condition or attempt, counted from 1; 0 for none.
    """

    number: int
    parent: int
    routine: str
    step: str
    kind: str
    thread: str = ""
    progress: int = 0


class Watch(Protocol):
    """Who is told of each step. Both are called from the task that executes."""

    def step_started(self, entry: Entry) -> None:
        """A step begins."""

    def step_ended(self, entry: Entry, error: Raised | None) -> None:
        """A step is done, or failed of `error`; not told of what is cancelled."""


def connection_failed(message: str) -> Raised:
    """No connection came about: no such host, refused, no TLS."""
    return fault("ConnectionFailedError", message)


def connection_broken(message: str) -> Raised:
    """The connection ended before there was a whole answer."""
    return fault("ConnectionError", message)


def timed_out(message: str = "request timed out") -> Raised:
    """There was no answer in time; in words seen in executions."""
    return fault("TimeoutError", message)


def auth_failed(message: str) -> Raised:
    """No token for the workflow's account."""
    return fault("AuthError", message)


def operation_failed(message: str, operation: Value) -> Raised:
    """A long-running operation that ended with an error."""
    return fault("OperationError", message, {"operation": operation})
