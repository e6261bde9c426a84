"""Cloud Run Admin v2: services as JSON in Google's own field names, and their operations."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provision.clients.calls import TIMEOUT, calling
from provision.clients.clock import Clock
from provision.clients.google import GoogleClients
from provision.clients.operations import wait_until_done
from provision.errors import DeployError, NotFoundError, UnavailableError
from provision.resources import ServiceName

Json = Mapping[str, Any]

OPERATION_TIMEOUT = 900.0
"""Seconds to wait for an operation: the start-up probe alone may take 240."""


@dataclass(frozen=True)
class CloudRun:
    """Services and revisions.

    Args:
        google: the clients to call with.
        clock: waits between looks at an operation.
    """

    google: GoogleClients
    clock: Clock = field(default_factory=Clock)

    def find_service(self, name: ServiceName) -> Json | None:
        """The service in Google's JSON form, or None when there is none."""
        try:
            with self._calling(f"Reading service {name.service} in {name.region}"):
                message = self.google.services.get_service(name=name.name, timeout=TIMEOUT)
        except NotFoundError:
            return None
        return _from_message(message)

    def get_revision(self, name: str) -> Json:
        """The revision of that full name."""
        with self._calling(f"Reading revision {name.rsplit('/', 1)[-1]}"):
            return _from_message(self.google.revisions.get_revision(name=name, timeout=TIMEOUT))

    def create(self, name: ServiceName, service: Json, report: Callable[[str], None]) -> None:
        """Create the service and wait until its first revision is ready.

        Raises:
            DeployError: it was accepted, but did not become ready.
        """
        doing = f"Creating service {name.service} in {name.region}"
        with self._calling(doing):
            operation = self.google.services.create_service(
                parent=name.parent,
                service_id=name.service,
                service=_to_message(service),
                timeout=TIMEOUT,
            )
        self._await(operation, doing, report)

    def update(
        self, name: ServiceName, service: Json, mask: Iterable[str], report: Callable[[str], None]
    ) -> None:
        """Write the fields in `mask` (API names, top level) and wait until they are in effect.

        The etag in `service` makes it fail where somebody else wrote meanwhile.
        """
        doing = f"Updating service {name.service} in {name.region}"
        with self._calling(doing):
            operation = self.google.services.update_service(
                service=_to_message(service),
                update_mask={"paths": [_snake(field) for field in mask]},
                timeout=TIMEOUT,
            )
        self._await(operation, doing, report)

    def delete(self, name: ServiceName, etag: str, report: Callable[[str], None]) -> None:
        """Delete the service, provided that nobody changed it since `etag`."""
        doing = f"Deleting service {name.service} in {name.region}"
        with self._calling(doing):
            request = {"name": name.name, "etag": etag}
            operation = self.google.services.delete_service(request=request, timeout=TIMEOUT)
        self._await(operation, doing, report)

    def await_settled(self, name: ServiceName, report: Callable[[str], None]) -> Json | None:
        """The service once no change of it is under way."""
        deadline = self.clock.monotonic() + OPERATION_TIMEOUT
        while (service := self.find_service(name)) and service.get("reconciling"):
            report(f"a change of {name.service} is under way: {progress_of(service)}")
            if self.clock.monotonic() > deadline:
                raise UnavailableError(
                    f"Waiting for service {name.service}: still changing after"
                    f" {OPERATION_TIMEOUT:.0f} s.",
                    hint="Run the same command again to go on waiting.",
                )
            self.clock.sleep(1.0)
        return service

    def services_everywhere(self, project: str) -> list[Json]:
        """All services of a project in Cloud Run's v1 form: only v1 lists every region at once."""
        base = self.google.rest_base("run")
        doing = f"Listing the services of {project} in every region"
        found: list[Json] = []
        token = ""
        with self._calling(doing):
            while True:
                answer = self.google.rest.get(
                    f"{base}/v1/projects/{project}/locations/-/services",
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

    def _calling(self, doing: str) -> Any:  # noqa: ANN401 - a context manager
        return calling(doing, member=self.google.caller.member)

    def _await(self, operation: Any, doing: str, report: Callable[[str], None]) -> None:  # noqa: ANN401
        """Wait, telling what the service is doing; a failed roll-out is a `DeployError`."""
        from google.api_core.exceptions import GoogleAPICallError

        def told(metadata: Any) -> str:  # noqa: ANN401 - the service, as a message
            return progress_of(_from_message(metadata)) if metadata else "waiting"

        with self._calling(f"{doing}: waiting for the operation"):
            wait_until_done(operation, doing, OPERATION_TIMEOUT, self.clock, report, told)
        try:
            operation.result(timeout=TIMEOUT)
        except GoogleAPICallError as error:
            raise DeployError(f"{doing}: {error.message}") from error


def progress_of(service: Json) -> str:
    """What a service that is changing is doing, in a few words."""
    conditions = [service.get("terminalCondition", {}), *service.get("conditions", [])]
    told = [
        f"{item.get('type', 'Ready')}: {item.get('message') or _state(item)}"
        for item in conditions
        if item and item.get("state") != "CONDITION_SUCCEEDED"
    ]
    return "; ".join(told) or "waiting"


def _state(condition: Json) -> str:
    return str(condition.get("state", "")).removeprefix("CONDITION_").lower() or "waiting"


def _raise_for(answer: Any) -> None:  # noqa: ANN401 - requests.Response
    from google.api_core.exceptions import from_http_response

    raise from_http_response(answer)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _from_message(message: Any) -> Json:  # noqa: ANN401 - a proto-plus message
    """Google's JSON form: names in camelCase, enums by name, what is not set left out."""
    from google.protobuf.json_format import MessageToDict

    value: dict[str, Any] = MessageToDict(type(message).pb(message))
    return value


def _to_message(service: Json) -> Any:  # noqa: ANN401 - run_v2.Service
    """A message from Google's JSON form.

    Raises:
        UsageError: `service` has a field or a value that the API does not know.
    """
    from google.cloud.run_v2 import Service
    from google.protobuf.json_format import ParseDict, ParseError

    from provision.errors import UsageError

    message = Service()
    try:
        ParseDict(dict(service), Service.pb(message))
    except ParseError as error:
        raise UsageError(
            f"Putting the service together for the Cloud Run API: {error}",
            hint="Look at what stands under `run:` in the spec.",
        ) from error
    return message
