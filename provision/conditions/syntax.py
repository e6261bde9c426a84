"""From the text of a condition to its tree. Pure.

The whole of CEL's grammar but messages (``Type{field: value}``), with limits on length and depth.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, NoReturn, cast

from provision.conditions.tokens import (
    MAX_INT,
    ConditionSyntaxError,
    Kind,
    Plain,
    Token,
    tokens,
)

MAX_DEPTH = 60
"""How deep expressions may be nested, or how long chained; IAM allows 12 logical operators."""


class Literal(NamedTuple):
    """A number, text, truth value or null."""

    value: Plain


class Name(NamedTuple):
    """An identifier."""

    name: str


class Select(NamedTuple):
    """``operand.field``."""

    operand: "Node"
    field: str


class Has(NamedTuple):
    """``has(operand.field)``."""

    operand: "Node"
    field: str


class Call(NamedTuple):
    """A function or, by its sign, an operator; `target` stands before the dot.

    ``a[b]`` is the function ``[]``, ``a ? b : c`` is ``?:``, a minus before a number is ``neg``.
    """

    function: str
    target: "Node | None"
    arguments: tuple["Node", ...]


class Items(NamedTuple):
    """``[a, b]``."""

    items: tuple["Node", ...]


class Entries(NamedTuple):
    """``{a: b}``."""

    entries: tuple[tuple["Node", "Node"], ...]


class Node(NamedTuple):
    """A part of an expression.

    Args:
        form: what it is.
        text: as written.
        depth: how many nodes are on its longest way down, itself included.
    """

    form: Literal | Name | Select | Has | Call | Items | Entries
    text: str
    depth: int

    def walk(self) -> Iterator["Node"]:
        """Itself and everything in it."""
        yield self
        for part in _parts(self.form):
            yield from part.walk()


def qualified(node: Node) -> str | None:
    """The dotted name that it is, as ``request.time``; None when it is something else."""
    match node.form:
        case Name(name):
            return name
        case Select(operand, field):
            before = qualified(operand)
            return f"{before}.{field}" if before else None
    return None


@lru_cache(maxsize=4096)
def parse(expression: str) -> Node:
    """The tree of an expression.

    Raises:
        ConditionSyntaxError: with the position of the trouble.
    """
    return _Parser(expression).whole()


def _parts(form: Literal | Name | Select | Has | Call | Items | Entries) -> tuple[Node, ...]:
    match form:
        case Select(operand) | Has(operand):
            return (operand,)
        case Call(_, target, arguments):
            return arguments if target is None else (target, *arguments)
        case Items(items):
            return items
        case Entries(entries):
            return tuple(part for entry in entries for part in entry)
    return ()


_LEVELS = (
    ("||",),
    ("&&",),
    ("<", "<=", ">=", ">", "==", "!=", "in"),
    ("+", "-"),
    ("*", "/", "%"),
)


class _Parser:
    """Precedence climbing: a few frames of Python's stack a level of brackets."""

    def __init__(self, expression: str) -> None:
        self._text = expression
        self._tokens = tuple(tokens(expression))
        self._next = 0
        self._nested = 0

    def whole(self) -> Node:
        if len(self._tokens) == 1:
            raise ConditionSyntaxError("nothing is written", 0)
        tree = self._expression()
        if self._token.kind is not Kind.END:
            self._unexpected()
        return tree

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _unexpected(self) -> NoReturn:
        token = self._token
        what = "the end comes too early" if token.kind is Kind.END else f"unexpected {token.text}"
        raise ConditionSyntaxError(what, token.at)

    def _is(self, *signs: str) -> bool:
        return self._token.kind is Kind.SIGN and self._token.text in signs

    def _take(self, *signs: str) -> Token | None:
        if not self._is(*signs):
            return None
        self._next += 1
        return self._tokens[self._next - 1]

    def _need(self, sign: str) -> None:
        if self._take(sign) is None:
            self._unexpected()

    def _name(self) -> str:
        if self._token.kind is not Kind.NAME:
            self._unexpected()
        self._next += 1
        return self._tokens[self._next - 1].text

    def _node(self, form: Literal | Name | Select | Has | Call | Items | Entries, at: int) -> Node:
        depth = 1 + max((part.depth for part in _parts(form)), default=0)
        if depth > MAX_DEPTH:
            raise ConditionSyntaxError(f"nested or chained more than {MAX_DEPTH} times", at)
        return Node(form, self._text[at : self._tokens[self._next - 1].end], depth)

    def _expression(self) -> Node:
        at = self._token.at
        self._nested += 1
        if self._nested > MAX_DEPTH:
            raise ConditionSyntaxError(f"nested more than {MAX_DEPTH} times", at)
        found = self._binary(0)
        if self._take("?"):
            then = self._binary(0)
            self._need(":")
            found = self._node(Call("?:", None, (found, then, self._expression())), at)
        self._nested -= 1
        return found

    def _binary(self, level: int) -> Node:
        at = self._token.at
        left = self._unary()
        # Operators that bind tighter than `level` are taken first, each with its right side.
        return self._climb(left, level, at)

    def _climb(self, left: Node, level: int, at: int) -> Node:
        while (found := self._operator(level)) is not None:
            sign, its_level = found
            right_at = self._token.at
            right = self._climb(self._unary(), its_level + 1, right_at)
            left = self._node(Call(sign, None, (left, right)), at)
        return left

    def _operator(self, level: int) -> tuple[str, int] | None:
        for its_level in range(level, len(_LEVELS)):
            token = self._take(*_LEVELS[its_level])
            if token is not None:
                return token.text, its_level
        return None

    def _unary(self) -> Node:
        signs: list[tuple[str, int]] = []
        while self._is("!", "-"):
            if signs and signs[0][0] != self._token.text:
                self._unexpected()
            signs.append((self._token.text, self._token.at))
            self._next += 1
        if signs and signs[0][0] == "-":
            return self._minus(signs)
        found = self._member()
        for _, at in reversed(signs):
            found = self._node(Call("!", None, (found,)), at)
        return found

    def _minus(self, signs: list[tuple[str, int]]) -> Node:
        """A number with its minus is one literal, or the smallest int could not be written.

        Google's parser takes two of them for none, even before what has no minus.
        """
        value = self._token.value
        if type(value) in (int, float):
            at = signs.pop()[1]
            self._next += 1
            found = self._selected(self._node(Literal(-cast("float", value)), at), at)
        else:
            found = self._member()
        return self._node(Call("neg", None, (found,)), signs[0][1]) if len(signs) % 2 else found

    def _member(self) -> Node:
        at = self._token.at
        return self._selected(self._primary(), at)

    def _selected(self, found: Node, at: int) -> Node:
        while True:
            if self._take("."):
                field = self._name()
                if self._take("("):
                    found = self._node(Call(field, found, self._list(")")), at)
                else:
                    found = self._node(Select(found, field), at)
            elif self._take("["):
                index = self._expression()
                self._need("]")
                found = self._node(Call("[]", None, (found, index)), at)
            else:
                return found

    def _primary(self) -> Node:
        token = self._token
        if token.kind is Kind.LITERAL:
            if token.value == MAX_INT + 1 and isinstance(token.value, int):
                raise ConditionSyntaxError("a number that 64 bits cannot hold", token.at)
            self._next += 1
            return self._node(Literal(token.value), token.at)
        if self._take("("):
            found = self._expression()
            self._need(")")
            return found
        if self._take("["):
            return self._node(Items(self._list("]", trailing=True)), token.at)
        if self._take("{"):
            return self._node(Entries(self._entries()), token.at)
        self._take(".")
        name = self._name()
        if self._take("("):
            return self._called(name, token)
        return self._node(Name(name), token.at)

    def _called(self, name: str, token: Token) -> Node:
        arguments = self._list(")")
        if name != "has":
            return self._node(Call(name, None, arguments), token.at)
        if len(arguments) != 1 or not isinstance(arguments[0].form, Select):
            raise ConditionSyntaxError("has() takes one field, as in has(a.b)", token.at)
        return self._node(Has(arguments[0].form.operand, arguments[0].form.field), token.at)

    def _list(self, end: str, *, trailing: bool = False) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self._is(end):
            found.append(self._expression())
            if not self._take(","):
                break
            if self._is(end) and not trailing:
                self._unexpected()
        self._need(end)
        return tuple(found)

    def _entries(self) -> tuple[tuple[Node, Node], ...]:
        found: list[tuple[Node, Node]] = []
        while not self._is("}"):
            key = self._expression()
            self._need(":")
            found.append((key, self._expression()))
            if not self._take(","):
                break
        self._need("}")
        return tuple(found)
