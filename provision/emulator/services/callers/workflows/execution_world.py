"""The world that a workflow runs in: the emulator's own network, as the workflow's account.

Source of the variables: https://cloud.google.com/workflows/docs/reference/environment-variables.
"""

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Mapping
from typing import Any

from provision.emulator.language.faults import Raised, limit_fault
from provision.emulator.language.surroundings import (
    HttpRequest,
    HttpResponse,
    OAuth2,
    auth_failed,
    connection_broken,
    connection_failed,
    timed_out,
)
from provision.emulator.language.values import Value, encoded
from provision.emulator.services.callers.sending import (
    BrokenOffError,
    NoTokenError,
    OAuthToken,
    OidcToken,
    Outgoing,
    Sender,
    SendingError,
    TookTooLongError,
    TooLargeError,
)
from provision.emulator.services.callers.workflows.connectors import Connectors

_AGENT = "GoogleCloudWorkflows; (+https://cloud.google.com/workflows/docs)"
_MOST_LINES = 1_000
_LARGEST_ANSWER = 2 * 1024 * 1024
_FAULTS = {
    BrokenOffError: connection_broken,
    TookTooLongError: timed_out,
    NoTokenError: auth_failed,
    TooLargeError: limit_fault,
}


class WorkflowWorld:
    """The surroundings of one execution (`language.surroundings.Surroundings`).

    Args:
        sender: sends its requests.
        workflow: the revision that runs.
        execution: what runs.
        number: of the project.
    """

    def __init__(self, sender: Sender, workflow: Any, execution: Any, number: int) -> None:  # noqa: ANN401 - messages
        self._sender = sender
        self._account = workflow.service_account.rpartition("/")[2]
        _, project, _, location, _, name = workflow.name.split("/")
        self._project = project
        self.logs: deque[str] = deque(maxlen=_MOST_LINES)
        """The last lines that ``sys.log`` wrote."""
        self.env: Mapping[str, str] = {
            "GOOGLE_CLOUD_LOCATION": location,
            "GOOGLE_CLOUD_PROJECT_ID": project,
            "GOOGLE_CLOUD_PROJECT_NUMBER": str(number),
            "GOOGLE_CLOUD_SERVICE_ACCOUNT_NAME": self._account,
            "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": execution.name.rpartition("/")[2],
            "GOOGLE_CLOUD_WORKFLOW_ID": name,
            "GOOGLE_CLOUD_WORKFLOW_REVISION_ID": workflow.revision_id,
            **workflow.user_env_vars,
        }
        self._connectors = Connectors(self)

    async def http(self, request: HttpRequest) -> HttpResponse:
        """Send a request from inside of the project's network. Raises `Raised`."""
        headers = dict(request.headers)
        if not any(name.lower() == "user-agent" for name in headers):
            headers["User-Agent"] = _AGENT
        outgoing = Outgoing(
            api="workflows",
            project=self._project,
            method=request.method,
            url=request.url,
            headers=headers,
            body=request.body or b"",
            token=self._token(request),
            timeout=request.timeout,
            most=_LARGEST_ANSWER,
        )
        try:
            answer = await self._sender.send(outgoing)
        except SendingError as error:
            raise _fault(error) from error
        return HttpResponse(answer.status, answer.headers, answer.body)

    def _token(self, request: HttpRequest) -> OidcToken | OAuthToken | None:
        if request.auth is None:
            return None
        if isinstance(request.auth, OAuth2):
            return OAuthToken(self._account, request.auth.scopes)
        return OidcToken(self._account, request.auth.audience or request.url.partition("?")[0])

    async def connector(self, name: str, args: Mapping[str, Value]) -> Value:
        """Call a connector. Raises `Raised`."""
        return await self._connectors.call(name, args)

    def now(self) -> dt.datetime:
        """The time."""
        return dt.datetime.now(dt.UTC)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    def log(self, severity: str, data: Value) -> None:
        """Keep an entry as a line; Cloud Logging is not emulated."""
        text = data if isinstance(data, str) else encoded(data)
        self.logs.append(f"{severity} {text}\n")


def _fault(error: SendingError) -> Raised:
    make = _FAULTS.get(type(error), connection_failed)
    return make(str(error))
