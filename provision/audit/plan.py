"""A graph over accounts at one degree: its vertices, what each holds, and where each leads. Pure.

First come leads by access token, then as delegates, then by ID token; then bulks, each of which
leads to the accounts in it; then bulks as the last of a chain, which lead to delegates.
"""

from collections.abc import Sequence

from provision.audit.closure import positions
from provision.audit.leads import Leads
from provision.audit.shares import Few, Parts

_ACCESS, _DELEGATE, _BY_ID, _SORTS = range(4)
_LEAVES = ("access", "link", "ids")
_LASTS = ("last_access", "link", "last_ids")


class Plan:
    """All vertices.

    Args:
        leads: of accounts, then of containers.
        parts: who comes by what, for each lead.
        degree: which.
    """

    def __init__(self, leads: Leads, parts: Sequence[Parts], degree: int) -> None:
        self._leads = len(parts)
        self._bulks = leads.bulks.bits
        self._bases = [lead.base for lead in leads.all]
        self._accounts = leads.impersonation.accounts
        self._degree = degree
        self._parts = parts
        # Whoever may delegate through an account mostly has its access token anyway; then a chain
        # leads to nothing that the links do not lead to one by one.
        self._chained = any(
            not leads.bulks.holds(one.access[degree], one.link[degree]) for one in parts
        )
        self._ids = self._by_id()
        self._leaves = self._at(_LEAVES, degree)
        self._lasts = self._at(_LASTS, degree) if self._chained else ()
        self._moved = self._all_moved()

    def __len__(self) -> int:
        """How many vertices there are."""
        return _SORTS * self._leads + 2 * len(self._bulks)

    @property
    def by_access(self) -> Sequence[int]:
        """The vertices of accounts by access token."""
        return range(self._accounts)

    @property
    def by_id(self) -> Sequence[int]:
        """The vertices of accounts by ID token, which may be the same."""
        return self._ids[: self._accounts]

    def holds(self, vertex: int) -> tuple[tuple[int, ...], int]:
        """What a vertex holds by itself: places, and bits of a bulk."""
        sort, place = divmod(vertex, self._leads)
        if sort < _SORTS:
            return self._leaves[sort][place].ones, 0
        number = vertex - _SORTS * self._leads
        return (), self._bulks[number] if number < len(self._bulks) else 0

    def changed(self, vertex: int) -> bool:
        """Whether it leads to more than at the degree before."""
        return vertex in self._moved

    def inner(self, vertex: int) -> list[int]:
        """Where a vertex leads."""
        sort, place = divmod(vertex, self._leads)
        if sort >= _SORTS:
            return self._in_bulk(vertex - _SORTS * self._leads)
        found = self._in_few(self._leaves[sort][place], _ACCESS)
        if self._chained:
            found += self._in_few(self._lasts[sort][place], _DELEGATE)
        base = self._bases[place]
        if base >= 0:
            found.append(self._ids[base] if sort == _BY_ID else sort * self._leads + base)
        return found

    def _at(self, names: tuple[str, ...], degree: int) -> tuple[list[Few], ...]:
        """Who comes by each sort of vertex, at a degree."""
        return tuple([getattr(one, name)[degree] for one in self._parts] for name in names)

    def _all_moved(self) -> frozenset[int]:
        """The vertices that lead to more than at the degree before."""
        if not self._degree:
            return frozenset()
        found: set[int] = set()
        for names in (_LEAVES, _LASTS):
            now, before = (self._at(names, one) for one in (self._degree, self._degree - 1))
            for sort, pair in enumerate(zip(now, before, strict=True)):
                start = sort * self._leads
                found.update(
                    start + place
                    for place, (one, other) in enumerate(zip(*pair, strict=True))
                    if one is not other
                )
        return frozenset(found)

    def _in_few(self, few: Few, sort: int) -> list[int]:
        accounts, start = self._accounts, sort * self._leads
        found = [start + one for one in few.ones if one < accounts]
        if few.bulks:
            bulks = _SORTS * self._leads + sort * len(self._bulks)
            found += [bulks + number for number in few.bulks]
        return found

    def _in_bulk(self, number: int) -> list[int]:
        last, number = divmod(number, len(self._bulks))
        start = self._leads if last else 0
        accounts = self._bulks[number] & (1 << self._accounts) - 1
        return [start + place for place in positions(accounts)]

    def _by_id(self) -> list[int]:
        """Where leads are by ID token; where that is the same as by access token, there."""
        found = list(range(self._leads))
        containers = range(self._accounts, self._leads)  # those that stand higher come first
        for place in (*containers, *range(self._accounts)):
            base = self._bases[place]
            if (base >= 0 and found[base] != base) or self._differ(self._parts[place]):
                found[place] = _BY_ID * self._leads + place
        return found

    def _differ(self, parts: Parts) -> bool:
        """Whether more comes by one token than by the other, at this degree or one before.

        So that whatever stood apart stands apart from then on, and can be compared.
        """
        pairs = [(parts.ids, parts.access)]
        if self._chained:
            pairs.append((parts.last_ids, parts.last_access))
        count = self._degree + 1
        return any(one is not other and one[:count] != other[:count] for one, other in pairs)
