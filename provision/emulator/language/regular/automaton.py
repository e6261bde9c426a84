"""Trees to automata."""

from dataclasses import dataclass
from typing import TypeAlias

from provision.emulator.language.regular.trees import (
    Characters,
    Choice,
    Edge,
    PatternError,
    Repeat,
    Sequence,
    Tree,
)

_MOST_STATES = 5_000
Step: TypeAlias = Characters | Edge | None


@dataclass
class State:
    """A state: what it takes to go on, and where to.

    Args:
        step: a character, an edge, or nothing.
        following: the numbers of the states behind it.
    """

    step: Step
    following: list[int]


class Automaton:
    """The states that an expression is.

    Args:
        tree: of the expression.

    Raises:
        PatternError: there would be too many.
    """

    def __init__(self, tree: Tree) -> None:
        self.states: list[State] = []
        self.last = self._add(None, [])
        self.first = self._build(tree, self.last)

    def _add(self, step: Step, following: list[int]) -> int:
        if len(self.states) >= _MOST_STATES:
            raise PatternError("it is too large")
        self.states.append(State(step, following))
        return len(self.states) - 1

    def _build(self, tree: Tree, to: int) -> int:
        """The state that a tree begins with, when `to` is behind it."""
        if isinstance(tree, Sequence):
            for part in reversed(tree.parts):
                to = self._build(part, to)
            return to
        if isinstance(tree, Choice):
            return self._add(None, [self._build(part, to) for part in tree.parts])
        if isinstance(tree, Repeat):
            return self._repeated(tree, to)
        return self._add(tree, [to])

    def _repeated(self, tree: Repeat, to: int) -> int:
        if tree.most is None:
            end = self._add(None, [to])
            self.states[end].following.append(self._build(tree.part, end))
        else:
            end = to
            for _ in range(tree.most - tree.least):
                end = self._add(None, [self._build(tree.part, end), to])
        for _ in range(tree.least):
            end = self._build(tree.part, end)
        return end
