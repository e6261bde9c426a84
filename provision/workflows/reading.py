"""From the text of a source to plain data, with the place of every key and value. Pure.

Scalars mean what YAML 1.2 and JSON have them mean: ``yes`` and ``no`` are texts, as people write
them for names of steps.
"""

import json
import re
from typing import TYPE_CHECKING, Any

import yaml

from provision.errors import UsageError
from provision.spec.nodes import Document, Path, Position

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 100
MAX_VALUES = 200_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_NUMBER = re.compile(r"[-+]?(?:\d{1,18}|0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15})", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d{1,3})?", re.ASCII)
_PAIR = re.compile(r"(?<!\\)\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")


class SourceError(UsageError):
    """What was given is no source of a workflow at all.

    Args:
        message: what it is instead.
        hint: what to do; empty when there is nothing to add.
        position: line and column, from 1.
    """

    def __init__(self, message: str, *, hint: str = "", position: Position = (1, 1)) -> None:
        super().__init__(message, hint=hint)
        self.position = position


class Reader:
    """Reads one source; what stands twice is remembered, and the first one counts."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Any] = yaml.parse(_as_yaml(text), Loader=_LOADER)
        self._anchors: dict[str, tuple[object, int]] = {}
        self._count = 0
        self.tree = Document(None, 1)
        self.twice: list[tuple[Position, str]] = []

    def read(self) -> Document:
        """The one document.

        Raises:
            SourceError: there is none, or more than one, or too much of it.
            yaml.YAMLError: it is no YAML.
        """
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if self.tree.value is not None:
                    raise SourceError("a file has one workflow, and here begins a second one")
                self.tree.value = self._value(next(self._events), ())
        return self.tree

    def _value(self, event: Any, path: Path) -> object:  # noqa: ANN401 - yaml's events
        self.tree.values[path] = _position(event)
        if isinstance(event, yaml.AliasEvent):
            return self._again(event)
        before = self._counted(1, event)
        if len(path) > MAX_DEPTH:
            raise SourceError(f"nested deeper than {MAX_DEPTH} levels", position=_position(event))
        value: object
        if isinstance(event, yaml.ScalarEvent):
            value = _plain(event.value) if event.implicit[0] and not event.tag else event.value
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(path)
        else:
            value = self._mapping(path)
        if event.anchor:
            self._anchors[event.anchor] = (value, self._count - before)
        return value

    def _sequence(self, path: Path) -> list[object]:
        found: list[object] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            place = (*path, len(found))
            self.tree.keys[place] = _position(event)
            found.append(self._value(event, place))
        return found

    def _mapping(self, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise SourceError("a key is a text, and this is none", position=_position(event))
            key, place = event.value, (*path, event.value)
            if key in found:
                self.twice.append((_position(event), key))
                self._value(next(self._events), (*path, f"{key} again"))
                continue
            self.tree.keys[place] = _position(event)
            found[key] = self._value(next(self._events), place)
        return found

    def _again(self, event: Any) -> object:  # noqa: ANN401 - yaml's events
        if event.anchor not in self._anchors:
            raise SourceError(f"*{event.anchor} refers to nothing", position=_position(event))
        value, size = self._anchors[event.anchor]
        self._counted(size, event)
        return value

    def _counted(self, more: int, event: Any) -> int:  # noqa: ANN401 - yaml's events
        before, self._count = self._count, self._count + more
        if self._count > MAX_VALUES:
            raise SourceError(f"more than {MAX_VALUES:,} values", position=_position(event))
        return before


def _plain(text: str) -> object:
    """What a text without quotes stands for."""
    if text.lower() in _WORDS and text in (text.lower(), text.upper(), text.capitalize()):
        return _WORDS[text.lower()]
    if _NUMBER.fullmatch(text):
        return int(text, 10 if text.lstrip("+-").isdigit() else 0)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _position(event: Any) -> Position:  # noqa: ANN401 - yaml's events
    return (event.start_mark.line + 1, event.start_mark.column + 1)


def _as_yaml(text: str) -> str:
    """JSON in the form in which it is YAML too: without tabs, and pairs of escapes as one sign."""
    if text.lstrip()[:1] not in ("{", "["):
        return text
    return _PAIR.sub(lambda found: json.loads(f'"{found[0]}"'), text.replace("\t", " "))
