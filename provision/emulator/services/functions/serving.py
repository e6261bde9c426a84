"""What answers for functions at this moment: addresses, and what runs of the first generation."""

import errno
import re
import sys
from urllib.parse import urlsplit

from provision.emulator.frontdoor_seams import Route
from provision.emulator.function_seams import (
    Builder,
    FunctionDoor,
    FunctionHost,
    FunctionKey,
    FunctionTarget,
)
from provision.emulator.seams import Images, RevisionToRun, Runtime, ServiceKey, StartError
from provision.emulator.services.functions.forms import ingress_of, memory_bytes
from provision.emulator.services.functions.records import FunctionRecord, FunctionState
from provision.emulator.services.run.knative.locations import REGIONS
from provision.emulator.world import World

_STARTUP_SECONDS = 120
_PORT = 8080
_HOST = re.compile(
    r"(?P<region>[a-z]+-[a-z]+[0-9]+)-(?P<project>[a-z][a-z0-9-]+)[.]cloudfunctions[.]net"
)
_ALWAYS = 1
"""``SECURE_ALWAYS``, in both generations."""


class FunctionServing:
    """Opens addresses and routes requests (`function_seams.FunctionTargets`).

    Args:
        world: projects.
        state: the functions.
        images: the registry's images.
    """

    def __init__(self, world: World, state: FunctionState, images: Images) -> None:
        self._world = world
        self._state = state
        self._images = images
        self._opened: dict[FunctionHost, tuple[str, ...]] = {}
        self._runtime: Runtime | None = None
        self._door: FunctionDoor | None = None
        self._builder: Builder | None = None

    def attach(self, runtime: Runtime, door: FunctionDoor, builder: Builder | None) -> None:
        """Say who runs functions, opens addresses and builds; before anything is deployed."""
        self._runtime, self._door, self._builder = runtime, door, builder

    @property
    def runtime(self) -> Runtime:
        """Who runs functions."""
        if self._runtime is None:
            raise RuntimeError("no runtime is attached")
        return self._runtime

    @property
    def builder(self) -> Builder | None:
        """Who builds images; None without an engine."""
        return self._builder

    @property
    def door(self) -> FunctionDoor:
        """Who opens addresses."""
        if self._door is None:
            raise RuntimeError("no front door is attached")
        return self._door

    def target(self, host: FunctionHost, name: str) -> FunctionTarget | None:
        """What answers for a function; None when there is none of the name."""
        found = self._state.functions.get(
            f"projects/{host.project}/locations/{host.region}/functions/{name}"
        )
        if found is None:
            return None
        level = (
            found.message.https_trigger.security_level
            if found.first
            else found.message.service_config.security_level
        )
        return FunctionTarget(found.key, secure_always=level == _ALWAYS)

    async def address(self, google_name: str) -> tuple[str, int] | None:
        """Where ``REGION-PROJECT.cloudfunctions.net`` listens; None for hosts of nobody's."""
        found = _HOST.fullmatch(google_name.lower())
        if found is None or found["region"] not in REGIONS:
            return None
        project = self._world.hierarchy.find(found["project"])
        if project is None:
            return None
        host = FunctionHost(project.project_id, found["region"])
        await self.open(host)
        parts = urlsplit(self._opened[host][0])
        return str(parts.hostname), int(parts.port or 0)

    def route(self, service: ServiceKey) -> Route | None:
        """The route of a function of the first generation; None once it is gone."""
        record = self._state.functions.get(service.name)
        if record is None or not record.first or not isinstance(service, FunctionKey):
            return None
        if self._world.hierarchy.awaits_deletion(service.name):
            return None
        return Route(
            service=service,
            ingress=ingress_of(record.message.ingress_settings).name,
            default_url_disabled=False,
            invoker_iam_disabled=False,
            iap_enabled=False,
            audiences=self.audiences(record),
            revision=str(record.serving) if record.serving else None,
            timeout=float(record.message.timeout.seconds),
        )

    async def open(self, host: FunctionHost) -> None:
        """Open the address of a project's functions of a region, on the port it had if possible."""
        if host in self._opened:
            return
        key = f"{host.region}/{host.project}"
        port = self._state.ports.get(key)
        try:
            chosen, urls = await self.door.open_functions(host, port)
        except OSError as error:
            if port is None or error.errno != errno.EADDRINUSE:
                raise
            sys.stderr.write(f"port {port} is taken: functions of {key} get another address\n")
            chosen, urls = await self.door.open_functions(host, None)
        self._opened[host] = urls
        self._state.ports.put(key, chosen)

    def url(self, record: FunctionRecord) -> str:
        """The function's address, which answers on this machine and in its containers."""
        urls = self._opened.get(record.host, ())
        return f"{urls[-1]}/{record.id}" if urls else ""

    def audiences(self, record: FunctionRecord) -> tuple[str, ...]:
        """What tokens for the function may be for: its addresses, here and at Google."""
        bases = (*self._opened.get(record.host, ()), f"https://{record.host.google_name}")
        return tuple(f"{base}/{record.id}" for base in bases)

    async def start(self, record: FunctionRecord, version: int) -> None:
        """Run a version of a first-generation function. Raises `StartError`."""
        image = self._images.find(record.image)
        if image is None:
            raise StartError(f"Image '{record.image}' not found.", reason="CONTAINER_MISSING")
        project = self._world.hierarchy.find(record.host.project)
        message = record.message
        await self.runtime.start(
            RevisionToRun(
                service=record.key,
                revision=str(version),
                project_number=project.number if project else 0,
                image=image,
                env=dict(message.environment_variables),
                command=(),
                args=(),
                port=_PORT,
                memory_bytes=memory_bytes(message),
                cpu=1.0,
                service_account=message.service_account_email,
                vpc_egress="",
                startup_seconds=_STARTUP_SECONDS,
            )
        )

    async def stop(self, record: FunctionRecord, version: int) -> None:
        """Stop a version of a first-generation function."""
        if version:
            await self.runtime.stop(record.key, str(version))

    async def restore(self) -> None:
        """After a restart: open every address again and start what answered."""
        for key in self._state.ports:
            region, _, project = key.partition("/")
            await self.open(FunctionHost(project, region))
        for name in self._state.functions:
            record = self._state.functions.get(name)
            if record is None or not record.first or not record.serving:
                continue
            try:
                await self.start(record.answering, record.serving)
            except StartError as error:
                sys.stderr.write(f"{name} does not start again: {error}\n")

    async def close_all(self) -> None:
        """Take everything down, for a reset."""
        for name in self._state.functions:
            record = self._state.functions.get(name)
            if record is not None and record.first:
                await self.stop(record, record.serving)
        for host in tuple(self._opened):
            await self.door.close_functions(host)
        self._opened.clear()
