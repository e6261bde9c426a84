"""A graph over accounts: who comes by which token of which, at one degree, however long the way."""

from collections.abc import Hashable, Iterable, Sequence
from copy import copy
from typing import NamedTuple

from provision.audit.answers import Token
from provision.audit.closure import closed, positions
from provision.audit.degrees import Degrees
from provision.audit.impersonation import Onto

_FEW, _MANY = 4, 16
_PIECE = 256
_KEPT = 1024
"""Accounts that are joined one by one; how many make a piece; how many joined pieces are kept."""


class Parts(NamedTuple):
    """What leads onto an account.

    Args:
        access: who comes by its access tokens.
        ids: who comes by its ID tokens.
        last_access: who does as the last of a chain of delegates.
        last_ids: likewise.
        link: who may name it as a delegate.
    """

    access: Degrees
    ids: Degrees
    last_access: Degrees
    last_ids: Degrees
    link: Degrees

    @classmethod
    def of(cls, onto: Onto) -> "Parts":
        """Those of an account."""
        return cls(
            onto.having(Token.ACCESS),
            onto.having(Token.ID),
            onto.having(Token.ACCESS, linked=True),
            onto.having(Token.ID, linked=True),
            onto.link,
        )

    def joined(self, more: Degrees) -> "Parts":
        """With others who come by either token."""
        return self._replace(access=self.access.either(more), ids=self.ids.either(more))

    def differs(self, degree: int) -> bool:
        """Whether a degree has anybody whom the one before has not."""
        return any(part[degree] is not part[degree - 1] for part in self)


class Graph:
    """The closure of one degree.

    Vertices are accounts by access, at their own positions; after them accounts as delegates;
    then accounts by ID token, where those are come by otherwise than access tokens.

    Args:
        parts: what leads onto each account, by its position.
        degree: which.
        before: the graph of the degree before, with whose sets those that are equal are one.
    """

    def __init__(self, parts: Sequence[Parts], degree: int, before: "Graph | None") -> None:
        leaves, inner, by_id = _vertices(parts, degree)
        values = closed(leaves, inner)
        self._values = {
            Token.ACCESS: values[: len(parts)],
            Token.ID: [values[vertex] for vertex in by_id],
        }
        self._pieces: dict[tuple[Token, int, int], int] = {}
        self._cores: dict[tuple[Hashable, Token], tuple[int, int]] = {}
        self.changed = {token: self._shared(token, before) for token in self._values}
        self.led_to = {token: _places(map(bool, some)) for token, some in self._values.items()}
        """Accounts that anybody comes by at all."""

    def values(self, token: Token) -> Sequence[int]:
        """Who comes by tokens of each account."""
        return self._values[token]

    def again(self) -> "Graph":
        """The same for the next degree, of which nothing has changed."""
        same = copy(self)
        same.changed = dict.fromkeys(self.changed, 0)
        return same

    def _shared(self, token: Token, before: "Graph | None") -> int:
        """Which accounts others come by than the degree before says."""
        if before is None:
            return 0
        mine, theirs = self._values[token], before.values(token)
        for place, (value, other) in enumerate(zip(mine, theirs, strict=True)):
            if value == other:
                mine[place] = other
        return _places(one is not other for one, other in zip(mine, theirs, strict=True))

    def onto(self, accounts: int, token: Token, near: Hashable = None) -> int:
        """Who comes by such tokens of any of them.

        Args:
            accounts: as bits.
            token: of which kind.
            near: the same for questions whose accounts are mostly the same, as of one project:
                what they have in common is added up once.
        """
        if accounts.bit_count() < _FEW:
            return _joined(self._values[token], accounts)
        key = (near, token)
        core, value = self._cores.get(key, (0, 0))
        common = core & accounts
        if common != core or not core:
            core = accounts if common.bit_count() * 2 < core.bit_count() or not core else common
            value = self._added_up(core, token)
            if len(self._cores) >= _KEPT:
                self._cores.clear()
            self._cores[key] = core, value
        own = accounts ^ core
        return value | self._added_up(own, token) if own else value

    def _added_up(self, accounts: int, token: Token) -> int:
        if accounts.bit_count() < _MANY:
            return _joined(self._values[token], accounts)
        found = 0
        size = _PIECE // 8
        data = accounts.to_bytes((accounts.bit_length() + 7) // 8, "little")
        for start in range(0, len(data), size):
            piece = int.from_bytes(data[start : start + size], "little")
            if piece:
                found |= self._piece(token, start * 8, piece)
        return found

    def _piece(self, token: Token, start: int, piece: int) -> int:
        """Neighbours mostly come together, as all of a project: what they add up to is kept."""
        values = self._values[token]
        if piece.bit_count() < _MANY:
            return _joined(values, piece, start)
        key = (token, start, piece)
        if key not in self._pieces:
            if len(self._pieces) >= _KEPT:
                self._pieces.clear()
            self._pieces[key] = _joined(values, piece, start)
        return self._pieces[key]


def _vertices(parts: Sequence[Parts], degree: int) -> tuple[list[int], list[int], list[int]]:
    """What each vertex holds by itself, which it has inside, and where accounts are by ID token."""
    count = len(parts)
    mask = (1 << count) - 1
    # Whoever may delegate through an account mostly has its access token anyway; then a chain
    # leads to nothing that the links do not lead to one by one.
    chained = any(one.link[degree] & ~one.access[degree] for one in parts)
    delegates = _places(bool(one.link[degree]) for one in parts) if chained else 0
    leaves = [one.access[degree] for one in parts]
    lasts = [one.last_access[degree] for one in parts]
    if chained:
        leaves += [one.link[degree] for one in parts]
        lasts += [one.link[degree] for one in parts]
    by_id = list(range(count))
    for place, one in enumerate(parts):
        same = one.ids[degree] == one.access[degree]
        if not same or (chained and one.last_access[degree] != one.last_ids[degree]):
            by_id[place] = len(leaves)
            leaves.append(one.ids[degree])
            lasts.append(one.last_ids[degree])
    inner = [
        leaf & mask | (last & delegates) << count for leaf, last in zip(leaves, lasts, strict=True)
    ]
    return leaves, inner, by_id


def _places(some: Iterable[bool]) -> int:
    """The bits of those that are so."""
    digits = "".join("1" if one else "0" for one in some)[::-1]
    return int(digits, 2) if digits else 0


def _joined(values: Sequence[int], bits: int, start: int = 0) -> int:
    """What the values at these places add up to."""
    found = 0
    if bits.bit_count() >= _MANY:
        for place in positions(bits):
            found |= values[start + place]
        return found
    while bits:
        last = bits.bit_length() - 1
        found |= values[start + last]
        bits ^= 1 << last
    return found
