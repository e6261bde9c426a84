"""A checked tree to a value. What cannot be told is `Unknown` and stays so, but for logic."""

from collections.abc import Mapping
from typing import Any

from provision.emulator.iam.cel.functions import Functions, equal, fits, is_key, type_of
from provision.emulator.iam.cel.syntax import Call, Listing, Literal, Name, Node, Select
from provision.emulator.iam.cel.syntax import Mapping as Entries
from provision.emulator.iam.cel.values import UNKNOWN, CelError, Unknown


def evaluate(tree: Node, attributes: Mapping[str, Any], functions: Functions) -> Any:  # noqa: ANN401, PLR0911 - any value; a return per kind of node
    """The value of an expression; `Unknown` when it cannot be told.

    Args:
        tree: as `Declarations.check` gave it.
        attributes: values by dotted name; those that are missing are unknown.
        functions: by name.
    """
    match tree:
        case Literal(value):
            return value
        case Name(text):
            return attributes.get(text, UNKNOWN)
        case Select():
            return _selected(tree, evaluate(tree.operand, attributes, functions))
        case Listing(items):
            values = tuple(evaluate(item, attributes, functions) for item in items)
            return UNKNOWN if any(isinstance(one, Unknown) for one in values) else values
        case Entries(items):
            values = tuple(evaluate(item, attributes, functions) for item in items)
            return _mapped(values)
        case Call("_&&_" | "_||_"):
            return _decided(tree, attributes, functions)
        case Call("_?_:_", (condition, chosen, other)):
            decision = evaluate(condition, attributes, functions)
            if not isinstance(decision, bool):
                return UNKNOWN
            return evaluate(chosen if decision else other, attributes, functions)
        case Call(function, arguments):
            values = tuple(evaluate(one, attributes, functions) for one in arguments)
            return _applied(function, values, functions)


def _decided(tree: Call, attributes: Mapping[str, Any], functions: Functions) -> bool | Unknown:
    """Both sides are looked at, since either may decide where the other cannot be told."""
    decisive = tree.function == "_||_"
    told = True
    for argument in tree.arguments:
        side = evaluate(argument, attributes, functions)
        if side is decisive:
            return side is True
        told = told and isinstance(side, bool)
    return (not decisive) if told else UNKNOWN


def _selected(tree: Select, operand: object) -> Any:  # noqa: ANN401 - any value
    if not isinstance(operand, dict):
        return UNKNOWN
    if tree.test:
        return tree.field in operand
    return operand.get(tree.field, UNKNOWN)


def _mapped(values: tuple[Any, ...]) -> Any:  # noqa: ANN401 - any value
    keys = values[::2]
    if any(isinstance(one, Unknown) for one in values) or not all(map(is_key, keys)):
        return UNKNOWN
    if len(set(keys)) != len(keys):
        return UNKNOWN
    return dict(zip(keys, values[1::2], strict=True))


def _applied(function: str, values: tuple[Any, ...], functions: Functions) -> Any:  # noqa: ANN401 - any value
    missing = [one for one in values if isinstance(one, Unknown)]
    if missing:
        return True if function == "_!=_" and len(missing) == 1 and missing[0].unequal else UNKNOWN
    if function in ("_==_", "_!=_"):
        return equal(*values) is (function == "_==_")
    for overload in functions.get(function, ()):
        if len(overload.parameters) == len(values) and all(
            fits(parameter, type_of(value))
            for parameter, value in zip(overload.parameters, values, strict=True)
        ):
            try:
                return overload.apply(*values)
            except CelError:
                return UNKNOWN
    return UNKNOWN
