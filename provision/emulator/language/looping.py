"""``for``: over a list, or from a number to another.

Source: https://cloud.google.com/workflows/docs/reference/syntax/iteration.
"""

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from provision.emulator.language.faults import Raised, type_fault, value_fault
from provision.emulator.language.flow import NEXT, Flow, Kind
from provision.emulator.language.operators import bounded
from provision.emulator.language.program import Loop, Step
from provision.emulator.language.values import Value, is_number, spoken_type

if TYPE_CHECKING:
    from provision.emulator.language.machine import Machine, Stack

_BOUNDS = 2


async def run(machine: "Machine", step: Step, loop: Loop, stack: "Stack") -> Flow:
    """All turns in order."""
    for turn in enumerate(await turns(machine, loop, stack)):
        flow = await run_turn(machine, step, loop, stack, turn)
        if flow.kind is Kind.BREAK:
            return NEXT
        if flow.kind not in (Kind.NEXT, Kind.CONTINUE):
            return flow
    return NEXT


async def run_turn(
    machine: "Machine", step: Step, loop: Loop, stack: "Stack", turn: tuple[int, Value]
) -> Flow:
    """One turn, in a scope of its own; `turn` is its number, counted from 0, and its value."""
    number, value = turn
    entry = machine.begin(stack, step.name, "STEP_FOR_ITERATION", number + 1)
    variables: dict[str, Value] = {loop.value: value}
    if loop.index is not None:
        variables[loop.index] = number
    scope = stack.scope.inner()
    try:
        for name, one in variables.items():
            scope.declare(name, one)
        flow = await machine.block(loop.steps, stack.within(scope, entry.number))
    except Raised as raised:
        machine.end(entry, raised)
        raise
    finally:
        scope.close()
    machine.end(entry, None)
    return flow


async def turns(machine: "Machine", loop: Loop, stack: "Stack") -> Iterable[Value]:
    """What a loop walks over. Raises `Raised`."""
    if loop.items is not None:
        items = await machine.value(loop.items, stack)
        if not isinstance(items, list):
            raise type_fault(f"for takes a list in 'in'; got: {spoken_type(items)}")
        return items
    values = [await machine.value(one, stack) for one in loop.bounds]
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    numbers = [one for one in values if is_number(one)]
    if len(numbers) != len(values) or len(numbers) != _BOUNDS:
        raise type_fault("range must be a list of two numbers")
    if not all(map(math.isfinite, numbers)):
        raise value_fault("range must be of finite numbers")
    return _range(*numbers)


def _range(first: float, last: float) -> Iterator[Value]:
    """Numbers a step of one apart, both ends included."""
    at = first
    while at <= last:
        yield at
        at = bounded(at + 1)
