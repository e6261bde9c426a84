"""Executes a program, a step at a time."""

import asyncio
from collections.abc import Mapping

from provision.emulator.language import looping, parallel, trying
from provision.emulator.language.checking import root_name
from provision.emulator.language.evaluator import Evaluator
from provision.emulator.language.faults import Place, Raised, fault, limit_fault, type_fault
from provision.emulator.language.flow import NEXT, Flow, Kind, gone_on
from provision.emulator.language.frames import Frame, Memory, Scope
from provision.emulator.language.library import FUNCTIONS
from provision.emulator.language.operators import place, text, truth
from provision.emulator.language.program import (
    Assign,
    Block,
    CallStep,
    Loop,
    Nested,
    Parallel,
    Program,
    Raise,
    Return,
    Routine,
    Step,
    Switch,
    Template,
    Try,
)
from provision.emulator.language.surroundings import Entry, Surroundings, Watch
from provision.emulator.language.syntax import Field, Index, Tree
from provision.emulator.language.values import Function, Value, encoded, holds_function, spoken_type

MOST_STEPS = 100_000
"""Steps of an execution. Source: https://cloud.google.com/workflows/quotas."""
DEEPEST_CALL = 20
"""Routines on the stack. Source: likewise."""
_BREATH = 50
"""Steps after which others get a turn."""


async def execute(
    program: Program,
    argument: Value,
    surroundings: Surroundings,
    watch: Watch,
    *,
    most_steps: int = MOST_STEPS,
) -> Value:
    """Run the main workflow.

    Args:
        program: what was compiled.
        argument: what its parameter gets.
        surroundings: the world that it runs in.
        watch: who is told of each step.
        most_steps: how many are executed.

    Returns:
        What it returns, which JSON can tell; null where it returns nothing.

    Raises:
        Raised: an error that nothing caught, with its stack trace.
    """
    machine = Machine(program, surroundings, watch, most_steps)
    main = program.routines["main"]
    given: dict[str, Value] = {one.name: argument for one in main.parameters}
    if argument is None:
        given = {one.name: one.default.value for one in main.parameters if one.default}
        given = {**{one.name: None for one in main.parameters}, **given}
    result = await machine.run(main, given, None)
    try:
        encoded(result)
    except (TypeError, ValueError, RecursionError) as error:
        raised = type_fault(f"the result cannot be encoded as JSON: {error}")
        raised.trace = machine.last
        raise raised from error
    return result


