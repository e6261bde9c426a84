"""Tokens to the tree of an expression.

Source of the operators and what binds tighter:
https://cloud.google.com/workflows/docs/reference/syntax/datatypes.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from provision.emulator.language.lexer import ExpressionError, tokens
from provision.emulator.language.values import Value, integer, is_number
from provision.emulator.tokens import Cursor, Token

LONGEST = 400
"""Characters of an expression. Source: https://cloud.google.com/workflows/quotas."""
_DEEPEST = 30
_COMPARISONS: Final = frozenset(("<", "<=", ">", ">=", "==", "!=", "in"))
_LEVELS: Final = (
    frozenset(("or", "OR")),
    frozenset(("and", "AND")),
    _COMPARISONS,
    frozenset(("+", "-")),
    frozenset(("*", "/", "//", "%")),
)
_CONSTANTS: Final = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL"), None),
}
_WORDS: Final = frozenset(("or", "OR", "and", "AND", "not", "NOT", "in", "IN"))


@dataclass(frozen=True)
class Literal:
    """A value that is written out."""

    value: Value


@dataclass(frozen=True)
class Name:
    """A variable, a subworkflow or a module."""

    text: str


@dataclass(frozen=True)
class Field:
    """``operand.name``."""

    operand: "Tree"
    name: str


@dataclass(frozen=True)
class Index:
    """``operand[index]``."""

    operand: "Tree"
    index: "Tree"


@dataclass(frozen=True)
class Call:
    """A function or subworkflow, by its full name, with its arguments in order."""

    function: str
    arguments: tuple["Tree", ...]


@dataclass(frozen=True)
class Listing:
    """A list that is written out."""

    items: tuple["Tree", ...]


@dataclass(frozen=True)
class Table:
    """A map that is written out."""

    entries: tuple[tuple["Tree", "Tree"], ...]


@dataclass(frozen=True)
class Unary:
    """``not`` or a minus before a value."""

    operator: str
    operand: "Tree"


@dataclass(frozen=True)
class Binary:
    """Two values with an operator between them, in lower case."""

    operator: str
    left: "Tree"
    right: "Tree"


Tree: TypeAlias = Literal | Name | Field | Index | Call | Listing | Table | Unary | Binary


def parse(text: str) -> Tree:
    """The tree of what stands between ``${`` and ``}``. Raises `ExpressionError`."""
    if len(text) > LONGEST:
        raise ExpressionError(f"expression is longer than {LONGEST} characters")
    parser = _Parser(tokens(text))
    tree = parser.expression()
    parser.expect("<EOF>")
    return tree


def parse_target(text: str) -> Tree:
    """The tree of what is assigned to: a name with fields and indexes. Raises `ExpressionError`."""
    tree = parse(text)
    one = tree
    while isinstance(one, Field | Index):
        one = one.operand
    if not isinstance(one, Name):
        raise ExpressionError(f"'{text}' cannot be assigned to")
    return tree


def parts_of(tree: Tree) -> tuple[Tree, ...]:
    """The trees right below one."""
    if isinstance(tree, Call | Listing | Table):
        return _written_parts(tree)
    if isinstance(tree, Index):
        return (tree.operand, tree.index)
    if isinstance(tree, Binary):
        return (tree.left, tree.right)
    return (tree.operand,) if isinstance(tree, Field | Unary) else ()


def _written_parts(tree: Call | Listing | Table) -> tuple[Tree, ...]:
    if isinstance(tree, Call):
        return tree.arguments
    if isinstance(tree, Listing):
        return tree.items
    return tuple(part for entry in tree.entries for part in entry)


class _Parser(Cursor):
    """Recursive descent, an operator level a time."""

    def __init__(self, found: list[Token]) -> None:
        super().__init__(found, _unexpected)
        self._depth = 0

    def expression(self) -> Tree:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError("the expression is nested too deeply")
        tree = self._level(0)
        self._depth -= 1
        return tree

    def _level(self, level: int) -> Tree:
        if level == len(_LEVELS):
            return self._negative()
        tree = self._level(level + 1)
        while (token := self.peek()).kind in ("operator", "name"):
            if token.text not in _LEVELS[level]:
                break
            self.next()
            tree = Binary(token.text.lower(), tree, self._level(level + 1))
        return tree

    def _negative(self) -> Tree:
        signs = 0
        while self.take("-"):
            signs += 1
        tree = self._denied()
        if signs and isinstance(tree, Literal) and is_number(tree.value):
            return Literal(-tree.value if signs % 2 else tree.value)
        for _ in range(signs):
            tree = Unary("-", tree)
        return tree

    def _denied(self) -> Tree:
        times = 0
        while self.peek().kind == "name" and self.peek().text in (
            "not",
            "NOT",
        ):
            self.next()
            times += 1
        tree = self._members()
        for _ in range(times):
            tree = Unary("not", tree)
        return tree

    def _members(self) -> Tree:
        tree = self._primary()
        while True:
            if self.take("."):
                tree = Field(tree, self._word())
            elif self.take("["):
                tree = Index(tree, self.expression())
                self.expect("]")
            elif self.take("("):
                tree = Call(_full_name(tree), self._list(")"))
            else:
                return tree

    def _word(self) -> str:
        token = self.next()
        if token.kind != "name":
            raise _unexpected(token)
        return token.text

    def _primary(self) -> Tree:
        token = self.next()
        if token.kind == "string":
            return Literal(token.text)
        if token.kind == "integer":
            return Literal(integer(token.text))
        if token.kind == "double":
            return Literal(float(token.text))
        if token.kind == "name":
            return _named(token)
        return self._bracketed(token)

    def _bracketed(self, token: Token) -> Tree:
        if token.text == "(":
            tree = self.expression()
            self.expect(")")
            return tree
        if token.text == "[":
            return Listing(self._list("]"))
        if token.text == "{":
            return self._table()
        raise _unexpected(token)

    def _list(self, end: str) -> tuple[Tree, ...]:
        items: list[Tree] = []
        while not self.take(end):
            if items:
                self.expect(",")
            items.append(self.expression())
        return tuple(items)

    def _table(self) -> Tree:
        entries: list[tuple[Tree, Tree]] = []
        while not self.take("}"):
            if entries:
                self.expect(",")
            key = self.expression()
            self.expect(":")
            entries.append((key, self.expression()))
        return Table(tuple(entries))


def _named(token: Token) -> Tree:
    if token.text in _CONSTANTS:
        return Literal(_CONSTANTS[token.text])
    if token.text in _WORDS:
        raise _unexpected(token)
    return Name(token.text)


def _full_name(tree: Tree) -> str:
    """The name of the function that is called. Raises `ExpressionError` for what has none."""
    names: list[str] = []
    while isinstance(tree, Field):
        names.append(tree.name)
        tree = tree.operand
    if not isinstance(tree, Name):
        raise ExpressionError("only functions can be called")
    return ".".join((tree.text, *reversed(names)))


def _unexpected(token: Token) -> ExpressionError:
    return ExpressionError(f"mismatched input '{token.text}'")
