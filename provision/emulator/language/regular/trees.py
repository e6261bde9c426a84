"""What an expression is made of."""

import unicodedata
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias


class PatternError(ValueError):
    """The text is no regular expression that RE2 knows."""


class Edge(Enum):
    """A place between characters."""

    TEXT_BEGIN = auto()
    TEXT_END = auto()
    LINE_BEGIN = auto()
    LINE_END = auto()
    WORD = auto()
    NO_WORD = auto()


@dataclass(frozen=True)
class Characters:
    """One character of a set.

    Args:
        ranges: first and last code point, each.
        categories: of Unicode, as ``L`` or ``Lu``, that are of the set as well.
        excluded: sets whose complement is of this one.
        negated: whether it is every character that is not of the set.
        folded: whether letters are of it in either case.
    """

    ranges: tuple[tuple[int, int], ...] = ()
    categories: tuple[str, ...] = ()
    excluded: tuple["Characters", ...] = ()
    negated: bool = False
    folded: bool = False
    known: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def has(self, sign: str) -> bool:
        """Whether a character is of the set."""
        found = self.known.get(sign)
        if found is None:
            spelled = {sign, sign.lower(), sign.upper()} if self.folded else {sign}
            found = any(self._lists(one) for one in spelled if len(one) == 1) is not self.negated
            self.known[sign] = found
        return found

    def _lists(self, sign: str) -> bool:
        code = ord(sign)
        return (
            any(first <= code <= last for first, last in self.ranges)
            or unicodedata.category(sign).startswith(self.categories or ("?",))
            or any(not one.has(sign) for one in self.excluded)
        )


@dataclass(frozen=True)
class Sequence:
    """One after the other; nothing at all, where it is empty."""

    parts: tuple["Tree", ...] = ()


@dataclass(frozen=True)
class Choice:
    """One of several."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True)
class Repeat:
    """The same again and again; `most` is None for any number of times."""

    part: "Tree"
    least: int
    most: int | None


Tree: TypeAlias = Characters | Sequence | Choice | Repeat | Edge
