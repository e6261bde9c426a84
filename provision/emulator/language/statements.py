"""Nodes to steps. What they refer to is looked at afterwards (`checking`).

Source of the fields: https://cloud.google.com/workflows/docs/reference/syntax.
"""

import re
from collections.abc import Callable
from typing import Final

from provision.emulator.language.faults import Place, SourceError
from provision.emulator.language.lexer import ExpressionError
from provision.emulator.language.program import (
    Action,
    Assign,
    Block,
    CallStep,
    Constant,
    Handler,
    Loop,
    Nested,
    Parallel,
    Raise,
    Retry,
    Return,
    Step,
    Switch,
    Template,
    Try,
)
from provision.emulator.language.sources import Mapping, Node, Scalar, Sequence
from provision.emulator.language.syntax import Name, Tree, parse_target
from provision.emulator.language.templates import expression_text, required, template

_MOST_ASSIGNMENTS = 50
_MOST_CONDITIONS = 50
_LEAST_BRANCHES = 2
_MOST_BRANCHES = 10
_MOST_STEPS = 100_000
_BOUNDS = 2
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_COMPANIONS: Final = {
    "assign": frozenset(("next",)),
    "call": frozenset(("args", "result", "next")),
    "switch": frozenset(("next",)),
    "for": frozenset(("next",)),
    "parallel": frozenset(("next",)),
    "try": frozenset(("retry", "except", "next")),
    "raise": frozenset(("next",)),
    "return": frozenset(("next",)),
    "steps": frozenset(("next",)),
    "next": frozenset[str](),
}


