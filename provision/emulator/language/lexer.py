"""The text of an expression to tokens."""

import re

from provision.emulator.tokens import Token

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\\": "\\", '"': '"', "'": "'"}
_ESCAPES["/"] = "/"
_UNICODE_DIGITS = 4
_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<double>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)"
    r"|(?P<integer>\d+)"
    r"|(?P<string>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<operator>//|<=|>=|==|!=|[-+*/%<>.,:()\[\]{}])",
    re.DOTALL | re.ASCII,
)


class ExpressionError(ValueError):
    """The text is no expression."""


def tokens(text: str) -> list[Token]:
    """The tokens of an expression, an ``end`` last. Raises `ExpressionError`."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(f"token recognition error at: '{text[at : at + 20]}'")
        kind = str(match.lastgroup)
        if kind == "string":
            found.append(Token(kind, _meaning(match.group()[1:-1]), at))
        elif kind != "space":
            found.append(Token(kind, match.group(), at))
        at = match.end()
    return [*found, Token("end", "<EOF>", at)]


def _meaning(inner: str) -> str:
    parts, at = [], 0
    while at < len(inner):
        if inner[at] == "\\":
            text, at = _escape(inner, at + 1)
        else:
            text, at = inner[at], at + 1
        parts.append(text)
    joined = "".join(parts)
    try:  # two halves of a pair, each escaped on its own, are one character
        return joined.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as error:
        raise ExpressionError("a string has half a character") from error


def _escape(inner: str, at: int) -> tuple[str, int]:
    """The character behind a backslash, and where it goes on."""
    sign = inner[at]
    if sign in _ESCAPES:
        return _ESCAPES[sign], at + 1
    digits = inner[at + 1 : at + 1 + _UNICODE_DIGITS]
    if sign == "u" and re.fullmatch(r"[0-9a-fA-F]{4}", digits):
        return chr(int(digits, 16)), at + 1 + _UNICODE_DIGITS
    raise ExpressionError(f"token recognition error at: '\\{sign}'")
