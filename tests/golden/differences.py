"""The list of differences: what may differ, read from differences.yaml, and what may never."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from tests.golden.comparison import Difference
from tests.golden.recordings import Exchange

LIST = Path(__file__).with_name("differences.yaml")
_NEVER = re.compile(
    r"status|done|code|error(\..*)?|(.*\.)?(conditions|terminalCondition)\b.*|(.*\.)?error\..*"
)
_VALUE_KINDS = {"value", "moved", "kept"}


class NotAllowedError(ValueError):
    """An entry that the list may not have."""


@dataclass(frozen=True)
class Entry:
    """A difference that is expected.

    Args:
        recordings: globs of the recordings' names; it occurs in each of them.
        steps: glob of method and path, as in ``GET */repositories/*``.
        path: the field (a regular expression).
        kinds: which kinds of difference.
        reason: why.
        shown_by: of a contradiction: glob of the recordings that the emulator follows.
        shown_as: the field there, where another form of the API shows it.
    """

    recordings: tuple[str, ...]
    steps: str
    path: str
    kinds: frozenset[str]
    reason: str
    shown_by: str = ""
    shown_as: str = ""

    def names(self, recording: str) -> bool:
        """Whether it is about a recording."""
        return any(fnmatchcase(recording, each) for each in self.recordings)

    def covers(self, recording: str, exchange: Exchange, difference: Difference) -> bool:
        """Whether a difference is the one meant."""
        return (
            difference.kind in self.kinds
            and self.names(recording)
            and fnmatchcase(exchange.line, self.steps)
            and re.fullmatch(self.path, difference.path) is not None
        )


def load(text: str) -> list[Entry]:
    """The entries of a list. Raises `NotAllowedError`."""
    document = yaml.safe_load(text)
    if set(document) != {"values", "contradictions"}:
        raise NotAllowedError(f"the list has the parts {sorted(document)}")
    values = (_value(**each) for each in document["values"])
    return [*values, *(_contradiction(**each) for each in document["contradictions"])]


def listed() -> list[Entry]:
    """The entries of the project's list."""
    return load(LIST.read_text(encoding="utf-8"))


def _value(recordings: list[str], steps: str, path: str, reason: str) -> Entry:
    _refuse(path, reason)
    return Entry(tuple(recordings), steps, path, frozenset(_VALUE_KINDS), reason)


def _contradiction(  # noqa: PLR0913, PLR0917 - one parameter a column of the list
    recordings: list[str],
    steps: str,
    path: str,
    kind: str,
    shown_by: str,
    reason: str,
    shown_as: str = "",
) -> Entry:
    _refuse(path, reason)
    if kind not in {"extra", "missing"} or not shown_by:
        raise NotAllowedError(f"{path}: a contradiction is an extra or missing field, shown once")
    return Entry(tuple(recordings), steps, path, frozenset({kind}), reason, shown_by, shown_as)


def _refuse(path: str, reason: str) -> None:
    """Refuse what may never differ, however the path is spelled as a regular expression."""
    plain = re.sub(r"\\(.)", r"\1", path)
    pattern = re.compile(path)
    probes = (
        "status",
        "done",
        "error.message",
        "error.status",
        "error.code",
        "conditions[0].type",
        "conditions[0].state",
        "metadata.conditions[0].message",
        "response.terminalCondition.state",
        "terminalCondition.type",
        "status.conditions[0].status",
    )
    hit = next((probe for probe in probes if pattern.fullmatch(probe)), None)
    if hit or _NEVER.fullmatch(plain):
        raise NotAllowedError(f"{path} would let {hit or plain} differ")
    if not reason.strip():
        raise NotAllowedError(f"{path} has no reason")


def covering(
    entries: Iterable[Entry], recording: str, exchange: Exchange, difference: Difference
) -> list[Entry]:
    """The entries that expect a difference."""
    return [each for each in entries if each.covers(recording, exchange, difference)]


def rpc(exchange: Exchange) -> str:
    """What kind of request it is: the method and the path without the names in it."""
    parts = exchange.path.strip("/").split("/")
    plain = (part if index % 2 else "*" for index, part in enumerate(parts))
    verb = re.search(r":(\w+)$", exchange.path)
    kind = _operation_kind(exchange.answer)
    return f"{exchange.method} {'/'.join(plain)}{':' + verb.group(1) if verb else ''} {kind}"


def _operation_kind(answer: Any) -> str:  # noqa: ANN401 - JSON
    if not isinstance(answer, dict) or "/operations/" not in f"/{answer.get('name', '')}":
        return ""
    told = answer.get("metadata", {}).get("@type", "")
    return f"{told} {'done' if answer.get('done') else 'pending'}"


def has(answer: Any, path: str) -> bool:  # noqa: ANN401 - JSON
    """Whether an answer has a field, told by a regular expression of its path."""
    return any(re.fullmatch(path, each) for each in _paths(answer, ""))


def _paths(value: Any, path: str) -> Iterable[str]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        for key, one in value.items():
            inner = f"{path}.{key}" if path else key
            yield inner
            yield from _paths(one, inner)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _paths(one, f"{path}[{index}]")