class Statements:
    """Reads the steps of one routine.

    Args:
        routine: its name.
        kind_of: which kind of step a call by that name is.
    """

    def __init__(self, routine: str, kind_of: Callable[[str], str]) -> None:
        self._routine = routine
        self._kind_of = kind_of
        self._actions: dict[str, Callable[[Node, Mapping, str], Action]] = {
            "assign": self._assign,
            "call": self._call,
            "switch": self._switch,
            "for": lambda node, _, name: self._loop(node, name),
            "parallel": self._parallel,
            "try": self._try,
            "raise": lambda node, _, __: Raise(template(node)),
            "return": lambda node, _, __: Return(template(node)),
            "steps": lambda node, _, __: Nested(self.block(node)),
            "next": lambda _, __, ___: None,
        }

    def block(self, node: Node) -> Block:
        """A list of steps. Raises `SourceError`."""
        if not isinstance(node, Sequence) or not node.items:
            raise SourceError("steps must be a list with at least one step", node.line, node.column)
        if len(node.items) > _MOST_STEPS:
            raise SourceError("there are more than 100,000 steps", node.line, node.column)
        steps = tuple(self._named(item) for item in node.items)
        order: dict[str, int] = {}
        for at, step in enumerate(steps):
            if step.name in order:
                raise SourceError(
                    f"duplicate step name '{step.name}'", node.items[at].line, node.items[at].column
                )
            order[step.name] = at
        return Block(steps, order)

    def _named(self, node: Node) -> Step:
        name, body = named_entry(node, "a step")
        return self._within(name, body)

    def _within(self, name: Scalar, body: Node) -> Step:
        """A step, and its name before whatever is wrong with it."""
        shown = str(name.value)
        try:
            return self.step(shown, _filled(name, body))
        except SourceError as error:
            if error.message.startswith("error in step "):
                raise
            said = f"error in step {shown}: {error.message}"
            raise SourceError(said, error.line, error.column) from error

    def step(self, name: str, body: Mapping, more: frozenset[str] = frozenset()) -> Step:
        """What a step does; `more` are fields that its surroundings give it."""
        fields = [key for key, _ in body.entries if key.value not in more]
        kinds = [key for key in fields if key.value in self._actions and key.value != "next"]
        if len(kinds) > 1:
            raise _at(kinds[1], f"'{kinds[0].value}' and '{kinds[1].value}' exclude each other")
        if not fields or not (kinds or body.find("next")):
            raise _at(_unknown(fields) or body, _unknown_words(_unknown(fields)))
        key = kinds[0] if kinds else fields[0]
        kind = str(key.value)
        for one in fields:
            if one.value != kind and one.value not in _COMPANIONS[kind]:
                raise _at(one, f"unexpected field '{one.value}' in a step with '{kind}'")
        place = Place(self._routine, name, key.line, key.column, key.length)
        action = self._actions[kind](required(body, kind, "a step"), body, name)
        return Step(name, place, action, _following(body))

    def _assign(self, node: Node, _: Mapping, __: str) -> Action:
        if not isinstance(node, Sequence) or not node.items:
            raise _at(node, "assign must be a list of assignments")
        if len(node.items) > _MOST_ASSIGNMENTS:
            raise _at(node, f"there are more than {_MOST_ASSIGNMENTS} assignments in the step")
        pairs = (named_entry(item, "an assignment") for item in node.items)
        return Assign(tuple((_target(key), template(value)) for key, value in pairs))

    def _call(self, node: Node, body: Mapping, _: str) -> Action:
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            raise _at(node, "call must be the name of a function or subworkflow")
        if expression_text(node) is not None:
            raise _at(node, "call takes a name, no expression")
        kind = self._kind_of(node.value)
        named, listed = _arguments(body.find("args"))
        result = body.find("result")
        return CallStep(
            node.value, kind, named, listed, None if result is None else _target(result)
        )

    def _switch(self, node: Node, _: Mapping, name: str) -> Action:
        if not isinstance(node, Sequence) or not node.items:
            raise _at(node, "switch must be a list of conditions")
        if len(node.items) > _MOST_CONDITIONS:
            raise _at(node, f"there are more than {_MOST_CONDITIONS} conditions in the step")
        return Switch(tuple(self._condition(item, name) for item in node.items))

    def _condition(self, node: Node, name: str) -> tuple[Template, Step]:
        if not isinstance(node, Mapping):
            raise _at(node, "a condition must be a map with 'condition'")
        asked = template(required(node, "condition", "an entry of switch"))
        if isinstance(asked, Constant) and not isinstance(asked.value, bool):
            raise _at(node, "a condition must be an expression or a boolean")
        if len(node.entries) == 1:
            raise _at(node, "a condition has nothing to do: steps, next or another statement")
        return asked, self.step(name, node, frozenset(("condition",)))

    def _loop(self, node: Node, _: str) -> Loop:
        if not isinstance(node, Mapping):
            raise _at(node, "for must be a map")
        only(node, ("value", "index", "in", "range", "steps"), "for")
        value = _variable(required(node, "value", "for"))
        index, items, bounds = node.find("index"), node.find("in"), node.find("range")
        if (items is None) == (bounds is None):
            raise _at(node, "for must have either 'in' or 'range'")
        return Loop(
            value,
            None if index is None else _variable(index),
            None if items is None else template(items),
            _bounds(bounds),
            self.block(required(node, "steps", "for")),
        )

    def _parallel(self, node: Node, _: Mapping, name: str) -> Action:
        if not isinstance(node, Mapping):
            raise _at(node, "parallel must be a map")
        only(
            node,
            ("exception_policy", "shared", "concurrency_limit", "branches", "for"),
            "parallel",
        )
        policy = node.find("exception_policy")
        if policy is not None and getattr(policy, "value", None) != "continueAll":
            raise _at(policy, "exception_policy must be continueAll")
        branches, loop = node.find("branches"), node.find("for")
        if (branches is None) == (loop is None):
            raise _at(node, "parallel must have either 'branches' or 'for'")
        limit = node.find("concurrency_limit")
        return Parallel(
            _shared(node.find("shared")),
            None if limit is None else template(limit),
            self._branches(branches),
            None if loop is None else self._loop(loop, name),
        )

    def _branches(self, node: Node | None) -> tuple[tuple[str, Block], ...]:
        if node is None:
            return ()
        if (
            not isinstance(node, Sequence)
            or not _LEAST_BRANCHES <= len(node.items) <= _MOST_BRANCHES
        ):
            raise _at(
                node, f"branches must be a list of {_LEAST_BRANCHES} to {_MOST_BRANCHES} branches"
            )
        found: dict[str, Block] = {}
        for item in node.items:
            name, body = named_entry(item, "a branch")
            if str(name.value) in found:
                raise _at(name, f"duplicate branch name '{name.value}'")
            if not isinstance(body, Mapping):
                raise _at(body, "a branch must be a map with 'steps'")
            only(body, ("steps",), "a branch")
            found[str(name.value)] = self.block(required(body, "steps", "a branch"))
        return tuple(found.items())

    def _try(self, node: Node, body: Mapping, name: str) -> Action:
        tried = self._tried(node, name)
        retry, handler = body.find("retry"), body.find("except")
        if retry is None and handler is None:
            raise _at(node, "try must have 'retry' or 'except'")
        return Try(
            tried,
            None if retry is None else _retry(retry),
            None if handler is None else self._handler(handler),
        )

    def _tried(self, node: Node, name: str) -> Step:
        if isinstance(node, Sequence):
            place = Place(self._routine, name, node.line, node.column, len("try"))
            return Step(name, place, Nested(self.block(node)))
        if not isinstance(node, Mapping):
            raise _at(node, "try must be a step or steps")
        return self.step(name, node)

    def _handler(self, node: Node) -> Handler:
        if not isinstance(node, Mapping):
            raise _at(node, "except must be a map with 'as' and 'steps'")
        only(node, ("as", "steps"), "except")
        caught = _variable(required(node, "as", "except"))
        return Handler(caught, self.block(required(node, "steps", "except")))


