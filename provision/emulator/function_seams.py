"""Where what runs functions meets the runtime and the front door; the rest is in `seams`."""

from dataclasses import dataclass, field
from typing import Protocol

from provision.emulator.frontdoor_seams import Route
from provision.emulator.seams import ServiceKey


@dataclass(frozen=True)
class FunctionKey(ServiceKey):
    """A function of the first generation: run and called like a service, and none of Cloud Run."""

    @property
    def name(self) -> str:
        """The full resource name."""
        return f"projects/{self.project}/locations/{self.region}/functions/{self.service}"


@dataclass(frozen=True)
class FunctionHost:
    """``REGION-PROJECT.cloudfunctions.net``: where a project's functions of a region answer.

    Args:
        project: project id.
        region: as in ``us-central1``.
    """

    project: str
    region: str

    @property
    def google_name(self) -> str:
        """The host's name at Google."""
        return f"{self.region}-{self.project}.cloudfunctions.net"


@dataclass(frozen=True)
class FunctionTarget:
    """Where requests for a function go.

    Args:
        key: what is run: a service, or a function of the first generation.
        secure_always: whether plain HTTP is redirected.
    """

    key: ServiceKey
    secure_always: bool = False


class FunctionTargets(Protocol):
    """What the control side tells the front door of functions."""

    def target(self, host: FunctionHost, name: str) -> FunctionTarget | None:
        """What answers for a function; None when there is none of the name."""

    def route(self, service: ServiceKey) -> Route | None:
        """The route of a function of the first generation; None once it is deleted."""


class FunctionDoor(Protocol):
    """Opens the addresses of functions."""

    async def open_functions(
        self, host: FunctionHost, port: int | None = None
    ) -> tuple[int, tuple[str, ...]]:
        """Listen for all functions of a project in a region; see `frontdoor_seams.FrontDoor.open`.

        Returns the port and two URLs, each to be followed by ``/NAME``.
        """

    async def close_functions(self, host: FunctionHost) -> None:
        """Stop listening for them."""


@dataclass(frozen=True)
class ImageToBuild:
    """An image to be made of a context with a Dockerfile.

    Args:
        context: the context as a tar archive.
        reference: ``127.0.0.1:PORT/…/name:tag`` of the emulator's registry.
        token: an access token of somebody who may push there.
    """

    context: bytes = field(repr=False)
    reference: str
    token: str = field(repr=False)


class BuildError(Exception):
    """An image could not be made.

    Args:
        message: what went wrong, in the engine's words.
        logs: the last lines that the build wrote.
    """

    def __init__(self, message: str, logs: str = "") -> None:
        super().__init__(message)
        self.logs = logs


class Builder(Protocol):
    """Makes images; the Docker engine's runtime is one, the placeholder is none."""

    async def build(self, image: ImageToBuild) -> None:
        """Make an image and push it to the registry. Raises `BuildError`."""
