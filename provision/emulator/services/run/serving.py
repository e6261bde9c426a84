"""What serves a service at this moment: running revisions, open addresses, shares of traffic."""

import errno
import sys
from typing import TYPE_CHECKING, Any

from provision.emulator.frontdoor_seams import FrontDoor, Route
from provision.emulator.seams import Images, Runtime, ServiceKey, StoredImage
from provision.emulator.services.run import revisions
from provision.emulator.services.run.defaults import ingress_container
from provision.emulator.services.run.outcome import RolloutError
from provision.emulator.services.run.records import (
    IngressTraffic,
    RevisionRecord,
    RunState,
    ServiceRecord,
)
from provision.emulator.services.run.traffic import allotments
from provision.emulator.world import World

if TYPE_CHECKING:
    from provision.emulator.store import Table

_PLATFORM = "linux/amd64"


class Serving:
    """Starts and stops revisions, opens addresses, and routes requests (`seams.Routes`).

    Args:
        world: projects.
        state: the services.
        images: the registry's images.
    """

    def __init__(self, world: World, state: RunState, images: Images) -> None:
        self._world = world
        self._state = state
        self._images = images
        # By service and tag: the port and the URLs. All that has to be known to open them again.
        self._addresses: Table[dict[str, list[Any]]] = world.store.table("run-addresses")
        self._opened: dict[tuple[str, str], tuple[int, tuple[str, ...]]] = {}
        self._running: dict[str, set[str]] = {}
        self._runtime: Runtime | None = None
        self._front_door: FrontDoor | None = None

    def attach(self, runtime: Runtime, front_door: FrontDoor) -> None:
        """Say who runs revisions and who opens addresses; before anything is rolled out."""
        self._runtime = runtime
        self._front_door = front_door

    @property
    def runtime(self) -> Runtime:
        """Who runs revisions."""
        if self._runtime is None:
            raise RuntimeError("no runtime is attached")
        return self._runtime

    @property
    def front_door(self) -> FrontDoor:
        """Who opens addresses."""
        if self._front_door is None:
            raise RuntimeError("no front door is attached")
        return self._front_door

    def route(self, service: ServiceKey) -> Route | None:
        """Where a service's requests go at this moment; None once it or its project is gone."""
        record = self._state.service(service)
        if record is None or self._world.hierarchy.awaits_deletion(service.name):
            return None
        message = record.message
        shares = tuple((name, percent) for name, percent, _ in record.serving if percent)
        project = self._world.hierarchy.find(service.project)
        return Route(
            service=service,
            ingress=IngressTraffic(message.ingress or record.ingress).name,
            default_url_disabled=message.default_uri_disabled,
            invoker_iam_disabled=message.invoker_iam_disabled,
            iap_enabled=message.iap_enabled,
            audiences=(*message.urls, *message.custom_audiences),
            revision=max(shares, key=lambda share: share[1])[0] if shares else None,
            timeout=message.template.timeout.seconds + message.template.timeout.nanos / 1e9,
            shares=shares,
            tags={tag: name for name, _, tag in record.serving if tag},
            project_number=project.number if project is not None else 0,
        )

    async def open(self, record: ServiceRecord) -> tuple[str, ...]:
        """Open the service's address, on the same port as before if it is free; its URLs."""
        record.port, urls = await self._open(record, record.port)
        return urls

    async def _open(
        self, record: ServiceRecord, port: int | None, tag: str = ""
    ) -> tuple[int, tuple[str, ...]]:
        name = record.message.name
        if (name, tag) in self._opened:  # opening it again would cut off who is being answered
            return self._opened[name, tag]
        try:
            chosen, urls = await self.front_door.open(record.key, port, tag)
        except OSError as error:
            if port is None or error.errno != errno.EADDRINUSE:
                raise
            sys.stderr.write(f"port {port} is taken: {name} gets another address\n")
            chosen, urls = await self.front_door.open(record.key, None, tag)
        kept = self._addresses.get(name) or {}
        if kept.get(tag) != [chosen, list(urls)]:
            self._addresses.put(name, {**kept, tag: [chosen, list(urls)]})
        self._opened[name, tag] = chosen, urls
        return chosen, urls

    async def reopen(self, name: str) -> bool:
        """Open a service's addresses as they were, without a look at its record.

        Where revisions are run, or an address cannot be what it was, there is more to do; False
        then.
        """
        kept = self._addresses.get(name)
        if kept is None or self.runtime.gateway is not None:
            return False
        key = ServiceKey(*name.split("/")[1::2])
        try:
            for tag, (port, urls) in kept.items():
                opened = await self.front_door.open(key, port, tag)
                self._opened[name, tag] = opened
                if list(opened[1]) != urls:
                    return False
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
        return True

    async def open_tags(self, record: ServiceRecord) -> dict[str, str]:
        """Open the addresses of the tags that serve, and close those of others; URLs by tag."""
        wanted = {tag for _, _, tag in record.serving if tag}
        for tag in set(record.tag_ports) - wanted:
            await self.front_door.close(record.key, tag)
            self._opened.pop((record.message.name, tag), None)
            del record.tag_ports[tag]
            self._forget_address(record.message.name, tag)
        addresses = {}
        for tag in sorted(wanted):
            port, urls = await self._open(record, record.tag_ports.get(tag), tag)
            record.tag_ports[tag] = port
            addresses[tag] = urls[-1]
        return addresses

    def _forget_address(self, name: str, tag: str) -> None:
        kept = self._addresses.get(name) or {}
        if kept.pop(tag, None) is not None:
            self._addresses.put(name, kept)

    def find_image(self, revision: RevisionRecord) -> StoredImage:
        """The image of a revision's container. Raises `RolloutError`."""
        reference = ingress_container(revision.message).image
        image = self._images.find(reference)
        if image is None:
            raise RolloutError("NOT_FOUND", f"Image '{reference}' not found.", "CONTAINER_MISSING")
        is_index = "index" in image.media_type or "list" in image.media_type
        if is_index and _PLATFORM not in image.platforms:
            raise RolloutError(
                "FAILED_PRECONDITION",
                f"Cloud Run does not support image '{reference}': Container manifest type "
                f"'{image.media_type}' must support amd64/linux.",
                "CONTAINER_MISSING",
            )
        return image

    async def start(
        self, record: ServiceRecord, revision: RevisionRecord, image: StoredImage
    ) -> None:
        """Run a revision until it is asked to stop. Raises `StartError`."""
        project = self._world.hierarchy.find(record.key.project)
        number = project.number if project else 0
        await self.runtime.start(revisions.to_run(record, revision, number, image))
        self._running.setdefault(record.message.name, set()).add(revision.id)

    async def serve_wanted(self, record: ServiceRecord) -> None:
        """Bring traffic to where it was asked to go.

        What is to serve is started first, then requests go there, then the rest is stopped; when a
        revision cannot serve, requests go on as they did.

        Raises:
            RolloutError: a revision never became ready.
            StartError: a revision does not start again.
        """
        wanted = allotments(record)
        for name, _, _ in wanted:
            if name not in self._running.get(record.message.name, ()):
                await self._start_again(record, name)
        record.serving = wanted
        await self.stop_others(record)

    async def _start_again(self, record: ServiceRecord, name: str) -> None:
        revision = self._state.revisions.get(f"{record.message.name}/revisions/{name}")
        if revision is None or not revision.ready:
            raise RolloutError(
                "FAILED_PRECONDITION",
                f"Revision '{name}' is not ready and cannot serve traffic.",
                "REVISION_FAILED",
            )
        await self.start(record, revision, self.find_image(revision))

    async def stop_others(self, record: ServiceRecord) -> None:
        """Stop every revision that serves nothing."""
        running = self._running.setdefault(record.message.name, set())
        for name in running - {name for name, _, _ in record.serving}:
            await self.runtime.stop(record.key, name)
            running.discard(name)

    async def take_down(self, record: ServiceRecord) -> None:
        """Close the service's addresses and stop all of its revisions."""
        for tag in ("", *record.tag_ports):
            await self.front_door.close(record.key, tag)
            self._opened.pop((record.message.name, tag), None)
        record.tag_ports.clear()
        self._addresses.pop(record.message.name)
        for name in self._running.pop(record.message.name, set()):
            await self.runtime.stop(record.key, name)
