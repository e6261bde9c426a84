"""Workflow Executions v1: start, look at, follow and cancel executions of workflows."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provision.clients.calls import TIMEOUT, calling
from provision.clients.clock import Clock
from provision.clients.google import GoogleClients
from provision.clients.run_resources import Json, from_message
from provision.errors import UnavailableError
from provision.resources import WorkflowName
from provision.workflows.execution import Execution, Failure, Frame, State, Step

_FIRST_LOOK = 0.2
_LONGEST_PAUSE = 2.0
"""Seconds between two looks: the first, and at most."""

_DOUBT = (
    "An execution may have been started all the same: `gcloud workflows executions list` shows it."
    " Look before you run this again."
)


@dataclass(frozen=True)
class WorkflowExecutions:
    """Executions of workflows.

    Args:
        google: the clients to call with.
        clock: waits between looks.
    """

    google: GoogleClients
    clock: Clock = field(default_factory=Clock)

    def start(self, name: WorkflowName, argument: object = None) -> Execution:
        """Execute the workflow; the execution that was made.

        Args:
            name: the workflow.
            argument: any JSON value that its `params` gets; None for none.

        Raises:
            UnavailableError: it is not known whether an execution was made.
        """
        execution = {} if argument is None else {"argument": json.dumps(argument)}
        try:
            with self._calling(f"Executing workflow {name.workflow} in {name.region}"):
                request = {"parent": name.name, "execution": execution}
                told = self.google.workflow_executions.create_execution(
                    request=request, timeout=TIMEOUT
                )
        except UnavailableError as error:
            raise UnavailableError(str(error), hint=_DOUBT) from error
        return _execution(from_message(told))

    def get(self, name: str) -> Execution:
        """The execution of that full name.

        Raises:
            NotFoundError: there is none, or not any more.
        """
        with self._calling(f"Reading execution {_short(name)}"):
            request = {"name": name, "view": "FULL"}
            return _execution(
                from_message(
                    self.google.workflow_executions.get_execution(request=request, timeout=TIMEOUT)
                )
            )

    def follow(
        self, name: str, told: Callable[[Execution], None], limit: float | None = None
    ) -> Execution:
        """Look at the execution until it is over.

        Args:
            name: its full name.
            told: takes what each look found.
            limit: seconds; None for as long as it takes.

        Returns:
            The execution as it ended, or as it stands when `limit` has passed.
        """
        begun = self.clock.monotonic()
        pause = _FIRST_LOOK
        while True:
            execution = self.get(name)
            told(execution)
            left = _LONGEST_PAUSE if limit is None else begun + limit - self.clock.monotonic()
            if execution.is_over or left <= 0:
                return execution
            self.clock.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def cancel(self, name: str) -> Execution:
        """Have the execution stopped; the execution as it is then."""
        with self._calling(f"Cancelling execution {_short(name)}"):
            client = self.google.workflow_executions
            return _execution(
                from_message(client.cancel_execution(request={"name": name}, timeout=TIMEOUT))
            )

    def entries(self, name: str) -> tuple[Json, ...]:
        """The step entries of the execution, oldest first, in Google's JSON.

        They are kept for workflows with an execution history, and told over REST alone.
        """
        found: list[Json] = []
        token = ""
        with self._calling(f"Listing the steps of execution {_short(name)}"):
            while True:
                page = self._page(name, token)
                found += page.get("stepEntries", [])
                token = page.get("nextPageToken", "")
                if not token:
                    return tuple(found)

    def _page(self, name: str, token: str) -> Json:
        from google.api_core.exceptions import from_http_response

        answer = self.google.rest.get(
            f"{self.google.rest_base('workflowexecutions')}/v1/{name}/stepEntries",
            params={"pageSize": 1000, **({"pageToken": token} if token else {})},
            timeout=TIMEOUT,
        )
        if not answer.ok:
            raise from_http_response(answer)
        page: Json = answer.json()
        return page

    def _calling(self, doing: str) -> Any:  # noqa: ANN401 - a context manager
        return calling(doing, member=self.google.caller.member)


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _execution(told: Json) -> Execution:
    error = told.get("error")
    return Execution(
        name=told["name"],
        state=_state(told.get("state", "")),
        argument=told.get("argument", ""),
        result=told.get("result", ""),
        failure=_failure(error) if error else None,
        steps=tuple(
            Step(one.get("routine", ""), one.get("step", ""))
            for one in told.get("status", {}).get("currentSteps", ())
        ),
        started=told.get("startTime", ""),
        ended=told.get("endTime", ""),
        revision=told.get("workflowRevisionId", ""),
    )


def _state(told: str) -> State:
    return State(told) if told in set(State) else State.UNKNOWN


def _failure(error: Mapping[str, Any]) -> Failure:
    elements = error.get("stackTrace", {}).get("elements", ())
    return Failure(error.get("payload", ""), error.get("context", ""), tuple(map(_frame, elements)))


def _frame(told: Mapping[str, Any]) -> Frame:
    position = told.get("position", {})
    return Frame(
        told.get("routine", ""),
        told.get("step", ""),
        int(position.get("line", 0)),
        int(position.get("column", 0)),
    )
