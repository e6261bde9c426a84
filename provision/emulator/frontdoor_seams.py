"""How the control side and the front door know each other: routes, and addresses to listen at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from provision.emulator.seams import ServiceKey


@dataclass(frozen=True)
class Route:
    """What the front door needs to know of a service at the moment of a request.

    Args:
        service: which one.
        ingress: ``INGRESS_TRAFFIC_ALL`` and so on, as the Admin API has it.
        default_url_disabled: the default addresses answer 404.
        invoker_iam_disabled: no check of ``run.routes.invoke``.
        iap_enabled: Identity-Aware Proxy stands in front.
        audiences: accepted ``aud`` values: every URL and every custom audience.
        revision: the revision that takes most of the traffic; None when none is ready.
        timeout: seconds a request may take.
        shares: revisions and their percentages; without any, `revision` takes all.
        tags: revisions by the tags that have an address of their own.
        project_number: of the service's project, where Identity-Aware Proxy can stand.
    """

    service: ServiceKey
    ingress: str
    default_url_disabled: bool
    invoker_iam_disabled: bool
    iap_enabled: bool
    audiences: tuple[str, ...]
    revision: str | None
    timeout: float
    shares: tuple[tuple[str, int], ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    project_number: int = 0


class Routes(Protocol):
    """What the control side tells the front door."""

    def route(self, service: ServiceKey) -> Route | None:
        """The service's route; None once it is deleted."""


class Insiders(Protocol):
    """Who, beside containers, is inside of a project: Google's products that work for it."""

    def project(self, far: Any, near: Any) -> str | None:  # noqa: ANN401 - socket addresses
        """Id of the project on whose behalf a product made a connection; None for no product's.

        Args:
            far: the address that it comes from.
            near: the address that it came to.
        """


class FrontDoor(Protocol):
    """Opens and closes the addresses of services and of their traffic tags."""

    async def open(
        self, service: ServiceKey, port: int | None = None, tag: str = ""
    ) -> tuple[int, tuple[str, ...]]:
        """Listen for the service, or for one of its tags, on `port` again after a restart.

        Returns the port and two URLs that answer alike, as on Cloud Run: by 127.0.0.1, and by the
        gateway, which containers reach too, or without an engine by localhost.
        """

    async def close(self, service: ServiceKey, tag: str = "") -> None:
        """Stop listening for the service, or for one of its tags."""
