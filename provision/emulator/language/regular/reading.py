"""The text of an expression to its tree."""

import re
from dataclasses import dataclass, replace
from typing import Final

from provision.emulator.language.regular.trees import (
    Characters,
    Choice,
    Edge,
    PatternError,
    Repeat,
    Sequence,
    Tree,
)

_LONGEST = 1000
_DEEPEST = 50
_MOST_REPEATS = 1000
_LAST = 0x10FFFF
_CONTROLS: Final = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_POSIX: Final = {
    "alnum": "09AZaz",
    "alpha": "AZaz",
    "ascii": "\x00\x7f",
    "blank": "\t\t  ",
    "cntrl": "\x00\x1f\x7f\x7f",
    "digit": "09",
    "graph": "!~",
    "lower": "az",
    "print": " ~",
    "punct": "!/:@[`{~",
    "space": "\t\r  ",
    "upper": "AZ",
    "word": "09AZaz__",
    "xdigit": "09AFaf",
}
_PERL: Final = {"d": "09", "s": "\t\n\x0c\r  ", "w": "09AZaz__"}
_EDGES: Final = {
    "A": Edge.TEXT_BEGIN,
    "z": Edge.TEXT_END,
    "b": Edge.WORD,
    "B": Edge.NO_WORD,
}
_REPEAT = re.compile(r"\{(\d{1,6})(,(\d{1,6})?)?\}", re.ASCII)
_GROUP = re.compile(r"\?(?:P?<([A-Za-z0-9_]+)>|([imsU]*(?:-[imsU]+)?)([:)]))", re.ASCII)
_OCTAL = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{2}", re.ASCII)
_HEXADECIMAL = re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})", re.ASCII)
_CATEGORY = re.compile(r"[pP](?:([A-Z])|\{(\^?)([A-Z][a-z]?)\})", re.ASCII)
_CATEGORIES: Final = frozenset(
    (
        *("C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn"),
        *("N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps"),
        *("S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs"),
    )
)


@dataclass(frozen=True)
class _Flags:
    """What ``(?ims)`` sets."""

    folded: bool = False
    lines: bool = False
    dot_all: bool = False


def read(pattern: str) -> Tree:
    """The tree of an expression. Raises `PatternError`."""
    if len(pattern) > _LONGEST:
        raise PatternError("it is too long")
    reader = _Reader(pattern)
    tree = reader.choice()
    if reader.rest:
        raise PatternError("unexpected )")
    return tree


