"""Text to tokens."""

import re

from provision.emulator.tokens import Token

_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "`": "`",
    "?": "?",
}
_NUMBERED = {"x": 2, "X": 2, "u": 4, "U": 8}
_OCTAL_DIGITS = 3
_BODY = r"(?:\\.|[^\\])*?"
_LINE_BODY = r"(?:\\.|[^\\\n\r])*?"
_TOKEN = re.compile(
    r"(?P<space>(?:\s|//[^\n]*)+)"
    r"|(?P<double>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<int>0[xX][0-9a-fA-F]+|\d+)(?![\w])"
    rf"|(?P<string>[rR]?(?:'''{_BODY}'''|\"\"\"{_BODY}\"\"\"|'{_LINE_BODY}'|\"{_LINE_BODY}\"))"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<operator>&&|\|\||<=|>=|==|!=|[-+*/%<>!?:.,()\[\]{}])",
    re.DOTALL | re.ASCII,
)


class CelSyntaxError(ValueError):
    """The text is no expression."""


def tokens(text: str) -> list[Token]:
    """The tokens of an expression, an ``end`` last. Raises `CelSyntaxError`."""
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise CelSyntaxError(f"token recognition error at: '{text[at : at + 1]}'")
        kind = str(match.lastgroup)
        if kind == "string":
            found.append(Token(kind, _meaning(match.group()), at))
        elif kind != "space":
            found.append(Token(kind, match.group(), at))
        at = match.end()
    return [*found, Token("end", "<EOF>", at)]


def _meaning(literal: str) -> str:
    raw = literal[0] in "rR"
    quoted = literal[1:] if raw else literal
    width = 3 if quoted[:3] in ("'''", '"""') else 1
    inner = quoted[width:-width]
    return inner if raw else _unescaped(inner)


def _unescaped(inner: str) -> str:
    parts, at = [], 0
    while at < len(inner):
        if inner[at] != "\\":
            parts.append(inner[at])
            at += 1
            continue
        text, at = _escape(inner, at + 1)
        parts.append(text)
    return "".join(parts)


def _escape(inner: str, at: int) -> tuple[str, int]:
    """The character behind a backslash, and where it goes on."""
    sign = inner[at]
    if sign in _ESCAPES:
        return _ESCAPES[sign], at + 1
    start, digits, base = at + 1, _NUMBERED.get(sign, 0), 16
    if sign in "0123":
        start, digits, base = at, _OCTAL_DIGITS, 8
    code = inner[start : start + digits]
    if not digits or len(code) != digits:
        raise CelSyntaxError(f"token recognition error at: '\\{sign}'")
    try:
        return chr(int(code, base)), start + digits
    except (ValueError, OverflowError) as error:
        raise CelSyntaxError(f"token recognition error at: '\\{sign}'") from error
