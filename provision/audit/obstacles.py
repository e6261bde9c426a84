"""What stops somebody who would get into a target as a service account otherwise. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provision.audit.answers import Block, BlockKind, Token
from provision.audit.closure import positions
from provision.audit.degrees import nested
from provision.audit.impersonation import BY_PERMISSION, Impersonation
from provision.snapshot.records import Target

if TYPE_CHECKING:
    from provision.audit.gates import Entrance, Gates
    from provision.audit.judge import Judge

_TAKING = frozenset({BlockKind.DENY, BlockKind.BOUNDARY})
_WRONG = {
    Token.ID: (
        "an access token of {account} can be had, and it opens no service: for an ID token "
        "the account would have to be allowed to mint its own"
    ),
    Token.ACCESS: "an ID token of {account} can be had, and the API takes access tokens alone",
}
_DISABLED = "{account} would get in, but it is disabled, and no token is minted for it"


@dataclass
class Obstacles:
    """Near misses, for one principal and one target.

    Args:
        judge: of the snapshot.
        gates: who gets in as themselves.
        impersonation: what leads onto accounts.
    """

    judge: "Judge"
    gates: "Gates"
    impersonation: Impersonation

    def before(self, principal: str, target: Target) -> Iterator[Block]:
        """The wrong kind of token, what is denied or out of bounds, what is disabled."""
        position = self.judge.universe.bit(principal)
        for entrance in self.gates.entrances(target):
            if position is None or entrance.token not in _WRONG:
                continue
            held = nested(entrance.apart).unknown & self.judge.universe.accounts
            for account in positions(held):
                yield from self._wrong_kind(position, account, entrance.token)
                yield from self._taken(principal, account, entrance.token)
            yield from self._disabled(principal, entrance)

    def _wrong_kind(self, position: int, account: int, token: Token) -> Iterator[Block]:
        onto = self.impersonation.onto(account)
        other = Token.ACCESS if token is Token.ID else Token.ID
        if onto.having(token).rest >> position & 1:
            return
        for means, who in onto.steps:
            if other in means.tokens and who.can >> position & 1:
                member = self.judge.universe.member(account)
                resource = self.impersonation.resource(account)
                reason = _WRONG[token].format(account=member)
                yield Block(BlockKind.WRONG_KIND, means.permission, resource, reason)

    def _taken(self, principal: str, account: int, token: Token) -> Iterator[Block]:
        """Permissions on an account that a deny policy or a boundary takes away."""
        if self.impersonation.shut(account) or not self._anything_takes:
            return
        resource = self.impersonation.resource(account)
        for means in BY_PERMISSION:
            if token in means.tokens:
                judged = self.judge.judge(principal, means.permission, resource)
                if judged.taken:
                    yield from (block for block in judged.blocks if block.kind in _TAKING)

    @property
    def _anything_takes(self) -> bool:
        snapshot = self.judge.index.snapshot
        return bool(snapshot.deny_policies or snapshot.boundary_bindings)

    def _disabled(self, principal: str, entrance: "Entrance") -> Iterator[Block]:
        for account in self.judge.index.accounts.values():
            if not account.disabled:
                continue
            member = f"serviceAccount:{account.email}"
            held = any(
                self.judge.judge(principal, means.permission, account.name).grants
                for means in BY_PERMISSION
                if entrance.token in means.tokens
            )
            if held and self.judge.judge(member, entrance.permission, entrance.resource).taken:
                reason = _DISABLED.format(account=member)
                yield Block(BlockKind.DISABLED, member, account.name, reason)
