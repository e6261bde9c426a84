"""Who gets at tokens of accounts, and so into targets, for all principals at once. Pure.

A graph over accounts, closed once: whoever comes by an access token of an account is, from there
on, that account. No product of principals and targets is ever made.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from provision.audit.answers import Token
from provision.audit.closure import positions
from provision.audit.degrees import DEGREES, NOBODY, Degrees
from provision.audit.graph import Graph
from provision.audit.leads import Leads
from provision.audit.plan import Plan

if TYPE_CHECKING:
    from provision.audit.second_order import SecondOrder


@dataclass
class Reaching:
    """Starting points by the accounts that they lead to.

    Args:
        leads: what leads onto accounts.
        second: changes that lead onto accounts as well; None for first order.
    """

    leads: Leads
    second: "SecondOrder | None" = None

    def onto(self, accounts: Degrees, token: Token, near: str = "") -> Degrees:
        """Who comes by tokens of any of these accounts, however long the way.

        Bits from `Leads.reasons_from` on tell why it is not known of others.

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
        above = bits >> self.leads.reasons_from
        if not above:
            return ()
        told = tuple(self.leads.reasons)
        return tuple(told[place] for place in positions(above))

    @cached_property
    def _graphs(self) -> tuple[Graph, ...]:
        """One for each degree; those that are equal are one object."""
        parts = [lead.parts for lead in self.leads.all]
        if self.second is not None:
            changes = self.leads.changes(self.second)
            parts = [one.with_more(more) for one, more in zip(parts, changes, strict=True)]
        universe = self.leads.impersonation.judge.universe
        found: list[Graph] = []
        for degree in range(DEGREES):
            if found and not any(one.differs(degree) for one in parts):
                found.append(found[-1].again())
            else:
                plan = Plan(self.leads, parts, degree)
                found.append(Graph(plan, universe, self.leads.bulks.most))
        return tuple(found)
