"""An execution of a workflow: how it stands, where it is, and what it failed of. Pure.

https://cloud.google.com/workflows/docs/reference/executions/rest/v1/projects.locations.workflows.executions
"""

import json
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How an execution stands; the values are those of the Executions API."""

    QUEUED = "QUEUED"
    ACTIVE = "ACTIVE"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    UNAVAILABLE = "UNAVAILABLE"
    UNKNOWN = "STATE_UNSPECIFIED"


@dataclass(frozen=True)
class Step:
    """Where an execution is: a step of a routine, ``main`` or a subworkflow."""

    routine: str
    step: str

    def __str__(self) -> str:
        """As logs of Workflows show it."""
        return f"{self.routine}.{self.step}"


@dataclass(frozen=True)
class Frame:
    """One level of a stack trace.

    Args:
        routine: ``main``, or a subworkflow.
        step: its step; empty where the platform tells none.
        line: in the source, from 1; 0 where it is not told.
        column: likewise.
    """

    routine: str
    step: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True)
class Failure:
    """Why an execution failed.

    Args:
        payload: what was raised, as JSON: a text, or a map with `message`, `code`, `tags` …
        context: in words: where it was raised, and what.
        trace: the innermost level first.
    """

    payload: str
    context: str = ""
    trace: tuple[Frame, ...] = ()

    @property
    def raised(self) -> object:
        """What was raised, as a value; the text itself where it is no JSON."""
        try:
            value: object = json.loads(self.payload)
        except ValueError:
            return self.payload
        return value

    @property
    def code(self) -> int | None:
        """The HTTP status that it failed of; None where there was none."""
        code = self.raised.get("code") if isinstance(self.raised, dict) else None
        return code if isinstance(code, int) else None

    @property
    def message(self) -> str:
        """In words, what was raised."""
        raised = self.raised
        told = raised.get("message") if isinstance(raised, dict) else None
        return str(told or (raised if isinstance(raised, str) else self.payload) or self.context)


@dataclass(frozen=True)
class Execution:
    """One execution.

    Args:
        name: the full name, which carries the project's number.
        state: how it stands.
        argument: what it was given, as JSON.
        result: what it returned, as JSON; empty until it has succeeded.
        failure: why it failed; None unless it has.
        steps: where it is, or was when it ended.
        started: RFC 3339, as told.
        ended: likewise; empty while it runs.
        revision: of the workflow that is executed.
    """

    name: str
    state: State
    argument: str = ""
    result: str = ""
    failure: Failure | None = None
    steps: tuple[Step, ...] = ()
    started: str = ""
    ended: str = ""
    revision: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state not in {State.QUEUED, State.ACTIVE, State.UNKNOWN}

    @property
    def own_id(self) -> str:
        """The last part of its name."""
        return self.name.rpartition("/")[2]
