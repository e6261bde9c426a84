"""Who gets at tokens of accounts, and so into targets, for all principals at once. Pure.

A graph over accounts, closed once: whoever comes by an access token of an account is, from there
on, that account. No product of principals and targets is ever made.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from provision.audit.answers import Token
from provision.audit.closure import positions
from provision.audit.degrees import DEGREES, NOBODY, Degrees
from provision.audit.graph import Graph, Parts
from provision.audit.impersonation import Impersonation, Onto

if TYPE_CHECKING:
    from provision.audit.second_order import SecondOrder


@dataclass
class Reaching:
    """Starting points by the accounts that they lead to.

    Args:
        impersonation: what leads onto each account.
        second: changes that lead onto accounts as well; None for first order.
    """

    impersonation: Impersonation
    second: "SecondOrder | None" = None
    _reasons: dict[str, int] = field(default_factory=dict)

    def onto(self, accounts: Degrees, token: Token, near: str = "") -> Degrees:
        """Who comes by tokens of any of these accounts, however long the way.

        Bits from `reasons_from` on tell why it is not known of others.

        Args:
            accounts: whose.
            token: of which kind.
            near: the container of what they get into; its neighbours let in mostly the same.
        """
        if token is Token.NONE:
            return NOBODY  # whoever gets in without one gets in as themselves
        found: list[int] = []
        before = value = 0
        for degree, graph in enumerate(self._graphs):
            asked = accounts[degree] & graph.led_to[token]
            todo = asked & (graph.changed[token] | asked ^ before)  # sets within one another
            if todo:
                value |= graph.onto(todo, token, (near, degree))
            found.append(value)
            before = asked
        return Degrees(*found)

    def widened(self, starts: Degrees, near: str = "") -> Degrees:
        """These principals, and whoever comes to act as one of them."""
        if not starts.rest:
            return NOBODY
        return starts.either(self.onto(starts, Token.ACCESS, f"{near} changed"))

    def reasons(self, bits: int) -> tuple[str, ...]:
        """The reasons among those bits."""
        if not bits >> self.reasons_from:
            return ()
        told = tuple(self._reasons)
        return tuple(told[place] for place in positions(bits >> self.reasons_from))

    @cached_property
    def reasons_from(self) -> int:
        """From which position on bits are reasons."""
        return len(self.impersonation.judge.universe)

    @cached_property
    def _count(self) -> int:
        return self.impersonation.accounts

    @cached_property
    def _graphs(self) -> tuple[Graph, ...]:
        """One for each degree; those that are equal are one object."""
        memo: dict[int, Parts] = {}  # one for all accounts that are alike
        parts = []
        for account in range(self._count):
            onto = self.impersonation.onto(account)
            if id(onto) not in memo:
                memo[id(onto)] = Parts.of(onto).joined(self._extra(account, onto))
            parts.append(memo[id(onto)])
        found: list[Graph] = []
        for degree in range(DEGREES):
            before = found[-1] if found else None
            same = before is not None and not any(one.differs(degree) for one in memo.values())
            found.append(before.again() if before and same else Graph(parts, degree, before))
        return tuple(found)

    def _extra(self, account: int, onto: Onto) -> Degrees:
        """Who comes onto an account by a change, and the bits of reasons."""
        found = Degrees(0, 0, 0, self._reason_bits(onto.reasons)) if onto.reasons else NOBODY
        if self.second is None or self.impersonation.shut(account):
            return found
        return found.either(self.second.all_onto(self.impersonation.resource(account)))

    def _reason_bits(self, reasons: tuple[str, ...]) -> int:
        bits = 0
        for reason in reasons:
            place = self._reasons.setdefault(reason, len(self._reasons))
            bits |= 1 << (self.reasons_from + place)
        return bits
