"""Automata over texts: every thread at once, so that none ever goes back."""

from collections.abc import Iterator
from functools import lru_cache

from provision.emulator.language.regular.automaton import Automaton
from provision.emulator.language.regular.reading import read
from provision.emulator.language.regular.trees import Characters, Edge, PatternError

MOST_WORK = 5_000_000
"""Threads moved in one search: a bound of our own, that only hostile texts meet."""


class Expression:
    """A compiled expression.

    Args:
        automaton: its states.
    """

    def __init__(self, automaton: Automaton) -> None:
        self._automaton = automaton

    def find(self, text: str) -> tuple[int, int] | None:
        """Where the leftmost match begins and ends, of those the longest; None without one.

        Raises:
            PatternError: it takes too long.
        """
        return next(self.find_all(text), None)

    def find_all(self, text: str, most_work: int = MOST_WORK) -> Iterator[tuple[int, int]]:
        """All matches in turn; none that is empty right behind another.

        Args:
            text: to search.
            most_work: how many threads may be moved, all in all.

        Raises:
            PatternError: it takes too long.
        """
        search = _Search(self._automaton, text, most_work)
        at, ended = 0, -1
        while at <= len(text):
            found = search.find(at)
            if found is None:
                return
            start, end = found
            if end > start or start != ended:
                yield found
                ended = end
            at = end if end > start else end + 1


class _Search:
    """An automaton on its way through a text."""

    def __init__(self, automaton: Automaton, text: str, most_work: int) -> None:
        self._states = automaton.states
        self._first, self._last = automaton.first, automaton.last
        self._text = text
        self._work = most_work

    def find(self, begin: int) -> tuple[int, int] | None:
        """The leftmost, longest match from a place on."""
        best: tuple[int, int] | None = None
        threads: dict[int, int] = {}
        for at in range(begin, len(self._text) + 1):
            if best is None:
                threads.setdefault(self._first, at)
            closed = self._closed(threads, at)
            start = closed.get(self._last)
            if start is not None and (best is None or start <= best[0]):
                best = (start, at)
            threads = self._moved(closed, at, len(self._text) if best is None else best[0])
            if best is not None and not threads:
                break
        return best

    def _moved(self, closed: dict[int, int], at: int, latest: int) -> dict[int, int]:
        """The threads that take the next character, each with where it began."""
        self._work -= len(closed)
        if self._work < 0:
            raise PatternError("it takes too long for this text")
        moved: dict[int, int] = {}
        if at == len(self._text):
            return moved
        sign = self._text[at]
        for number, start in closed.items():
            state = self._states[number]
            if start <= latest and isinstance(state.step, Characters) and state.step.has(sign):
                for following in state.following:
                    moved[following] = min(start, moved.get(following, start))
        return moved

    def _closed(self, threads: dict[int, int], at: int) -> dict[int, int]:
        """All states that are reached without a character; the earliest beginning counts."""
        closed: dict[int, int] = {}
        waiting = sorted(threads.items(), key=lambda one: one[1], reverse=True)
        while waiting:
            number, start = waiting.pop()
            if number in closed:
                continue
            closed[number] = start
            state = self._states[number]
            if state.step is None or (
                isinstance(state.step, Edge) and _is_at(state.step, self._text, at)
            ):
                waiting.extend((following, start) for following in state.following)
        return closed


@lru_cache(maxsize=128)
def compiled(pattern: str) -> Expression:
    """The expression that a text is. Raises `PatternError`."""
    return Expression(Automaton(read(pattern)))


def _is_at(edge: Edge, text: str, at: int) -> bool:
    """Whether an edge is at a place."""
    if edge is Edge.TEXT_BEGIN:
        return at == 0
    if edge is Edge.TEXT_END:
        return at == len(text)
    if edge is Edge.LINE_BEGIN:
        return at == 0 or text[at - 1] == "\n"
    if edge is Edge.LINE_END:
        return at == len(text) or text[at] == "\n"
    between = _is_word(text, at - 1) is not _is_word(text, at)
    return between is (edge is Edge.WORD)


def _is_word(text: str, at: int) -> bool:
    if not 0 <= at < len(text):
        return False
    return text[at] == "_" or (text[at].isascii() and text[at].isalnum())