class Machine:
    """One execution.

    Args:
        program: what runs.
        surroundings: the world around it.
        watch: who is told of each step.
        most_steps: how many are executed.
    """

    def __init__(
        self, program: Program, surroundings: Surroundings, watch: Watch, most_steps: int
    ) -> None:
        self.program = program
        self.surroundings = surroundings
        self.memory = Memory()
        self.last: tuple[Place, ...] = ()
        self.unhandled = 0
        self._watch = watch
        self._steps = 0
        self._most_steps = most_steps
        self._entries = 0

    async def run(
        self, routine: Routine, given: Mapping[str, Value], caller: Frame | None
    ) -> Value:
        """Call a routine with all its parameters. Raises `Raised`."""
        entry = caller.entry if caller else 0
        frame = Frame(routine.name, caller, entry, caller.thread if caller else "")
        if frame.depth > DEEPEST_CALL:
            raise fault("RecursionError", f"maximum call stack depth of {DEEPEST_CALL} exceeded")
        scope = Scope(self.memory).inner(given)
        try:
            flow = await self.block(routine.steps, Stack(frame, scope, entry))
        except RecursionError:  # of this interpreter: steps within steps, times the calls
            raise fault("RecursionError", "steps and calls are nested too deeply") from None
        finally:
            scope.close()
        return flow.value

    async def block(self, block: Block, stack: "Stack") -> Flow:
        """Steps one after the other, until one goes elsewhere."""
        at = 0
        while at < len(block.steps):
            flow = await self.step(block.steps[at], stack)
            if flow is NEXT:
                at += 1
            elif flow.kind is Kind.JUMP and flow.step in block.order:
                at = block.order[flow.step]
            else:
                return flow
        return NEXT

    async def step(self, step: Step, stack: "Stack", progress: int = 0) -> Flow:
        """One step, its beginning and end told to the watch."""
        await self._count()
        stack.frame.place = step.place
        entry = self.begin(stack, step.name, kind_of(step), progress)
        try:
            flow = await self._act(step, stack.at(entry.number))
        except Raised as raised:
            _traced(raised, step, stack)
            self.end(entry, raised)
            raise
        self.last = stack.frame.trace()
        self.end(entry, None)
        return flow

    async def _count(self) -> None:
        self._steps += 1
        if self._steps > self._most_steps:
            limit = limit_fault(f"more than {self._most_steps:,} steps were executed")
            raise Raised(limit.value, final=True)
        if self._steps % _BREATH == 0:
            await asyncio.sleep(0)

    def begin(self, stack: "Stack", name: str, kind: str, progress: int = 0) -> Entry:
        """Tell the watch that something begins."""
        self._entries += 1
        frame = stack.frame
        entry = Entry(self._entries, stack.entry, frame.routine, name, kind, frame.thread, progress)
        self._watch.step_started(entry)
        return entry

    def end(self, entry: Entry, error: Raised | None) -> None:
        """Tell the watch that it is done."""
        self._watch.step_ended(entry, error)

    async def _act(self, step: Step, stack: "Stack") -> Flow:
        action = step.action
        if isinstance(action, Assign):
            await self._assign(action, stack)
        elif isinstance(action, CallStep):
            await self._call(action, stack)
        elif isinstance(action, Return):
            return Flow(Kind.RETURN, value=await self.value(action.value, stack))
        elif isinstance(action, Raise):
            raise Raised(await self.value(action.value, stack))
        elif action is not None:
            flow = await self._compound(step, action, stack)
            if flow is not NEXT:
                return flow
        return gone_on(step.following)

    async def _compound(
        self, step: Step, action: Switch | Loop | Parallel | Try | Nested, stack: "Stack"
    ) -> Flow:
        if isinstance(action, Nested):
            return await self.block(action.steps, stack)
        if isinstance(action, Switch):
            return await self._switch(action, stack)
        if isinstance(action, Loop):
            return await looping.run(self, step, action, stack)
        if isinstance(action, Parallel):
            return await parallel.run(self, step, action, stack)
        return await trying.run(self, step, action, stack)

    async def _switch(self, action: Switch, stack: "Stack") -> Flow:
        for number, (asked, done) in enumerate(action.conditions, 1):
            if truth(await self.value(asked, stack), "condition"):
                return await self._condition(done, stack, number)
        return NEXT

    async def _condition(self, done: Step, stack: "Stack", number: int) -> Flow:
        if done.action is None:
            return gone_on(done.following)
        stack.frame.place = done.place
        entry = self.begin(stack, done.name, "STEP_CONDITION", number)
        try:
            flow = await self._act(done, stack.at(entry.number))
        except Raised as raised:
            _traced(raised, done, stack)
            self.end(entry, raised)
            raise
        self.end(entry, None)
        return flow

    async def _assign(self, action: Assign, stack: "Stack") -> None:
        for target, template in action.targets:
            await self._store(target, await self.value(template, stack), stack)

    async def _call(self, action: CallStep, stack: "Stack") -> None:
        named = {name: await self.value(one, stack) for name, one in action.named}
        listed = [await self.value(one, stack) for one in action.listed or ()]
        if action.kind == "STEP_CONNECTOR_CALL":
            if holds_function(named):
                raise type_fault(f"a function cannot be given to {action.function}")
            result = await self.surroundings.connector(action.function, named)
        elif action.kind == "STEP_SUBWORKFLOW_CALL":
            routine = self.program.routines[action.function]
            result = await self.run(routine, _parameters(routine, listed, named), stack.calling())
        else:
            entry = FUNCTIONS[action.function]
            given = listed or [named.get(name) for name in entry.names]
            result = await entry.call(self.surroundings, given)
        if action.result is not None:
            await self._store(action.result, result, stack)

    async def apply(self, function: Value, given: list[Value], stack: "Stack") -> Value:
        """Call a function that is a value, as retry policies name one. Raises `Raised`."""
        if not isinstance(function, Function):
            raise type_fault(f"a value of type '{spoken_type(function)}' is no function")
        return await self._invoke(function.name, given, stack)

    async def _invoke(self, name: str, given: list[Value], stack: "Stack") -> Value:
        if name in self.program.routines:
            routine = self.program.routines[name]
            parameters = _parameters(routine, given, {})
            return await self.run(routine, parameters, stack.calling())
        entry = FUNCTIONS[name]
        if not len(entry.required) <= len(given) <= len(entry.parameters):
            raise type_fault(f"{name}() takes {len(entry.parameters)} arguments")
        result = await entry.call(self.surroundings, given)
        return text(result) if isinstance(result, str) else result

    async def value(self, template: Template, stack: "Stack") -> Value:
        """What a template stands for now. Raises `Raised`."""
        return await self._evaluator(stack).value(template)

    def _evaluator(self, stack: "Stack") -> Evaluator:
        async def call(name: str, given: list[Value]) -> Value:
            return await self._invoke(name, given, stack)

        return Evaluator(stack.scope, self.program.routines, call)

    async def _store(self, target: Tree, value: Value, stack: "Stack") -> None:
        """Put a value where a target says. Raises `Raised`."""
        name, keys = root_name(target), await self._keys(target, stack)
        if keys:
            value = with_part(stack.scope.get(name), keys, value)
        stack.scope.assign(name, value)

    async def _keys(self, target: Tree, stack: "Stack") -> list[Value]:
        """The keys and places on the way into a variable, outermost first."""
        keys: list[Value] = []
        while isinstance(target, Field | Index):
            if isinstance(target, Field):
                keys.append(target.name)
            else:
                keys.append(await self._evaluator(stack).tree(target.index))
            target = target.operand
        return keys[::-1]


