"""Tokens to a tree. Operators become calls of functions named as the language definition does."""

from dataclasses import dataclass
from typing import Final

from provision.emulator.iam.cel.lexer import CelSyntaxError, tokens
from provision.emulator.tokens import Cursor, Token

MAX_DEPTH = 40
MAX_OPERATORS = 150
MAX_LENGTH = 10_000
"""Bounds of the emulator's own, so that no expression can exhaust it."""

_RELATIONS: Final = ("<", "<=", ">", ">=", "==", "!=", "in")
_LEVELS: Final = (("||",), ("&&",), _RELATIONS, ("+", "-"), ("*", "/", "%"))
_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_RESERVED: Final = frozenset(
    (
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "in"),
        *("let", "loop", "package", "namespace", "return", "var", "void", "while"),
    )
)
_MAX_INT = 2**63 - 1
_MAX_DIGITS = 40


@dataclass(frozen=True)
class Literal:
    """A value that is written out."""

    value: bool | int | float | str | None


@dataclass(frozen=True)
class Name:
    """A name, or names joined by dots that begin with one."""

    text: str


@dataclass(frozen=True)
class Select:
    """A field of a value; `test` when the question is whether it is there."""

    operand: "Node"
    field: str
    test: bool = False


@dataclass(frozen=True)
class Call:
    """A function or operator with its arguments; a method has its receiver as the first."""

    function: str
    arguments: tuple["Node", ...]
    method: bool = False


@dataclass(frozen=True)
class Listing:
    """A list that is written out."""

    items: tuple["Node", ...]


@dataclass(frozen=True)
class Mapping:
    """A map that is written out: keys and values in turn."""

    items: tuple["Node", ...]


Node = Literal | Name | Select | Call | Listing | Mapping


def parse(text: str) -> Node:
    """The tree of an expression. Raises `CelSyntaxError`."""
    if len(text) > MAX_LENGTH:
        raise CelSyntaxError("the expression is too long")
    parser = _Parser(tokens(text))
    tree = parser.expression()
    parser.expect("<EOF>")
    return tree


class _Parser(Cursor):
    """Recursive descent over the grammar of the language definition."""

    def __init__(self, found: list[Token]) -> None:
        super().__init__(found, _unexpected)
        self._depth = 0
        self._operators = 0

    def expression(self) -> Node:
        """``a ? b : c`` and all that binds tighter."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CelSyntaxError("the expression is nested too deeply")
        tree = self._level(0)
        if self.take("?"):
            self._count()
            chosen = self._level(0)
            self.expect(":")
            tree = Call("_?_:_", (tree, chosen, self.expression()))
        self._depth -= 1
        return tree

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        tree = self._level(level + 1)
        while (token := self.peek()).kind != "string" and token.text in _LEVELS[level]:
            self._count()
            self.next()
            name = "@in" if token.text == "in" else f"_{token.text}_"
            tree = Call(name, (tree, self._level(level + 1)))
        return tree

    def _unary(self) -> Node:
        for sign in ("!", "-"):
            times = 0
            while self.take(sign):
                self._count()
                times += 1
            if times:
                return self._signed(sign, times)
        return self._member()

    def _signed(self, sign: str, times: int) -> Node:
        token = self.peek()
        if sign == "-" and token.kind in ("int", "double"):
            # A sign right before a number is part of it, or the least integer could not be told.
            self.next()
            tree = self._members(_number(token, negative=True))
            times -= 1
        else:
            tree = self._member()
        for _ in range(times):
            tree = Call("!_" if sign == "!" else "-_", (tree,))
        return tree

    def _member(self) -> Node:
        return self._members(self._primary())

    def _members(self, tree: Node) -> Node:
        while True:
            if self.take("."):
                self._count()
                tree = self._field(tree)
            elif self.take("["):
                self._count()
                tree = Call("_[_]", (tree, self.expression()))
                self.expect("]")
            else:
                return tree

    def _field(self, tree: Node) -> Node:
        token = self.next()
        if token.kind != "name" or token.text in ("in", "true", "false", "null"):
            raise _unexpected(token)
        if not self.take("("):
            return Select(tree, token.text)
        return Call(token.text, (tree, *self._list(")")), method=True)

    def _primary(self) -> Node:
        token = self.next()
        if token.kind == "string":
            return Literal(token.text)
        if token.kind in ("int", "double"):
            return _number(token)
        if token.kind == "name":
            return self._named(token)
        if token.text == "(":
            tree = self.expression()
            self.expect(")")
            return tree
        if token.text == "[":
            return Listing(self._list("]"))
        if token.text == "{":
            return self._map()
        raise _unexpected(token)

    def _named(self, token: Token) -> Node:
        if token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text])
        if token.text in _RESERVED:
            raise CelSyntaxError(f"reserved identifier: {token.text}")
        if not self.take("("):
            return Name(token.text)
        arguments = self._list(")")
        if token.text == "has":
            if len(arguments) != 1 or not isinstance(arguments[0], Select):
                raise CelSyntaxError("invalid argument to has() macro")
            return Select(arguments[0].operand, arguments[0].field, test=True)
        return Call(token.text, arguments)

    def _list(self, end: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self.take(end):
            if items:
                self.expect(",")
                if end == "]" and self.take(end):  # a list may end with a comma
                    break
            items.append(self.expression())
        return tuple(items)

    def _map(self) -> Node:
        items: list[Node] = []
        while not self.take("}"):
            if items:
                self.expect(",")
                if self.take("}"):
                    break
            items.append(self.expression())
            self.expect(":")
            items.append(self.expression())
        return Mapping(tuple(items))

    def _count(self) -> None:
        self._operators += 1
        if self._operators > MAX_OPERATORS:
            raise CelSyntaxError("the expression has too many operators")


def _number(token: Token, *, negative: bool = False) -> Literal:
    if token.kind == "double":
        value = float(token.text)
        return Literal(-value if negative else value)
    if len(token.text) > _MAX_DIGITS:
        raise CelSyntaxError("invalid int literal")
    number = int(token.text, 16 if token.text[:2] in ("0x", "0X") else 10)
    number = -number if negative else number
    if not -_MAX_INT - 1 <= number <= _MAX_INT:
        raise CelSyntaxError("invalid int literal")
    return Literal(number)


def _unexpected(token: Token) -> CelSyntaxError:
    return CelSyntaxError(f"Syntax error: mismatched input '{token.text}'")
