"""Ways put into words: the hops of a path, each with the binding that makes it possible. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from provision.audit.answers import Hop, HopKind, Path, Token, Verdict, Way
from provision.audit.backward import Backward, Edge, Ground, Node
from provision.audit.degrees import nested
from provision.audit.impersonation import ACT_AS
from provision.snapshot.records import Target

if TYPE_CHECKING:
    from provision.audit.gates import Entrance, Gates


@dataclass
class Draft:
    """A path in the making: as sure as the least sure hop so far.

    Args:
        hops: so far.
        verdict: of them.
        condition: what has to hold.
        reasons: what is not known.
    """

    hops: list[Hop] = field(default_factory=list)
    verdict: Verdict = Verdict.CAN
    condition: str = ""
    reasons: list[str] = field(default_factory=list)

    def weaken(self, verdict: Verdict, condition: str = "", reasons: tuple[str, ...] = ()) -> None:
        """Take one more part into account."""
        if verdict is Verdict.UNKNOWN:
            self.reasons += [reason for reason in reasons if reason not in self.reasons]
        if verdict is Verdict.WHILE and condition:
            self.condition = f"({self.condition}) && ({condition})" if self.condition else condition
        self.verdict = max(self.verdict, verdict, key=lambda one: one.rank)

    def path(self, way: Way, token: Token) -> Path | None:
        """What came of it; None if it leads nowhere."""
        if self.verdict is Verdict.CANNOT:
            return None
        condition = self.condition if self.verdict is Verdict.WHILE else ""
        return Path(tuple(self.hops), self.verdict, way, token, condition, tuple(self.reasons))


@dataclass
class Ways:
    """Paths of edges.

    Args:
        ground: what ways are made of.
        gates: who gets in as themselves.
    """

    ground: Ground
    gates: "Gates"

    def path(self, walked: Backward, principal: str, edge: Edge) -> Path | None:
        """The path that begins with a step of a principal."""
        steps = _steps(walked, principal, edge, self.ground)
        return self.told(steps, walked.target, walked.entrance)

    def told(
        self, steps: Iterable[tuple[str, Edge]], target: Target, entrance: "Entrance"
    ) -> Path | None:
        """The path of steps, each with who takes it."""
        draft = Draft()
        account = ""
        for member, step in steps:
            self._step(draft, member, step)
            account = ""
            if step.call is not None:
                account = self._call(draft, step)
            elif step.next is not None:
                account = self.ground.judge.universe.member(step.next.account)
        if account:
            self._last(draft, account, target, entrance)
        return draft.path(entrance.way, entrance.token)

    def _step(self, draft: Draft, member: str, step: Edge) -> None:
        """One hop, after those through the sets that the member is in."""
        judged = self.ground.judge.judge(member, step.permission, step.resource)
        draft.weaken(judged.verdict, judged.condition, judged.reasons)
        note = step.note
        if step.permission == ACT_AS:
            note = self._made(draft, member, step)
        if not judged.grants:
            hop = Hop(step.kind, member, step.end, permission=step.permission, note=note)
            draft.hops.append(hop)
            return
        *sets, role = judged.grants[0].hops
        draft.hops += sets
        hop = replace(role, kind=step.kind, end=step.end, permission=step.permission, note=note)
        draft.hops.append(hop)

    def _made(self, draft: Draft, member: str, step: Edge) -> str:
        """What is made to run as the account, in words."""
        near = "/".join(step.resource.split("/")[3:5])
        calls = step.next is not None and step.next.grip is Token.ID
        place = self.ground.impersonation.creators.place(member, near, calls=calls)
        if place is None:
            draft.weaken(Verdict.CANNOT)
            return ""
        draft.weaken(place.verdict, "", (f"it is not known whether it has {place.permission}",))
        return f"with {place.permission} on {place.resource}"

    def _call(self, draft: Draft, step: Edge) -> str:
        """What is set off calls as an account, which is told."""
        call = step.call
        if call is None:
            return ""
        if step.kind is HopKind.GRANT:
            hop = Hop(HopKind.SET_OFF, draft.hops[-1].start, call.caller.name)
            draft.hops.append(replace(hop, permission=call.permission))
        account = f"serviceAccount:{call.caller.account.lower()}"
        draft.hops.append(Hop(HopKind.CALLS_AS, call.caller.name, account))
        draft.weaken(call.verdict, "", (call.reason,))
        return account

    def _last(self, draft: Draft, account: str, target: Target, entrance: "Entrance") -> None:
        """The account gets in as itself, or may."""
        tails = (path for path in self.gates.paths(account, target) if path.way is entrance.way)
        tail = next(tails, None)
        if tail is not None:
            draft.hops += tail.hops
            draft.weaken(tail.verdict, tail.condition, tail.reasons)
            return
        _, reasons = self.gates.against(account, target)
        draft.weaken(Verdict.UNKNOWN if reasons else Verdict.CANNOT, "", reasons)
        hop = Hop(HopKind.ROLE, account, target.name, permission=entrance.permission)
        draft.hops.append(hop)

    def calling(self, target: Target) -> Iterator[Path]:
        """What calls a target on its own, from there on."""
        for entrance in self.gates.entrances(target):
            for _, call in self.ground.calls(target, nested(entrance.apart).rest):
                draft = Draft()
                account = f"serviceAccount:{call.caller.account.lower()}"
                draft.hops.append(Hop(HopKind.CALLS_AS, call.caller.name, account))
                draft.weaken(call.verdict, "", (call.reason,))
                self._last(draft, account, target, entrance)
                path = draft.path(entrance.way, entrance.token)
                if path is not None:
                    yield path


def _steps(
    walked: Backward, principal: str, edge: Edge, ground: Ground
) -> Iterator[tuple[str, Edge]]:
    """The steps of a way, each with who takes it."""
    member, step = principal, edge
    while True:
        yield member, step
        node = step.next
        if node is None or walked.ends(node):
            return
        member = ground.judge.universe.member(node.account)
        step = _following(walked, node)


def _following(walked: Backward, node: Node) -> Edge:
    if node.grip is None:
        return walked.chains[node]
    return walked.found[node.granted][node.account]
