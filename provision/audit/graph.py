"""The closure of a graph over accounts: who comes by which token of which, however long the way."""

from collections.abc import Collection, Hashable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field

from provision.audit.answers import Token
from provision.audit.closure import components, positions
from provision.audit.plan import Plan
from provision.audit.universe import Universe

_FEW, _MANY = 4, 16
"""Accounts whose sets are looked for each time; those that are joined one by one."""
_PIECE = 256 // 8
_KEPT = 1024
_BITS = 1 << 29
"""Bytes of a piece; how many joined sets are kept, and how many bits of single ones."""


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
    _bits: list[int] = field(default_factory=list)
    _within: list[int] = field(default_factory=list)
    """Large sets, and for each the others inside, as bits."""
    _whole: dict[int, int] = field(default_factory=dict)

    def add(self, ones: set[int], large: int, bulk: int) -> int:
        """One more set; its number."""
        large = self._outermost(large)
        if bulk or len(ones) > self.most:
            large = self._large(ones, large, bulk)
            ones = set()
        self.ones.append(tuple(ones))
        self.large.append(large)
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
            if len(self._whole) * len(self.universe) > _BITS:
                self._whole.clear()
            found = self._whole[number] = self.bits(self.ones[number], self.large[number])
        return found

    def union(self, numbers: Iterable[int]) -> tuple[set[int], int]:
        """What these sets hold in all."""
        ones: set[int] = set()
        large = 0
        for number in numbers:
            ones.update(self.ones[number])
            large |= self.large[number]
        return ones, large


class Graph:
    """One degree, closed.

    Args:
        plan: of the graph.
        universe: of the snapshot.
        most: how many places are few.
    """

    def __init__(self, plan: Plan, universe: Universe, most: int) -> None:
        self._values = _Values(universe, most)
        self._changed: list[bool] = []
        number_of = self._closed(plan)
        self._numbers = {
            Token.ACCESS: [number_of[vertex] for vertex in plan.by_access],
            Token.ID: [number_of[vertex] for vertex in plan.by_id],
        }
        values = self._values
        held = [bool(ones or large) for ones, large in zip(values.ones, values.large, strict=True)]
        self.led_to = self._places(held)
        """Accounts that anybody comes by at all."""
        self.changed = self._places(self._changed)
        """Those that others come by than at the degree before, or may."""
        self._sums: dict[tuple[Token, int], int] = {}
        self._pieces: dict[tuple[Token, int, int], int] = {}
        self._cores: dict[tuple[Hashable, Token], tuple[int, int]] = {}

    def again(self) -> "Graph":
        """The same for the next degree, of which nothing has changed."""
        same = copy(self)
        same.changed = dict.fromkeys(self.changed, 0)
        return same

    def _closed(self, plan: Plan) -> list[int]:
        """For each vertex the number of the set that it has in the end."""
        number_of = [-1] * len(plan)
        for component in components(len(plan), (*plan.by_access, *plan.by_id), plan.inner):
            own = frozenset(component)
            ones: set[int] = set()
            bulk = 0
            inside: set[int] = set()
            changed = False
            for vertex in component:
                places, bits = plan.holds(vertex)
                ones.update(places)
                bulk |= bits
                changed = changed or plan.changed(vertex)
                inside.update(number_of[one] for one in plan.inner(vertex) if one not in own)
            number = self._number(ones, bulk, inside, changed=changed)
            for vertex in component:
                number_of[vertex] = number
        return number_of

    def _number(self, ones: set[int], bulk: int, inside: set[int], *, changed: bool) -> int:
        if len(inside) == 1 and not ones and not bulk and not changed:
            return inside.pop()
        changed = changed or any(self._changed[one] for one in inside)
        more, large = self._values.union(inside)
        self._changed.append(changed)
        return self._values.add(ones | more, large, bulk)

    def _places(self, some: Sequence[bool]) -> dict[Token, int]:
        """The accounts whose sets are so, as bits."""
        return {
            token: _bits(some[number] for number in numbers)
            for token, numbers in self._numbers.items()
        }

    def onto(self, accounts: int, token: Token, near: Hashable = None) -> int:
        """Who comes by such tokens of any of them.

        Args:
            accounts: as bits.
            token: of which kind.
            near: the same for questions whose accounts are mostly the same, as of one project:
                what they have in common is added up once.
        """
        if accounts.bit_count() < _FEW:
            return self._added_up(accounts, token)
        widely = accounts.bit_count() * 2 > len(self._numbers[token])
        key = ("" if widely else near, token)  # of what is open to most, most is the same anywhere
        core, value = self._cores.get(key, (0, 0))
        common = core & accounts
        if common != core or not core:
            core = common if common.bit_count() * 2 >= core.bit_count() and core else accounts
            value = self._sum(core, token)
            if len(self._cores) >= _KEPT:
                self._cores.clear()
            self._cores[key] = core, value
        own = accounts ^ core
        return value | self._added_up(own, token) if own else value

    def _sum(self, accounts: int, token: Token) -> int:
        """Remembered: many targets are open to the same accounts, as all to everybody."""
        key = (token, accounts)
        found = self._sums.get(key)
        if found is None:
            if len(self._sums) >= _KEPT:
                self._sums.clear()
            found = self._sums[key] = self._added_up(accounts, token)
        return found

    def _added_up(self, accounts: int, token: Token) -> int:
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
            if len(self._pieces) >= _KEPT:
                self._pieces.clear()
            numbers = self._numbers[token]
            several = {numbers[start + place] for place in positions(piece)}
            found = self._pieces[key] = self._values.bits(*self._values.union(several))
        return found


def _bits(some: Iterable[bool]) -> int:
    """The bits of those that are so."""
    digits = "".join("1" if one else "0" for one in some)[::-1]
    return int(digits, 2) if digits else 0
