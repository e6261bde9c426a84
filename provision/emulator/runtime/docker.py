"""The runtime that runs revisions for real, one container each, in a network of its own."""

import asyncio
import ipaddress
import logging

from docker.models.containers import Container

from provision.emulator.function_seams import BuildError, ImageToBuild
from provision.emulator.metadata import MetadataServer
from provision.emulator.runtime import words
from provision.emulator.runtime.engine import (
    DockerEngine,
    EngineRefusedError,
    EngineUnavailableError,
    hosts,
)
from provision.emulator.runtime.images import manifest_status
from provision.emulator.runtime.plan import plan_container, plan_task
from provision.emulator.runtime.startup import Startup, listens
from provision.emulator.seams import (
    Identities,
    Images,
    RevisionToRun,
    ServiceKey,
    TaskEnd,
    TaskToRun,
)

_LOG = logging.getLogger(__name__)
_AMD64 = "linux/amd64"
_USER = "oauth2accesstoken"
_EXEC_FORMAT = "exec format error"
_CANNOT_RUN, _NOT_FOUND, _KILL = 126, 127, 9
_BETWEEN_LOOKS = 0.2


class DockerRuntime:
    """Containers on a Docker engine; made by `open`.

    Args:
        engine: the connection.
        identities: the service agent's token for pulling, and the containers' tokens.
        images: tells where the engine pulls from.
        network: the containers' network.
    """

    def __init__(
        self,
        engine: DockerEngine,
        identities: Identities,
        images: Images,
        network: ipaddress.IPv4Network,
    ) -> None:
        self._engine = engine
        self._identities = identities
        self._images = images
        self._addresses = hosts(network)
        self._gateway = str(network[1])
        self._subnet = str(network)
        self._by_address: dict[str, RevisionToRun] = {}
        self._containers: dict[str, tuple[str, Container]] = {}
        self._metadata = MetadataServer(identities, self.caller)

    @classmethod
    async def open(
        cls, engine: DockerEngine, identities: Identities, images: Images, subnet: str = ""
    ) -> "DockerRuntime":
        """Make the network and start the metadata server on its gateway.

        Raises:
            EngineUnavailableError: no network, or its gateway is not an address of this machine.
        """
        try:
            network = await engine.make_network(subnet)
        except EngineRefusedError as error:
            raise EngineUnavailableError(f"The Docker engine made no network: {error}") from None
        runtime = cls(engine, identities, images, network)
        try:
            await runtime._metadata.start(runtime.gateway)
        except OSError:
            await engine.remove_all()
            raise EngineUnavailableError(
                f"The Docker engine's networks ({runtime.gateway}) are not on this machine"
            ) from None
        return runtime

    @property
    def gateway(self) -> str:
        """Host address of the containers' network."""
        return self._gateway

    @property
    def subnet(self) -> str:
        """The containers' network."""
        return self._subnet

    def caller(self, peer: str) -> RevisionToRun | None:
        """The revision whose container has the address `peer`."""
        return self._by_address.get(peer)

    async def address(self, service: ServiceKey, revision: str) -> tuple[str, int] | None:
        """Where the revision's container listens; None when none was started."""
        held = self._containers.get(_key(service, revision))
        return (held[0], self._by_address[held[0]].port) if held else None

    async def start(self, revision: RevisionToRun) -> None:
        """Pull, run, and wait until it listens; a container that does not is removed.

        Raises:
            StartError: with Google's words where Google has some.
        """
        await self.stop(revision.service, revision.revision)
        self._refuse_platform(revision)
        try:
            await self._pull(revision)
            await self._run(revision)
        except EngineUnavailableError as error:
            raise words.engine_failed(revision, str(error)) from None

    def _refuse_platform(self, revision: RevisionToRun) -> None:
        platforms = revision.image.platforms
        if not platforms or _AMD64 in platforms:
            return
        if len(platforms) > 1 or "index" in revision.image.media_type:
            raise words.wrong_platform(revision)
        # An engine that emulates other processors would run it; Cloud Run does not.
        raise words.not_listening(revision, _other_processor(platforms[0]), timed_out=False)

    async def _pull(self, revision: RevisionToRun) -> None:
        agent = f"service-{revision.project_number}@serverless-robot-prod.iam.gserviceaccount.com"
        token = self._identities.access_token(f"serviceAccount:{agent}")
        reference = self._images.pull_reference(revision.image)
        # The engine does not ask for what it has already, but Cloud Run does every time.
        status = await manifest_status(reference, token)
        if status in (401, 403):
            raise words.unreadable_image(revision, agent)
        if status == 404:  # noqa: PLR2004 - HTTP
            raise words.missing_image(revision)
        try:
            await self._engine.pull(reference, _USER, token)
        except EngineRefusedError as error:
            raise words.engine_failed(revision, str(error)) from None

    async def build(self, image: ImageToBuild) -> None:
        """Make an image and push it to the registry. Raises `BuildError`."""
        try:
            await self._engine.build(image.context, image.reference)
            await self._engine.push(image.reference, _USER, image.token)
        except (EngineRefusedError, EngineUnavailableError) as error:
            *before, last = str(error).splitlines() or [""]
            raise BuildError(last, "\n".join(before)) from None

    async def _run(self, revision: RevisionToRun) -> None:
        address = self._free_address()
        # Before the container lives, so that its first packet is known already.
        self._by_address[address] = revision
        key = _key(revision.service, revision.revision)
        container = None
        try:
            container = await self._create(revision, address)
            await self._start(revision, container, address)
        except BaseException:
            self._by_address.pop(address, None)
            if container is not None:
                await asyncio.shield(self._engine.remove(container))
            raise
        self._containers[key] = (address, container)

    async def _create(self, revision: RevisionToRun, address: str) -> Container:
        plan = plan_container(
            revision,
            self._images.pull_reference(revision.image),
            address,
            f"{self._gateway}:{self._metadata.port}",
        )
        try:
            return await self._engine.create(plan)
        except EngineRefusedError as error:
            raise words.not_listening(revision, str(error), timed_out=False) from None

    async def _start(self, revision: RevisionToRun, container: Container, address: str) -> None:
        try:
            await self._engine.start(container)
        except EngineRefusedError as error:
            raise words.not_listening(revision, str(error), timed_out=False) from None
        outcome = await listens(
            (address, revision.port),
            revision.startup_seconds,
            lambda: self._engine.is_running(container),
        )
        if outcome is not Startup.LISTENING:
            logs = await self._engine.logs(container)
            timed_out = outcome is Startup.TIMED_OUT
            raise words.not_listening(revision, logs, timed_out=timed_out)

    async def run_task(self, task: TaskToRun) -> TaskEnd:
        """Run a container to its end and remove it.

        Raises:
            StartError: the image cannot be had, or the engine failed.
        """
        platforms = task.container.image.platforms
        if platforms and _AMD64 not in platforms:
            if len(platforms) > 1 or "index" in task.container.image.media_type:
                raise words.wrong_platform(task.container)
            return TaskEnd(_CANNOT_RUN, _other_processor(platforms[0]))
        try:
            await self._pull(task.container)
            return await self._run_task(task)
        except EngineUnavailableError as error:
            raise words.engine_failed(task.container, str(error)) from None

    async def _run_task(self, task: TaskToRun) -> TaskEnd:
        address, container = self._free_address(), None
        self._by_address[address] = task.container
        try:
            plan = plan_task(
                task,
                self._images.pull_reference(task.container.image),
                address,
                f"{self._gateway}:{self._metadata.port}",
            )
            creating = asyncio.ensure_future(self._engine.create(plan))
            try:
                container = await asyncio.shield(creating)
            except asyncio.CancelledError:
                container = await creating  # it is being made all the same, and is to be removed
                raise
            await self._engine.start(container)
            code = await self._end(container, task.timeout)
            killed = code is None or self._engine.was_out_of_memory(container)
            logs = await self._engine.logs(container)
            return TaskEnd(code, logs, _KILL if killed else 0)
        except EngineRefusedError as error:  # no such command, or not for this processor
            found = "no such file" not in str(error) and "not found" not in str(error)
            return TaskEnd(_CANNOT_RUN if found else _NOT_FOUND, str(error))
        finally:
            self._by_address.pop(address, None)
            if container is not None:
                await asyncio.shield(self._engine.remove(container))

    async def _end(self, container: Container, seconds: float) -> int | None:
        """The exit code; None when the time was up."""
        try:
            async with asyncio.timeout(seconds):
                code = None
                while code is None:
                    await asyncio.sleep(_BETWEEN_LOOKS)
                    code = await self._engine.exit_code(container)
        except TimeoutError:
            return None
        return code

    def _free_address(self) -> str:
        return next(address for address in self._addresses if address not in self._by_address)

    async def stop(self, service: ServiceKey, revision: str) -> None:
        """Remove the revision's container, if there is one."""
        held = self._containers.pop(_key(service, revision), None)
        if held is None:
            return
        address, container = held
        try:
            await self._engine.remove(container)
        except (EngineRefusedError, EngineUnavailableError) as error:
            # Nothing can call it any more; the next start removes what is left of it.
            _LOG.warning("revision %s could not be removed: %s", revision, error)
        finally:
            self._by_address.pop(address, None)

    async def close(self) -> None:
        """Remove the containers and the network, and stop the metadata server."""
        self._containers.clear()
        self._by_address.clear()
        await self._metadata.stop()
        try:
            await self._engine.remove_all()
        except (EngineRefusedError, EngineUnavailableError):
            # An engine that is gone took its containers along; the next start removes the rest.
            return
        finally:
            await self._engine.close()


def _other_processor(platform: str) -> str:
    return f"{_EXEC_FORMAT}: the image is for {platform}, not {_AMD64}"


def _key(service: ServiceKey, revision: str) -> str:
    return f"{service.name}/revisions/{revision}"
