"""What a routine refers to: variables, functions and their arguments, steps that ``next`` names.

Variables have the scope of the block that assigns them first: a routine, the turns of a loop, an
``except``, a branch. Source: https://cloud.google.com/workflows/docs/reference/syntax/variables.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from provision.emulator.language.faults import SourceError
from provision.emulator.language.library import CONSTANTS, FUNCTIONS, MODULES, REFUSED
from provision.emulator.language.program import (
    Assign,
    Block,
    CallStep,
    Loop,
    Nested,
    Parallel,
    Raise,
    Return,
    Routine,
    Step,
    Switch,
    Template,
    Try,
)
from provision.emulator.language.syntax import Call, Field, Index, Name, Tree, parts_of
from provision.emulator.language.templates import trees

_ANYWHERE = frozenset(("end",))
_IN_LOOPS = frozenset(("break", "continue"))
_DEEPEST_PARALLEL = 2


@dataclass(frozen=True)
class _Scope:
    """What is in reach of a step."""

    names: frozenset[str]
    steps: frozenset[str] = frozenset()
    looping: bool = False
    read_only: frozenset[str] = frozenset()
    parallel: int = 0


def check_routine(
    routine: Routine, routines: Mapping[str, Routine], connectors: Collection[str]
) -> None:
    """Raise `SourceError` for what cannot be referred to."""
    given = frozenset(parameter.name for parameter in routine.parameters)
    scope = _Scope(given | frozenset(_assigned(routine.steps)))
    _Checker(routines, connectors).block(routine.steps, scope)


class _Checker:
    """Walks through the steps of a routine."""

    def __init__(self, routines: Mapping[str, Routine], connectors: Collection[str]) -> None:
        self._routines = routines
        self._connectors = connectors

    def block(self, block: Block, scope: _Scope) -> None:
        inner = replace(scope, steps=scope.steps | block.order.keys())
        for step in block.steps:
            self._step(step, inner)

    def _step(self, step: Step, scope: _Scope) -> None:
        self._following(step, scope)
        for what, one in _templates(step):
            for tree in trees(one):
                self._tree(step, what, tree, scope)
        for target in _targets(step):
            self._target(step, target, scope)
        if isinstance(step.action, CallStep):
            self._call(step, step.action)
        self._inside(step, scope)

    def _inside(self, step: Step, scope: _Scope) -> None:
        action = step.action
        if isinstance(action, Nested):
            self.block(action.steps, scope)
        elif isinstance(action, Switch):
            for _, done in action.conditions:
                self._step(done, scope)
        elif isinstance(action, Loop):
            self._loop(step, action, scope)
        elif isinstance(action, Try):
            self._try(action, scope)
        elif isinstance(action, Parallel):
            self._parallel(step, action, scope)
        elif isinstance(action, Return) and scope.parallel:
            raise _error(step, "return is not allowed in a branch of parallel")

    def _loop(self, step: Step, loop: Loop, scope: _Scope) -> None:
        counters = {loop.value, *([loop.index] if loop.index else [])}
        for name in sorted(counters & scope.names):
            raise _error(step, f"loop variable '{name}' is a variable outside of the loop as well")
        inner = _opened(scope, counters | set(_assigned(loop.steps)))
        self.block(loop.steps, replace(inner, looping=True))

    def _try(self, action: Try, scope: _Scope) -> None:
        self._step(action.body, scope)
        if action.handler is not None:
            steps = action.handler.steps
            self.block(steps, _opened(scope, {action.handler.caught, *_assigned(steps)}))

    def _parallel(self, step: Step, action: Parallel, scope: _Scope) -> None:
        if scope.parallel >= _DEEPEST_PARALLEL:
            raise _error(step, f"parallel steps are nested deeper than {_DEEPEST_PARALLEL}")
        for name in sorted(action.shared - scope.names):
            raise _error(step, f"shared variable '{name}' is not a variable of the parent scope")
        for name in sorted(action.shared & scope.read_only):
            raise _error(step, f"shared variable '{name}' is not shared by the parent step")
        closed = replace(
            scope,
            steps=frozenset(),
            looping=False,
            parallel=scope.parallel + 1,
            read_only=scope.names - action.shared,
        )
        for _, branch in action.branches:
            self.block(branch, _opened(closed, set(_assigned(branch))))
        if action.loop is not None:
            self._loop(step, action.loop, closed)

    def _following(self, step: Step, scope: _Scope) -> None:
        to = step.following
        if to is None or to in _ANYWHERE or to in scope.steps:
            return
        if to in _IN_LOOPS:
            if not scope.looping:
                raise _error(step, f"next: {to} is not in a for loop")
            return
        raise _error(step, f"next: step '{to}' not found")

    def _tree(self, step: Step, what: str, tree: Tree, scope: _Scope) -> None:
        waiting = [tree]
        while waiting:
            one = waiting.pop()
            if _constant(one, scope) is not None:
                continue
            if isinstance(one, Name):
                self._name(step, what, one.text, scope)
            elif isinstance(one, Call):
                self._function(step, what, one)
            waiting.extend(parts_of(one))

    def _name(self, step: Step, what: str, name: str, scope: _Scope) -> None:
        if name not in scope.names and name not in self._routines and name not in FUNCTIONS:
            raise _error(
                step,
                f"error evaluating {what}: symbol '{name}' is neither a variable nor a "
                "sub-workflow name",
            )

    def _function(self, step: Step, what: str, call: Call) -> None:
        name = call.function
        if name in self._routines:
            least, most = _expected(self._routines[name])
        elif name in FUNCTIONS and not FUNCTIONS[name].blocks:
            entry = FUNCTIONS[name]
            least, most = len(entry.required), len(entry.parameters)
        elif name in FUNCTIONS or name in REFUSED or name in self._connectors:
            raise _error(
                step, f"error evaluating {what}: {name} takes time; use a call step for it"
            )
        else:
            raise _error(step, f"error evaluating {what}: {_unknown(name)}")
        if not least <= len(call.arguments) <= most:
            raise _error(step, f"error evaluating {what}: {_counted(name, least, most)}")

    def _call(self, step: Step, call: CallStep) -> None:
        if call.function in self._connectors:
            if call.listed is not None:
                raise _error(step, f"{call.function} takes its arguments by name")
            return
        if call.function in self._routines:
            routine = self._routines[call.function]
            known = [one.name for one in routine.parameters]
            needed = [one.name for one in routine.parameters if one.default is None]
        elif call.function in FUNCTIONS:
            entry = FUNCTIONS[call.function]
            known, needed = list(entry.names), list(entry.required)
        else:
            raise _error(step, _unknown(call.function))
        _check_arguments(step, call, known, needed)

    def _target(self, step: Step, target: Tree, scope: _Scope) -> None:
        for part in _indexes(target):
            self._tree(step, "assignment", part, scope)
        name = root_name(target)
        if name in scope.read_only:
            raise _error(step, f"variable '{name}' must be shared to be assigned to in parallel")


def _unknown(name: str) -> str:
    """Why a function cannot be called."""
    if name in REFUSED:
        return f"{name} is not supported: this emulator has no {REFUSED[name]}"
    if name.startswith("googleapis."):
        return f"connector {name} is not supported by this emulator"
    module = name.partition(".")[0]
    return f"symbol '{name if module in MODULES else module}' not found"


def _opened(scope: _Scope, own: set[str]) -> _Scope:
    """The scope of a block in another: what it assigns first is its own."""
    new = frozenset(own)
    return replace(scope, names=scope.names | new)


def _expected(routine: Routine) -> tuple[int, int]:
    needed = [one for one in routine.parameters if one.default is None]
    return len(needed), len(routine.parameters)


def _counted(name: str, least: int, most: int) -> str:
    span = str(least) if least == most else f"{least} to {most}"
    return f"{name} takes {span} arguments"


def _check_arguments(step: Step, call: CallStep, known: list[str], needed: list[str]) -> None:
    if call.listed is not None:
        if not len(needed) <= len(call.listed) <= len(known):
            raise _error(step, _counted(call.function, len(needed), len(known)))
        return
    given = [name for name, _ in call.named]
    for name in given:
        if name not in known:
            raise _error(step, f"unexpected argument '{name}' of {call.function}")
    for name in needed:
        if name not in given:
            raise _error(step, f"missing argument '{name}' of {call.function}")


def _constant(tree: Tree, scope: _Scope) -> str | None:
    """The name of the library's value or function that a tree is; None where it is none."""
    name = dotted(tree)
    if name is None or name.partition(".")[0] in scope.names:
        return None
    return name if name in CONSTANTS or name in FUNCTIONS else None


