"""Executions as they run: tasks of the event loop, one each."""

import asyncio
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from google.cloud.workflows import executions_v1

from provision.emulator.language import Program, execute
from provision.emulator.language.faults import Raised, fault
from provision.emulator.language.values import Value, encoded
from provision.emulator.packing import packed, unpacked
from provision.emulator.rpc.execution_forms import Execution
from provision.emulator.services.callers.sending import Sender
from provision.emulator.services.callers.workflows.execution_steps import History, Note, as_kept
from provision.emulator.services.callers.workflows.execution_world import WorkflowWorld
from provision.emulator.times import timestamp, to_micros
from provision.emulator.world import World

if TYPE_CHECKING:
    from provision.emulator.store import Table

_STATE = executions_v1.Execution.State
_ACTIVE = int(_STATE.ACTIVE)
_MOST_KEPT = 5_000
_MICROS = 1_000_000


class ExecutionRuns:
    """Runs executions and keeps what became of them.

    Args:
        world: projects, where they are kept.
        sender: sends what they ask of the network.
    """

    def __init__(self, world: World, sender: Sender) -> None:
        self._world = world
        self._sender = sender
        self._table = world.store.table(
            "workflow-executions",
            encode=packed,
            decode=lambda value: unpacked(value, Execution()),
        )
        # What was running when the emulator stopped is known without a look at all of them.
        self._active: Table[bool] = world.store.table("workflow-executions-active")
        self._steps = world.store.table(
            "workflow-execution-steps",
            encode=lambda notes: [as_kept(one) for one in notes],
            decode=lambda kept: [Note(*one) for one in kept],
        )
        self._logs: Table[str] = world.store.table("workflow-execution-logs")
        self._running: dict[str, asyncio.Task[None]] = {}
        self._going: dict[str, tuple[History, WorkflowWorld]] = {}

    def find(self, name: str) -> Any:  # noqa: ANN401 - Execution or None
        """An execution by its name with the project's id; None when there is none."""
        return self._table.get(name)

    def below(self, workflow: str) -> list[Any]:
        """The executions of a workflow, the newest first."""
        names = reversed(list(self._table.below(f"{workflow}/executions")))
        return [one for one in map(self._table.get, names) if one is not None]

    def steps(self, name: str) -> list[Any]:
        """The entries of an execution's history, in the order in which its steps began."""
        execution, going = self._table.get(name), self._going.get(name)
        notes = going[0].notes if going is not None else self._steps.get(name)
        return [one.message(execution.name) for one in notes or ()] if execution else []

    def logs(self, name: str) -> str | None:
        """The last lines that an execution wrote by ``sys.log``; None when there is none."""
        key = self._world.hierarchy.canonical(name)
        going = self._going.get(key)
        if going is not None:
            return "".join(going[1].logs)
        return self._logs.get(key) or "" if key in self._table else None

    def forget_steps(self, name: str) -> None:
        """Delete the history of an execution."""
        self._steps.pop(name)

    def begin(
        self,
        key: str,
        execution: Any,  # noqa: ANN401 - Execution
        workflow: Any,  # noqa: ANN401 - Workflow
        program: Program,
        argument: Value,
    ) -> None:
        """Start an execution.

        Args:
            key: its name with the project's id.
            execution: the message; kept, and changed in place until its end.
            workflow: the revision that runs.
            program: that revision's source, compiled.
            argument: what it is given.
        """
        self._table.put(key, execution)
        self._active.put(key, True)  # noqa: FBT003 - the record's value
        self._forget_oldest()
        history = History(execution)
        project = self._world.hierarchy.find(key.split("/")[1])
        number = project.number if project else 0
        world = WorkflowWorld(self._sender, workflow, execution, number)
        self._going[key] = history, world

        async def work() -> None:
            await _run(execution, lambda: execute(program, argument, world, history))

        task = self._running[key] = asyncio.create_task(work())
        task.add_done_callback(lambda _: self._over(key, execution))

    def _over(self, key: str, execution: Any) -> None:  # noqa: ANN401 - Execution
        """Keep what became of an execution."""
        self._running.pop(key, None)
        history, world = self._going.pop(key)
        history.close()
        kept = self._table.get(key) is execution  # or else deleted meanwhile
        if kept and execution.state != _ACTIVE:  # or else the emulator is being stopped
            self._active.pop(key)
            self._table.put(key, execution)
            self._steps.put(key, history.notes)
            self._logs.put(key, "".join(world.logs))

    def _forget_oldest(self) -> None:
        """What has ended makes room for later ones, the oldest first."""
        if len(self._table) <= _MOST_KEPT:
            return
        oldest = next((name for name in self._table if name not in self._running), None)
        if oldest is not None:
            self._remove(oldest)

    def _remove(self, name: str) -> None:
        for table in (self._table, self._active, self._steps, self._logs):
            table.pop(name)

    async def cancel(self, name: str) -> None:
        """Stop an execution, and wait until it has stopped."""
        task, execution = self._running.get(name), self._table.get(name)
        if task is None or execution is None:
            return
        _end(execution, _STATE.CANCELLED)
        task.cancel()
        await asyncio.wait({task})

    async def forget(self, workflow: str) -> None:
        """Cancel and delete every execution of a workflow."""
        for name in list(self._table.below(f"{workflow}/executions")):
            await self.cancel(name)
            self._remove(name)

    def restore(self) -> None:
        """After a restart: what was running runs no more."""
        for name in tuple(self._active):
            execution = self._table.get(name)
            if execution is not None:
                _fail(execution, fault("SystemError", "The emulator was stopped meanwhile."))
                self._table.put(name, execution)
            self._active.pop(name)

    async def stop(self) -> None:
        """Stop whatever is running, for the end or a reset."""
        await _stopped(self._running.values())


async def _stopped(tasks: Iterable["asyncio.Task[None]"]) -> None:
    found = tuple(tasks)
    for task in found:
        task.cancel()
    await asyncio.gather(*found, return_exceptions=True)


async def _run(execution: Any, work: Callable[[], Any]) -> None:  # noqa: ANN401 - Execution
    """Run a program to its end and write down how it ended."""
    try:
        result = encoded(await work())
    except Raised as error:
        _fail(execution, error)
    except (TypeError, ValueError) as error:
        _fail(execution, fault("TypeError", f"the result cannot be told as JSON: {error}"))
    except Exception as error:  # noqa: BLE001 - of the emulator itself, which goes on
        traceback.print_exception(error, file=sys.stderr)
        _fail(execution, fault("SystemError", "Internal error encountered."))
    else:
        execution.result = result
        _end(execution, _STATE.SUCCEEDED)


def _fail(execution: Any, error: Raised) -> None:  # noqa: ANN401 - Execution
    told = execution.error
    told.payload, told.context = error.payload, error.context
    for place in error.trace or ():
        element = told.stack_trace.elements.add(step=place.step, routine=place.routine)
        element.position.line, element.position.column = place.line, place.column
        element.position.length = place.length
    _end(execution, _STATE.FAILED)


def _end(execution: Any, state: Any) -> None:  # noqa: ANN401 - Execution, an enum's value
    now = timestamp()
    execution.state = int(state)
    execution.end_time.CopyFrom(now)
    taken = to_micros(now) - to_micros(execution.start_time)
    execution.duration.FromMicroseconds(max(taken, 0) % (_MICROS * 10**9))
