"""Connectors: calls of Google's APIs from a workflow, retried, and waited for until they are done.

They are requests to the emulator's own APIs with an access token of the workflow's account, so that
the account needs what anybody would need. Source of retries, polling and errors:
https://cloud.google.com/workflows/docs/connectors.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from provision.emulator.language.faults import Raised, fault, tags_of
from provision.emulator.language.surroundings import (
    HttpRequest,
    HttpResponse,
    OAuth2,
    operation_failed,
    timed_out,
)
from provision.emulator.language.values import Value
from provision.emulator.services.callers.workflows.connector_requests import (
    Parameters,
    parameters,
    request,
)
from provision.emulator.services.callers.workflows.connector_table import CONNECTORS, Connector

Answered = dict[str, Any]
"""JSON of one of the APIs."""
_MOST_RETRIES = 5
_LONGER = 1.25
_AGAIN = frozenset({429, 502, 503, 504})
_AGAIN_UNSAFE = frozenset({429, 503})
_BAD = 400


class _Network(Protocol):
    """Sends requests and lets time pass: `execution_world.WorkflowWorld`."""

    async def http(self, request: HttpRequest) -> HttpResponse:
        """Send one request."""

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""


class Connectors:
    """Calls connectors.

    Args:
        network: sends their requests, as the workflow's account.
    """

    def __init__(self, network: _Network) -> None:
        self._network = network

    async def call(self, name: str, args: Mapping[str, Value]) -> Value:
        """What a connector answers. Raises `Raised`."""
        connector, how = CONNECTORS[name], parameters(args)
        begun = await self._ask(request(connector, args, how))
        if not connector.waits or how.skip or not isinstance(begun, dict):
            return begun
        where = _where(connector, begun, args)
        try:
            async with asyncio.timeout(how.timeout):
                return await self._end(connector, begun, where, how)
        except TimeoutError as error:
            text = f"the call did not end within {how.timeout:g} seconds"
            raise timed_out(text) from error

    async def _end(
        self, connector: Connector, begun: Answered, where: str, how: Parameters
    ) -> Value:
        """Look how far it is until it has ended. Raises `Raised`."""
        ended, result = _WAITS[connector.waits]
        pause, seen = how.initial, begun
        while not ended(seen):
            await self._network.sleep(pause)
            pause = min(pause * how.multiplier, how.longest)
            found = await self._ask(HttpRequest("GET", where, auth=OAuth2(how.scopes)))
            if not isinstance(found, dict):
                raise fault("ResponseTypeError", "what was asked for is no map")
            seen = found
        return result(seen)

    async def _ask(self, asked: HttpRequest) -> Value:
        """The answer's value; asked again where that may help. Raises `Raised`."""
        for attempt in range(_MOST_RETRIES):
            try:
                return await self._ask_once(asked)
            except Raised as error:
                if not _may_pass(asked, error):
                    raise
            await self._network.sleep(_LONGER**attempt)
        return await self._ask_once(asked)

    async def _ask_once(self, asked: HttpRequest) -> Value:
        answer = await self._network.http(asked)
        value = _value(answer)
        if answer.status >= _BAD:
            raise _refused(answer, value)
        return value


def _may_pass(asked: HttpRequest, error: Raised) -> bool:
    """Whether what went wrong may be over the next time, by the policies for both kinds."""
    tags = tags_of(error.value)
    if asked.method != "GET":
        return "ConnectionFailedError" in tags or _code(error) in _AGAIN_UNSAFE
    return bool(tags & {"ConnectionError", "TimeoutError"}) or _code(error) in _AGAIN


def _code(error: Raised) -> Value:
    return error.value.get("code") if isinstance(error.value, dict) else None


def _value(answer: HttpResponse) -> Value:
    """The answer's JSON; a text where it is none; null where it is empty. Raises `Raised`."""
    kinds = {name.lower(): value for name, value in answer.headers}
    if not answer.body:
        return None
    if kinds.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        try:
            return answer.body.decode()
        except UnicodeDecodeError:
            return answer.body
    try:
        found: Value = json.loads(answer.body)
    except ValueError as error:
        raise fault("ResponseTypeError", f"the answer is no JSON: {error}") from error
    return found


def _refused(answer: HttpResponse, value: Value) -> Raised:
    """An answer that is an error, as calls of ``http`` raise it."""
    headers: dict[str, Value] = dict(answer.headers)
    text = f"HTTP server responded with error code {answer.status}"
    return fault("HttpError", text, {"code": answer.status, "headers": headers, "body": value})


def _where(connector: Connector, begun: Answered, args: Mapping[str, Value]) -> str:
    """Where to look how far something is."""
    host = connector.host.replace("{location}", str(args.get("location", "")))
    base = connector.path.partition("{")[0].partition("projects/")[0]
    if connector.waits != "execution":
        return f"https://{host}/{base}{begun['name']}"
    about = begun["metadata"]
    return f"https://{host}/{base}namespaces/{about['namespace']}/executions/{about['name']}"


def _last(execution: Answered) -> Mapping[str, Any]:
    """The condition ``Completed`` of a job's execution in v1."""
    conditions = (execution.get("status") or {}).get("conditions") or ()
    return next((one for one in conditions if one.get("type") == "Completed"), {})


def _of_operation(seen: Answered) -> Value:
    if "error" in seen:
        raise operation_failed(str(seen["error"].get("message", "")), seen)
    answer = seen.get("response") or {}
    return {name: value for name, value in answer.items() if name != "@type"}


def _of_job(seen: Answered) -> Value:
    last = _last(seen)
    if last.get("status") != "True":
        raise operation_failed(str(last.get("message", "")), seen)
    return seen


def _of_workflow(seen: Answered) -> Value:
    if seen.get("state") != "SUCCEEDED":
        raise operation_failed("Execution failed or cancelled.", seen)
    value: Value = json.loads(seen.get("result") or "null")
    return value


_WAITS: Mapping[str, tuple[Callable[[Answered], bool], Callable[[Answered], Value]]] = {
    "operation": (lambda seen: bool(seen.get("done")), _of_operation),
    "execution": (lambda seen: _last(seen).get("status") in ("True", "False"), _of_job),
    "workflow": (lambda seen: seen.get("state") not in ("ACTIVE", "QUEUED"), _of_workflow),
}
"""By how an end is waited for: whether it has come, and what it is."""