def named_entry(node: Node, what: str) -> tuple[Scalar, Node]:
    """The only entry of a map. Raises `SourceError` where it is not that."""
    if not isinstance(node, Mapping) or len(node.entries) != 1:
        raise _at(node, f"{what} must be a map with one key, its name")
    return node.entries[0]


def _filled(name: Scalar, body: Node) -> Mapping:
    if not isinstance(body, Mapping) or not body.entries:
        raise _at(name, "a step must be a map of what it does")
    return body


def only(node: Mapping, known: tuple[str, ...], what: str) -> None:
    """Raise `SourceError` for a field that there is not."""
    for key, _ in node.entries:
        if key.value not in known:
            raise _at(key, f"unexpected field '{key.value}' in {what}")


def _unknown(fields: list[Scalar]) -> Scalar | None:
    known = {"next", *(name for more in _COMPANIONS.values() for name in more)}
    return next((key for key in fields if key.value not in known), None)


def _unknown_words(key: Scalar | None) -> str:
    return f"unknown statement '{key.value}'" if key else "a step must do something"


def _at(node: Node, message: str) -> SourceError:
    return SourceError(message, node.line, node.column)


def _following(body: Mapping) -> str | None:
    node = body.find("next")
    if node is None:
        return None
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        raise _at(node, "next must be the name of a step")
    return node.value


def _target(node: Node) -> Tree:
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        raise _at(node, "a variable must be a name")
    try:
        tree = parse_target(node.value)
    except ExpressionError as error:
        raise _at(node, f"invalid variable '{node.value}': {error}") from error
    return tree


def _variable(node: Node) -> str:
    tree = _target(node)
    if not isinstance(tree, Name):
        raise _at(node, "a variable without fields or indexes is needed")
    return tree.text


def _arguments(
    node: Node | None,
) -> tuple[tuple[tuple[str, Template], ...], tuple[Template, ...] | None]:
    if node is None:
        return (), None
    if isinstance(node, Sequence):
        return (), tuple(template(item) for item in node.items)
    if not isinstance(node, Mapping):
        raise _at(node, "args must be a map or a list")
    return tuple((str(key.value), template(value)) for key, value in node.entries), None


def _bounds(node: Node | None) -> tuple[Template, ...]:
    if node is None:
        return ()
    if isinstance(node, Sequence):
        if len(node.items) != _BOUNDS:
            raise _at(node, "range must be a list of two numbers")
        return tuple(template(item) for item in node.items)
    if expression_text(node) is None:
        raise _at(node, "range must be a list of two numbers")
    return (template(node),)


def _shared(node: Node | None) -> frozenset[str]:
    if node is None:
        return frozenset()
    if not isinstance(node, Sequence):
        raise _at(node, "shared must be a list of variables")
    return frozenset(_variable(item) for item in node.items)


def _retry(node: Node) -> Retry:
    if isinstance(node, Scalar) and expression_text(node) is not None:
        return Retry(template(node))
    if not isinstance(node, Mapping):
        raise _at(node, "retry must be a policy or a map")
    only(node, ("predicate", "max_retries", "backoff"), "retry")
    found = {name: node.find(name) for name in ("predicate", "max_retries", "backoff")}
    backoff = found["backoff"]
    if isinstance(backoff, Mapping):
        only(backoff, ("initial_delay", "max_delay", "multiplier"), "backoff")
    return Retry(None, *(None if one is None else template(one) for one in found.values()))


def is_variable(name: str) -> bool:
    """Whether a variable, parameter or subworkflow can have that name."""
    return _NAME.fullmatch(name) is not None
