"""The words of the condition language: CEL's tokens, each with its place in the text. Pure.

Source: the language definition of CEL (github.com/google/cel-spec, doc/langdef.md, "Syntax").
"""

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

from provision.errors import UsageError

MAX_LENGTH = 10_000
"""Characters that are read of one expression; IAM publishes no limit of its own."""

MAX_INT = 2**63 - 1
"""The largest int of CEL: 64 bits, signed."""

_RESERVED = frozenset(
    (
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let"),
        *("loop", "namespace", "package", "return", "var", "void", "while"),
    )
)
_WORD = r"""(?xs)
      (?P<space>(?:[ \t\n\f\r]|//[^\n]*)+)
    | (?P<raw>(?:[rR][bB]?|[bB][rR])
        (?:\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"\r\n]*"|'[^'\r\n]*'))
    | (?P<text>[bB]?
        (?:\"{3}(?:[^\\]|\\.)*?\"{3}|'{3}(?:[^\\]|\\.)*?'{3}
        |"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*'))
    | (?P<double>[0-9]*\.[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)
    | (?P<int>(?:0x[0-9a-fA-F]+|[0-9]+)[uU]?)
    | (?P<name>[_a-zA-Z][_a-zA-Z0-9]*)
    | (?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}])
    """
_ESCAPE = (
    r"(?s)\\(?:(?P<plain>[abfnrtv\\?\"'`])|[xX](?P<hex>[0-9a-fA-F]{2})|u(?P<four>[0-9a-fA-F]{4})"
    r"|U(?P<eight>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2}))|\\(?P<wrong>.|$)"
)
_PLAIN = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))
_MOST_DIGITS = 30
"""More than any int has: whatever follows, it is out of range."""

_SURROGATES = range(0xD800, 0xE000)
_LAST_CHARACTER = 0x10FFFF


class ConditionSyntaxError(UsageError):
    """An expression that CEL cannot read.

    Args:
        message: what is wrong.
        at: position of the trouble, in characters from 0.
    """

    def __init__(self, message: str, at: int) -> None:
        super().__init__(f"{message} (at character {at + 1})")
        self.at = at


class Kind(Enum):
    """What a token is."""

    LITERAL = auto()
    NAME = auto()
    SIGN = auto()
    END = auto()


class Unread(NamedTuple):
    """A literal of a type that conditions have no use for: bytes or unsigned."""

    what: str


Plain = bool | int | float | str | Unread | None


class Token(NamedTuple):
    """One word of an expression.

    Args:
        kind: what it is.
        text: as written.
        at: position of its first character, from 0.
        value: of a literal.
    """

    kind: Kind
    text: str
    at: int
    value: Plain = None

    @property
    def end(self) -> int:
        """Position after its last character."""
        return self.at + len(self.text)


def tokens(expression: str) -> Iterator[Token]:
    """The tokens of `expression`, the last of kind END.

    Raises:
        ConditionSyntaxError: for what is no token, with its position.
    """
    if len(expression) > MAX_LENGTH:
        raise ConditionSyntaxError(f"longer than {MAX_LENGTH} characters", MAX_LENGTH)
    at, match = 0, re.compile(_WORD).match
    while at < len(expression):
        found = match(expression, at)
        if found is None:
            raise ConditionSyntaxError(_no_token(expression[at]), at)
        if found.lastgroup != "space":
            yield _token(found.lastgroup or "", found.group(), at)
        at = found.end()
    yield Token(Kind.END, "", at)


def _no_token(character: str) -> str:
    if character in "\"'":
        return "a text that does not end"
    return f"{character!r} means nothing here"


def _token(group: str, text: str, at: int) -> Token:
    if group == "name":
        if text in _RESERVED:
            raise ConditionSyntaxError(f"{text!r} is a reserved word", at)
        if text in ("true", "false", "null"):
            value = None if text == "null" else text == "true"
            return Token(Kind.LITERAL, text, at, value)
        # `in` is written like a name and used like a sign.
        return Token(Kind.SIGN if text == "in" else Kind.NAME, text, at)
    if group == "sign":
        return Token(Kind.SIGN, text, at)
    return Token(Kind.LITERAL, text, at, _literal(group, text, at))


def _literal(group: str, text: str, at: int) -> Plain:
    if group == "double":
        return float(text)
    if group == "int":
        return _int(text, at)
    prefix = text[: min(text.find(quote) for quote in "\"'" if quote in text)]
    body = text[len(prefix) :]
    width = 3 if body[:3] in ('"""', "'''") else 1
    body = body[width:-width]
    if "b" in prefix.lower():
        return Unread("bytes")
    return body if group == "raw" else _unescaped(body, at + len(prefix) + width)


def _int(text: str, at: int) -> Plain:
    if text[-1] in "uU":
        return Unread("an unsigned number")
    digits = text.removeprefix("0x").lstrip("0")[:_MOST_DIGITS] or "0"
    value = int(digits, 16 if text.startswith("0x") else 10)
    # One more than the largest stands after a minus as the smallest: the parser looks.
    if value > MAX_INT + 1:
        raise ConditionSyntaxError("a number that 64 bits cannot hold", at)
    return value


def _unescaped(body: str, at: int) -> str:
    def character(found: re.Match[str]) -> str:
        if found["wrong"] is not None:
            raise ConditionSyntaxError(f"no such escape: {found.group()}", at + found.start())
        if found["plain"]:
            return _PLAIN.get(found["plain"], found["plain"])
        if found["octal"]:
            return chr(int(found["octal"], 8))
        code = int(found["hex"] or found["four"] or found["eight"], 16)
        if code in _SURROGATES or code > _LAST_CHARACTER:
            raise ConditionSyntaxError(f"no such character: {found.group()}", at + found.start())
        return chr(code)

    return re.sub(_ESCAPE, character, body)
