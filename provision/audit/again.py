"""A way of one principal into one target, found again for others without a search. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from provision.audit.answers import Hop, HopKind, Path, Token, Verdict
from provision.audit.gates import Gates
from provision.audit.judge import Judge
from provision.snapshot.records import Target

_BECOMING = frozenset(
    {HopKind.MINT_ID, HopKind.MINT_ACCESS, HopKind.SIGN, HopKind.KEY, HopKind.ACT_AS}
)
"""After one of these, whoever takes the way acts as the account at its end."""

_LEADING = _BECOMING | {HopKind.MEMBER, HopKind.ROLE, HopKind.DELEGATE}
"""What says nothing of the target that it was found for."""


class _Lead(NamedTuple):
    """A way to an account's token, and how sure it is."""

    hops: tuple[Hop, ...]
    path: Path


@dataclass
class Again:
    """The ways of one principal.

    Args:
        judge: of the snapshot.
        gates: who gets in as themselves.
    """

    judge: Judge
    gates: Gates
    _leads: dict[tuple[str, Token], _Lead] = field(default_factory=dict)
    _grants: dict[tuple[str, str], Path] = field(default_factory=dict)

    def learn(self, target: Target, paths: tuple[Path, ...]) -> None:
        """Remember what of these ways is not about the target alone."""
        for path in paths:
            if path.second_order:
                self._learn_grant(target, path)
            else:
                self._learn_lead(target, path)

    def _learn_grant(self, target: Target, path: Path) -> None:
        last = path.hops[-1]
        if last.kind is HopKind.GRANT and last.end == target.name and not last.on.startswith("//"):
            self._grants.setdefault((target.kind, last.on), path)

    def _learn_lead(self, target: Target, path: Path) -> None:
        places = [place for place, hop in enumerate(path.hops) if hop.kind in _BECOMING]
        if not places:
            return
        hops = path.hops[: places[-1] + 1]
        if not {hop.kind for hop in hops} <= _LEADING:
            return
        account = hops[-1].end
        tails = self.gates.paths(account, target)
        if tails and tails[0].verdict is Verdict.CAN:  # then what is unsure, is the way there
            self._leads.setdefault((account, path.token), _Lead(hops, path))

    def ways(self, target: Target, wanted: Verdict) -> Iterator[Path]:
        """Ways into a target as somebody else, that are as sure as they can be."""
        for (account, token), lead in self._leads.items():
            if lead.path.verdict is not wanted or not self._lets_in(target, account, token):
                continue
            for tail in self.gates.paths(account, target):
                if (tail.verdict, tail.token) == (Verdict.CAN, token):
                    yield replace(lead.path, hops=(*lead.hops, *tail.hops), way=tail.way)
                    break

    def _lets_in(self, target: Target, account: str, token: Token) -> bool:
        position = self.judge.universe.bit(account)
        return position is not None and any(
            one.token is token and one.holders.can >> position & 1
            for one in self.gates.entrances(target)
        )

    def grants(self, target: Target, wanted: Verdict) -> Iterator[Path]:
        """Ways to grant oneself access, by what is held above the target."""
        for container in self.judge.index.lineage(target.name).containers:
            path = self._grants.get((target.kind, container))
            if path is not None and path.verdict is wanted:
                last = replace(path.hops[-1], end=target.name)
                yield replace(path, hops=(*path.hops[:-1], last))
