"""The shortest ways into one target as somebody else, walked from its end. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from provision.audit.answers import HopKind, Token, Verdict
from provision.audit.callers import Call, Callers
from provision.audit.closure import positions
from provision.audit.degrees import DEGREES, NOBODY, Degrees, nested
from provision.audit.impersonation import LINK, Impersonation
from provision.audit.second_order import Grant, SecondOrder
from provision.snapshot.records import Target

if TYPE_CHECKING:
    from provision.audit.gates import Entrance
    from provision.audit.judge import Judge

_FROM_UNSURE = 2
"""The first degree at which a way is not known."""


@dataclass
class Ground:
    """What ways are made of.

    Args:
        judge: of the snapshot.
        impersonation: what leads onto accounts.
        callers: what calls targets on its own.
        second: changes that give access.
    """

    judge: "Judge"
    impersonation: Impersonation
    callers: Callers
    second: SecondOrder

    def calls(self, target: Target, getting_in: int) -> Iterator[tuple[int, Call]]:
        """What calls a target, or may, each with its account, which is among `getting_in`."""
        yield from self.known_calls(target, getting_in)
        yield from self.roaming_calls(getting_in)

    def known_calls(self, target: Target, getting_in: int) -> Iterator[tuple[int, Call]]:
        """What is known to call a target."""
        for call in self.callers.of(target):
            account = self.account(call.caller.account)
            if account is not None and getting_in >> account & 1:
                yield account, call

    def roaming_calls(self, getting_in: int) -> Iterator[tuple[int, Call]]:
        """What may call anything."""
        for account in positions(getting_in & self.roaming):
            for call in self._anywhere[account]:
                yield account, call

    @cached_property
    def _anywhere(self) -> dict[int, list[Call]]:
        """What may call anything that its account gets into, by account."""
        found = defaultdict[int, list[Call]](list)
        for call in self.callers.anywhere:
            account = self.account(call.caller.account)
            if account is not None:
                found[account].append(call)
        return dict(found)

    @cached_property
    def roaming(self) -> int:
        """Accounts of what may call anything, as bits."""
        return sum(1 << account for account in self._anywhere)

    def account(self, email: str) -> int | None:
        """The position of a service account."""
        return self.judge.universe.bit(f"serviceAccount:{email.lower()}")

    def setting_off(self, call: Call) -> Degrees:
        """Who sets off a call, as themselves."""
        asking = self.impersonation.asking
        who = asking.who(call.permission, call.switch) if call.switch else NOBODY
        return who if call.verdict is Verdict.CAN else who.doubted()


class Node(NamedTuple):
    """An account that a way comes by.

    Args:
        grip: what is had of it: a token of a kind; None for its word as a delegate.
        account: its position.
        granted: whether what follows takes a change.
    """

    grip: Token | None
    account: int
    granted: bool = False


class Edge(NamedTuple):
    """One step of a way.

    Args:
        kind: of the hop.
        permission: what it takes.
        resource: where that is asked.
        end: where the step leads, by name.
        next: what the way goes on from; None where it goes on by itself, or ends.
        call: what is set off, or would be.
        note: for the hop.
    """

    kind: HopKind
    permission: str
    resource: str
    end: str
    next: Node | None = None
    call: Call | None = None
    note: str = ""


def granting(grant: Grant, following: Node | None = None, call: Call | None = None) -> Edge:
    """The step of a change."""
    return Edge(
        HopKind.GRANT,
        grant.permission,
        grant.resource,
        grant.changed,
        following,
        call,
        grant.note,
    )


def setting_off(call: Call) -> Edge:
    """The step of what sets off a call."""
    return Edge(HopKind.SET_OFF, call.permission, call.switch, call.caller.name, None, call)


_Arrival = tuple[int, Edge]
"""Who can take a step, as bits."""


@dataclass
class Backward:
    """Ways by one entrance, for all principals at one degree.

    Args:
        ground: what they are made of.
        target: where they lead.
        entrance: how it is entered.
        degree: how sure they are at least.
        found: the first step of each principal: as things are, and with a change on the way.
        chains: the step that a delegate takes.
    """

    ground: Ground
    target: Target
    entrance: "Entrance"
    degree: int
    found: tuple[dict[int, Edge], dict[int, Edge]] = field(default_factory=lambda: ({}, {}))
    chains: dict[Node, Edge] = field(default_factory=dict)
    _arrivals: list[tuple[int, Edge, bool]] = field(default_factory=list)
    _seen: list[int] = field(default_factory=lambda: [0, 0])
    _linked: list[int] = field(default_factory=lambda: [0, 0])

    def __post_init__(self) -> None:
        """Walk."""
        self._mask = (1 << self.ground.impersonation.accounts) - 1
        self._getting_in = nested(self.entrance.apart)[self.degree]
        self._walk()

    def ends(self, node: Node) -> bool:
        """Whether that account's token opens the target."""
        opens = bool(self._getting_in >> node.account & 1)
        return opens and node.grip is self.entrance.token and not node.granted

    def steps(self, principal: int, *, granted: bool) -> Iterator[Edge]:
        """Every first step of one principal, those of shorter ways first."""
        for who, edge, changed in self._arrivals:
            if changed is granted and who >> principal & 1:
                yield edge

    def _walk(self) -> None:
        roots = [
            Node(self.entrance.token, place) for place in positions(self._getting_in & self._mask)
        ]
        todo = self._settle(self._last_steps(self._grants_on_target()), roots)
        todo += self._settle(self._last_steps(self._calls()), ())
        while todo:
            todo = self._settle((), todo)

    def _settle(self, edges: Iterable[_Arrival], nodes: Iterable[Node]) -> list[Node]:
        """Take note of steps to the end and of those to these nodes; the nodes that follow."""
        fresh: list[Node] = []
        for node in nodes:
            for who, edge, linked in self._onto(node):
                fresh += self._arrive(who, edge, granted=node.granted)
                fresh += self._delegate(linked, edge, granted=node.granted)
        for who, edge in edges:
            fresh += self._arrive(who, edge, granted=False)
        return fresh

    def _arrive(self, who: int, edge: Edge, *, granted: bool) -> Iterator[Node]:
        if not who:
            return
        granted = granted or edge.kind is HopKind.GRANT
        self._arrivals.append((who, edge, granted))
        new = who & ~self._seen[granted]
        self._seen[granted] |= new
        found = self.found[granted]
        for place in positions(new):
            found[place] = edge
        for place in positions(new & self._mask):
            yield Node(Token.ACCESS, place, granted)

    def _delegate(self, linked: int, edge: Edge, *, granted: bool) -> Iterator[Node]:
        new = linked & self._mask & ~self._linked[granted]
        self._linked[granted] |= new
        for place in positions(new):
            node = Node(None, place, granted)
            self.chains[node] = edge
            yield node

    def _onto(self, node: Node) -> Iterator[tuple[int, Edge, int]]:
        """Steps onto a node: who can take them, and who can as the last of a chain."""
        impersonation = self.ground.impersonation
        onto = impersonation.onto(node.account)
        if impersonation.shut(node.account):
            return
        member = self.ground.judge.universe.member(node.account)
        resource = impersonation.resource(node.account)
        if node.grip is None:
            who = onto.link[self.degree]
            yield who, Edge(HopKind.DELEGATE, LINK, resource, member, node), who
            return
        for means, degrees in onto.steps:
            if node.grip in means.tokens:
                who = degrees[self.degree]
                edge = Edge(means.kind, means.permission, resource, member, node)
                yield who, edge, who if means.linked else 0
        for grant in self.ground.second.on_account(resource):
            yield grant.who[self.degree], granting(grant, node), 0

    def _last_steps(self, steps: Iterable[tuple[Degrees, Edge]]) -> Iterator[_Arrival]:
        return ((who[self.degree], edge) for who, edge in steps)

    def _grants_on_target(self) -> Iterator[tuple[Degrees, Edge]]:
        for grant in self.ground.second.on_target(self.target):
            yield grant.who, granting(grant)

    def _calls(self) -> Iterator[tuple[Degrees, Edge]]:
        for _, call in self.ground.calls(self.target, self._getting_in):
            who = self.ground.setting_off(call)
            yield who, setting_off(call)
            if call.verdict is Verdict.CAN or self.degree >= _FROM_UNSURE:
                for grant in self.ground.second.on_switch(call.switch):
                    yield grant.who, granting(grant, None, call)


@dataclass
class AllDegrees:
    """The same for every degree, each walked when it is asked for.

    Args:
        ground: what they are made of.
        target: where they lead.
        entrance: how it is entered.
    """

    ground: Ground
    target: Target
    entrance: "Entrance"
    _walked: dict[int, Backward] = field(default_factory=dict)

    def at(self, degree: int) -> Backward:
        """Ways that are at least so sure."""
        if degree not in self._walked:
            self._walked[degree] = Backward(self.ground, self.target, self.entrance, degree)
        return self._walked[degree]

    def surest(
        self, principals: Sequence[int], *, granted: bool
    ) -> Iterator[tuple[Backward, Edge]]:
        """The ways of a principal, the surest first, and of those the shortest.

        Args:
            principals: its position; of one that has none, those of the sets that it is in.
            granted: whether a change is on the way.
        """
        for degree in range(DEGREES):
            walked = self.at(degree)
            for principal in principals:
                edge = walked.found[granted].get(principal)
                if edge is not None:
                    yield walked, edge
