r"""Patterns of asset types: of regular expressions as much as is used for them.

Letters, ``.``, ``*`` and ``+`` behind one of these, ``\`` before what stands for itself, and ``|``
between whole patterns. Each is tried in one pass, whatever it looks like.
"""

from collections.abc import Sequence

_ANY = ""
_MAX_LENGTH = 200
_PLAIN = frozenset("/-_")


def fits(pattern: str, text: str) -> bool | None:
    """Whether a pattern is one of the whole text; None when it is not understood."""
    if len(pattern) > _MAX_LENGTH:
        return None
    alternatives = [_parts(one) for one in pattern.split("|")]
    if any(one is None for one in alternatives):
        return None
    return any(_whole(one, text) for one in alternatives if one is not None)


def _parts(pattern: str) -> list[tuple[str, bool]] | None:
    """Characters (`_ANY` for each) and whether there may be any number of them."""
    found: list[tuple[str, bool]] = []
    place = 0
    while place < len(pattern):
        letter = pattern[place]
        place += 1
        if letter == "\\" and place < len(pattern):
            found.append((pattern[place], False))
            place += 1
        elif letter == ".":
            found.append((_ANY, False))
        elif letter in "*+" and found and not found[-1][1]:
            last = found.pop()
            found += [(last[0], True)] if letter == "*" else [last, (last[0], True)]
        elif letter.isalnum() or letter in _PLAIN:
            found.append((letter, False))
        else:
            return None
    return found


def _whole(parts: Sequence[tuple[str, bool]], text: str) -> bool:
    places = _passed(parts, {0})
    for letter in text:
        moved = set()
        for place in places:
            if place < len(parts) and parts[place][0] in (_ANY, letter):
                moved.add(place if parts[place][1] else place + 1)
        places = _passed(parts, moved)
    return len(parts) in places


def _passed(parts: Sequence[tuple[str, bool]], places: set[int]) -> set[int]:
    """Places, and those that are reached from them past what may be missing."""
    found = set(places)
    for place in sorted(places):
        at = place
        while at < len(parts) and parts[at][1]:
            at += 1
            found.add(at)
    return found
