"""What services and jobs of Cloud Run have in common: their JSON form, and waiting for changes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provision.clients.calls import TIMEOUT, calling
from provision.clients.clock import Clock
from provision.clients.google import GoogleClients
from provision.clients.operations import wait_until_done
from provision.errors import DeployError, UnavailableError, UsageError

Json = Mapping[str, Any]

OPERATION_TIMEOUT = 900.0
"""Seconds to wait for an operation: the start-up probe alone may take 240."""
_WAITING = "waiting for the operation to end"


@dataclass(frozen=True)
class RunResources:
    """Waits for changes of one kind of resource, and lists what v2 does not.

    Args:
        google: the clients to call with.
        clock: waits between looks at an operation.
    """

    google: GoogleClients
    clock: Clock = field(default_factory=Clock)

    def calling(self, doing: str) -> Any:  # noqa: ANN401 - a context manager
        """`calling`, as whoever these clients act as."""
        return calling(doing, member=self.google.caller.member)

    def await_operation(self, operation: Any, doing: str, report: Callable[[str], None]) -> None:  # noqa: ANN401 - untyped
        """Wait, telling what the resource is doing.

        Raises:
            DeployError: the operation ended in an error.
        """
        from google.api_core.exceptions import GoogleAPICallError

        def told(metadata: Any) -> str:  # noqa: ANN401 - the resource, as a message
            return progress_of(from_message(metadata)) if metadata else _WAITING

        with self.calling(f"{doing}: waiting for the operation"):
            wait_until_done(operation, doing, OPERATION_TIMEOUT, self.clock, report, told)
        try:
            operation.result(timeout=TIMEOUT)
        except GoogleAPICallError as error:
            raise DeployError(f"{doing}: {error.message}") from error

    def await_settled(
        self, find: Callable[[], Json | None], named: str, report: Callable[[str], None]
    ) -> Json | None:
        """What `find` finds, once no change of it is under way."""
        deadline = self.clock.monotonic() + OPERATION_TIMEOUT
        while (found := find()) and found.get("reconciling"):
            report(f"a change of {named} is under way: {progress_of(found)}")
            if self.clock.monotonic() > deadline:
                raise UnavailableError(
                    f"Waiting for {named}: still changing after {OPERATION_TIMEOUT:.0f} s.",
                    hint="Run the same command again to go on waiting.",
                )
            self.clock.sleep(1.0)
        return found

    def everywhere(self, path: str, doing: str) -> list[Json]:
        """Every item of a list of Cloud Run v1, which alone knows all regions at once.

        Args:
            path: below the API's address, beginning with a slash.
            doing: in words, for errors.
        """
        found: list[Json] = []
        token = ""
        with self.calling(doing):
            while True:
                answer = self.google.rest.get(
                    f"{self.google.rest_base('run')}{path}",
                    params={"limit": 500, **({"continue": token} if token else {})},
                    timeout=TIMEOUT,
                )
                if not answer.ok:
                    _raise_for(answer)
                page = answer.json()
                found += page.get("items", [])
                token = page.get("metadata", {}).get("continue", "")
                if not token:
                    return found


def progress_of(resource: Json) -> str:
    """What a service or job that is changing is doing, in a few words."""
    conditions = [resource.get("terminalCondition", {}), *resource.get("conditions", [])]
    told = [
        f"{item.get('type', 'Ready')}: {item.get('message') or _state(item)}"
        for item in conditions
        if item and item.get("state") != "CONDITION_SUCCEEDED"
    ]
    return "; ".join(told) or _WAITING


def _state(condition: Json) -> str:
    return str(condition.get("state", "")).removeprefix("CONDITION_").lower() or "waiting"


def _raise_for(answer: Any) -> None:  # noqa: ANN401 - requests.Response
    from google.api_core.exceptions import from_http_response

    raise from_http_response(answer)


def from_message(message: Any) -> Json:  # noqa: ANN401 - a proto-plus message
    """Google's JSON form: names in camelCase, enums by name, what is not set left out."""
    from google.protobuf.json_format import MessageToDict

    value: dict[str, Any] = MessageToDict(type(message).pb(message))
    return value


def snake(name: str) -> str:
    """A field's name as masks have it: ``source_contents`` for ``sourceContents``."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def to_message(kind: Any, resource: Json) -> Any:  # noqa: ANN401 - a proto-plus class
    """A message of class `kind` from Google's JSON form.

    Raises:
        UsageError: `resource` has a field or a value that the API does not know.
    """
    from google.protobuf.json_format import ParseDict, ParseError

    message = kind()
    try:
        ParseDict(dict(resource), kind.pb(message))
    except ParseError as error:
        raise UsageError(
            f"Putting the {kind.__name__.lower()} together for Google's API: {error}",
            hint="Look at what stands under `run:` in the spec.",
        ) from error
    return message
