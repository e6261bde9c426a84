"""Filters of subscriptions: which messages they are for, by attributes.

Source: "Filter messages from a subscription": ``attributes:key``, ``attributes.key = "value"``,
``!=``, ``hasPrefix(attributes.key, "value")``, ``NOT`` or ``-``, ``AND`` and ``OR``, of which only
one kind may stand between two parentheses.
"""

import re
from collections.abc import Callable, Mapping

Test = Callable[[Mapping[str, str]], bool]
_TOKEN = re.compile(
    r'\s*("(?:[^"\\]|\\.)*"|hasPrefix|attributes|AND\b|OR\b|NOT\b|!=|=|[():.,-]|[A-Za-z_][\w-]*)'
)
_DEEPEST = 20


class FilterError(ValueError):
    """A text that is no filter."""


def matches(text: str, attributes: Mapping[str, str]) -> bool:
    """Whether a message with some attributes is for a subscription with this filter."""
    return not text.strip() or parsed(text)(attributes)


def parsed(text: str) -> Test:
    """What a filter says. Raises `FilterError`."""
    reader = _Reader(text)
    test = reader.either(0)
    if reader.next:
        raise FilterError(reader.next)
    return test


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        place = 0
        while text[place:].strip():
            found = _TOKEN.match(text, place)
            if found is None:
                raise FilterError(text[place:])
            self._tokens.append(found.group(1))
            place = found.end()

    @property
    def next(self) -> str:
        """The token that comes; empty at the end."""
        return self._tokens[0] if self._tokens else ""

    def take(self, wanted: str = "") -> str:
        """The token that comes, which is gone then. Raises `FilterError` for another."""
        found = self.next
        if not found or (wanted and found != wanted):
            raise FilterError(found)
        return self._tokens.pop(0)

    def either(self, depth: int) -> Test:
        """One or more conditions under one operator."""
        if depth > _DEEPEST:
            raise FilterError("too deep")
        tests, operator = [self._one(depth)], self.next
        while operator in ("AND", "OR") and self.next == operator:
            self.take()
            tests.append(self._one(depth))
        if self.next in ("AND", "OR"):  # the two are not mixed without parentheses
            raise FilterError(self.next)
        every = all if operator == "AND" else any
        return tests[0] if len(tests) == 1 else lambda held: every(one(held) for one in tests)

    def _one(self, depth: int) -> Test:
        if self.next in ("NOT", "-"):
            self.take()
            inner = self._one(depth + 1) if depth < _DEEPEST else self.either(depth + 1)
            return lambda held: not inner(held)
        if self.next == "(":
            self.take()
            inner = self.either(depth + 1)
            self.take(")")
            return inner
        if self.next == "hasPrefix":
            return self._prefix()
        self.take("attributes")
        if self.next == ":":
            self.take()
            key = self._key()
            return lambda held: key in held
        self.take(".")
        key, operator, value = self._key(), self.take(), self._text()
        if operator == "=":
            return lambda held: held.get(key) == value
        if operator == "!=":  # documented: also where there is no such attribute
            return lambda held: held.get(key) != value
        raise FilterError(operator)

    def _prefix(self) -> Test:
        self.take()
        self.take("(")
        self.take("attributes")
        self.take(".")
        key = self._key()
        self.take(",")
        value = self._text()
        self.take(")")
        return lambda held: held.get(key, "").startswith(value) if key in held else False

    def _key(self) -> str:
        found = self.take()
        return _unquoted(found) if found.startswith('"') else found

    def _text(self) -> str:
        found = self.take()
        if not found.startswith('"'):
            raise FilterError(found)
        return _unquoted(found)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])
