"""YAML with its positions: safe, bounded, and without YAML's surprises.

Only plain data is made, here and not by the YAML library: mappings with string keys, lists,
strings, integers, decimals, booleans and null. What YAML 1.1 silently turns into something else
(``yes``, ``0o17``, ``1:30``) is refused with the advice to quote it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Path: TypeAlias = tuple[str | int, ...]
Position: TypeAlias = tuple[int, int]
Report: TypeAlias = Callable[[Position, Path, str], None]

MAX_BYTES = 1 << 20
MAX_VALUES = 20_000
MAX_DEPTH = 40

_SURROGATE = re.compile("[\ud800-\udfff]")
_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DECIMAL = re.compile(r"-?[0-9]{1,9}\.[0-9]{1,9}")
_TEXT_TAGS = {f"{_TAG}str", f"{_TAG}timestamp", f"{_TAG}value"}


class TooMuchError(ValueError):
    """The document is deeper or larger than any spec, as when aliases multiply."""


@dataclass
class Document:
    """One YAML document as plain data, and where each part of it stands.

    Args:
        value: None for an empty document.
        line: where it begins, from 1.
        keys: the position of each key (or list item).
        values: the position of each value.
        refused: what was reported already; its value stands for nothing.
    """

    value: object
    line: int
    keys: dict[Path, Position] = field(default_factory=dict)
    values: dict[Path, Position] = field(default_factory=dict)
    refused: set[Path] = field(default_factory=set)

    def position(self, path: Path, *, of_key: bool = False) -> Position:
        """Where `path` stands, or the nearest thing around it that does."""
        for end in range(len(path), -1, -1):
            table = self.keys if of_key or end < len(path) else self.values
            if path[:end] in table:
                return table[path[:end]]
        return (self.line, 1)


class _BoundedLoader(yaml.SafeLoader):
    """Composes nodes to a bounded depth; constructs nothing."""

    depth = 0

    def compose_node(self, parent: Node | None, index: object) -> Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise TooMuchError(f"nested deeper than {MAX_DEPTH} levels")
        try:
            return super().compose_node(parent, index)  # type: ignore[arg-type]
        finally:
            self.depth -= 1


def read_documents(text: str, report: Report) -> Iterator[Document]:
    """The documents of one file, one after the other; empty ones are passed over.

    Args:
        text: the file.
        report: takes each problem that does not keep the rest from being read.

    Raises:
        yaml.YAMLError: not YAML.
        TooMuchError: deeper or larger than any spec.
    """
    loader = _BoundedLoader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None and node.tag != f"{_TAG}null":
                yield _Reader(report).document(node)
    finally:
        loader.dispose()


class _Reader:
    """Turns the nodes of one document into plain data."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._left = MAX_VALUES
        self._depth = 0
        self._refused: set[Path] = set()
        self._keys: dict[Path, Position] = {}
        self._values: dict[Path, Position] = {}

    def document(self, node: Node) -> Document:
        value = self._value(node, ())
        return Document(value, _position(node)[0], self._keys, self._values, self._refused)

    def _value(self, node: Node, path: Path) -> object:
        self._values[path] = _position(node)
        with self._deeper():
            if isinstance(node, MappingNode):
                return self._mapping(node, path)
            if isinstance(node, SequenceNode):
                return self._sequence(node, path)
            return self._scalar(node, path)

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        """Count one value and one level: aliases may multiply or contain themselves."""
        self._left -= 1
        if self._left < 0:
            raise TooMuchError(f"more than {MAX_VALUES} values")
        if self._depth >= MAX_DEPTH:
            raise TooMuchError(f"nested deeper than {MAX_DEPTH} levels")
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def _sequence(self, node: SequenceNode, path: Path) -> list[object]:
        if node.tag != f"{_TAG}seq":
            self._say(node, path, f"the YAML tag {node.tag!r} is not supported")
        for index, item in enumerate(node.value):
            self._keys[*path, index] = _position(item)
        return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, object]:
        if node.tag != f"{_TAG}map":
            self._say(node, path, f"the YAML tag {node.tag!r} is not supported")
        found: dict[str, object] = {}
        merged: list[Mapping[str, object]] = []
        for key, value in node.value:
            if key.tag == f"{_TAG}merge":
                merged.extend(self._merged(value, path))
            elif self._usable(key, path, found):
                self._keys[*path, key.value] = _position(key)
                found[key.value] = self._value(value, (*path, key.value))
        for extra in merged:  # of several, the first one wins
            found = {**extra, **found}
        return found

    def _merged(self, node: Node, path: Path) -> list[Mapping[str, object]]:
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        taken: list[Mapping[str, object]] = []
        for item in nodes:
            if isinstance(item, MappingNode):
                before = dict(self._keys), dict(self._values)
                with self._deeper():
                    taken.append(self._mapping(item, path))
                # What the mapping itself says stands where it says it.
                self._keys.update(before[0])
                self._values.update(before[1])
            else:
                self._say(item, path, "`<<` takes a mapping, or a list of mappings")
        return taken

    def _usable(self, key: Node, path: Path, found: Mapping[str, object]) -> bool:
        if (
            not isinstance(key, ScalarNode)
            or key.tag not in _TEXT_TAGS
            or _SURROGATE.search(key.value)
        ):
            shown = repr(key.value) if isinstance(key, ScalarNode) else "a list or mapping"
            self._say(key, path, f"keys are text, and {shown} is not; put it in quotes")
            return False
        if key.value in found:
            line, column = self._keys[*path, key.value]
            self._say(key, (*path, key.value), f"given twice; first at line {line}:{column}")
            return False
        return True

    def _scalar(self, node: Node, path: Path) -> object:
        text = str(node.value)
        value: object = text
        if _SURROGATE.search(text):
            self._say(node, path, "half a UTF-16 surrogate pair is not a character")
            value = ""
        elif node.tag == f"{_TAG}null":
            value = None
        elif node.tag == f"{_TAG}bool" and text in {"true", "false"}:
            value = text == "true"
        elif node.tag == f"{_TAG}int" and _INTEGER.fullmatch(text):
            value = int(text)
        elif node.tag == f"{_TAG}float" and _DECIMAL.fullmatch(text):
            value = float(text)
        elif node.tag not in _TEXT_TAGS:
            self._say(node, path, _surprise(node.tag, text))
        return value

    def _say(self, node: Node, path: Path, message: str) -> None:
        self._refused.add(path)
        self._report(_position(node), path, message)


def _surprise(tag: str, text: str) -> str:
    quoted = f'quote it to mean the text: "{text}"'
    if tag == f"{_TAG}bool":
        wanted = "true" if text.lower() in {"yes", "on", "true"} else "false"
        return f"YAML reads {text} as {wanted}; write {wanted}, or {quoted}"
    if tag in {f"{_TAG}int", f"{_TAG}float"}:
        return f"{text[:40]} is a number that YAML reads in its own way; {quoted[:90]}"
    return f"the YAML tag {tag!r} is not supported"


def _position(node: Node) -> Position:
    return (node.start_mark.line + 1, node.start_mark.column + 1)
