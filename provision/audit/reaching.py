"""Who gets at tokens of accounts, and so into targets, for all principals at once. Pure.

A graph over accounts, closed once: whoever comes by an access token of an account is, from there
on, that account. No product of principals and targets is ever made.
"""

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING

from provision.audit.answers import Token
from provision.audit.closure import positions
from provision.audit.degrees import DEGREES, NOBODY, Degrees
from provision.audit.graph import Graph
from provision.audit.leads import Leads
from provision.audit.plan import Plan
from provision.audit.shares import Parts
from provision.audit.sums import Sums

if TYPE_CHECKING:
    from provision.audit.second_order import SecondOrder


@dataclass
class Reaching:
    """Starting points by the accounts that they lead to.

    Args:
        leads: what leads onto accounts.
        second: changes that lead onto accounts as well; None for first order.
        whole: the same with the last degree, where it is left out here.
    """

    leads: Leads
    second: "SecondOrder | None" = None
    whole: "Reaching | None" = None
    _made: list[Graph] = field(default_factory=list)

    @cached_property
    def named(self) -> "Reaching":
        """The same without what is not known of a great many: the last graph is not needed then."""
        return Reaching(self.leads, self.second, self)

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
        led_to = self._graphs[-1].led_to[token]
        asked = (accounts.named if self.whole else accounts).within(led_to)
        return self._sums[token].of(asked, near) if asked.rest else NOBODY

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
    def _sums(self) -> dict[Token, Sums]:
        """By the kind of token."""
        size = len(self.leads.impersonation.judge.universe)
        return {
            token: Sums(partial(self._by, token), partial(self._by_many, token), size)
            for token in (Token.ACCESS, Token.ID)
        }

    def _by(self, token: Token, account: int) -> Degrees:
        """Who comes by tokens of one account."""
        value = self._graphs[0].by(account, token)
        found = [value]
        for graph in self._graphs[1:]:
            if graph.alters(account, token):
                value |= graph.by(account, token)
            found.append(value)
        return Degrees(*found) if value else NOBODY

    def _by_many(self, token: Token, accounts: int, start: int) -> Degrees:
        """Who comes by tokens of any of them, from a degree on."""
        found = [0] * start
        value = 0
        for degree in range(start, DEGREES):
            graph = self._graphs[degree]
            among = (graph.led_to if degree == start else graph.changed)[token]
            todo = accounts & among
            if todo:
                value |= graph.onto(todo, token)
            found.append(value)
        return Degrees(*found)

    @cached_property
    def _graphs(self) -> tuple[Graph, ...]:
        """One for each degree; those that are equal are one object."""
        if self.whole:
            return (*self.whole.first(DEGREES - 1), self.whole.first(DEGREES - 1)[-1].again())
        return self.first(DEGREES)

    def first(self, count: int) -> tuple[Graph, ...]:
        """The graphs of the first degrees."""
        universe = self.leads.impersonation.judge.universe
        for degree in range(len(self._made), count):
            if self._made and not any(one.differs(degree) for one in self._parts):
                self._made.append(self._made[-1].again())
            else:
                plan = Plan(self.leads, self._parts, degree)
                self._made.append(Graph(plan, universe, self.leads.bulks.most))
        return tuple(self._made[:count])

    @cached_property
    def _parts(self) -> list[Parts]:
        """What leads onto accounts, for each lead."""
        parts = [lead.parts for lead in self.leads.all]
        if self.second is None:
            return parts
        changes = self.leads.changes(self.second)
        return [one.with_more(more) for one, more in zip(parts, changes, strict=True)]