def dotted(tree: Tree) -> str | None:
    """``a.b.c`` as it is written; None for anything else."""
    names: list[str] = []
    while isinstance(tree, Field):
        names.append(tree.name)
        tree = tree.operand
    return ".".join((tree.text, *reversed(names))) if isinstance(tree, Name) else None


def root_name(target: Tree) -> str:
    """The variable that a target is, or is in."""
    while isinstance(target, Field | Index):
        target = target.operand
    return target.text if isinstance(target, Name) else ""


def _indexes(target: Tree) -> Iterator[Tree]:
    while isinstance(target, Field | Index):
        if isinstance(target, Index):
            yield target.index
        target = target.operand


def _targets(step: Step) -> tuple[Tree, ...]:
    action = step.action
    if isinstance(action, Assign):
        return tuple(target for target, _ in action.targets)
    if isinstance(action, CallStep) and action.result is not None:
        return (action.result,)
    return ()


def _assigned(block: Block) -> Iterator[str]:
    """The variables that a block assigns itself: not in loops, handlers and branches within."""
    for step in block.steps:
        yield from _assigned_by(step)


def _assigned_by(step: Step) -> Iterator[str]:
    yield from map(root_name, _targets(step))
    action = step.action
    if isinstance(action, Nested):
        yield from _assigned(action.steps)
    elif isinstance(action, Switch):
        for _, done in action.conditions:
            yield from _assigned_by(done)
    elif isinstance(action, Try):
        yield from _assigned_by(action.body)


def _templates(step: Step) -> Iterator[tuple[str, Template]]:
    """The values that a step works out itself, with what they are for."""
    action = step.action
    if isinstance(action, Assign):
        yield from (("assigned value", value) for _, value in action.targets)
    elif isinstance(action, CallStep):
        yield from (("call arguments", value) for _, value in action.named)
        yield from (("call arguments", value) for value in action.listed or ())
    elif isinstance(action, Switch):
        yield from (("condition", asked) for asked, _ in action.conditions)
    elif isinstance(action, Return | Raise):
        yield ("return value" if isinstance(action, Return) else "raised value"), action.value
    elif isinstance(action, Loop | Parallel | Try):
        yield from (("value", one) for one in _of_blocks(action) if one is not None)


def _of_blocks(action: Loop | Parallel | Try) -> tuple[Template | None, ...]:
    if isinstance(action, Loop):
        return (action.items, *action.bounds)
    if isinstance(action, Parallel):
        own = () if action.loop is None else (action.loop.items, *action.loop.bounds)
        return (action.limit, *own)
    retry = action.retry
    return (retry.policy, retry.predicate, retry.attempts, retry.backoff) if retry else ()


def _error(step: Step, message: str) -> SourceError:
    return SourceError(f"error in step {step.name}: {message}", step.place.line, step.place.column)
