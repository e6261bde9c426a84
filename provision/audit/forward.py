"""Which accounts one principal comes to act as, walked once for whatever target is asked. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from provision.audit.answers import HopKind, Path, Token, Verdict
from provision.audit.backward import Edge, Ground, Node, granting, setting_off
from provision.audit.closure import lowest, positions
from provision.audit.degrees import nested
from provision.audit.impersonation import LINK
from provision.audit.ways import Ways
from provision.snapshot.records import Target

if TYPE_CHECKING:
    from provision.audit.gates import Entrance

Steps = tuple[tuple[str, Edge], ...]
"""A way, each step with who takes it."""
_BOTH = (Token.ID, Token.ACCESS)
_DEGREES = {Verdict.CAN: (0,), Verdict.WHILE: (1,), Verdict.UNKNOWN: (2, 3)}


class _Came(NamedTuple):
    """How a node was come to: by a step of the principal itself, or of a node before."""

    before: Node | None
    edge: Edge


@dataclass
class Forward:
    """Ways of one principal to accounts at one degree, the shortest to each.

    Args:
        ground: what ways are made of.
        name: of the principal.
        standing: its bit; of one that has none, those of the sets that it is in.
        degree: how sure each step is at least.
        plain: None for ways as things are; else those, and these are ways by a change.
    """

    ground: Ground
    name: str
    standing: int
    degree: int
    plain: "Forward | None" = None
    access: int = 0
    reached: dict[Token, int] = field(default_factory=lambda: dict.fromkeys(_BOTH, 0))
    _linked: int = 0
    _came: dict[Node, _Came] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Walk, one step further each time."""
        while fresh := list(self._further()):
            for node, came in fresh:
                self._settle(node, came)

    def to(self, token: Token, account: int) -> Steps:
        """The way to a token of an account that is among `reached`."""
        return self._back(Node(token, account, self.plain is not None))

    def starting(self, who: int) -> Steps | None:
        """The way to somebody who can do something: no step if it is the principal itself."""
        if who & self.standing:
            return ()
        for walked in (self.plain, self):
            if walked is not None and who & walked.access:
                return walked.to(Token.ACCESS, lowest(who & walked.access))
        return None

    def member(self, steps: Steps) -> str:
        """Who acts after these steps."""
        node = steps[-1][1].next if steps else None
        return self.ground.judge.universe.member(node.account) if node else self.name

    def _back(self, node: Node) -> Steps:
        found: list[tuple[str, Edge]] = []
        at: Node | None = node
        while at is not None:
            owner = self if at in self._came or self.plain is None else self.plain
            came = owner._came[at]  # noqa: SLF001 - of the same class
            before = came.before
            member = self.ground.judge.universe.member(before.account) if before else self.name
            found.append((member, came.edge))
            at = before
        return tuple(reversed(found))

    def _settle(self, node: Node, came: _Came) -> None:
        if node in self._came:
            return
        self._came[node] = came
        if node.grip is None:
            self._linked |= 1 << node.account
            return
        self.reached[node.grip] |= 1 << node.account
        if node.grip is Token.ACCESS:
            self.access |= 1 << node.account

    def _further(self) -> Iterator[tuple[Node, _Came]]:
        """Nodes that one more step leads to."""
        impersonation = self.ground.impersonation
        done = self.reached[Token.ID] & self.reached[Token.ACCESS] & self._linked
        for account in range(impersonation.accounts):
            if done >> account & 1 or impersonation.shut(account):
                continue
            for node, edge, who, linked in self._onto(account):
                if node not in self._came:
                    before = self._source(who, linked, changing=edge.kind is HopKind.GRANT)
                    if before is not None:
                        yield node, _Came(before[0], edge)

    def _source(self, who: int, linked: int, *, changing: bool) -> tuple[Node | None] | None:
        """Who of those that are there already takes a step."""
        if (self.plain is None or changing) and who & self.standing:
            return (None,)
        granted = self.plain is not None
        if self.plain is not None and changing and who & self.plain.access:
            return (Node(Token.ACCESS, lowest(who & self.plain.access)),)
        if who & self.access:
            return (Node(Token.ACCESS, lowest(who & self.access), granted),)
        if linked & self._linked:
            return (Node(None, lowest(linked & self._linked), granted),)
        return None

    def _onto(self, account: int) -> Iterator[tuple[Node, Edge, int, int]]:
        """Steps onto an account: who takes them, and who does as the last of a chain."""
        impersonation = self.ground.impersonation
        onto = impersonation.onto(account)
        granted = self.plain is not None
        here = self.access | self._linked | (0 if granted else self.standing)
        member = self.ground.judge.universe.member(account)
        resource = impersonation.resource(account)
        for means, degrees in onto.steps:
            who = degrees[self.degree]
            if who & here:
                for token in means.tokens:
                    node = Node(token, account, granted)
                    edge = Edge(means.kind, means.permission, resource, member, node)
                    yield node, edge, who, who if means.linked else 0
        who = onto.link[self.degree]
        if who & here:
            node = Node(None, account, granted)
            yield node, Edge(HopKind.DELEGATE, LINK, resource, member, node), who, who
        if self.plain is not None:
            here |= self.standing | self.plain.access
            for grant in self.ground.second.on_account(resource):
                if grant.who[self.degree] & here:
                    for token in _BOTH:
                        node = Node(token, account, granted)
                        yield node, granting(grant, node), grant.who[self.degree], 0


@dataclass
class Walks:
    """Ways of one principal into targets, without a search for each.

    Args:
        ground: what ways are made of.
        ways: puts them into words.
        name: of the principal.
        standing: see `Forward`.
    """

    ground: Ground
    ways: Ways
    name: str
    standing: int
    _walked: dict[tuple[int, bool], Forward] = field(default_factory=dict)

    def find(
        self, target: Target, entrances: Iterable["Entrance"], wanted: Verdict, *, granted: bool
    ) -> Path | None:
        """A short way that is exactly so sure; None where only a search tells."""
        for degree in _DEGREES.get(wanted, ()):
            walked = self._at(degree, granted=granted)
            for entrance in entrances:
                held = nested(entrance.apart)[degree]
                found = list(self._into(walked, target, entrance, held))
                for steps in sorted(found, key=len):
                    path = self.ways.told(steps, target, entrance)
                    if path is not None and path.verdict is wanted:
                        return path
        return None

    def _at(self, degree: int, *, granted: bool) -> Forward:
        key = (degree, granted)
        if key not in self._walked:
            plain = self._at(degree, granted=False) if granted else None
            self._walked[key] = Forward(self.ground, self.name, self.standing, degree, plain)
        return self._walked[key]

    def _into(
        self, walked: Forward, target: Target, entrance: "Entrance", held: int
    ) -> Iterator[Steps]:
        """The shortest by an account, and those that end with a step on the target itself."""
        if entrance.token in walked.reached:
            there = held & walked.reached[entrance.token]
            ways = (walked.to(entrance.token, account) for account in positions(there))
            yield from sorted(ways, key=len)[:1]
        last: list[tuple[int, Edge]] = []
        if walked.plain is not None:
            changes = self.ground.second.on_target(target)
            last = [(grant.who[walked.degree], granting(grant)) for grant in changes]
        for _, call in self.ground.calls(target, held):
            if walked.plain is None:
                last.append((self.ground.setting_off(call)[walked.degree], setting_off(call)))
                continue
            for grant in self.ground.second.on_switch(call.switch):
                last.append((grant.who[walked.degree], granting(grant, None, call)))
        for who, edge in last:
            steps = walked.starting(who)
            if steps is not None:
                yield (*steps, (walked.member(steps), edge))
