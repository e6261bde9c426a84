"""Long-running operations of Eventarc and Workflows, whose metadata have the same fields.

What they tell of has taken effect already; they are done after a step's time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from provision.emulator.rpc.status import invalid
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.services.callers.kept import Resources
from provision.emulator.services.callers.places import location_of
from provision.emulator.services.operations import Operations
from provision.emulator.times import timestamp

if TYPE_CHECKING:
    from provision.emulator.store import Table

Work = Callable[[str], Awaitable[None]]


class Progress:
    """The operations of one kind of resource.

    Args:
        operations: where they are kept.
        resources: what they are about.
        metadata: makes an empty message of the API's metadata.
    """

    def __init__(
        self, operations: Operations, resources: Resources, metadata: Callable[[], Any]
    ) -> None:
        self._operations = operations
        self._resources = resources
        self._metadata = metadata
        # Why operations are going to fail, for when the emulator is stopped meanwhile.
        self._refused: Table[str] = resources.world.store.table(f"{resources.kind.api}-refusals")

    def begin(self, verb: str, message: Any) -> Any:  # noqa: ANN401 - messages
        """The operation of a change that was made.

        Args:
            verb: ``create``, ``update`` or ``delete``.
            message: the resource as it became, or was before its deletion.
        """
        metadata = self._described(verb, message.name)
        response = message
        if verb == "delete" and self._resources.kind.api == "workflows":
            response = Empty()
        work = self._work(metadata, response)
        return self._operations.start(location_of(message.name), metadata, work)

    def refused(self, verb: str, message: Any, why: str) -> Any:  # noqa: ANN401 - messages
        """The operation of a change that is not made; it ends with INVALID_ARGUMENT."""
        metadata = self._described(verb, message.name)
        work = self._refusal(metadata)
        operation = self._operations.start(location_of(message.name), metadata, work)
        self._refused.put(operation.name, why)
        return operation

    def _refusal(self, metadata: Any) -> Work:  # noqa: ANN401 - a message
        async def finish(name: str) -> None:
            await asyncio.sleep(self._resources.world.settings.operation_delay)
            metadata.end_time.CopyFrom(timestamp())
            self._operations.fail(name, metadata, invalid(self._refused.pop(name) or ""))

        return finish

    def only_checked(self, verb: str, message: Any) -> Any:  # noqa: ANN401 - messages
        """The operation of a change that was asked to be checked and not made."""
        metadata = self._described(verb, message.name)
        return self._operations.done(location_of(message.name), metadata, message)

    def work_of(self, operation: Any) -> Work | None:  # noqa: ANN401 - Operation
        """How an operation ends that a restart cut off; None for those of others."""
        metadata = self._metadata()
        if not operation.metadata.Unpack(metadata):
            return None
        if operation.name in self._refused:
            return self._refusal(metadata)
        return self._work(metadata, self._resources.find(metadata.target) or Empty())

    def _described(self, verb: str, target: str) -> Any:  # noqa: ANN401 - a message
        metadata = self._metadata()
        metadata.create_time.CopyFrom(timestamp())
        metadata.target, metadata.verb, metadata.api_version = target, verb, "v1"
        return metadata

    def _work(self, metadata: Any, response: Any) -> Work:  # noqa: ANN401 - messages
        told = type(response)()
        told.CopyFrom(response)

        async def finish(name: str) -> None:
            await asyncio.sleep(self._resources.world.settings.operation_delay)
            metadata.end_time.CopyFrom(timestamp())
            self._operations.succeed(name, metadata, told)

        return finish
