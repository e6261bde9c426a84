"""Nodes to templates: values with ``${…}`` in them."""

from provision.emulator.language.faults import SourceError
from provision.emulator.language.lexer import ExpressionError
from provision.emulator.language.program import Computed, Constant, Entries, Items, Template
from provision.emulator.language.sources import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    unterminated,
)
from provision.emulator.language.syntax import Tree, parse
from provision.emulator.language.values import Value


def template(node: Node) -> Template:
    """What a node stands for. Raises `SourceError`."""
    if isinstance(node, Scalar):
        return _scalar(node)
    if isinstance(node, Sequence):
        return _items(tuple(template(item) for item in node.items))
    pairs = tuple((_scalar(key), template(value)) for key, value in node.entries)
    if all(isinstance(one, Constant) for pair in pairs for one in pair):
        return Constant({str(_known(key)): _known(value) for key, value in pairs})
    return Entries(pairs)


def _items(items: tuple[Template, ...]) -> Template:
    if all(isinstance(item, Constant) for item in items):
        return Constant([_known(item) for item in items])
    return Items(items)


def _known(one: Template) -> Value:
    """The value of what is known to be a constant."""
    return one.value if isinstance(one, Constant) else None


def _scalar(node: Scalar) -> Template:
    inner = expression_text(node)
    return Constant(node.value) if inner is None else Computed(expression(node, inner))


def expression_text(node: Node) -> str | None:
    """What stands between ``${`` and ``}``; None where a node is no expression.

    Raises:
        SourceError: where one begins and does not end.
    """
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return None
    given = node.value.strip()
    if given.startswith("${") and not given.endswith("}"):
        raise SourceError(unterminated(given), node.line, node.column)
    return given[2:-1].strip() if given.startswith("${") else None


def expression(node: Scalar, inner: str) -> Tree:
    """The tree of an expression. Raises `SourceError`."""
    try:
        return parse(inner)
    except ExpressionError as error:
        raise SourceError(f"invalid expression: {error}", node.line, node.column) from error


def trees(one: Template) -> tuple[Tree, ...]:
    """Every expression in a template."""
    if isinstance(one, Computed):
        return (one.tree,)
    if isinstance(one, Items):
        return tuple(tree for item in one.items for tree in trees(item))
    if isinstance(one, Entries):
        return tuple(tree for pair in one.entries for part in pair for tree in trees(part))
    return ()


def required(mapping: Mapping, name: str, what: str) -> Node:
    """What stands at a key. Raises `SourceError` where nothing does."""
    found = mapping.find(name)
    if found is None:
        raise SourceError(f"{what} has no '{name}'", mapping.line, mapping.column)
    return found
