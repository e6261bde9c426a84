"""Bringing a service to what was asked for: revision, traffic, addresses, conditions.

Roll-outs of one service go one after another. A later revision that fails leaves traffic where it
was, and the fields that tell of serving as they were.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from provision.emulator.rpc.status import ApiError
from provision.emulator.seams import StartError
from provision.emulator.services.operations import Operations
from provision.emulator.services.run import revisions
from provision.emulator.services.run.outcome import (
    STATE,
    RolloutError,
    as_rollout_error,
    conclude,
    conclude_deletion,
    condition,
    set_conditions,
    show_traffic,
    show_urls,
)
from provision.emulator.services.run.records import (
    RevisionRecord,
    RunState,
    ServiceMessage,
    ServiceRecord,
)
from provision.emulator.services.run.serving import Serving
from provision.emulator.times import micros, timestamp, to_micros
from provision.emulator.world import World

_CONDITIONS = ("RoutesReady", "ConfigurationsReady")
_PLANNED = "UNKNOWN"


class Rollouts:
    """Runs roll-outs.

    Args:
        world: projects and settings.
        state: the services.
        operations: to be told of the end.
        serving: starts revisions and opens addresses.
        log_address: address of a revision's log, from its full name.
    """

    def __init__(
        self,
        world: World,
        state: RunState,
        operations: Operations,
        serving: Serving,
        log_address: Callable[[str], str],
    ) -> None:
        self._world = world
        self._state = state
        self._operations = operations
        self._serving = serving
        self._log_address = log_address
        self._turns: dict[str, asyncio.Lock] = {}
        self.others: list[Callable[[Any], Callable[[Any], Awaitable[None]] | None]] = []
        """What else finds the work of an operation (message) that a restart broke off."""

    async def open(self, record: ServiceRecord) -> tuple[str, ...]:
        """Open the service's addresses, on the same port as before; its URLs."""
        return await self._serving.open(record)

    async def restore(self) -> None:
        """After a restart: open every address again and start what serves."""
        for name in self._state.services:
            if not await self._serving.reopen(name):
                await self._restore(name)
        self._operations.resume(self._work_of)

    async def _restore(self, name: str) -> None:
        record = self._state.services.get(name)
        if record is None:
            return
        if not record.message.urls:  # its creation was cut off: nobody was told, no work goes on
            self._state.services.pop(name)
            return
        urls = await self._serving.open(record)
        addresses = await self._serving.open_tags(record)
        if record.message.uri:
            show_urls(record.message, urls)
            show_traffic(record.message, addresses)
        self._state.keep(record)
        try:
            await self._serving.serve_wanted(record)
        except (RolloutError, StartError) as error:
            self._fail(record, as_rollout_error(record.key.service, error))

    def _forget_unfinished(self, service: str) -> None:
        """A revision that was cut off while it started is made anew."""
        record = self._state.services.get(service)
        if record is None:
            return
        name = record.message.latest_created_revision
        revision = self._state.revisions.get(name)
        if revision is not None and revision.message.reconciling:
            self._state.revisions.pop(name)
            record.template_changed = True
            self._state.keep(record)

    def _work_of(self, operation: Any) -> Callable[[Any], Awaitable[None]] | None:  # noqa: ANN401 - Operation
        message = ServiceMessage()
        if not operation.metadata.Is(ServiceMessage.DESCRIPTOR):
            found = (other(operation) for other in self.others)
            return next((work for work in found if work is not None), None)
        operation.metadata.Unpack(message)
        if message.HasField("delete_time"):
            return lambda name: self.take_down(message.name, name)
        self._forget_unfinished(message.name)
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
                await self._settle(record, self._operations.planned_failure(operation))
        if record.failure is None:
            self._operations.succeed(operation, record.message, record.message)
        else:
            self._operations.fail(operation, record.message, ApiError(*record.failure))

    async def _settle(self, record: ServiceRecord, planned: ApiError | None) -> None:
        message = record.message
        generation = message.generation
        try:
            await self._bring_about(record, planned)
        except (RolloutError, StartError) as error:
            if not isinstance(error, RolloutError) or error.reason != _PLANNED:
                short = message.latest_created_revision.rpartition("/")[2]
                error = as_rollout_error(short, error)
            self._fail(record, error)
            await self._serving.stop_others(record)
        else:
            await self._succeed(record, generation)
        record.settled = generation
        message.reconciling = message.generation != generation
        self._state.keep(record)

    async def _bring_about(self, record: ServiceRecord, planned: ApiError | None) -> None:
        if planned is not None:
            raise RolloutError(planned.code, planned.message, _PLANNED)
        if record.template_changed:
            record.template_changed = False
            await self._new_revision(record)
        await self._serving.serve_wanted(record)

    async def _new_revision(self, record: ServiceRecord) -> None:
        revision = revisions.make(record)
        record.message.latest_created_revision = revision.message.name
        revision.message.log_uri = self._log_address(revision.message.name)
        self._state.keep_revision(revision)
        self._state.keep(record)
        try:
            image = self._serving.find_image(revision)
            revisions.pin(revision, image)
            await self._serving.start(record, revision, image)
        except (RolloutError, StartError) as cause:
            error = as_rollout_error(revision.id, cause, revision.message.log_uri)
            revision.logs = error.logs
            self._conclude(revision, error)
            raise error from cause
        self._conclude(revision, None)
        record.message.latest_ready_revision = revision.message.name

    def _conclude(self, revision: RevisionRecord, error: RolloutError | None) -> None:
        revision.ready = error is None
        conclude(revision, error)
        self._state.keep_revision(revision)

    async def _succeed(self, record: ServiceRecord, generation: int) -> None:
        message, routed = record.message, timestamp()
        record.failure = None
        message.observed_generation = generation
        message.ingress = record.ingress
        if not message.uri:
            show_urls(message, await self._serving.open(record))
        show_traffic(message, await self._serving.open_tags(record))
        # Configurations are ready first, then routes, then the whole (recorded).
        configured = self._configured(record)
        ready = timestamp(max(micros(), to_micros(routed) + 1))
        times = zip(_CONDITIONS, (routed, configured or routed), strict=True)
        fresh = [condition(kind, STATE.CONDITION_SUCCEEDED, moment) for kind, moment in times]
        set_conditions(message, condition("Ready", STATE.CONDITION_SUCCEEDED, ready), fresh)

    def _configured(self, record: ServiceRecord) -> Any:  # noqa: ANN401 - Timestamp or None
        """Since when the configuration is ready: it keeps the time of its first success."""
        for one in record.message.conditions:
            if one.type_ == _CONDITIONS[1] and one.state == STATE.CONDITION_SUCCEEDED:
                kept = type(one)()
                kept.CopyFrom(one)
                return kept.last_transition_time
        revision = self._state.revisions.get(record.message.latest_ready_revision)
        return revision.message.update_time if revision else None

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
            planned = self._operations.planned_failure(operation)
            if record is not None and planned is not None:
                self._stay(record)
                self._operations.fail(operation, record.message, planned)
            elif record is not None:
                await self._remove(record)
                conclude_deletion(record.message)
                self._operations.succeed(operation, record.message, record.message)
        self._turns.pop(name, None)

    def _stay(self, record: ServiceRecord) -> None:
        """Take a deletion back that is to fail."""
        for field in ("delete_time", "expire_time", "reconciling"):
            record.message.ClearField(field)
        ready = condition("Ready", STATE.CONDITION_SUCCEEDED, timestamp())
        record.message.terminal_condition.CopyFrom(ready)
        record.message.observed_generation = record.settled = record.message.generation
        self._state.keep(record)

    async def _remove(self, record: ServiceRecord) -> None:
        name = record.message.name
        await self._serving.take_down(record)
        for revision in self._state.revisions_of(name):
            self._state.revisions.pop(revision.message.name)
        self._world.policies.forget(name)
        self._world.tags.forget(name)
        self._state.services.pop(name)

    async def remove_all(self) -> None:
        """Take every service down at once, for a reset."""
        for record in self._state.services.values():
            await self._remove(record)
