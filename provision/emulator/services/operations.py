"""``google.longrunning.Operations``: pending at first, done later, forgotten when deleted."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from google.cloud import functions_v1
from google.longrunning import operations_pb2

from provision.emulator.packing import packed, unpacked
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.faults import Fault, operation_fault
from provision.emulator.rpc.status import ApiError, not_found
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import require, run_refusal
from provision.emulator.world import World

if TYPE_CHECKING:
    from provision.emulator.store import Table

_SERVICE = "google.longrunning.Operations"
_RUN = "google.cloud.run."
_OWNERS = {
    _RUN: "run.operations",
    "google.cloud.functions.": "cloudfunctions.operations",
    "google.cloud.workflows.": "workflows.operations",
}
"""What the permissions for operations begin with, by the metadata of the APIs that have such."""


class Operations:
    """Every long-running operation of every API.

    Args:
        world: where they are kept.
        most: how many of those that are done are kept; the oldest are forgotten.
    """

    def __init__(self, world: World, most: int = 10_000) -> None:
        self._world = world
        self._kept = world.store.table(
            "operations",
            encode=packed,
            decode=lambda value: unpacked(value, operations_pb2.Operation()),
        )
        # What is to be taken up again after a restart is known without a look at all of them.
        self._pending: Table[bool] = world.store.table("operations-pending")
        self._most = most
        self._finished: dict[str, asyncio.Event] = {}
        self._faults: dict[str, Fault] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._guards: dict[str, Callable[[Call, str], None]] = {}

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{_SERVICE}/GetOperation": self._get,
            f"{_SERVICE}/ListOperations": self._list,
            f"{_SERVICE}/WaitOperation": self._wait,
            f"{_SERVICE}/DeleteOperation": self._delete,
        }

    def guard(self, prefix: str, check: Callable[[Call, str], None]) -> None:
        """Have it checked who may see operations whose names begin with `prefix`.

        Args:
            prefix: as in ``policies/``; or of their metadata's type, as in ``google.iam.v3.``.
            check: takes the call and the operation's name. Raises `ApiError`.
        """
        self._guards[prefix] = check

    def start(
        self,
        location: str,
        metadata: Any,  # noqa: ANN401 - protobuf
        work: Callable[[Any], Awaitable[None]],
        *,
        name: str = "",
        asks: bool = False,
    ) -> Any:  # noqa: ANN401 - Operation
        """A new operation, not done yet, whose work goes on in the background.

        Args:
            location: ``projects/P/locations/L``.
            metadata: the message that the operation shows while it is pending; None for none.
            work: finishes the operation by `succeed` or `fail`; takes its name.
            name: its whole name, where that is not made from the location.
            asks: whether the work asks for its `planned_failure`, and does what goes with it;
                otherwise such an operation fails before its work is begun.
        """
        name = name or f"{location}/operations/{uuid.uuid4()}"
        operation = operations_pb2.Operation(name=name)
        if metadata is not None:
            operation.metadata.Pack(metadata)
        self._kept.put(name, operation)
        self._pending.put(name, True)  # noqa: FBT003 - the record's value
        self._plan(name)
        self._go(name, work, asks=asks)
        answer = operations_pb2.Operation()
        answer.CopyFrom(operation)
        return answer

    def told_later(
        self,
        location: str,
        metadata: Any,  # noqa: ANN401 - protobuf
        response: Any,  # noqa: ANN401 - protobuf
        *,
        done: Any = None,  # noqa: ANN401 - protobuf
        name: str = "",
    ) -> Any:  # noqa: ANN401 - Operation
        """An operation whose work is done already, which is told when it is asked for.

        Args:
            location: ``projects/P/locations/L``.
            metadata: the message that it shows while it is pending; None for none.
            response: what it ends with.
            done: the metadata that it ends with, where that is another.
            name: its whole name, where that is not made from the location.
        """

        async def tell(operation: str) -> None:
            self.succeed(operation, done or metadata, response)

        return self.start(location, metadata, tell, name=name)

    def _plan(self, name: str) -> None:
        fault = operation_fault()
        self._faults.pop(name, None)  # of a namesake, before a reset
        if fault is not None:
            self._faults[name] = fault

    def planned_failure(self, name: str) -> ApiError | None:
        """The error that an operation is to fail with instead of its work; None for none."""
        fault = self._faults.get(name)
        if fault is None or fault.after or fault.kind != "failed-operation":
            return None
        return fault.error()

    def done(self, location: str, metadata: Any, response: Any) -> Any:  # noqa: ANN401 - protobuf
        """An operation that is done from the start and not kept: what validation answers with."""
        operation = operations_pb2.Operation(
            name=f"{location}/operations/{uuid.uuid4()}", done=True
        )
        operation.metadata.Pack(metadata)
        operation.response.Pack(response)
        return operation

    def finished(self, name: str, response: Any) -> Any:  # noqa: ANN401 - protobuf
        """An operation that is done in the first answer and has no metadata.

        Args:
            name: by which it is found again; some such operations have none (recorded).
            response: what it ends with.
        """
        operation = operations_pb2.Operation(name=name, done=True)
        operation.response.Pack(response)
        if name:
            self._kept.put(name, operation)
            self._forget_oldest()
        return operation

    def _forget_oldest(self) -> None:
        """What is done makes room for later ones, the oldest first."""
        if len(self._kept) - len(self._pending) <= self._most:
            return
        oldest = next((name for name in self._kept if name not in self._pending), None)
        if oldest is not None:
            self._kept.pop(oldest)

    def kept(self, name: str) -> Any:  # noqa: ANN401 - Operation or None
        """The operation as it is kept; None when there is none."""
        return self._kept.get(name)

    def tell(self, name: str, metadata: Any) -> None:  # noqa: ANN401 - protobuf
        """Show how far an operation is that goes on."""
        operation = self._kept.get(name)
        if operation is not None and not operation.done:
            operation.metadata.Pack(metadata)
            self._kept.put(name, operation)

    async def outcome(self, name: str) -> Any:  # noqa: ANN401 - Operation or None
        """The operation once it is done; None when it was forgotten meanwhile."""
        finished = self._finished.get(name)
        if finished is not None:
            await finished.wait()
        return self._kept.get(name)

    def succeed(self, name: str, metadata: Any, response: Any) -> None:  # noqa: ANN401 - protobuf
        """The operation is done and this is its response."""
        operation = self._kept.get(name)
        fault = self._faults.get(name)
        if fault is not None and fault.kind == "failed-operation":
            self.fail(name, metadata, fault.error())
        elif operation is not None:
            operation.metadata.Pack(metadata)
            operation.response.Pack(response)
            self._finish(name, operation)

    def fail(self, name: str, metadata: Any, error: ApiError) -> None:  # noqa: ANN401 - protobuf
        """The operation is done, with this error."""
        operation = self._kept.get(name)
        if operation is not None:
            if metadata is not None:
                operation.metadata.Pack(metadata)
            operation.error.CopyFrom(error.to_status())
            self._finish(name, operation)

    def resume(self, work_of: Callable[[Any], Callable[[Any], Awaitable[None]] | None]) -> None:
        """After a restart: go on with what was not done.

        Args:
            work_of: the work of an operation (message); None when it cannot be taken up again.
        """
        for name in self._pending:
            operation = self._kept.get(name)
            if operation is None:
                self._pending.pop(name)
                continue
            work = work_of(operation)
            if work is None:
                error = ApiError("ABORTED", "The emulator was stopped meanwhile.")
                self.fail(operation.name, None, error)
            else:
                self._go(operation.name, work)

    def _go(self, name: str, work: Callable[[Any], Awaitable[None]], *, asks: bool = False) -> None:
        self._finished[name] = asyncio.Event()
        task = asyncio.create_task(self._run(name, work, asks=asks))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Stop what is still going on."""
        tasks = tuple(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finish(self, name: str, operation: Any) -> None:  # noqa: ANN401 - Operation
        fault = self._faults.get(name)
        if fault is not None and fault.kind == "pending-operation":
            return
        operation.done = True
        self._kept.put(name, operation)
        self._pending.pop(name)
        self._faults.pop(name, None)
        self._let_go(name)
        self._forget_oldest()

    def _let_go(self, name: str) -> None:
        """Let those look again who wait for an operation."""
        finished = self._finished.pop(name, None)
        if finished is not None:
            finished.set()

    async def _run(self, name: str, work: Callable[[Any], Awaitable[None]], *, asks: bool) -> None:
        fault = self._faults.get(name)
        if fault is not None and fault.kind == "pending-operation" and not fault.after:
            return
        failure = None if asks else self.planned_failure(name)
        if failure is not None:
            self.fail(name, None, failure)
            return
        try:
            await work(name)
        except ApiError as error:
            self.fail(name, None, error)
        except Exception:
            self.fail(name, None, ApiError("INTERNAL", "Internal error encountered."))
            raise

    def _find(self, call: Call, verb: str) -> Any:  # noqa: ANN401 - Operation
        name = self._world.hierarchy.canonical(call.request.name)
        found = self._kept.get(name)
        if found is None:
            raise not_found(f"Operation {name} was not found.")
        owner = _owner(found)
        if owner:
            subject = name if name.startswith("projects/") else _target(found)
            require(self._world, call, f"{owner}.{verb}", subject, run_refusal)
        kind = found.metadata.type_url.rpartition("/")[2]
        for prefix, check in self._guards.items():
            if name.startswith(prefix) or kind.startswith(prefix):
                check(call, name)
        return found

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        return self._find(call, "get")

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        location = self._world.hierarchy.canonical(call.request.name)
        may = {
            owner
            for owner in _OWNERS.values()
            if self._world.access.allowed(call.principal, f"{owner}.list", location)
        }
        if not may:
            require(self._world, call, "run.operations.list", location, run_refusal)
        names = self._kept.below(f"{location}/operations")
        shown, token = page(names, call.request.page_size, call.request.page_token, location)
        found = [one for one in map(self._kept.get, shown) if one and _owner(one) in may]
        return operations_pb2.ListOperationsResponse(operations=found, next_page_token=token)

    async def _wait(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        operation = self._find(call, "get")
        finished = self._finished.get(operation.name)
        limit = call.request.timeout.seconds + call.request.timeout.nanos / 1e9
        if finished is not None:
            try:
                await asyncio.wait_for(finished.wait(), limit or None)
            except TimeoutError:
                return operation
        return self._find(call, "get")

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        found = self._find(call, "delete")
        if _owner(found) != _OWNERS[_RUN]:  # no other of these APIs offers it (discovery documents)
            raise ApiError("UNIMPLEMENTED", f"{call.method} is not offered by this emulator.")
        name = found.name
        self._kept.pop(name)
        self._pending.pop(name)
        self._faults.pop(name, None)
        self._let_go(name)
        return Empty()


def _owner(operation: Any) -> str:  # noqa: ANN401 - Operation
    """What the permissions for an operation begin with; empty for an API without such."""
    kind = operation.metadata.type_url.rpartition("/")[2]
    return next((owner for prefix, owner in _OWNERS.items() if kind.startswith(prefix)), "")


def _target(operation: Any) -> str:  # noqa: ANN401 - Operation
    """What an operation whose name has no project is about, by its metadata."""
    metadata = functions_v1.OperationMetadataV1.pb()()
    return str(metadata.target) if operation.metadata.Unpack(metadata) else ""