class _Reader:
    """Recursive descent over an expression."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._flags = _Flags()
        self._names: set[str] = set()
        self._depth = 0

    @property
    def rest(self) -> str:
        return self._pattern[self._at :]

    def choice(self) -> Tree:
        """Alternatives, up to the end of the group."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise PatternError("it is nested too deeply")
        kept, parts = self._flags, [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())
        self._flags = kept
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequence(self) -> Tree:
        parts: list[Tree] = []
        while self.rest and self.rest[0] not in "|)":
            parts.extend(self._repeated())
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self) -> tuple[Tree, ...]:
        atoms = self._atom()
        bounds = self._bounds()
        if bounds is None:
            return atoms
        if not atoms:
            raise PatternError("missing argument to repetition operator")
        if self._bounds() is not None:
            raise PatternError("invalid nested repetition operator")
        return (*atoms[:-1], Repeat(atoms[-1], *bounds))

    def _bounds(self) -> tuple[int, int | None] | None:
        """How often; how greedily makes no difference to the longest match."""
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        found = _REPEAT.match(self._pattern, self._at)
        if self.rest[:1] in simple and self.rest:
            bounds = simple[self._next()]
        elif found:
            self._at = found.end()
            least = int(found[1])
            most = least if found[2] is None else int(found[3]) if found[3] else None
            if max(least, most or 0) > _MOST_REPEATS or (most is not None and most < least):
                raise PatternError("invalid repeat count")
            bounds = (least, most)
        else:
            return None
        self._take("?")
        return bounds

    def _atom(self) -> tuple[Tree, ...]:
        """What stands next: one part, or several, or none for flags."""
        sign = self._next()
        if sign == "(":
            return self._group()
        if sign == "[":
            return (self._set(),)
        if sign == "\\":
            return self._escaped()
        if sign == ".":
            newline = () if self._flags.dot_all else ((10, 10),)
            return (Characters(newline, negated=True),)
        if sign in "^$":
            return (self._line_edge(sign),)
        if sign in "*+?":
            raise PatternError("missing argument to repetition operator")
        return (self._one(ord(sign)),)

    def _line_edge(self, sign: str) -> Tree:
        if self._flags.lines:
            return Edge.LINE_BEGIN if sign == "^" else Edge.LINE_END
        return Edge.TEXT_BEGIN if sign == "^" else Edge.TEXT_END

    def _one(self, code: int) -> Characters:
        return Characters(((code, code),), folded=self._flags.folded)

    def _group(self) -> tuple[Tree, ...]:
        kept = self._flags
        if self.rest[:1] == "?":
            found = _GROUP.match(self._pattern, self._at)
            if found is None:
                raise PatternError(f"invalid or unsupported syntax: ({self.rest[:4]}")
            self._at = found.end()
            self._named(found[1])
            self._flags = _flagged(self._flags, found[2] or "")
            if found[3] == ")":
                return ()
        tree = self.choice()
        if not self._take(")"):
            raise PatternError("missing closing )")
        self._flags = kept
        return (tree,)

    def _named(self, name: str | None) -> None:
        if name is not None and name in self._names:
            raise PatternError(f"duplicate group name {name}")
        self._names.add(name or "")

    def _escaped(self) -> tuple[Tree, ...]:
        sign = self.rest[:1]
        if sign == "Q":
            quoted, end, _ = self.rest[1:].partition("\\E")
            self._at += 1 + len(quoted) + len(end)
            return tuple(self._one(ord(one)) for one in quoted)
        if sign in _EDGES and sign:
            self._at += 1
            return (_EDGES[sign],)
        listed = self._class()
        return (listed,) if listed else (self._one(self._code()),)

    def _class(self) -> Characters | None:
        """A class behind a backslash: ``d``, ``W``, ``pL``."""
        sign = self.rest[:1]
        if sign.lower() in _PERL and sign:
            self._at += 1
            return Characters(_pairs(_PERL[sign.lower()]), negated=sign.isupper())
        found = _CATEGORY.match(self._pattern, self._at)
        if found is None:
            return None
        self._at = found.end()
        category = found[1] or found[3]
        if category not in _CATEGORIES:
            raise PatternError(f"unsupported character class: {category}")
        return Characters(categories=(category,), negated=(sign == "P") is not bool(found[2]))

    def _code(self) -> int:
        """The code point that stands behind a backslash."""
        for form, base in ((_OCTAL, 8), (_HEXADECIMAL, 16)):
            found = form.match(self._pattern, self._at)
            if found:
                self._at = found.end()
                code = int(next((one for one in found.groups() if one), found[0]), base)
                if code > _LAST:
                    break
                return code
        sign = self.rest[:1]
        if sign in _CONTROLS and sign:
            self._at += 1
            return _CONTROLS[sign]
        if not sign or sign.isalnum() or not sign.isascii():
            raise PatternError(f"invalid escape sequence: \\{sign}")
        return ord(self._next())

    def _set(self) -> Characters:
        negated = self._take("^")
        ranges: list[tuple[int, int]] = []
        inner: list[Characters] = []
        first = True
        while first or self.rest[:1] != "]":
            first = False
            listed = self._class_of_set()
            if listed is not None:
                inner.append(listed)
                continue
            low = self._set_code()
            high = self._set_code() if self._is_range() else low
            if high < low:
                raise PatternError("invalid character class range")
            ranges.append((low, high))
        self._at += 1
        return _united(ranges, inner, negated=negated, folded=self._flags.folded)

    def _is_range(self) -> bool:
        if self.rest[:1] == "-" and self.rest[1:2] not in ("]", ""):
            self._at += 1
            return True
        return False

    def _class_of_set(self) -> Characters | None:
        if self.rest.startswith("[:"):
            name, end, _ = self.rest[2:].partition(":]")
            negated = name.startswith("^")
            listed = _POSIX.get(name.removeprefix("^"))
            if end and listed is not None:
                self._at += len(name) + 4
                return Characters(_pairs(listed), negated=negated)
            if end and name.isalpha():
                raise PatternError(f"invalid character class range: [:{name}:]")
        if self.rest.startswith("\\"):
            self._at += 1
            listed_class = self._class()
            self._at -= listed_class is None
            return listed_class
        return None

    def _set_code(self) -> int:
        if not self.rest:
            raise PatternError("missing closing ]")
        sign = self._next()
        return self._code() if sign == "\\" else ord(sign)

    def _next(self) -> str:
        sign = self._pattern[self._at]
        self._at += 1
        return sign

    def _take(self, sign: str) -> bool:
        taken = self._pattern.startswith(sign, self._at)
        self._at += len(sign) if taken else 0
        return taken


def _flagged(flags: _Flags, letters: str) -> _Flags:
    """Flags with letters set, or taken away behind a minus."""
    on, _, off = letters.partition("-")
    names = {"i": "folded", "m": "lines", "s": "dot_all"}
    changes = {names[one]: one in on for one in on + off if one in names}
    return replace(flags, **changes)


def _pairs(ends: str) -> tuple[tuple[int, int], ...]:
    return tuple((ord(ends[at]), ord(ends[at + 1])) for at in range(0, len(ends), 2))


def _united(
    ranges: list[tuple[int, int]], inner: list[Characters], *, negated: bool, folded: bool
) -> Characters:
    """One set of several."""
    plain = [one for one in inner if not one.negated]
    return Characters(
        (*ranges, *(pair for one in plain for pair in one.ranges)),
        tuple(category for one in plain for category in one.categories),
        tuple(replace(one, negated=False, known={}) for one in inner if one.negated),
        negated=negated,
        folded=folded,
    )
