"""Cloud Run Admin v2: services as JSON in Google's own field names, and their operations."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from provision.clients.calls import TIMEOUT
from provision.clients.clock import Clock
from provision.clients.google import GoogleClients
from provision.clients.run_resources import Json, RunResources, from_message, snake, to_message
from provision.errors import NotFoundError
from provision.resources import ServiceName


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
            with self._resources.calling(f"Reading service {name.service} in {name.region}"):
                message = self.google.services.get_service(name=name.name, timeout=TIMEOUT)
        except NotFoundError:
            return None
        return from_message(message)

    def get_revision(self, name: str) -> Json:
        """The revision of that full name."""
        with self._resources.calling(f"Reading revision {name.rsplit('/', 1)[-1]}"):
            return from_message(self.google.revisions.get_revision(name=name, timeout=TIMEOUT))

    def create(self, name: ServiceName, service: Json, report: Callable[[str], None]) -> None:
        """Create the service and wait until its first revision is ready.

        Raises:
            DeployError: it was accepted, but did not become ready.
        """
        doing = f"Creating service {name.service} in {name.region}"
        with self._resources.calling(doing):
            operation = self.google.services.create_service(
                parent=name.parent,
                service_id=name.service,
                service=_to_message(service),
                timeout=TIMEOUT,
            )
        self._resources.await_operation(operation, doing, report)

    def update(
        self, name: ServiceName, service: Json, mask: Iterable[str], report: Callable[[str], None]
    ) -> None:
        """Write the fields in `mask` (API names, top level) and wait until they are in effect.

        The etag in `service` makes it fail where somebody else wrote meanwhile.
        """
        doing = f"Updating service {name.service} in {name.region}"
        with self._resources.calling(doing):
            operation = self.google.services.update_service(
                service=_to_message(service),
                update_mask={"paths": [snake(field) for field in mask]},
                timeout=TIMEOUT,
            )
        self._resources.await_operation(operation, doing, report)

    def delete(self, name: ServiceName, etag: str, report: Callable[[str], None]) -> None:
        """Delete the service, provided that nobody changed it since `etag`."""
        doing = f"Deleting service {name.service} in {name.region}"
        with self._resources.calling(doing):
            request = {"name": name.name, "etag": etag}
            operation = self.google.services.delete_service(request=request, timeout=TIMEOUT)
        self._resources.await_operation(operation, doing, report)

    def await_settled(self, name: ServiceName, report: Callable[[str], None]) -> Json | None:
        """The service once no change of it is under way."""
        named = f"service {name.service}"
        return self._resources.await_settled(lambda: self.find_service(name), named, report)

    def services_everywhere(self, project: str) -> list[Json]:
        """All services of a project in Cloud Run's v1 form."""
        path = f"/v1/projects/{project}/locations/-/services"
        return self._resources.everywhere(
            path, f"Listing the services of {project} in every region"
        )

    @property
    def _resources(self) -> RunResources:
        return RunResources(self.google, self.clock)


def _to_message(service: Json) -> Any:  # noqa: ANN401 - run_v2.Service
    from google.cloud.run_v2 import Service

    return to_message(Service, service)
