"""Deploying and deleting functions: the work behind the operations of both APIs.

A function of the first generation is run by itself; one of the second becomes a Cloud Run service,
written by Cloud Functions' own agent. An update that fails leaves what answered before.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from provision.emulator.rpc.status import ApiError
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.seams import StartError
from provision.emulator.services.functions.builds import (
    BuildFailedError,
    Builds,
    NotLoadedError,
    ToBuild,
)
from provision.emulator.services.functions.forms import MANAGED, service_of
from provision.emulator.services.functions.progress import Progress
from provision.emulator.services.functions.records import FunctionRecord, FunctionState
from provision.emulator.services.functions.serving import FunctionServing
from provision.emulator.services.operations import Operations
from provision.emulator.services.run import rules
from provision.emulator.services.run.room import CloudRun
from provision.emulator.services.run.writes import Author
from provision.emulator.world import World

Work = Callable[[str], Awaitable[None]]
_TEMPLATE = ("description", "labels", "template", "ingress", "custom_audiences")
_UNLOADABLE = (
    "Function failed on loading user code. This is likely due to a bug in the user code. "
    "Error message: {}"
)
_UNHEALTHY = "Could not create or update Cloud Run service {}, Container Healthcheck failed. {}"
_TO_COME = "operations/to-come"
_FAILED = (BuildFailedError, NotLoadedError, StartError, ApiError)


class _GoneError(ApiError):
    """There is no such function any more, and nothing of it is to be kept."""


class Deployments:
    """Does the work.

    Args:
        world: settings.
        state: the functions.
        operations: to be told how it goes.
        builds: makes images.
        serving: runs what is of the first generation.
        run: where services are made.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a deployment needs
        self,
        world: World,
        state: FunctionState,
        operations: Operations,
        builds: Builds,
        serving: FunctionServing,
        run: CloudRun,
    ) -> None:
        self._world = world
        self._state = state
        self._operations = operations
        self._builds = builds
        self._serving = serving
        self._run = run
        self._progress = Progress(state, operations, serving)

    async def deploy(self, record: FunctionRecord, before: FunctionRecord | None = None) -> Any:  # noqa: ANN401 - Operation
        """Begin to deploy a function as its record says; the operation.

        Args:
            record: as it is to become.
            before: as it was; None for a new function.
        """
        record.operation = _TO_COME  # so that no other begins during what follows
        try:
            await self._serving.open(record.host)
        finally:
            record.operation = ""
        record.version += 1
        record.before = before
        record.failure = ""
        verb = "create" if before is None else "update"
        return self._begin(record, verb, self._deployment(record.name))

    def delete(self, record: FunctionRecord) -> Any:  # noqa: ANN401 - Operation
        """Begin to delete a function; the operation."""
        return self._begin(record, "delete", self._deletion(record.name))

    def _begin(self, record: FunctionRecord, verb: str, work: Work) -> Any:  # noqa: ANN401 - Operation
        self._progress.show_pending(record, verb)
        name, metadata = self._progress.new_operation(record, verb)
        location = "/".join(record.name.split("/")[:4])
        operation = self._operations.start(location, metadata, work, name=name, asks=True)
        record.operation = operation.name
        self._state.keep(record)
        return operation

    def work_of(self, operation: Any) -> Work | None:  # noqa: ANN401 - Operation
        """The work of an operation that a restart broke off; None when it is none of ours."""
        found = self._progress.subject(operation)
        if found is None:
            return None
        name, verb = found
        return self._deletion(name) if verb == "delete" else self._deployment(name)

    def _deployment(self, name: str) -> Work:
        async def work(operation: str) -> None:
            await asyncio.sleep(self._world.settings.operation_delay)
            record = self._current(name)
            planned = self._operations.planned_failure(operation)
            try:
                if planned is not None:
                    raise planned
                await self._build(record, operation)
                await (self._first(record) if record.first else self._second(record, operation))
                self._check_there(record)
            except _GoneError:
                raise
            except _FAILED as error:
                self._check_there(record)
                self._fail(record, operation, self._worded(record, error))
            else:
                self._succeed(record, operation)

        return work

    def _current(self, name: str) -> FunctionRecord:
        record = self._state.functions.get(name)
        if record is None:
            raise ApiError("ABORTED", "The function was deleted meanwhile.")
        return record

    def _check_there(self, record: FunctionRecord) -> None:
        """Raise (ABORTED) when the function is gone: a reset waits for nobody."""
        if self._state.functions.get(record.name) is not record:
            raise _GoneError("ABORTED", "The function was deleted meanwhile.")

    async def _build(self, record: FunctionRecord, operation: str) -> None:
        self._progress.tell(record, operation, "BUILD")
        entry = (
            record.message.entry_point if record.first else record.message.build_config.entry_point
        )
        wanted = ToBuild(record.host, record.id, record.version, record.source, entry)
        builder = self._serving.builder
        image = await self._builds.build(wanted, builder)
        self._check_there(record)
        record.image = image
        self._state.keep(record)

    async def _first(self, record: FunctionRecord) -> None:
        """Start the new version, then let go of the old one."""
        await self._serving.start(record, record.version)
        try:
            self._check_there(record)
        except _GoneError:
            await self._serving.stop(record, record.version)
            raise
        old, record.serving = record.serving, record.version
        self._state.keep(record)
        if old != record.version:
            await self._serving.stop(record, old)

    async def _second(self, record: FunctionRecord, operation: str) -> None:
        """Make or change the Cloud Run service, and wait until it is rolled out."""
        self._progress.tell(record, operation, "SERVICE")
        author = Author(self._builds.agent(record.host.project), platform=True)
        service = service_of(record, self._serving.audiences(record))
        rolled_out = await self._write(author, record, service)
        ended = await self._operations.outcome(rolled_out.name)
        self._check_there(record)
        if ended is None or ended.HasField("error"):
            text = (
                ended.error.message if ended is not None else "The service was deleted meanwhile."
            )
            raise StartError(text, reason="")
        found = self._run.state.services.get(record.key.name)
        if found is not None:
            config = record.message.service_config
            config.service, config.uri = found.message.name, found.message.uri
            config.revision = found.message.latest_ready_revision.rpartition("/")[2]

    async def _write(self, author: Author, record: FunctionRecord, service: Any) -> Any:  # noqa: ANN401 - messages
        name = record.key.name
        found = self._run.state.services.get(name)
        if found is None:
            return await self._run.writes.create(author, name, service)
        if found.message.labels.get(MANAGED[0]) != MANAGED[1]:
            raise ApiError(
                "ALREADY_EXISTS",
                f"Could not create Cloud Run service {record.id}. A Cloud Run service with this "
                "name already exists. Please redeploy the function with a different name.",
            )

        def change(current: Any) -> Any:  # noqa: ANN401 - Service
            wanted = type(current)()
            wanted.CopyFrom(current)
            return rules.taken_over(wanted, service, _TEMPLATE, rules.WRITABLE)

        return self._run.writes.replace(author, found, change)

    def _worded(self, record: FunctionRecord, error: Exception) -> ApiError:
        """What went wrong, in the words of the function's generation."""
        if isinstance(error, ApiError):
            return error
        text = str(error)
        if isinstance(error, BuildFailedError):
            text = (
                f"Build failed: {text}"
                if record.first
                else (f"Build failed with status: FAILURE and message: {text}")
            )
        elif record.first:
            last = error.logs.strip() if isinstance(error, StartError) else ""
            text = _UNLOADABLE.format(last.splitlines()[-1] if last else text)
        else:
            text = _UNHEALTHY.format(record.id, text)
        return ApiError("INVALID_ARGUMENT", text)

    def _succeed(self, record: FunctionRecord, operation: str) -> None:
        record.before, record.operation = None, ""
        self._progress.show_ready(record)
        self._state.keep(record)
        self._progress.succeed(record, operation)

    def _fail(self, record: FunctionRecord, operation: str, error: ApiError) -> None:
        record.operation, record.failure = "", error.message
        if record.before is not None:
            # What answers is what it was before, and is shown so.
            record.message, record.image = record.before.message, record.before.image
            record.source, record.before = record.before.source, None
        self._progress.show_failed(record)
        self._state.keep(record)
        self._progress.fail(record, operation, error)

    def _deletion(self, name: str) -> Work:
        async def work(operation: str) -> None:
            await asyncio.sleep(self._world.settings.operation_delay)
            record = self._state.functions.get(name)
            if record is None:
                return
            planned = self._operations.planned_failure(operation)
            if planned is not None:
                self._fail(record, operation, planned)
                return
            if record.first:
                await self._serving.stop(record, record.serving)
            else:
                await self._delete_service(record)
            self._world.policies.forget(name)
            self._world.tags.forget(name)
            self._state.functions.pop(name)
            self._builds.forget(record)
            self._operations.succeed(operation, self._progress.ended(record, operation), Empty())

        return work

    async def _delete_service(self, record: FunctionRecord) -> None:
        found = self._run.state.services.get(record.key.name)
        if found is None or found.message.labels.get(MANAGED[0]) != MANAGED[1]:
            return
        author = Author(self._builds.agent(record.host.project), platform=True)
        going = self._run.writes.delete(author, found)
        await self._operations.outcome(going.name)
