"""What accounts bring, added up: neighbours have most of their accounts in common. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field

from provision.audit.closure import positions
from provision.audit.degrees import DEGREES, NOBODY, Degrees

_WIDE = 256
"""Accounts that are not added up one by one."""
_BITS = 1 << 29
"""Of what single accounts bring, how many bits are kept at least."""


@dataclass
class Sums:
    """Who comes by any of some accounts.

    Args:
        one: who comes by an account.
        many: who comes by any of a great many, from a degree on.
        size: bits of a set of principals.
    """

    one: Callable[[int], Degrees]
    many: Callable[[int, int], Degrees]
    size: int
    _ones: dict[int, Degrees] = field(default_factory=dict)
    _together: dict[tuple[int, int], Degrees] = field(default_factory=dict)
    _cores: dict[str, tuple[int, Degrees]] = field(default_factory=dict)

    def of(self, accounts: Degrees, near: str) -> Degrees:
        """Who comes by any of these accounts.

        Args:
            accounts: as bits, by how sure it is that they count.
            near: the same for questions whose accounts are mostly the same, as of one project:
                what they have in common is added up once.
        """
        before = accounts.can
        found = self._surely(before, near)
        for degree in range(1, DEGREES):
            asked = accounts[degree]
            more = 0 if asked is before else asked ^ before
            if more:
                found = self._with(found, more, asked, degree)
                before = asked
        return found

    def _with(self, found: Degrees, more: int, asked: int, degree: int) -> Degrees:
        """With those who come by more accounts, from a degree on."""
        if more.bit_count() > _WIDE:
            return found.either(_since(self._by_many(asked, degree), degree))
        for account in positions(more):
            found = found.either(_since(self._by(account), degree))
        return found

    def _surely(self, accounts: int, near: str) -> Degrees:
        if not accounts:
            return NOBODY
        many = accounts.bit_count()
        if many > _WIDE:
            return self._by_many(accounts, 0)
        core, found = self._cores.get(near, (0, NOBODY))
        common = core & accounts
        if common != core or not core:
            core = common if common and common.bit_count() * 2 >= core.bit_count() else accounts
            found = self._added_up(NOBODY, core)
            if len(self._cores) * self.size > _BITS:
                self._cores.clear()
            self._cores[near] = core, found
        return self._added_up(found, accounts ^ core)

    def _added_up(self, found: Degrees, accounts: int) -> Degrees:
        for account in positions(accounts):
            found = found.either(self._by(account))
        return found

    def _by_many(self, accounts: int, degree: int) -> Degrees:
        """Remembered: many targets are open to the same accounts, as all to everybody."""
        key = (accounts, degree)
        found = self._together.get(key)
        if found is None:
            if len(self._together) * self.size > _BITS:
                self._together.clear()
            found = self._together[key] = self.many(accounts, degree)
        return found

    def _by(self, account: int) -> Degrees:
        found = self._ones.get(account)
        if found is None:
            if len(self._ones) * self.size > _BITS:
                self._ones.clear()
            found = self._ones[account] = self.one(account)
        return found


def _since(who: Degrees, degree: int) -> Degrees:
    """The same, but nobody before a degree."""
    return Degrees(*(0 if place < degree else bits for place, bits in enumerate(who)))
