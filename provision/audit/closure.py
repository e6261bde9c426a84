"""Sets of principals as bits of an integer, and what follows from them step by step. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

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


def closed(leaves: Sequence[int], inner: Sequence[int]) -> list[int]:
    """The least sets of which each holds its own leaves and all that its inner sets hold.

    Args:
        leaves: what each set holds by itself, as bits.
        inner: which sets each has inside, as bits over the positions in `leaves`; cycles may be.
    """
    return _Closing(leaves, inner).values()


@dataclass
class _Closing:
    """Gabow's path-based algorithm for strong components, with bits for the lists of neighbours.

    The components come innermost first, so each finds those inside it complete. Every set is
    visited once, and no edge is looked at alone: dense graphs cost no more than sparse ones.
    """

    leaves: Sequence[int]
    inner: Sequence[int]
    found: list[int] = field(init=False)
    _within: list[int] = field(init=False)
    _fresh: int = field(init=False)
    _stack: list[int] = field(default_factory=list)
    _starts: list[tuple[int, int]] = field(default_factory=list)
    """Of each component that is still open: where on the stack it starts, and what stands below."""
    _open: int = 0

    def __post_init__(self) -> None:
        self.found = [0] * len(self.leaves)
        self._within = [0] * len(self.leaves)
        self._fresh = (1 << len(self.leaves)) - 1

    def values(self) -> list[int]:
        """Everything, closed."""
        while self._fresh:
            self._explore(lowest(self._fresh))
        return self.found

    def _explore(self, root: int) -> None:
        path = [self._visit(root)]
        while path:
            at = path[-1]
            fresh = self.inner[at] & self._fresh
            if fresh:
                path.append(self._visit(lowest(fresh)))
                continue
            path.pop()
            back = self.inner[at] & self._open
            while back & self._starts[-1][1]:
                self._starts.pop()
            if self._stack[self._starts[-1][0]] == at:
                self._finish()

    def _visit(self, at: int) -> int:
        self._fresh ^= 1 << at
        self._starts.append((len(self._stack), self._open))
        self._stack.append(at)
        self._open |= 1 << at
        return at

    def _finish(self) -> None:
        start, self._open = self._starts.pop()
        component = self._stack[start:]
        del self._stack[start:]
        value = within = todo = 0
        for member in component:
            value |= self.leaves[member]
            todo |= self.inner[member]
            within |= 1 << member
        todo &= ~within
        while todo:
            inside = lowest(todo)
            value |= self.found[inside]
            within |= self._within[inside]
            todo &= ~within
        for member in component:
            self.found[member] = value
            self._within[member] = within
