"""A scenario: calls that succeed, and the RPCs that they are about."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.conftest import Clients, RunningEmulator

BOTH = ("grpc", "rest")


@dataclass(frozen=True)
class Stage:
    """Where a scenario plays.

    Args:
        clients: Google's clients of the default identity, over one transport.
        emulator: the emulator itself.
        transport: ``grpc`` or ``rest``.
    """

    clients: Clients
    emulator: RunningEmulator
    transport: str

    @property
    def project(self) -> str:
        """``projects/ID``."""
        return f"projects/{self.emulator.project}"


@dataclass(frozen=True)
class Scenario:
    """Calls that succeed.

    Args:
        name: for the test's id.
        play: makes the calls.
        service: the gRPC service whose RPCs they are.
        rpcs: names of the RPCs within the service that must have succeeded.
        transports: what it is played over.
    """

    name: str
    play: Callable[[Stage], None]
    service: str
    rpcs: tuple[str, ...]
    transports: tuple[str, ...] = BOTH

    @property
    def claims(self) -> frozenset[str]:
        """The RPCs by their full names."""
        return frozenset(f"{self.service}/{rpc}" for rpc in self.rpcs)
