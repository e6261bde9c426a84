"""Everybody whom a snapshot names, each with a bit of their own. Pure."""

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from itertools import compress, count

from provision.audit.forms import ANYBODY, AUTHENTICATED, SETS, Sort, form, normal
from provision.snapshot import Snapshot

_ORDER = (
    Sort.ACCOUNT,
    Sort.AGENT,
    Sort.USER,
    Sort.KUBERNETES,
    Sort.SUBJECT,
    Sort.TRUSTED,
    Sort.DELETED,
    *(sort for sort in Sort if sort in SETS),
)
"""Accounts first: what is asked of them most stays small."""


class Universe:
    """Names, in an order that is the same for equal snapshots.

    Args:
        names: in their normal spelling; more than once is once.
    """

    def __init__(self, names: Iterable[str]) -> None:
        by_sort: dict[Sort, list[str]] = {sort: [] for sort in _ORDER}
        for name in {*names, ANYBODY, AUTHENTICATED}:
            by_sort[form(name).sort].append(name)
        self.names = tuple(name for sort in _ORDER for name in sorted(by_sort[sort]))
        self._positions = {name: position for position, name in enumerate(self.names)}
        self._masks: dict[Sort, int] = {}
        start = 0
        for sort in _ORDER:
            size = len(by_sort[sort])
            self._masks[sort] = ((1 << size) - 1) << start
            start += size

    def __len__(self) -> int:
        """How many there are."""
        return len(self.names)

    def __contains__(self, name: str) -> bool:
        """Whether it is one of them, in its normal spelling."""
        return name in self._positions

    def bit(self, name: str) -> int | None:
        """The position of a name in its normal spelling; None when it is none of them."""
        return self._positions.get(name)

    def mask(self, *names: str) -> int:
        """The bits of those names that are among them."""
        found = 0
        for name in names:
            position = self._positions.get(name)
            if position is not None:
                found |= 1 << position
        return found

    def masks(self, names: Iterable[str]) -> int:
        """The bits of many names at once."""
        found = map(self._positions.get, names)
        return self.bits([position for position in found if position is not None])

    def bits(self, positions: Collection[int]) -> int:
        """The bits of many positions at once."""
        if len(positions) <= _SEVERAL:
            found = 0
            for position in positions:
                found |= 1 << position
            return found
        bits = bytearray((max(positions) >> 3) + 1)
        for position in positions:
            bits[position >> 3] |= _BITS[position & 7]
        return int.from_bytes(bits, "little")

    def member(self, position: int) -> str:
        """The name at a position."""
        return self.names[position]

    def members(self, bits: int) -> Iterator[str]:
        """The names of bits, in order."""
        if bits.bit_count() < _FEW:
            while bits:
                lowest = bits & -bits
                yield self.names[lowest.bit_length() - 1]
                bits ^= lowest
            return
        told = bin(bits)[:1:-1]
        yield from (self.names[place] for place in compress(count(), map(int, told)))

    def sort(self, *sorts: Sort) -> int:
        """The bits of all of these sorts."""
        found = 0
        for one in sorts:
            found |= self._masks[one]
        return found

    @cached_property
    def all(self) -> int:
        """Everybody's bits."""
        return (1 << len(self.names)) - 1

    @cached_property
    def accounts(self) -> int:
        """Service accounts, Google's own agents among them."""
        return self.sort(Sort.ACCOUNT, Sort.AGENT)

    @cached_property
    def sets(self) -> int:
        """Groups, domains, pools and whatever else stands for many."""
        return self.sort(*SETS)

    @cached_property
    def anybody(self) -> int:
        """The bits of `allUsers` and `allAuthenticatedUsers`."""
        return self.sort(Sort.ANYBODY, Sort.AUTHENTICATED)


_BITS = tuple(1 << bit for bit in range(8))
_FEW = 64
_SEVERAL = 8


def named(snapshot: Snapshot) -> set[str]:
    """Every name of a principal in a snapshot, in its normal spelling."""
    spelled: set[str] = set()
    for policy in snapshot.policies:
        for binding in policy.bindings:
            spelled.update(binding.members)
    for deny in snapshot.deny_policies:
        for rule in deny.rules:
            spelled.update(rule.principals)
            spelled.update(rule.except_principals)
    spelled.update(bound.principals for bound in snapshot.boundary_bindings)
    for group in snapshot.groups:
        spelled.add(group.member)
        spelled.update(one.member for one in group.members)
    spelled.update(f"serviceAccount:{account.email}" for account in snapshot.accounts)
    spelled.update(f"serviceAccount:{one.account}" for one in snapshot.callers if one.account)
    spelled.update(f"serviceAccount:{one.account}" for one in snapshot.targets if one.account)
    return {normal(name) for name in spelled}
