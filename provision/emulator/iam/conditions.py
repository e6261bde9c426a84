"""Conditions of bindings: the part of CEL that can be told without the request.

Known: ``request.time``, ``timestamp("…")``, ``duration("…s")``, comparisons, ``&&``, ``||``, ``!``
and ``true``/``false``. Three-valued: what cannot be told is None, and None never grants.
"""

import datetime as dt
import re
from typing import Final

Value = dt.datetime | dt.timedelta | bool | str | int | None

_TOKEN = re.compile(
    r"\s*(?:(?P<string>\"[^\"]*\"|'[^']*')|(?P<number>\d+)"
    r"|(?P<name>[A-Za-z_][\w.]*)|(?P<operator>&&|\|\||[<>=!]=|[<>!(),+\-]))"
)
_COMPARISONS: Final = ("<", "<=", ">", ">=", "==", "!=")


class ConditionSyntaxError(ValueError):
    """The expression is none that this evaluator can read."""


def holds(expression: str, now: dt.datetime) -> bool | None:
    """Whether a condition is true at `now`; None when it cannot be told."""
    try:
        parser = _Parser(_tokens(expression), now)
        value = parser.either()
        parser.end()
    except ConditionSyntaxError:
        return None
    return value if isinstance(value, bool) else None


def _tokens(expression: str) -> list[str]:
    tokens, at = [], 0
    while expression[at:].strip():
        found = _TOKEN.match(expression, at)
        if not found:
            raise ConditionSyntaxError(expression)
        tokens.append(found.group().strip())
        at = found.end()
    return tokens


class _Parser:
    """Recursive descent; evaluates as it goes."""

    def __init__(self, tokens: list[str], now: dt.datetime) -> None:
        self._tokens = tokens
        self._at = 0
        self._now = now

    def end(self) -> None:
        if self._at != len(self._tokens):
            raise ConditionSyntaxError(self._peek())

    def either(self) -> Value:
        value = self._both()
        while self._take("||"):
            other = self._both()
            if value is True or other is True:
                value = True
            else:
                value = False if value is False and other is False else None
        return value

    def _both(self) -> Value:
        value = self._comparison()
        while self._take("&&"):
            other = self._comparison()
            if value is False or other is False:
                value = False
            else:
                value = True if value is True and other is True else None
        return value

    def _comparison(self) -> Value:
        left = self._sum()
        operator = self._peek()
        if operator not in _COMPARISONS:
            return left
        self._at += 1
        return _compare(left, operator, self._sum())

    def _sum(self) -> Value:
        value = self._unary()
        while self._peek() in ("+", "-"):
            sign = 1 if self._next() == "+" else -1
            other = self._unary()
            if isinstance(value, dt.datetime) and isinstance(other, dt.timedelta):
                value = value + sign * other
            else:
                value = None
        return value

    def _unary(self) -> Value:
        if self._take("!"):
            value = self._unary()
            return not value if isinstance(value, bool) else None
        if self._take("("):
            value = self.either()
            self._expect(")")
            return value
        return self._atom(self._next())

    def _atom(self, token: str) -> Value:
        if token[:1] in "\"'":
            return token[1:-1]
        if token.isdigit():
            return int(token)
        if token in ("true", "false"):
            return token == "true"  # noqa: S105 - a literal
        if self._take("("):
            return _function(token, self._arguments())
        return self._now if token == "request.time" else None  # noqa: S105 - an attribute

    def _arguments(self) -> list[Value]:
        values: list[Value] = []
        while not self._take(")"):
            values.append(self.either())
            if self._peek() != ")":
                self._expect(",")
        return values

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise ConditionSyntaxError("the expression ends too early")
        self._at += 1
        return token

    def _take(self, token: str) -> bool:
        taken = self._peek() == token
        self._at += taken
        return taken

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise ConditionSyntaxError(f"expected {token}")


def _compare(left: Value, operator: str, right: Value) -> bool | None:
    if left is None or right is None or type(left) is not type(right):
        return None
    if operator in ("==", "!="):
        return (left == right) == (operator == "==")
    if isinstance(left, dt.datetime) and isinstance(right, dt.datetime):
        order = (left > right) - (left < right)
        return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator]
    return None


def _function(name: str, arguments: list[Value]) -> Value:
    match name, arguments:
        case "timestamp", [str(text)]:
            try:
                moment = dt.datetime.fromisoformat(text)
            except ValueError as error:
                raise ConditionSyntaxError(text) from error
            return moment if moment.tzinfo else None
        case "duration", [str(text)] if re.fullmatch(r"\d+(\.\d+)?s", text):
            return dt.timedelta(seconds=float(text[:-1]))
    return None
