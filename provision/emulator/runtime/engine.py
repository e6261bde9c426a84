"""The Docker engine as the runtime uses it: every call in a thread, every failure one error.

Nothing else in the emulator speaks to the engine. Containers get no host mounts, no privileges and
no published ports; they are reached by their address in a network of the emulator's own.
"""

import asyncio
import io
import ipaddress
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container
from docker.models.networks import Network
from docker.types import IPAMConfig, IPAMPool, LogConfig

from provision.emulator.runtime.plan import ContainerPlan

T = TypeVar("T")

LABEL = "provision.emulator"
PROCESS_LABEL = "provision.emulator.pid"
_LOG_LINES = 20
_NETWORK_ATTEMPTS = 10


class EngineUnavailableError(RuntimeError):
    """The engine cannot be reached or used."""


class EngineRefusedError(Exception):
    """The engine was reached and refused; the text is its own."""


class DockerEngine:
    """A connection to an engine, for one emulator instance.

    Args:
        client: docker-py's client.
        label: whose containers and networks are ours.
        cpus: how many CPUs the engine has.
    """

    def __init__(self, client: docker.DockerClient, label: str, cpus: int) -> None:
        self._client = client
        self._label = label
        self.cpus = cpus
        self._network_name = f"provision-emulator-{label}"
        self._pulled: set[str] = set()
        self._labels = {LABEL: label, PROCESS_LABEL: f"{_processes()}:{os.getpid()}"}

    @classmethod
    async def connect(cls, address: str, label: str) -> "DockerEngine":
        """Connect to `address`, or to the environment's engine when it is empty.

        Raises:
            EngineUnavailableError: nothing usable answers there.
        """

        def connect() -> DockerEngine:
            client = docker.DockerClient(base_url=address) if address else docker.from_env()
            return cls(client, label, int(client.info()["NCPU"]))

        try:
            return await _in_thread(connect)
        except EngineRefusedError as error:
            raise EngineUnavailableError(f"The Docker engine refused: {error}") from None

    async def make_network(self, preferred: str = "") -> ipaddress.IPv4Network:
        """Remove what earlier runs left, and make the network. Its first address is the gateway.

        Args:
            preferred: a subnet to take when it is free.
        """
        await self.remove_all()
        return await _in_thread(partial(self._make_network, preferred))

    def _make_network(self, preferred: str) -> ipaddress.IPv4Network:
        # The engine picks a free subnet by itself, but gives chosen addresses to containers only
        # in a network whose subnet was asked for: hence twice, and again when somebody else took
        # the subnet in between.
        wanted = preferred
        for attempt in range(_NETWORK_ATTEMPTS):
            subnet = ipaddress.IPv4Network(wanted or self._free_subnet())
            wanted = ""
            pool = IPAMPool(subnet=str(subnet), gateway=str(subnet[1]))
            try:
                self._create_network(IPAMConfig(pool_configs=[pool]))
            except APIError:
                if attempt == _NETWORK_ATTEMPTS - 1:
                    raise
            else:
                break
        return subnet

    def _free_subnet(self) -> str:
        picked = self._create_network(None)
        picked.reload()
        subnet = str(picked.attrs["IPAM"]["Config"][0]["Subnet"])
        picked.remove()
        return subnet

    def _create_network(self, ipam: IPAMConfig | None) -> Network:
        return self._client.networks.create(
            self._network_name,
            driver="bridge",
            ipam=ipam,
            labels=self._labels,
            # Containers reach each other through the front door only, as on Cloud Run.
            options={"com.docker.network.bridge.enable_icc": "false"},
        )

    async def pull(self, reference: str, username: str, password: str) -> None:
        """Pull by digest; the credentials go to the engine for this pull only.

        Raises:
            EngineRefusedError: the image is not there, or not for these credentials.
            EngineUnavailableError: the engine broke off.
        """
        repository, _, digest = reference.partition("@")

        def pull() -> None:
            events = self._client.api.pull(
                repository,
                tag=digest,
                auth_config={"username": username, "password": password},
                platform="linux/amd64",
                stream=True,
                decode=True,
            )
            _follow(events)

        await _in_thread(pull)
        self._pulled.add(reference)

    async def build(self, context: bytes, reference: str) -> None:
        """Build a context with a Dockerfile as `reference`, from what the engine has or can pull.

        Raises:
            EngineRefusedError: a step failed; the text ends with the engine's own last lines.
            EngineUnavailableError: the engine broke off.
        """

        def build() -> None:
            events = self._client.api.build(
                fileobj=io.BytesIO(context),
                custom_context=True,
                tag=reference,
                rm=True,
                forcerm=True,
                decode=True,
            )
            _follow(events)

        self._pulled.add(reference)
        await _in_thread(build)

    async def push(self, reference: str, username: str, password: str) -> None:
        """Push what was built; the credentials go to the engine for this push only.

        Raises:
            EngineRefusedError: the registry refused it.
            EngineUnavailableError: the engine broke off.
        """
        repository, _, tag = reference.rpartition(":")
        login = {"username": username, "password": password}

        def push() -> None:
            events = self._client.api.push(
                repository, tag=tag, auth_config=login, stream=True, decode=True
            )
            _follow(events)

        await _in_thread(push)

    async def create(self, plan: ContainerPlan) -> Container:
        """Create a container, not started. Raises as `pull` does."""
        network = self._network_name
        endpoint = self._client.api.create_endpoint_config(ipv4_address=plan.address)

        def create() -> Container:
            return self._client.containers.create(
                plan.image,
                command=list(plan.args) or None,
                entrypoint=list(plan.command) or None,
                environment=dict(plan.environment),
                labels={**self._labels, **plan.labels},
                network=network,
                networking_config={network: endpoint},
                mem_limit=plan.memory_bytes,
                memswap_limit=plan.memory_bytes,
                nano_cpus=int(min(plan.cpu, self.cpus) * 1_000_000_000),
                # What a container on Cloud Run has no use for, and a neighbour could suffer from.
                cap_drop=["NET_RAW", "MKNOD", "AUDIT_WRITE"],
                log_config=LogConfig(type="json-file", config={"max-size": "10m", "max-file": "1"}),
                pids_limit=4096,
            )

        return await _in_thread(create)

    async def start(self, container: Container) -> None:
        """Start a container. Raises as `pull` does."""
        await _in_thread(container.start)

    async def is_running(self, container: Container) -> bool:
        """Whether its process is alive."""

        def look() -> bool:
            container.reload()
            return bool(container.status == "running")

        return await _in_thread(look)

    async def exit_code(self, container: Container) -> int | None:
        """The code its process ended with; None while it is alive."""

        def look() -> int | None:
            container.reload()
            ended = container.status in ("exited", "dead")
            return int(container.attrs["State"]["ExitCode"]) if ended else None

        return await _in_thread(look)

    @staticmethod
    def was_out_of_memory(container: Container) -> bool:
        """Whether one that `exit_code` has seen the end of was killed for the memory it took."""
        return bool(container.attrs["State"]["OOMKilled"])

    async def logs(self, container: Container) -> str:
        """The last lines it wrote."""
        content = await _in_thread(lambda: container.logs(tail=_LOG_LINES))
        return str(content.decode(errors="replace"))

    async def remove(self, container: Container) -> None:
        """Stop and remove a container; nothing happens when it is gone already."""
        remove = partial(container.remove, force=True, v=True)
        await _in_thread(partial(_unless_gone, remove))

    async def remove_all(self) -> None:
        """Remove every container, network and pulled reference of this instance."""
        await _in_thread(self._remove_all)

    def _remove_all(self) -> None:
        everything: dict[str, str | list[str] | bool] = {"label": LABEL}
        for container in self._client.containers.list(
            all=True, filters=everything, ignore_removed=True
        ):
            if self._may_go(container.labels):
                _unless_gone(partial(container.remove, force=True, v=True))
        for network in self._client.networks.list(filters=everything):
            if self._may_go(network.attrs.get("Labels", {})):
                _unless_gone(network.remove)
        for reference in self._pulled:
            _unless_gone(partial(self._client.images.remove, reference))
        self._pulled.clear()

    def _may_go(self, labels: Mapping[str, str]) -> bool:
        """Whether it is this instance's, or was left by one whose process was killed."""
        if labels.get(LABEL) == self._label:
            return True
        processes, _, process = labels.get(PROCESS_LABEL, "").rpartition(":")
        # Elsewhere the same number is another process, about which nothing can be told.
        return bool(processes) and processes == _processes() and not _is_alive(int(process))

    async def close(self) -> None:
        """Let go of the connection."""
        await asyncio.to_thread(self._client.close)