class Stack:
    """Where a step runs: its routine, its variables, the entry around it.

    Args:
        frame: of the routine.
        scope: of the block.
        entry: the number of the entry around.
    """

    def __init__(self, frame: Frame, scope: Scope, entry: int) -> None:
        self.frame = frame
        self.scope = scope
        self.entry = entry

    def at(self, entry: int) -> "Stack":
        """The same, within an entry."""
        return Stack(self.frame, self.scope, entry)

    def within(self, scope: Scope, entry: int) -> "Stack":
        """The same routine with a scope of its own."""
        return Stack(self.frame, scope, entry)

    def calling(self) -> Frame:
        """The frame as the caller of another."""
        self.frame.entry = self.entry
        return self.frame


def _traced(raised: Raised, step: Step, stack: Stack) -> None:
    """Tell an error where it was raised, unless a step within has done so."""
    if raised.trace is None:
        stack.frame.place = step.place
        raised.trace = stack.frame.trace()


def kind_of(step: Step) -> str:
    """The kind of a step, as ``StepEntry.stepType`` of the Executions API names it."""
    action = step.action
    if isinstance(action, CallStep):
        return action.kind
    if isinstance(action, Parallel):
        return "STEP_PARALLEL_FOR" if action.loop else "STEP_PARALLEL_BRANCH"
    return {
        Assign: "STEP_ASSIGN",
        Switch: "STEP_SWITCH",
        Loop: "STEP_FOR",
        Try: "STEP_TRY_RETRY_EXCEPT",
        Raise: "STEP_RAISE",
        Return: "STEP_RETURN",
        Nested: "STEP_TYPE_UNSPECIFIED",
    }.get(type(action), "STEP_GOTO")


def with_part(whole: Value, keys: list[Value], value: Value) -> Value:
    """A copy of a map or list in which one place is another value. Raises `Raised`.

    Maps that are not there yet on the way are made.
    """
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    if isinstance(whole, list):
        at = place(whole, key)
        return [*whole[:at], with_part(whole[at], rest, value), *whole[at + 1 :]]
    if not isinstance(whole, dict):
        raise type_fault(f"a value of type '{spoken_type(whole)}' has no parts to assign to")
    if not isinstance(key, str):
        raise type_fault(f"a key must be a string; got: {spoken_type(key)}")
    inner = whole.get(key, {} if rest else None)
    return {**whole, key: with_part(inner, rest, value)}


def _parameters(
    routine: Routine, listed: list[Value], named: Mapping[str, Value]
) -> dict[str, Value]:
    """What each parameter gets. Raises `Raised` where that cannot be told."""
    if len(listed) > len(routine.parameters):
        raise type_fault(f"{routine.name} takes {len(routine.parameters)} arguments")
    given = dict(named)
    for parameter, value in zip(routine.parameters, listed, strict=False):
        given[parameter.name] = value
    for parameter in routine.parameters:
        if parameter.name not in given:
            if parameter.default is None:
                raise type_fault(f"missing argument '{parameter.name}' of {routine.name}")
            given[parameter.name] = parameter.default.value
    return given
