"""What can be told of a value before anything is executed: texts, and how texts begin. Pure.

Expressions: https://cloud.google.com/workflows/docs/reference/syntax/expressions
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provision.workflows.document import MAIN, Document
from provision.workflows.steps import items, steps

_WHOLE = re.compile(r"\s*\$\{(.*)\}\s*", re.DOTALL)
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
      | (?P<sign>[+()])
      | (?P<other>\S)
    )""",
    re.VERBOSE,
)
_GET_ENV = "sys.get_env"
_PASSES = 4
"""Constants made of constants made of constants are as far as people go."""


@dataclass(frozen=True)
class Text:
    """A text as far as it is known.

    Args:
        start: how it begins.
        whole: whether that is all of it.
    """

    start: str
    whole: bool

    def __add__(self, other: "Text") -> "Text":
        """The two, one after the other."""
        return Text(self.start + other.start, other.whole) if self.whole else self


UNKNOWN = Text("", whole=False)

Constants = Mapping[str, Text]
"""Variables of one routine that are always the same text, by their dotted names."""


def text_of(value: object, constants: Constants, env: Mapping[str, str]) -> Text:
    """`value` as a text.

    Args:
        value: a value of a step, perhaps an expression.
        constants: the routine's.
        env: what ``sys.get_env`` tells.
    """
    if not isinstance(value, str):
        return UNKNOWN if value is None else Text(str(value), whole=True)
    found = _WHOLE.fullmatch(value)
    if found:
        return _Reader(found[1], constants, env).read()
    before, mark, _ = value.partition("${")
    return Text(before, whole=not mark)


class _Reader:
    """Joins texts; anything else ends what is known."""

    def __init__(self, source: str, constants: Constants, env: Mapping[str, str]) -> None:
        self._tokens = [found for found in _TOKEN.finditer(source) if found.lastgroup]
        self._at = 0
        self._constants = constants
        self._env = env

    def read(self) -> Text:
        """The text of the whole expression."""
        found = self._sum()
        return found if self._at >= len(self._tokens) else UNKNOWN

    def _sum(self) -> Text:
        total = self._term()
        while self._take("+"):
            total += self._term()
        return total

    def _term(self) -> Text:
        if self._take("("):
            within = self._sum()
            return within if self._take(")") else self._lost()
        if self._at >= len(self._tokens):
            return UNKNOWN
        token = self._tokens[self._at]
        self._at += 1
        if token["text"] is not None:
            return Text(_unquoted(token["text"]), whole=True)
        if token["name"] is None:
            return self._lost()
        if self._take("("):
            return self._called(token["name"])
        return self._constants.get(token["name"], UNKNOWN)

    def _called(self, function: str) -> Text:
        """What a function gives: of one alone it is known."""
        start, depth = self._at, 1
        while self._at < len(self._tokens) and depth:
            depth += {"(": 1, ")": -1}.get(self._tokens[self._at]["sign"] or "", 0)
            self._at += 1
        given = self._tokens[start : self._at - 1]
        if function == _GET_ENV and given and given[0]["text"] is not None:
            told = self._env.get(_unquoted(given[0]["text"]), "")
            return Text(told, whole=True) if told else UNKNOWN
        return UNKNOWN

    def _take(self, sign: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at]["sign"] == sign:
            self._at += 1
            return True
        return False

    def _lost(self) -> Text:
        """Something that is not read: nothing of the whole is known."""
        self._at = len(self._tokens) + 1
        return UNKNOWN


def _unquoted(literal: str) -> str:
    return re.sub(r"\\(.)", r"\1", literal[1:-1])


def constants(
    document: Document, env: Mapping[str, str], argument: object = None
) -> Mapping[str, Constants]:
    """The constants of each routine: variables that are assigned in one place only.

    Args:
        document: the source.
        env: what ``sys.get_env`` tells.
        argument: that of one execution, where it is about one.
    """
    assigned: dict[str, dict[str, list[object]]] = {
        name: {_bare(one): [None] for one in items(body.get("params"))}
        for name, body in document.routines.items()
    }
    for step in steps(document):
        table = assigned[step.routine]
        for name, value in _assignments(step.body):
            table.setdefault(name, []).append(value)
    given = _given(document, argument)
    return {
        name: _settled(table, env, given if name == MAIN else {})
        for name, table in assigned.items()
    }


def _given(document: Document, argument: object) -> Constants:
    """The parts of the argument by their names in ``main``; its texts are no expressions."""
    params = items(document.routines.get(MAIN, {}).get("params"))
    name = _bare(params[0]) if params else ""
    told = _parts(name, argument) if name and argument is not None else ()
    return {
        part: Text(str(value), whole=True)
        for part, value in told
        if isinstance(value, str | int | float)
    }


def _settled(
    table: Mapping[str, list[object]], env: Mapping[str, str], given: Constants
) -> Constants:
    once = {name: values[0] for name, values in table.items() if len(values) == 1}
    changed = {_bare(name) for name, values in table.items() if len(values) > 1}
    changed |= {_bare(name) for name in table if "[" in name}
    found = {name: text for name, text in given.items() if _bare(name) not in changed}
    once = {name: value for name, value in once.items() if name not in found}
    for _ in range(_PASSES):
        for name, value in once.items():
            if _bare(name) not in changed:
                found[name] = text_of(value, found, env)
    return found


def _bare(name: object) -> str:
    """The variable of ``a.b`` and ``a["b"]``; of a parameter with a default, its name."""
    first = next(iter(name), "") if isinstance(name, Mapping) else name
    found = re.match(r"\w+", str(first))
    return found[0] if found else ""


def _assignments(body: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Everything that a step gives a name to, each part of a map by its dotted name."""
    for one in items(body.get("assign")):
        if isinstance(one, Mapping):
            for name, value in one.items():
                yield from _parts(str(name), value)
    for word in ("result", "value", "index", "as"):
        name = body.get(word)
        if isinstance(name, str):
            yield name, None


def _parts(name: str, value: object) -> Iterator[tuple[str, object]]:
    yield name, value if not isinstance(value, Mapping) else None
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _parts(f"{name}.{key}", one)
