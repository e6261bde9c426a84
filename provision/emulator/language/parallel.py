"""``parallel``: branches, or the turns of a loop, at once.

Source: https://cloud.google.com/workflows/docs/reference/syntax/parallel-steps; the limits:
https://cloud.google.com/workflows/quotas. Assumed: the map of an `UnhandledBranchError`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from provision.emulator.language import looping
from provision.emulator.language.faults import Raised, fault, limit_fault, type_fault
from provision.emulator.language.flow import NEXT, Flow
from provision.emulator.language.program import Block, Loop, Parallel, Step
from provision.emulator.language.values import Value

if TYPE_CHECKING:
    from provision.emulator.language.machine import Machine, Stack

_MOST_AT_ONCE = 20
_MOST_UNHANDLED = 100


async def run(machine: "Machine", step: Step, action: Parallel, stack: "Stack") -> Flow:
    """All branches; an error of one stops none of the others, and is raised behind them all."""
    gate = asyncio.Semaphore(await _limit(machine, action, stack))
    found: list[tuple[str, Callable[[], Awaitable[object]]]] = []
    if action.loop is not None:
        turns = enumerate(await looping.turns(machine, action.loop, stack))
        found.extend((str(one[0]), _turn(machine, step, action.loop, stack, one)) for one in turns)
    for number, (name, block) in enumerate(action.branches, 1):
        found.append((name, _branch(machine, name, block, stack, number)))
    errors = await _all(gate, found)
    if errors:
        raise _unhandled(machine, errors)
    return NEXT


async def _limit(machine: "Machine", action: Parallel, stack: "Stack") -> int:
    if action.limit is None:
        return _MOST_AT_ONCE
    limit = await machine.value(action.limit, stack)
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise type_fault("concurrency_limit must be a positive integer")
    return min(limit, _MOST_AT_ONCE)


async def _all(
    gate: asyncio.Semaphore, found: list[tuple[str, Callable[[], Awaitable[object]]]]
) -> list[tuple[str, Raised]]:
    """Run all to their end; the errors by the name of the branch, in order of the branches."""
    errors: dict[str, Raised] = {}

    async def one(name: str, branch: Callable[[], Awaitable[object]]) -> None:
        async with gate:
            try:
                await branch()
            except Raised as raised:
                errors[name] = raised

    async with asyncio.TaskGroup() as group:
        for name, branch in found:
            group.create_task(one(name, branch))
    return [(name, errors[name]) for name, _ in found if name in errors]


def _branch(
    machine: "Machine", name: str, block: Block, stack: "Stack", number: int
) -> Callable[[], Awaitable[object]]:
    async def branch() -> None:
        inner = _apart(stack, name)
        entry = machine.begin(inner, name, "STEP_PARALLEL_BRANCH_ENTRY", number)
        scope = stack.scope.inner()
        try:
            await machine.block(block, inner.within(scope, entry.number))
        except Raised as raised:
            machine.end(entry, raised)
            raise
        finally:
            scope.close()
        machine.end(entry, None)

    return branch


def _turn(
    machine: "Machine", step: Step, loop: Loop, stack: "Stack", turn: tuple[int, Value]
) -> Callable[[], Awaitable[object]]:
    async def alone() -> None:
        await looping.run_turn(machine, step, loop, _apart(stack, str(turn[0])), turn)

    return alone


def _apart(stack: "Stack", name: str) -> "Stack":
    """The same routine in a branch: with a place of its own."""
    thread = f"{stack.frame.thread}.{name}" if stack.frame.thread else name
    inner = stack.at(stack.entry)
    inner.frame = stack.frame.branch(thread)
    return inner


def _unhandled(machine: "Machine", errors: list[tuple[str, Raised]]) -> Raised:
    machine.unhandled += len(errors)
    if machine.unhandled > _MOST_UNHANDLED:
        return limit_fault(f"more than {_MOST_UNHANDLED} unhandled errors in branches")
    branches: list[Value] = [
        {"id": name, "error": {"context": one.context, "payload": one.payload}}
        for name, one in errors
    ]
    return fault(
        "UnhandledBranchError",
        "One or more branches or iterations encountered an unhandled runtime error",
        {"branches": branches, "truncated": False},
    )
