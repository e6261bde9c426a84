"""A graph over accounts at one degree: its vertices, what each holds, and where each leads. Pure.

First come leads by access token, then as delegates, then by ID token; then bulks, each of which
leads to the accounts in it; then bulks as the last of a chain, which lead to delegates.
"""

from collections.abc import Iterator, Sequence

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
            return self._few(_LEAVES, sort, place, self._degree).ones, 0
        number = vertex - _SORTS * self._leads
        return (), self._bulks[number] if number < len(self._bulks) else 0

    def changed(self, vertex: int) -> bool:
        """Whether it leads to more than at the degree before."""
        sort, place = divmod(vertex, self._leads)
        if sort >= _SORTS or not self._degree:
            return False
        return any(
            self._few(names, sort, place, self._degree)
            is not self._few(names, sort, place, self._degree - 1)
            for names in (_LEAVES, _LASTS)
        )

    def inner(self, vertex: int) -> Iterator[int]:
        """Where a vertex leads."""
        sort, place = divmod(vertex, self._leads)
        if sort >= _SORTS:
            yield from self._in_bulk(vertex - _SORTS * self._leads)
            return
        base = self._bases[place]
        if base >= 0:
            yield self._ids[base] if sort == _BY_ID else sort * self._leads + base
        yield from self._in_few(self._few(_LEAVES, sort, place, self._degree), _ACCESS)
        if self._chained:
            yield from self._in_few(self._few(_LASTS, sort, place, self._degree), _DELEGATE)

    def _few(self, names: tuple[str, ...], sort: int, place: int, degree: int) -> Few:
        few: Few = getattr(self._parts[place], names[sort])[degree]
        return few

    def _in_few(self, few: Few, sort: int) -> Iterator[int]:
        start = sort * self._leads
        for one in few.ones:
            if one < self._accounts:
                yield start + one
        bulks = _SORTS * self._leads + sort * len(self._bulks)
        for number in few.bulks:
            yield bulks + number

    def _in_bulk(self, number: int) -> Iterator[int]:
        last, number = divmod(number, len(self._bulks))
        start = self._leads if last else 0
        for place in positions(self._bulks[number] & (1 << self._accounts) - 1):
            yield start + place

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
        degrees = range(self._degree + 1)
        return any(one[degree] != other[degree] for one, other in pairs for degree in degrees)
