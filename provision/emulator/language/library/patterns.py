"""Regular expressions in RE2's syntax, as far as Python's own engine speaks it.

What RE2 refuses is refused (looking around, references back); where Python spells it another way it
is translated. Of matches at one place the longest is taken by Google, the first alternative here.
Source: https://github.com/google/re2/wiki/Syntax.
"""

import re
from functools import lru_cache

from provision.emulator.language.faults import value_fault

_LONGEST = 1000
_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7F",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1F\x7F",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_PIECE = re.compile(
    r"(?P<posix>\[:\^?\w+:\])"
    r"|(?P<quoted>\\Q.*?(?:\\E|$))"
    r"|(?P<hexadecimal>\\x\{[0-9A-Fa-f]{1,6}\})"
    r"|(?P<refused>\\[1-9]|\\[kgGXRK]|\\[pP](?:\{|\w)|\(\?(?:=|!|<=|<!|>|#|\(|P=|P>)|[*+?}]\+)"
    r"|(?P<named>\(\?<(?=\w))"
    r"|(?P<ungreedy>\(\?[a-zA-Z]*U[a-zA-Z]*(?:-[a-z]*)?[:)])"
    r"|(?P<end>\\z)"
    r"|(?P<other>\\.|.)",
    re.DOTALL,
)


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """The expression, ready to search. Raises `Raised` (ValueError)."""
    if len(pattern) > _LONGEST:
        raise value_fault("invalid regular expression: too long")
    translated = "".join(map(_translated, _PIECE.finditer(pattern)))
    try:
        return re.compile(translated, re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise value_fault(f"invalid regular expression: {error}") from error


def _translated(piece: re.Match[str]) -> str:
    kind, text = piece.lastgroup, piece.group()
    if kind in ("refused", "ungreedy"):
        raise value_fault(f"invalid regular expression: {text} is not supported")
    if kind == "posix":
        return _posix(text)
    if kind == "quoted":
        return re.escape(text[2:].removesuffix("\\E"))
    if kind == "hexadecimal":
        return _character(text[3:-1])
    return {"named": "(?P<", "end": r"\Z"}.get(str(kind), text)


def _posix(text: str) -> str:
    name = text[2:-2]
    if name.startswith("^") or name not in _POSIX:
        raise value_fault(f"invalid regular expression: {text} is not supported")
    return _POSIX[name]


def _character(digits: str) -> str:
    try:
        return re.escape(chr(int(digits, 16)))
    except (ValueError, OverflowError) as error:
        raise value_fault(f"invalid regular expression: no character {digits}") from error
