"""The language of searches: ``field:word``, ``field=value``, free text, AND, OR, NOT, brackets.

Source: the pages on how to construct a query, for resources and for policies. ``:`` looks for words
(a final ``*`` for their beginnings), ``=`` for the whole value; letters' case does not count. What
is not understood is refused.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from provision.emulator.rpc.status import invalid

Test = Callable[[Mapping[str, tuple[str, ...]]], bool]
"""Whether values by field fit."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<bracket>[()])|(?P<operator>>=|<=|[:=<>])|"(?P<quoted>(?:[^"\\]|\\.)*)\""""
    r"""|(?P<word>[^\s()"<>=:]+))"""
)
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_MAX_LENGTH = 2048
_MAX_DEPTH = 50
_JOINING = (("word", "AND"), ("word", "OR"))


def test_of(query: str, fields: frozenset[str]) -> Test:
    """What a query asks of values by field. Raises `ApiError` (INVALID_ARGUMENT).

    Args:
        query: as it was sent; empty for everything.
        fields: names that it may use; ``labels.`` stands for any beneath it.
    """
    if len(query) > _MAX_LENGTH:
        raise invalid("The query is too long.", ("query", "too long"))
    if not query.strip():
        return lambda _: True
    parser = _Parser(query, fields, _tokens(query))
    return parser.whole()


def _tokens(query: str) -> list[tuple[str, str]]:
    found, place = [], 0
    text = query.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.end() == place:
            raise invalid(f"Invalid query: {query}", ("query", text[place:]))
        kind = str(match.lastgroup)
        found.append((kind, match.group(kind)))
        place = match.end()
    return found


@dataclass
class _Parser:
    query: str
    fields: frozenset[str]
    tokens: list[tuple[str, str]] = field(repr=False)
    place: int = 0
    depth: int = 0

    def whole(self) -> Test:
        found = self._either()
        if self.place < len(self.tokens):
            self._refuse()
        return found

    def _refuse(self) -> NoReturn:
        raise invalid(f"Invalid query: {self.query}", ("query", self.query))

    def _next(self) -> tuple[str, str]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("", "")

    def _taken(self, *wanted: tuple[str, str]) -> bool:
        if self._next() in wanted:
            self.place += 1
            return True
        return False

    def _either(self) -> Test:
        parts = [self._both()]
        while self._taken(("word", "OR")):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda one: any(part(one) for part in parts)

    def _both(self) -> Test:
        parts = [self._negated()]
        while self._next()[0] and self._next() not in (("word", "OR"), ("bracket", ")")):
            self._taken(("word", "AND"))
            parts.append(self._negated())
        return parts[0] if len(parts) == 1 else lambda one: all(part(one) for part in parts)

    def _negated(self) -> Test:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self._refuse()
        found = self._maybe_negated()
        self.depth -= 1
        return found

    def _maybe_negated(self) -> Test:
        if self._taken(("word", "NOT")):
            inner = self._negated()
            return lambda one: not inner(one)
        kind, text = self._next()
        if kind == "word" and text.startswith("-") and len(text) > 1:
            self.tokens[self.place] = (kind, text[1:])
            inner = self._negated()
            return lambda one: not inner(one)
        return self._term()

    def _term(self) -> Test:
        if self._taken(("bracket", "(")):
            inner = self._either()
            if not self._taken(("bracket", ")")):
                self._refuse()
            return inner
        kind, text = self._next()
        if kind not in ("word", "quoted") or (kind, text) in _JOINING:
            self._refuse()
        self.place += 1
        if kind == "word" and self._next()[0] == "operator":
            return self._about(text)
        return _test("", ":", text)

    def _about(self, name: str) -> Test:
        operator = self._next()[1]
        self.place += 1
        if operator not in (":", "="):
            self._refuse()  # moments can be compared at Google, which nobody asks for here
        first = name.split(".", maxsplit=1)[0]
        if not _FIELD.fullmatch(name) or not {name, f"{first}."} & self.fields:
            raise invalid(f"Unknown field in the query: {name}", ("query", name))
        if self._taken(("bracket", "(")):
            values = [self._value()]
            while self._taken(("word", "OR")):
                values.append(self._value())
            if not self._taken(("bracket", ")")):
                self._refuse()
        else:
            values = [self._value()]
        tests = [_test(name, operator, value) for value in values]
        return lambda one: any(test(one) for test in tests)

    def _value(self) -> str:
        kind, text = self._next()
        if kind not in ("word", "quoted"):
            self._refuse()
        self.place += 1
        # What stands right behind a value belongs to it: ``member=user:ann@example.com``.
        while (
            kind == "word" and self._next()[0] == "operator" and self.place + 1 < len(self.tokens)
        ):
            text += self._next()[1] + self.tokens[self.place + 1][1]
            self.place += 2
        return text


def _test(name: str, operator: str, value: str) -> Test:
    wanted = value.lower()

    def values(one: Mapping[str, tuple[str, ...]]) -> Iterable[str]:
        if name:
            return one.get(name, ())
        return (text for texts in one.values() for text in texts)

    if operator == "=":
        return lambda one: any(text.lower() == wanted for text in values(one))
    if wanted == "*":
        return lambda one: any(True for _ in values(one))
    words, begins = _words(wanted), wanted.endswith("*")
    return lambda one: any(_contains(_words(text.lower()), words, begins) for text in values(one))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text)


def _contains(words: list[str], wanted: list[str], begins: bool) -> bool:  # noqa: FBT001 - one of three
    """Whether words are among others, one after another; the last may be a beginning."""
    size = len(wanted)
    for at in range(len(words) - size + 1):
        part = words[at : at + size]
        if part == wanted or (
            begins and part[:-1] == wanted[:-1] and part[-1].startswith(wanted[-1])
        ):
            return bool(size)
    return False
