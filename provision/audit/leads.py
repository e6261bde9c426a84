"""What leads onto accounts, policy by policy: what stands above many of them is told once. Pure.

Who comes by a token of an account is whoever its own policy lets, and whoever the policies above
let: those are the same for all accounts of a container from which the same is taken away.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from provision.audit.answers import Token
from provision.audit.conditioned import UNTAGGED, Tagged
from provision.audit.degrees import DEGREES, NOBODY
from provision.audit.holding import Holders, without
from provision.audit.impersonation import ASKED, Impersonation
from provision.audit.plainly import Plainly
from provision.audit.second_order import SET_ACCOUNT, SecondOrder
from provision.audit.shares import (
    NO_PARTS,
    NO_SHARE,
    Bulks,
    Few,
    Parts,
    Share,
    Taken,
    at_rest,
    joined,
)

_PERMISSIONS = (*ASKED, SET_ACCOUNT)
_PLACES = {permission: place for place, permission in enumerate(_PERMISSIONS)}
_FEW, _PART = 2, 256
"""Places that are few: two, and one more for so many principals."""


class Lead(NamedTuple):
    """What one policy lets lead onto accounts.

    Args:
        level: whose policy.
        gap: why it is not known what stands above, where this stands for that; empty: it does not.
        tagged: the tags that conditions may ask for.
        taken: what is taken away of it; nothing at all of what nobody comes by.
        parts: who, by that policy.
        base: the place of what stands above, among all leads; -1 for nothing.
    """

    level: str
    gap: str = ""
    tagged: Tagged = UNTAGGED
    taken: Taken = ()
    parts: Parts = NO_PARTS
    base: int = -1


_SHUT = Lead("")


@dataclass
class Leads:
    """All of them: those of accounts at the places of the accounts, then those of containers.

    Args:
        impersonation: what leads onto accounts.
    """

    impersonation: Impersonation
    bulks: Bulks = field(init=False)
    reasons: dict[str, int] = field(default_factory=dict)
    """Why it is not known who else comes by tokens, numbered."""
    _near: dict[tuple[str, Tagged], tuple[Taken, int]] = field(default_factory=dict)
    _above: dict[Hashable, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """The judge is at hand."""
        self._judge = self.impersonation.judge
        self.bulks = Bulks(_FEW + len(self._judge.universe) // _PART)
        self._plainly = Plainly(self.impersonation, self.bulks.most)

    @cached_property
    def all(self) -> Sequence[Lead]:
        """All leads."""
        found = [_SHUT] * self.impersonation.accounts
        for account in range(self.impersonation.accounts):
            if not self.impersonation.shut(account):
                found[account] = self._account(self.impersonation.resource(account), found)
        return found

    @property
    def reasons_from(self) -> int:
        """From which place on places are reasons."""
        return len(self._judge.universe)

    def changes(self, second: SecondOrder) -> Iterator[Share]:
        """For each lead, who comes onto accounts by a change of that policy, or of those above."""
        leads = self.all
        near = {base for _, base in self._near.values()}
        for place, lead in enumerate(leads):
            found = NO_SHARE
            if lead.taken:
                found = self._changing(lead)
            if place in near:
                found = joined(found, self.bulks.share(second.all_above(lead.level)))
            yield found

    def _changing(self, lead: Lead) -> Share:
        """Who may change that policy, where it is of an account; of one above, those below."""
        view = self._judge.conditions.of_account(SET_ACCOUNT, lead.tagged)
        few = None
        if not lead.gap:
            few = self._plainly.having(SET_ACCOUNT, lead.level, view, lead.taken[-1])
        if few is not None and len(few) <= self.bulks.most:
            return (Few(tuple(few)),) * DEGREES if few else NO_SHARE
        who = self._holders(SET_ACCOUNT, lead)
        return self.bulks.share(self.impersonation.asking.named(who))

    def _account(self, resource: str, found: list[Lead]) -> Lead:
        containers, gap = self._judge.index.lineage(resource)
        tagged = self._judge.conditions.tags(resource)
        taken, base = self._near.get((containers[0], tagged), ((), -1))
        if not taken:
            taken = tuple(self._judge.taken(one, resource, tagged) for one in _PERMISSIONS)
        lead = self._told(Lead(resource, "", tagged, taken))
        if base < 0:
            base = self._base(containers, gap, lead, found)
            self._near[containers[0], tagged] = taken, base
        return lead._replace(base=base)

    def _base(self, containers: tuple[str, ...], gap: str, below: Lead, found: list[Lead]) -> int:
        """The place of what stands above something, made where it is not there yet."""
        if not containers and not gap:
            return -1
        asked = not self._judge.index.tag_conditions.isdisjoint(containers)
        tagged = below.tagged if asked else UNTAGGED
        taken = below.taken
        key = (containers[:1], gap, tagged, tuple(map(id, taken)))  # equal ones are one object
        if key not in self._above:
            level = containers[0] if containers else ""
            lead = self._told(Lead(level, "" if containers else gap, tagged, taken))
            base = self._base(containers[1:], gap, lead, found) if containers else -1
            self._above[key] = len(found)
            found.append(lead._replace(base=base))
        return self._above[key]

    def _told(self, lead: Lead) -> Lead:
        """With who it is."""
        if not lead.gap:
            view = self._judge.conditions.of_account("", lead.tagged)
            plain = self._plainly.parts(lead.level, view, lead.taken)
            if plain is not None:
                return lead._replace(parts=plain)
        onto = self.impersonation.told(lambda permission: self._holders(permission, lead))
        if not onto.steps and onto.link is NOBODY and not onto.reasons:
            return lead
        share = self.bulks.share
        parts = Parts(
            share(onto.having(Token.ACCESS)),
            share(onto.having(Token.ID)),
            share(onto.having(Token.ACCESS, linked=True)),
            share(onto.having(Token.ID, linked=True)),
            share(onto.link),
        )
        return lead._replace(parts=parts.with_more(at_rest(self._numbered(onto.reasons))))

    def _numbered(self, reasons: Iterable[str]) -> list[int]:
        start = self.reasons_from
        return [start + self.reasons.setdefault(one, len(self.reasons)) for one in reasons]

    def _holders(self, permission: str, lead: Lead) -> Holders:
        """Whom one policy gives a permission on accounts, as far as it is not taken away."""
        gone, doubtful = lead.taken[_PLACES[permission]]
        if lead.gap:
            everybody = self._judge.universe.all
            return Holders(rest=(lead.gap,), rest_mask=without(everybody, gone))
        view = self._judge.conditions.of_account(permission, lead.tagged)
        return self._judge.given(permission, lead.level, view).without(gone).weakened(doubtful)
