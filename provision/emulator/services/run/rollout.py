"""Bringing a service to what was asked for: revision, traffic, addresses, conditions.

Roll-outs of one service go one after another. A later revision that fails leaves traffic where it
was, and the fields that tell of serving as they were.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from provision.emulator.rpc.status import ApiError
from provision.emulator.seams import (
    FrontDoor,
    Images,
    Route,
    Runtime,
    ServiceKey,
    StartError,
    StoredImage,
)
from provision.emulator.services.operations import Operations
from provision.emulator.services.run import revisions
from provision.emulator.services.run.defaults import ingress_container
from provision.emulator.services.run.outcome import (
    STATE,
    RolloutError,
    as_rollout_error,
    conclude,
    condition,
    set_conditions,
    show_urls,
)
from provision.emulator.services.run.records import (
    IngressTraffic,
    RevisionRecord,
    RunState,
    ServiceMessage,
    ServiceRecord,
    wanted_revisions,
)
from provision.emulator.times import timestamp
from provision.emulator.world import World

_PLATFORM = "linux/amd64"
_CONDITIONS = ("RoutesReady", "ConfigurationsReady")


class Rollouts:
    """Runs roll-outs, and tells the front door where requests go (`seams.Routes`).

    Args:
        world: projects and settings.
        state: the services.
        operations: to be told of the end.
        images: the registry's images.
        log_address: address of a revision's log, from its full name.
    """

    def __init__(
        self,
        world: World,
        state: RunState,
        operations: Operations,
        images: Images,
        log_address: Callable[[str], str],
    ) -> None:
        self._world = world
        self._state = state
        self._operations = operations
        self._images = images
        self._log_address = log_address
        self._turns: dict[str, asyncio.Lock] = {}
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
        """Where a service's requests go at this moment; None once it is deleted."""
        record = self._state.service(service)
        if record is None:
            return None
        message = record.message
        shares = sorted(wanted_revisions(record), key=lambda share: share[1])
        ingress = message.ingress or record.ingress
        return Route(
            service=service,
            ingress=IngressTraffic(ingress).name,
            default_url_disabled=message.default_uri_disabled,
            invoker_iam_disabled=message.invoker_iam_disabled,
            iap_enabled=message.iap_enabled,
            audiences=(*message.urls, *message.custom_audiences),
            revision=shares[-1][0].rpartition("/")[2] if shares else None,
            timeout=float(message.template.timeout.seconds),
        )

    async def open(self, record: ServiceRecord) -> tuple[str, ...]:
        """Open the service's addresses, on the same port as before; its URLs."""
        port, urls = await self.front_door.open(record.key, record.port)
        record.port = port
        return urls

    async def restore(self) -> None:
        """After a restart: open every address again and start what takes traffic."""
        for record in self._state.services.values():
            urls = await self.open(record)
            if record.message.uri:
                show_urls(record.message, urls)
            self._forget_unfinished(record)
            self._state.keep(record)
            try:
                await self._run_wanted(record)
            except (RolloutError, StartError) as error:
                self._fail(record, as_rollout_error(record.key.service, error))
        self._operations.resume(self._work_of)

    def _forget_unfinished(self, record: ServiceRecord) -> None:
        """A revision that was cut off while it started is made anew."""
        name = record.message.latest_created_revision
        revision = self._state.revisions.get(name)
        if revision is not None and revision.message.reconciling:
            self._state.revisions.pop(name)
            record.template_changed = True

    def _work_of(self, operation: Any) -> Callable[[Any], Awaitable[None]] | None:  # noqa: ANN401 - Operation
        message = ServiceMessage()
        if not operation.metadata.Is(ServiceMessage.DESCRIPTOR):
            return None
        operation.metadata.Unpack(message)
        if message.HasField("delete_time"):
            return lambda name: self.take_down(message.name, name)
        return lambda name: self.run(message.name, message.generation, name)

    async def run(self, name: str, generation: int, operation: str) -> None:
        """Roll out a service up to a generation, and finish the operation."""
        turn = self._turns.setdefault(name, asyncio.Lock())
        async with turn:
            await asyncio.sleep(self._world.settings.operation_delay)
            record = self._state.services.get(name)
            if record is None or record.message.HasField("delete_time"):
                raise ApiError("ABORTED", "The service was deleted meanwhile.")
            if record.settled < generation:
                await self._settle(record)
        if record.failure is None:
            self._operations.succeed(operation, record.message, record.message)
        else:
            self._operations.fail(operation, record.message, ApiError(*record.failure))

    async def _settle(self, record: ServiceRecord) -> None:
        message = record.message
        generation = message.generation
        try:
            if record.template_changed:
                record.template_changed = False
                await self._new_revision(record)
            await self._run_wanted(record)
        except (RolloutError, StartError) as error:
            short = message.latest_created_revision.rpartition("/")[2]
            self._fail(record, as_rollout_error(short, error))
        else:
            await self._succeed(record, generation)
        record.settled = generation
        message.reconciling = message.generation != generation
        self._state.keep(record)

    async def _new_revision(self, record: ServiceRecord) -> None:
        revision = revisions.make(record)
        record.message.latest_created_revision = revision.message.name
        revision.message.log_uri = self._log_address(revision.message.name)
        self._state.keep_revision(revision)
        self._state.keep(record)
        try:
            image = self._image(revision)
            revisions.pin(revision, image)
            await self._start(record, revision, image)
        except (RolloutError, StartError) as cause:
            error = as_rollout_error(revision.id, cause, revision.message.log_uri)
            revision.logs = error.logs
            conclude(revision, error)
            self._state.keep_revision(revision)
            raise error from cause
        revision.ready = True
        conclude(revision, None)
        self._state.keep_revision(revision)
        record.message.latest_ready_revision = revision.message.name

    def _image(self, revision: RevisionRecord) -> StoredImage:
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

    async def _start(
        self, record: ServiceRecord, revision: RevisionRecord, image: StoredImage
    ) -> None:
        project = self._world.hierarchy.find(record.key.project)
        number = project.number if project else 0
        await self.runtime.start(revisions.to_run(record, revision, number, image))
        self._running.setdefault(record.message.name, set()).add(revision.id)

    async def _run_wanted(self, record: ServiceRecord) -> None:
        """Start what takes traffic and stop what does not any more."""
        wanted = {name.rpartition("/")[2]: name for name, _ in wanted_revisions(record)}
        running = self._running.setdefault(record.message.name, set())
        for short, name in wanted.items():
            if short in running:
                continue
            revision = self._state.revisions.get(name)
            if revision is None or not revision.ready:
                raise RolloutError(
                    "FAILED_PRECONDITION",
                    f"Revision '{short}' is not ready and cannot serve traffic.",
                    "REVISION_FAILED",
                )
            await self._start(record, revision, self._image(revision))
        for short in running - set(wanted):
            await self.runtime.stop(record.key, short)
            running.discard(short)

    async def _succeed(self, record: ServiceRecord, generation: int) -> None:
        message, now = record.message, timestamp()
        record.failure = None
        message.observed_generation = generation
        message.ingress = record.ingress
        if not message.uri:
            show_urls(message, await self.open(record))
        del message.traffic_statuses[:]
        for target in message.traffic:
            message.traffic_statuses.add(
                type_=target.type_,
                revision=target.revision,
                percent=target.percent,
                tag=target.tag,
            )
        old = {one.type_: one for one in message.conditions}
        fresh = [condition(kind, STATE.CONDITION_SUCCEEDED, now) for kind in _CONDITIONS]
        kept = old.get("ConfigurationsReady")
        if kept is not None and kept.state == STATE.CONDITION_SUCCEEDED:
            fresh[1].last_transition_time.CopyFrom(kept.last_transition_time)
        set_conditions(message, condition("Ready", STATE.CONDITION_SUCCEEDED, now), fresh)

    def _fail(self, record: ServiceRecord, error: RolloutError) -> None:
        message, now = record.message, timestamp()
        record.failure = (error.code, error.message)
        terminal = condition("Ready", STATE.CONDITION_FAILED, now, error)
        routes = condition("RoutesReady", STATE.CONDITION_FAILED, now, error)
        configurations = condition("ConfigurationsReady", STATE.CONDITION_SUCCEEDED, now)
        set_conditions(message, terminal, [routes, configurations])
        self._state.keep(record)

    async def take_down(self, name: str, operation: str) -> None:
        """Stop everything of a service that is being deleted, and forget it."""
        async with self._turns.setdefault(name, asyncio.Lock()):
            await asyncio.sleep(self._world.settings.operation_delay)
            record = self._state.services.get(name)
            if record is not None:
                await self._remove(record)
                record.message.observed_generation = record.message.generation
                record.message.reconciling = False
                ready = condition("Ready", STATE.CONDITION_SUCCEEDED, timestamp())
                record.message.terminal_condition.CopyFrom(ready)
                self._operations.succeed(operation, record.message, record.message)
        self._turns.pop(name, None)

    async def _remove(self, record: ServiceRecord) -> None:
        name = record.message.name
        await self.front_door.close(record.key)
        for short in self._running.pop(name, set()):
            await self.runtime.stop(record.key, short)
        for revision in self._state.revisions_of(name):
            self._state.revisions.pop(revision.message.name)
        self._world.policies.forget(name)
        self._state.services.pop(name)

    async def remove_all(self) -> None:
        """Take every service down at once, for a reset."""
        for record in self._state.services.values():
            await self._remove(record)
