"""The closure of a graph over accounts: who comes by which token of which, however long the way."""

from collections.abc import Collection, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field

from provision.audit.answers import Token
from provision.audit.closure import components, positions
from provision.audit.plan import Plan
from provision.audit.universe import Universe

_MANY = 16
"""Accounts that are joined one by one."""
_PIECE = 256 // 8
_BITS = 1 << 29
"""Bytes of a piece; of joined sets and of single ones, how many bits are kept at least."""


@dataclass
class _Values:
    """Sets of principals, each a few places and large sets that many have inside.

    Args:
        universe: of the snapshot.
        most: how many places are few.
    """

    universe: Universe
    most: int
    ones: list[tuple[int, ...]] = field(default_factory=list)
    large: list[int] = field(default_factory=list)
    """For each set, the numbers of large sets inside, as bits."""
    _parts: list[tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=list)
    """For each set that is few places, those of its own and the sets that are inside."""
    _bits: list[int] = field(default_factory=list)
    _within: list[int] = field(default_factory=list)
    """Large sets, and for each the others inside, as bits."""
    _whole: dict[int, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bits of a set."""
        return len(self.universe)

    def add(self, own: Collection[int], bulk: int, inside: Collection[int]) -> int:
        """One more set: places and bits of its own, and sets inside; its number."""
        ones = set(own)
        large = 0
        for number in inside:
            ones.update(self.ones[number])
            large |= self.large[number]
        large = self._outermost(large)
        parts = (tuple(own), tuple(inside))
        if bulk or len(ones) > self.most:
            large = self._large(ones, large, bulk)
            ones, parts = set(), ((), ())
        self.ones.append(tuple(ones))
        self.large.append(large)
        self._parts.append(parts)
        return len(self.ones) - 1

    def _large(self, ones: set[int], large: int, bulk: int) -> int:
        bits = self.bits(ones, large) | bulk
        if not large & (large - 1) and large and bits == self._bits[large.bit_length() - 1]:
            return large
        within = large
        for number in positions(large):
            within |= self._within[number]
        self._bits.append(bits)
        self._within.append(within)
        return 1 << len(self._bits) - 1

    def _outermost(self, large: int) -> int:
        """Without those that are inside others."""
        if large & (large - 1):
            for number in positions(large):
                large &= ~self._within[number]
        return large

    def bits(self, ones: Collection[int], large: int) -> int:
        """As bits of the universe."""
        found = self.universe.bits(ones)
        for number in positions(self._outermost(large)):
            found |= self._bits[number]
        return found

    def whole(self, number: int) -> int:
        """One of the sets, as bits of the universe; those asked for lately are remembered."""
        found = self._whole.get(number)
        if found is None:
            if len(self._whole) * self.size > _BITS:
                self._whole.clear()
            found = self._whole[number] = self.bits(self.ones[number], self.large[number])
        return found

    def union(self, numbers: Iterable[int]) -> int:
        """What these sets hold in all, as bits; what is inside several is looked at once."""
        ones: set[int] = set()
        large = 0
        seen = set(numbers)
        ahead = list(seen)
        while ahead:
            number = ahead.pop()
            large |= self.large[number]
            own, inside = self._parts[number]
            ones.update(own)
            for one in inside:
                if one not in seen:
                    seen.add(one)
                    ahead.append(one)
        return self.bits(ones, large)


class Graph:
    """One degree, closed.

    Args:
        plan: of the graph.
        universe: of the snapshot.
        most: how many places are few.
    """

    def __init__(self, plan: Plan, universe: Universe, most: int) -> None:
        self._values = _Values(universe, most)
        self.altered: list[bool] = []
        """Of each set, whether others are in it than at the degree before, or may be."""
        number_of = self._closed(plan)
        self._numbers = {
            Token.ACCESS: [number_of[vertex] for vertex in plan.by_access],
            Token.ID: [number_of[vertex] for vertex in plan.by_id],
        }
        values = self._values
        held = [bool(ones or large) for ones, large in zip(values.ones, values.large, strict=True)]
        self.led_to = self._places(held)
        """Accounts that anybody comes by at all."""
        self.changed = self._places(self.altered)
        """Those that others come by than at the degree before, or may."""
        self._pieces: dict[tuple[Token, int, int], int] = {}

    def again(self) -> "Graph":
        """The same for the next degree, of which nothing has changed."""
        same = copy(self)
        same.changed = dict.fromkeys(self.changed, 0)
        same.altered = [False] * len(self.altered)
        return same

    def _closed(self, plan: Plan) -> list[int]:
        """For each vertex the number of the set that it has in the end."""
        number_of = [-1] * len(plan)
        ahead: dict[int, list[int]] = {}

        def inner(vertex: int) -> list[int]:
            found = ahead[vertex] = plan.inner(vertex)
            return found

        for component in components(len(plan), (*plan.by_access, *plan.by_id), inner):
            ones: set[int] = set()
            bulk = 0
            inside: set[int] = set()
            changed = False
            for vertex in component:
                places, bits = plan.holds(vertex)
                ones.update(places)
                bulk |= bits
                changed = changed or plan.changed(vertex)
                inside.update([number_of[one] for one in ahead.pop(vertex)])
            inside.discard(-1)  # of the component itself
            number = self._number(ones, bulk, inside, changed=changed)
            for vertex in component:
                number_of[vertex] = number
        return number_of

    def _number(self, ones: set[int], bulk: int, inside: set[int], *, changed: bool) -> int:
        if len(inside) == 1 and not ones and not bulk and not changed:
            return inside.pop()
        changed = changed or any(self.altered[one] for one in inside)
        self.altered.append(changed)
        return self._values.add(ones, bulk, inside)

    def _places(self, some: Sequence[bool]) -> dict[Token, int]:
        """The accounts whose sets are so, as bits."""
        return {
            token: _bits(some[number] for number in numbers)
            for token, numbers in self._numbers.items()
        }

    def alters(self, account: int, token: Token) -> bool:
        """Whether others come by such tokens of it than at the degree before, or may."""
        return self.altered[self._numbers[token][account]]

    def by(self, account: int, token: Token) -> int:
        """Who comes by such tokens of one account."""
        return self._values.whole(self._numbers[token][account])

    def onto(self, accounts: int, token: Token) -> int:
        """Who comes by such tokens of any of them.

        Args:
            accounts: as bits.
            token: of which kind.
        """
        if accounts.bit_count() <= _MANY:
            return self._one_by_one(accounts, 0, token)
        found = 0
        data = accounts.to_bytes((accounts.bit_length() + 7) // 8, "little")
        for start in range(0, len(data), _PIECE):
            piece = int.from_bytes(data[start : start + _PIECE], "little")
            if piece.bit_count() > _MANY:
                found |= self._piece(piece, start * 8, token)
            elif piece:
                found |= self._one_by_one(piece, start * 8, token)
        return found

    def _one_by_one(self, accounts: int, start: int, token: Token) -> int:
        numbers = self._numbers[token]
        found = 0
        while accounts:
            place = accounts.bit_length() - 1
            found |= self._values.whole(numbers[start + place])
            accounts ^= 1 << place
        return found

    def _piece(self, piece: int, start: int, token: Token) -> int:
        """Neighbours mostly come together, as all of a project: what they add up to is kept."""
        key = (token, start, piece)
        found = self._pieces.get(key)
        if found is None:
            if len(self._pieces) * self._values.size > _BITS:
                self._pieces.clear()
            numbers = self._numbers[token]
            several = {numbers[start + place] for place in positions(piece)}
            found = self._pieces[key] = self._values.union(several)
        return found


def _bits(some: Iterable[bool]) -> int:
    """The bits of those that are so."""
    digits = "".join("1" if one else "0" for one in some)[::-1]
    return int(digits, 2) if digits else 0
