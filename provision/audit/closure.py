"""Places of bits of an integer, and which vertices of a graph lead to one another. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

_DONE = 1 << 62
"""Later than any vertex that is still on a stack."""
_NONZERO = re.compile(rb"[^\0]", re.DOTALL)
_IN_BYTE = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))


def positions(bits: int) -> Iterator[int]:
    """Where bits are set, ascending; quick where few of very many are."""
    data = bits.to_bytes((bits.bit_length() + 7) // 8, "little")
    for found in _NONZERO.finditer(data):
        place = found.start()
        for bit in _IN_BYTE[data[place]]:
            yield place * 8 + bit


def lowest(bits: int) -> int:
    """Where the first bit is set; -1 for none."""
    return (bits & -bits).bit_length() - 1


def components(
    many: int, starts: Iterable[int], inner: Callable[[int], Iterable[int]]
) -> Iterator[list[int]]:
    """The strong components of a graph, each after those that it leads to.

    Gabow's path-based algorithm; no recursion, however long a way is.

    Args:
        many: vertices are numbers below.
        starts: from which everything is reached that is wanted.
        inner: where a vertex leads.
    """
    walk = _Walk(inner, [0] * many)
    for start in starts:
        if not walk.order[start]:
            yield from walk.walked(start)


@dataclass
class _Walk:
    """A walk in depth: what is on the stack is not yet known to be a component."""

    inner: Callable[[int], Iterable[int]]
    order: list[int]
    """When each vertex was come to; 0: not yet."""
    _stack: list[int] = field(default_factory=list)
    _open: list[int] = field(default_factory=list)
    """When the first vertex of each component on the stack was come to, as far as is known."""
    _count: int = 0

    def walked(self, start: int) -> Iterator[list[int]]:
        """The components that are reached from a vertex."""
        path = [self._visited(start)]
        while path:
            at, ahead = path[-1]
            coming = self._next(ahead)
            if coming is not None:
                path.append(self._visited(coming))
                continue
            path.pop()
            if self._open[-1] == self.order[at]:
                self._open.pop()
                yield self._component(at)

    def _visited(self, at: int) -> tuple[int, Iterator[int]]:
        self._count += 1
        self.order[at] = self._count
        self._stack.append(at)
        self._open.append(self._count)
        return at, iter(self.inner(at))

    def _next(self, ahead: Iterator[int]) -> int | None:
        """The next vertex that was not come to yet."""
        order, open_ = self.order, self._open
        for one in ahead:
            place = order[one]
            if not place:
                return one
            while open_[-1] > place:  # it leads back: all since are one component
                open_.pop()
        return None

    def _component(self, first: int) -> list[int]:
        start = len(self._stack) - 1
        while self._stack[start] != first:
            start -= 1
        found = self._stack[start:]
        del self._stack[start:]
        for one in found:
            self.order[one] = _DONE
        return found
