"""Values as YAML that every reader takes for the same: YAML 1.1, 1.2 and JSON alike. Pure."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence

from provision.errors import UsageError

_PLAIN = re.compile(r"[A-Za-z/](?:[A-Za-z0-9/_.%-]|:(?=[/0-9])| (?=[A-Za-z0-9/_.%-]))*")
_EXPRESSION = re.compile(r"\$\{[^\n]*\}")
_WORDS = {"true", "false", "yes", "no", "on", "off", "y", "n", "null", "inf", "nan"}
_DEEPEST = 50
_STEP = 2


def block(value: object, indent: int) -> list[str]:
    """The lines of a mapping or list with something in it.

    Args:
        value: a JSON value.
        indent: columns before each line.

    Raises:
        UsageError: it is nested too deep, or is no JSON value.
    """
    return list(_lines(value, indent, 0))


def inline(value: object) -> str | None:
    """`value` where it fits on the line of its key; None for what takes lines of its own.

    Raises:
        UsageError: it is no JSON value.
    """
    if isinstance(value, str):
        return scalar(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return _number(value)
    if not isinstance(value, Mapping | Sequence):
        raise UsageError(f"{value!r} is no JSON value.")
    empty = "{}" if isinstance(value, Mapping) else "[]"
    return None if value else empty


def scalar(text: str) -> str:
    """A text as YAML has it: bare where nobody could read anything else from it."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    if _EXPRESSION.fullmatch(text) and text.isprintable():
        bare = ": " not in text and " #" not in text
        return text if bare else "'" + text.replace("'", "''") + "'"
    return '"' + "".join(map(_sign, text)) + '"'


def _sign(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    if sign.isprintable():
        return sign
    code = ord(sign)
    if code < 0x100:  # noqa: PLR2004 - the widths of YAML's escapes
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 - as above


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        raise UsageError(f"{value} is no number of JSON.")
    told = repr(value)
    mantissa, exponent, power = told.partition("e")
    return f"{mantissa}.0e{power}" if exponent and "." not in mantissa else told


def _lines(value: object, indent: int, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        raise UsageError(f"The body is nested deeper than {_DEEPEST} levels.")
    space = " " * indent
    if isinstance(value, Mapping):
        for key, one in value.items():
            if not isinstance(key, str):
                raise UsageError(f"{key!r} is no key of a JSON value.")
            short = inline(one)
            yield f"{space}{scalar(key)}:" + (f" {short}" if short is not None else "")
            if short is None:
                yield from _lines(one, indent + _STEP, depth + 1)
    elif isinstance(value, Sequence):
        for one in value:
            short = inline(one)
            if short is not None:
                yield f"{space}- {short}"
                continue
            first, *rest = _lines(one, indent + _STEP, depth + 1)
            yield f"{space}- {first[indent + _STEP :]}"
            yield from rest
