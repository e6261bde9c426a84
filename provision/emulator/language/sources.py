"""Text to nodes: YAML or JSON, each with its place.

Read from the parser's events with a stack of our own: the composers recurse, and the one in C takes
the process down on a text that is nested deeply enough.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import yaml

from provision.emulator.language.faults import SourceError
from provision.emulator.language.values import GREATEST_INTEGER, LEAST_INTEGER

LARGEST_SOURCE = 128 * 1024
"""Bytes. Source: https://cloud.google.com/workflows/quotas."""
_DEEPEST = 100
_MOST_NODES = 200_000
_LONGEST_NUMBER = 100
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_OCTAL = re.compile(r"[-+]?0[0-7]+", re.ASCII)
_BASED = re.compile(r"[-+]?(?:0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+)", re.ASCII)
_DOUBLE = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_HALVES = re.compile("[\ud800-\udfff]")
_STANDARD = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Scalar:
    """A value that is written out.

    Args:
        value: null, a boolean, a number or a text.
        line: counted from 1.
        column: likewise.
        length: of what is written.
    """

    value: bool | int | float | str | None
    line: int
    column: int
    length: int = 0


@dataclass(frozen=True)
class Sequence:
    """A list."""

    items: tuple["Node", ...]
    line: int
    column: int


@dataclass(frozen=True)
class Mapping:
    """A map, in the order in which it is written."""

    entries: tuple[tuple[Scalar, "Node"], ...]
    line: int
    column: int

    def find(self, name: str) -> "Node | None":
        """What stands at a key."""
        return next((node for key, node in self.entries if key.value == name), None)

    def find_key(self, name: str) -> Scalar | None:
        """Where a key stands."""
        return next((key for key, _ in self.entries if key.value == name), None)


Node: TypeAlias = Scalar | Sequence | Mapping


@dataclass
class _Open:
    """A list or map whose end is still to come."""

    mapping: bool
    line: int
    column: int
    anchor: str | None
    found: list[Node]


def read(text: str) -> Node:
    """The one document of a source. Raises `SourceError`."""
    if len(text.encode("utf-8", "replace")) > LARGEST_SOURCE:
        raise SourceError("the source is larger than 128 KB")
    if not text.isprintable() and _HALVES.search(text):
        raise SourceError("the text has half a character")
    if text.lstrip()[:1] in ("{", "["):
        text = text.replace("\t", " ")  # JSON may be indented by tabs, YAML may not
    try:
        return _Reader().read(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        raise _unreadable(text, error) from error
    except yaml.YAMLError as error:
        raise SourceError("the text has a character that is not allowed") from error


def _unreadable(text: str, error: yaml.MarkedYAMLError) -> SourceError:
    """Why YAML cannot be read; an expression that is cut short by a colon is told as such."""
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return SourceError(str(error.problem or error.context))
    before = text.split("\n")[mark.line][: mark.column] if text.count("\n") >= mark.line else ""
    opened = before.rfind("${")
    if opened >= 0 and "}" not in before[opened:]:
        return SourceError(unterminated(before[opened:]), mark.line + 1, opened + 1)
    return SourceError(str(error.problem or error.context), mark.line + 1, mark.column + 1)


def unterminated(expression: str) -> str:
    """The words for an expression without an end; seen."""
    return f"Unterminated expression: {expression}"


class _Reader:
    """Events to nodes."""

    def __init__(self) -> None:
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._root: Node | None = None
        self._nodes = 0

    def read(self, events: Iterator[yaml.Event]) -> Node:
        documents = 0
        for event in events:
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                raise _at(event, "the source has more than one document")
            self._take(event)
        if self._root is None:
            raise SourceError("the source is empty")
        return self._root

    def _take(self, event: yaml.Event) -> None:
        line, column = _where(event)
        if isinstance(event, yaml.ScalarEvent):
            self._add(_scalar(event, line, column), event.anchor)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            mapping = isinstance(event, yaml.MappingStartEvent)
            self._stack.append(_Open(mapping, line, column, event.anchor, []))
            if len(self._stack) > _DEEPEST:
                raise SourceError("the source is nested too deeply", line, column)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            done = self._stack.pop()
            self._add(_closed(done), done.anchor)
        elif isinstance(event, yaml.AliasEvent):
            self._repeat(event)

    def _repeat(self, event: yaml.AliasEvent) -> None:
        if event.anchor not in self._anchors:
            raise _at(event, f"unknown alias {event.anchor}")
        node, count = self._anchors[event.anchor]
        self._nodes += count
        self._add(node, None)

    def _add(self, node: Node, anchor: str | None) -> None:
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise SourceError("the source has too many parts", node.line, node.column)
        if anchor is not None:
            self._anchors[anchor] = (node, _parts(node))
        if self._stack:
            self._stack[-1].found.append(node)
        else:
            self._root = node


def _parts(node: Node) -> int:
    """How many nodes there are in one, itself among them."""
    waiting, total = [node], 0
    while waiting and total <= _MOST_NODES:
        one = waiting.pop()
        total += 1
        if isinstance(one, Sequence):
            waiting.extend(one.items)
        elif isinstance(one, Mapping):
            waiting.extend(value for _, value in one.entries)
    return total


def _closed(done: _Open) -> Node:
    if not done.mapping:
        return Sequence(tuple(done.found), done.line, done.column)
    entries, seen = [], set()
    for key, value in zip(done.found[::2], done.found[1::2], strict=True):
        if not isinstance(key, Scalar):
            raise SourceError("a key must be a text", key.line, key.column)
        named = key if isinstance(key.value, str) else _as_text(key)
        if named.value in seen:
            raise SourceError(f"duplicate key '{named.value}'", key.line, key.column)
        seen.add(named.value)
        entries.append((named, value))
    return Mapping(tuple(entries), done.line, done.column)


def _as_text(key: Scalar) -> Scalar:
    shown = "null" if key.value is None else str(key.value)
    shown = shown.lower() if isinstance(key.value, bool) else shown
    return Scalar(shown, key.line, key.column, key.length)


def _scalar(event: yaml.ScalarEvent, line: int, column: int) -> Scalar:
    tag = event.tag
    if tag is not None and not tag.startswith(_STANDARD) and tag != "!":
        raise SourceError(f"unknown tag {tag}", line, column)
    plain = event.implicit[0] and tag is None
    value = _plain(event.value) if plain else event.value
    return Scalar(value, line, column, _length(event))


def _length(event: yaml.ScalarEvent) -> int:
    """Of what is written: as it stands there where that is one line, else of its meaning."""
    start, end = event.start_mark, event.end_mark
    if start is None or end is None or start.line != end.line:
        return len(event.value)
    return int(end.column - start.column)


def _plain(text: str) -> bool | int | float | str | None:
    """What a text without quotes stands for; ``yes`` and ``on`` are texts."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if any(form.fullmatch(text) for form in (_INTEGER, _OCTAL, _BASED)):
        return _integer(text)
    if _DOUBLE.fullmatch(text):
        return float(text)
    return text


def _integer(text: str) -> int | float | str:
    """The number; what is too long to be one is a text."""
    if len(text) > _LONGEST_NUMBER:
        return text
    number = int(text, 8) if _OCTAL.fullmatch(text) else int(text, 0)
    return number if LEAST_INTEGER <= number <= GREATEST_INTEGER else float(number)


def _at(event: yaml.Event, message: str) -> SourceError:
    return SourceError(message, *_where(event))


def _where(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)