def _processes() -> str:
    """What process numbers count in: this boot and this namespace; empty when not told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def hosts(network: ipaddress.IPv4Network) -> Iterator[str]:
    """Addresses for containers, round and round; the gateway and the ends left out."""
    while True:
        for number in range(2, network.num_addresses - 1):
            yield str(network[number])


def _follow(events: Iterable[Mapping[str, Any]]) -> None:
    """Read what the engine tells of its work to the end. Raises `EngineRefusedError`."""
    written: list[str] = []
    for event in events:
        written.append(str(event.get("stream", "")))
        if "error" in event:
            last = "".join(written[-_LOG_LINES:]).strip()
            raise EngineRefusedError("\n".join(filter(None, (last, str(event["error"])))))


def _unless_gone(action: Callable[[], object]) -> None:
    try:
        action()
    except (NotFound, ImageNotFound):
        return
    except APIError as error:
        # Somebody else is removing it, or still uses the image.
        if error.status_code != 409:  # noqa: PLR2004 - HTTP conflict
            raise


async def _in_thread(action: Callable[[], T]) -> T:
    """Run what blocks in a thread, with docker-py's many errors made into two."""
    try:
        return await asyncio.to_thread(action)
    except APIError as error:
        raise EngineRefusedError(str(error.explanation or error)) from None
    except (DockerException, requests.RequestException) as error:
        message = f"The Docker engine cannot be used: {error}"
        raise EngineUnavailableError(message) from None
