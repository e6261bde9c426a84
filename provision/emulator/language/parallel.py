"""``parallel``: branches, or the turns of a loop, at once.

Source: https://cloud.google.com/workflows/docs/reference/syntax/parallel-steps; the limits:
https://cloud.google.com/workflows/quotas. Assumed: the map of an `UnhandledBranchError`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from provision.emulator.language import looping
from provision.emulator.language.faults import Raised, fault, limit_fault, type_fault
from provision.emulator.language.flow import NEXT, Flow
from provision.emulator.language.program import Block, Loop, Parallel, Step
from provision.emulator.language.values import Value

if TYPE_CHECKING:
    from provision.emulator.language.machine import Machine, Stack

_MOST_AT_ONCE = 20
_MOST_UNHANDLED = 100
_Branch: TypeAlias = tuple[str, Callable[[], Awaitable[object]]]


async def run(machine: "Machine", step: Step, action: Parallel, stack: "Stack") -> Flow:
    """All branches; an error of one stops none of the others, and is raised behind them all."""
    limit = await _limit(machine, action, stack)
    if action.loop is not None:
        turns = enumerate(await looping.turns(machine, action.loop, stack))
        branches = _turns(machine, step, action.loop, stack, turns)
    else:
        named = enumerate(action.branches, 1)
        branches = ((one[0], _branch(machine, one, stack, number)) for number, one in named)
    errors = await _all(machine, limit, branches)
    if errors:
        raise _unhandled(errors)
    return NEXT


async def _limit(machine: "Machine", action: Parallel, stack: "Stack") -> int:
    if action.limit is None:
        return _MOST_AT_ONCE
    limit = await machine.value(action.limit, stack)
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise type_fault("concurrency_limit must be a positive integer")
    return min(limit, _MOST_AT_ONCE)


async def _all(
    machine: "Machine", limit: int, branches: Iterator[_Branch]
) -> list[tuple[str, Raised]]:
    """Run all to their end, so many at a time; the errors by the name of the branch."""
    errors: dict[int, tuple[str, Raised]] = {}
    numbered = enumerate(branches)

    async def work() -> None:
        for number, (name, branch) in numbered:
            try:
                await branch()
            except Raised as raised:
                machine.unhandled += 1
                if raised.final or machine.unhandled > _MOST_UNHANDLED:
                    raise _too_many(raised) from raised
                errors[number] = (name, raised)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(limit):
                group.create_task(work())
    except BaseExceptionGroup as ended:  # what is raised within `except*` is in a group again
        raised, others = ended.split(Raised)
        if raised is None or others is not None:
            raise
        raise next(_leaves(raised)) from None
    return [errors[number] for number in sorted(errors)]


def _too_many(raised: Raised) -> Raised:
    """What ends all branches: the end of the execution, or one error too many."""
    if raised.final:
        return raised
    return limit_fault(f"more than {_MOST_UNHANDLED} unhandled errors in branches")


def _leaves(group: BaseExceptionGroup[Raised]) -> Iterator[Raised]:
    for one in group.exceptions:
        if isinstance(one, BaseExceptionGroup):
            yield from _leaves(one)
        else:
            yield one


def _branch(
    machine: "Machine", named: tuple[str, Block], stack: "Stack", number: int
) -> Callable[[], Awaitable[object]]:
    name, block = named

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


def _turns(
    machine: "Machine", step: Step, loop: Loop, stack: "Stack", turns: Iterator[tuple[int, Value]]
) -> Iterator[_Branch]:
    """The turns of a loop as branches, made when there is room for one."""
    for turn in turns:
        inner = _apart(stack, str(turn[0]))

        async def alone(inner: "Stack" = inner, turn: tuple[int, Value] = turn) -> None:
            await looping.run_turn(machine, step, loop, inner, turn)

        yield str(turn[0]), alone


def _apart(stack: "Stack", name: str) -> "Stack":
    """The same routine in a branch: with a place of its own."""
    thread = f"{stack.frame.thread}.{name}" if stack.frame.thread else name
    inner = stack.at(stack.entry)
    inner.frame = stack.frame.branch(thread)
    return inner


def _unhandled(errors: list[tuple[str, Raised]]) -> Raised:
    branches: list[Value] = [
        {"id": name, "error": {"context": one.context, "payload": one.payload}}
        for name, one in errors
    ]
    return fault(
        "UnhandledBranchError",
        "One or more branches or iterations encountered an unhandled runtime error",
        {"branches": branches, "truncated": False},
    )
