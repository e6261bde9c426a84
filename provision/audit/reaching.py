"""Who gets at tokens of accounts, and so into targets, for all principals at once. Pure.

A graph over accounts, closed once: whoever comes by an access token of an account is, from there
on, that account. No product of principals and targets is ever made.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from provision.audit.answers import Token
from provision.audit.closure import closed, positions
from provision.audit.degrees import DEGREES, NOBODY, Degrees
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
    _granted: dict[int, Degrees] = field(default_factory=dict)

    def onto(self, accounts: Degrees, token: Token) -> Degrees:
        """Who comes by tokens of any of these accounts, however long the way.

        Bits from `reasons_from` on tell why it is not known of others.
        """
        if token is Token.NONE:
            return NOBODY  # whoever gets in without one gets in as themselves
        found: list[int] = []
        before = -1
        for bits, closing in zip(accounts, self._closed, strict=True):
            asked = bits & closing.mask
            same = asked == before and closing is self._closed[len(found) - 1]
            found.append(found[-1] if found and same else closing.onto(asked, token))
            before = asked
        return Degrees(*found)

    def widened(self, starts: Degrees) -> Degrees:
        """These principals, and whoever comes to act as one of them."""
        return starts.either(self.onto(starts, Token.ACCESS)) if starts.rest else NOBODY

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
    def _closed(self) -> tuple["_Closed", ...]:
        looked_at = [self.impersonation.onto(account) for account in range(self._count)]
        extra = [self._extra(account, onto) for account, onto in enumerate(looked_at)]
        found: list[_Closed] = []
        for degree in range(DEGREES):
            parts = tuple(_parts(looked_at, extra, degree))
            same = bool(found) and parts == found[-1].parts
            found.append(found[-1] if same else _Closed(parts, self._count))
        return tuple(found)

    def _extra(self, account: int, onto: Onto) -> Degrees:
        """Who comes onto an account by a change, and the bits of reasons."""
        found = Degrees(0, 0, 0, self._reason_bits(onto.reasons)) if onto.reasons else NOBODY
        if self.second is None or self.impersonation.shut(account):
            return found
        changed = self._granted.get(id(onto))  # one for all accounts that are alike
        if changed is None:
            changed = self.second.all_onto(self.impersonation.resource(account))
            self._granted[id(onto)] = changed
        return found.either(changed)

    def _reason_bits(self, reasons: tuple[str, ...]) -> int:
        bits = 0
        for reason in reasons:
            place = self._reasons.setdefault(reason, len(self._reasons))
            bits |= 1 << (self.reasons_from + place)
        return bits


_Parts = tuple[int, int, int, int, int]
_MANY = 16
_PIECE = 256
_KEPT = 1024
"""Accounts that are joined one by one; how many make a piece; how many joined pieces are kept."""


def _parts(looked_at: list[Onto], extra: list[Degrees], degree: int) -> Iterator[_Parts]:
    """Of each account: who has access, ID tokens, as links' ends of either, who may delegate."""
    memo: dict[int, tuple[int, int, int, int, int]] = {}
    for onto, more in zip(looked_at, extra, strict=True):
        found = memo.get(id(onto))
        if found is None:
            found = memo[id(onto)] = (
                onto.having(Token.ACCESS)[degree],
                onto.having(Token.ID)[degree],
                onto.having(Token.ACCESS, linked=True)[degree],
                onto.having(Token.ID, linked=True)[degree],
                onto.link[degree],
            )
        bits = more[degree]
        yield (found[0] | bits, found[1] | bits, *found[2:]) if bits else found


class _Closed:
    """The closure of one degree.

    Vertices are accounts by access, at their own positions; after them accounts as delegates;
    then accounts by ID token, where those are come by otherwise than access tokens.
    """

    def __init__(self, parts: tuple[_Parts, ...], count: int) -> None:
        self.parts = parts
        self.mask = mask = (1 << count) - 1
        self._pieces: dict[tuple[Token, int, int], int] = {}
        # Whoever may delegate through an account mostly has its access token anyway; then a chain
        # leads to nothing that the links do not lead to one by one.
        chained = any(link & ~access for access, _, _, _, link in parts)
        delegates = sum(1 << place for place, one in enumerate(parts) if chained and one[4])
        leaves, inner = [], []
        for access, _, last, _, _ in parts:
            leaves.append(access)
            inner.append(access & mask | (last & delegates) << count)
        for *_, link in parts if chained else ():
            leaves.append(link)
            inner.append(link & mask | (link & delegates) << count)
        by_id = list(range(count))
        for place, (access, ids, last_access, last_id, _) in enumerate(parts):
            if ids != access or (chained and last_access != last_id):
                by_id[place] = len(leaves)
                leaves.append(ids)
                inner.append(ids & mask | (last_id & delegates) << count)
        self._values = closed(leaves, inner)
        self._by_token = {
            token: (vertices, self._led_to(vertices))
            for token, vertices in ((Token.ACCESS, range(count)), (Token.ID, by_id))
        }

    def _led_to(self, vertices: Sequence[int]) -> int:
        """Accounts that anybody comes by at all."""
        return sum(1 << place for place, vertex in enumerate(vertices) if self._values[vertex])

    def onto(self, accounts: int, token: Token) -> int:
        """Who comes by such tokens of any of them."""
        vertices, led_to = self._by_token[token]
        asked = accounts & led_to
        if asked.bit_count() < _MANY:
            return self._joined(vertices, positions(asked), 0)
        found = 0
        size = _PIECE // 8
        data = asked.to_bytes((asked.bit_length() + 7) // 8, "little")
        for start in range(0, len(data), size):
            piece = int.from_bytes(data[start : start + size], "little")
            if piece:
                found |= self._piece(token, start * 8, piece)
        return found

    def _piece(self, token: Token, start: int, piece: int) -> int:
        """Neighbours mostly come together, as all of a project: what they add up to is kept."""
        vertices, _ = self._by_token[token]
        if piece.bit_count() < _MANY:
            return self._joined(vertices, positions(piece), start)
        key = (token, start, piece)
        if key not in self._pieces:
            if len(self._pieces) >= _KEPT:
                self._pieces.clear()
            self._pieces[key] = self._joined(vertices, positions(piece), start)
        return self._pieces[key]

    def _joined(self, vertices: Sequence[int], places: Iterable[int], start: int) -> int:
        found = 0
        for place in places:
            found |= self._values[vertices[start + place]]
        return found
