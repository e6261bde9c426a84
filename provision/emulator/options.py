"""How the emulator is started, and what follows from it."""

import datetime as dt
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from provision.emulator.proxy.authority import Authority
from provision.emulator.world import Settings


@dataclass(frozen=True)
class Options:
    """How the emulator is started.

    Args:
        host: the loopback address to listen on.
        port: HTTP port; 0 for any free one.
        grpc_port: gRPC port; 0 for any free one.
        proxy_port: port of the proxy; 0 for any free one.
        data: folder where state survives; None for memory only.
        projects: ids of the projects there are.
        settings: delays.
        engine: ``auto``, ``none`` or an engine's address.
        function_base: the base image of functions.
        answers: file to which every REST answer is appended; None for none.
    """

    host: str
    port: int
    grpc_port: int
    proxy_port: int
    data: Path | None
    projects: tuple[str, ...]
    settings: Settings
    engine: str
    function_base: str
    answers: Path | None = None

    @property
    def engine_address(self) -> str:
        """The address of the engine in use, as the Docker client finds it."""
        if self.engine != "auto":
            return self.engine
        return os.environ.get("DOCKER_HOST", "") or "unix:///var/run/docker.sock"

    def authority(self) -> Authority:
        """The proxy's certificate authority, the same after a restart when state is kept."""
        now = dt.datetime.now(dt.UTC)
        if self.data is None:
            return Authority.generate(now)
        return Authority.kept(self.data / "proxy" / "authority.pem", now)

    def label(self, port: int) -> str:
        """Names this emulator among others on the same engine, the same after a restart."""
        subject = str(self.data.resolve()) if self.data else f"{os.getpid()}:{port}"
        return hashlib.sha256(subject.encode()).hexdigest()[:12]
