"""What is known of a truth: which outcomes are still possible, and why. Pure.

CEL has three outcomes of a condition: it holds, it fails, or it breaks (cannot be evaluated), and
only the first one grants. What we do not know of a request leaves more than one of them possible.
"""

from enum import Flag
from typing import NamedTuple


class Outcome(Flag):
    """What a condition can come to."""

    HOLDS = 1
    FAILS = 2
    BREAKS = 4


HOLDS, FAILS, BREAKS = Outcome
NEVER = FAILS | BREAKS
ANY = HOLDS | FAILS | BREAKS


class Truth(NamedTuple):
    """What is known of a condition, or of a part of one.

    Args:
        possible: the outcomes that what we do not know leaves open.
        why: in words, what decided or what is not known.
        undecided: names of what is not known, as ``request.path``.
    """

    possible: Outcome
    why: str = ""
    undecided: frozenset[str] = frozenset()

    @property
    def value(self) -> bool | None:
        """True: it grants. False: it does not, whatever we do not know. None: not known."""
        if self.possible is HOLDS:
            return True
        return None if self.possible & HOLDS else False


def both(left: Truth, right: Truth) -> Truth:
    """``left && right``: false if either is, whatever the other comes to."""
    possible = Outcome(0)
    if (left.possible | right.possible) & FAILS:
        possible |= FAILS
    if left.possible & right.possible & HOLDS:
        possible |= HOLDS
    if _breaks(left, right, HOLDS) or _breaks(right, left, HOLDS):
        possible |= BREAKS
    return _joined(possible, left, right)


def either(left: Truth, right: Truth) -> Truth:
    """``left || right``: true if either is, whatever the other comes to."""
    found = opposite(both(opposite(left), opposite(right)))
    return _joined(found.possible, left, right)


def opposite(truth: Truth) -> Truth:
    """``!truth``: what breaks, breaks."""
    possible = truth.possible & BREAKS
    if truth.possible & HOLDS:
        possible |= FAILS
    if truth.possible & FAILS:
        possible |= HOLDS
    return Truth(possible, truth.why, truth.undecided)


def chosen(condition: Truth, then: Truth, otherwise: Truth) -> Truth:
    """``condition ? then : otherwise``."""
    possible = condition.possible & BREAKS
    parts = [condition]
    for outcome, branch in ((HOLDS, then), (FAILS, otherwise)):
        if condition.possible & outcome:
            possible |= branch.possible
            parts.append(branch)
    return _joined(possible, *parts)


def _breaks(one: Truth, other: Truth, passing: Outcome) -> bool:
    """Whether `one` may break where `other` does not decide by itself."""
    return bool(one.possible & BREAKS and other.possible & (passing | BREAKS))


def _joined(possible: Outcome, *parts: Truth) -> Truth:
    """With the reasons of those parts that made it so."""
    if possible is HOLDS:
        decisive = [part for part in parts if part.possible is HOLDS]
    elif not possible & HOLDS:
        decisive = [part for part in parts if not part.possible & HOLDS] or list(parts)
    else:
        decisive = [part for part in parts if part.value is None] or list(parts)
    whys = dict.fromkeys(part.why for part in decisive if part.why)
    undecided = frozenset[str]().union(*(part.undecided for part in parts))
    if possible in (HOLDS, FAILS, BREAKS):  # nothing that is not known can change it
        undecided = frozenset()
    return Truth(possible, " and ".join(whys), undecided)
