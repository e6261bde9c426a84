"""Allow policies: the union of what the resource and everything above it grant. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from provision.audit.answers import Block, BlockKind, Hop, HopKind, Verdict
from provision.audit.conditioned import Conditions, Held, View
from provision.audit.forms import ANYBODY, AUTHENTICATED, normal
from provision.audit.holding import NONE, Holders
from provision.audit.index import Index, own_levels
from provision.audit.judgement import Grant
from provision.audit.members import Belonging, Extent, Members
from provision.snapshot.records import Binding


_ANYBODY = frozenset({ANYBODY, AUTHENTICATED})


class Granted(NamedTuple):
    """What allow policies say of one principal.

    Args:
        grants: in no order.
        blocks: bindings that would grant it but for a condition or a membership that ended.
        reasons: policies that were not read.
    """

    grants: tuple[Grant, ...]
    blocks: tuple[Block, ...]
    reasons: tuple[str, ...]


@dataclass
class Allow:
    """Allow policies.

    Args:
        index: of the snapshot.
        members: who is in what.
        conditions: what conditions come to.
    """

    index: Index
    members: Members
    conditions: Conditions
    _inherited: dict[tuple[str, str, View], Holders] = field(default_factory=dict)

    def holders(self, permission: str, resource: str, view: View) -> Holders:
        """Everybody to whom allow policies give a permission."""
        found = NONE
        for level in own_levels(resource):
            found = found.joined(self._level(level, permission, view))
        lineage = self.index.lineage(resource)
        return found.joined(self._above(lineage.containers, lineage.gap, permission, view))

    def _above(self, containers: tuple[str, ...], gap: str, permission: str, view: View) -> Holders:
        if not containers:
            return self._everybody(gap) if gap else NONE
        if self.index.tag_conditions.isdisjoint(containers):
            view = view._replace(tags=frozenset())
        key = (containers[0], permission, view)
        found = self._inherited.get(key)
        if found is None:
            above = self._above(containers[1:], gap, permission, view)
            found = self._level(containers[0], permission, view).joined(above)
            self._inherited[key] = found
        return found

    def _everybody(self, reason: str) -> Holders:
        return Holders(rest=(reason,), rest_mask=self.members.universe.all)

    def _level(self, level: str, permission: str, view: View) -> Holders:
        """What the policy of one resource gives."""
        found = NONE
        unread = self.index.unread_policy(level)
        if unread:
            found = self._everybody(unread)
        bits = {Verdict.CAN: 0, Verdict.WHILE: 0, Verdict.UNKNOWN: 0}
        vague, rest = 0, dict[str, None]()
        for binding, held, _ in self._bindings(level, permission, view):
            if held.verdict is Verdict.CANNOT:
                continue
            for member in binding.members:
                extent = self._extent(normal(member), view)
                bits[held.verdict] |= extent.sure
                bits[Verdict.UNKNOWN] |= extent.maybe
                if extent.rest:
                    vague |= extent.vague
                    rest.update(dict.fromkeys(extent.rest))
        can = bits[Verdict.CAN]
        while_ = bits[Verdict.WHILE] & ~can
        unknown = bits[Verdict.UNKNOWN] & ~can & ~while_
        if not (can or while_ or unknown or rest):
            return found
        mask = vague & ~(can | while_ | unknown)
        return Holders(can, while_, unknown, tuple(rest), mask).joined(found)

    def _extent(self, member: str, view: View) -> Extent:
        if view.apart and member in _ANYBODY:
            return Extent(self.members.universe.mask(member))
        return self.members.extent(member)

    def _bindings(
        self, level: str, permission: str, view: View
    ) -> Iterator[tuple[Binding, Held, str]]:
        """Bindings whose role includes or may include a permission; with what is unknown of it."""
        for binding in self.index.policies.get(level, ()):
            includes = self.index.includes(binding.role, permission)
            if includes is False:
                continue
            held = self.conditions.held(binding.condition, view)
            if includes is None and held.verdict is not Verdict.CANNOT:
                yield binding, Held(Verdict.UNKNOWN, held.why), _unread_role(binding, permission)
            else:
                yield binding, held, ""

    def one(
        self,
        belonging: Mapping[str, Belonging],
        principal: str,
        permission: str,
        resource: str,
        view: View,
    ) -> Granted:
        """What allow policies give one principal, and what they would but for a condition."""
        grants: list[Grant] = []
        blocks: list[Block] = []
        for level in self.index.holders_of_policies(resource):
            for binding, held, untold in self._bindings(level, permission, view):
                for member in binding.members:
                    one = belonging.get(normal(member))
                    if one is None:
                        continue
                    if one.expired:
                        blocks.append(_ended(one, binding, level))
                    elif held.verdict is Verdict.CANNOT:
                        blocks.append(_unmet(binding, level, held))
                    else:
                        hops = (
                            *_memberships(principal, one),
                            _role(principal, one, binding, member, level, permission, resource),
                        )
                        grants.append(_grant(hops, one, held, untold, binding))
        unread = (
            self.index.unread_policy(level) for level in self.index.holders_of_policies(resource)
        )
        reasons = [why for why in (*unread, self.index.lineage(resource).gap) if why]
        return Granted(tuple(grants), tuple(dict.fromkeys(blocks)), tuple(reasons))


def _unread_role(binding: Binding, permission: str) -> str:
    return f"whether {binding.role} includes {permission} was not read"


def _ended(one: Belonging, binding: Binding, level: str) -> Block:
    reason = f"the membership in {one.expired} has ended, which would have given {binding.role}"
    return Block(BlockKind.EXPIRED, one.expired, level, reason)


def _unmet(binding: Binding, level: str, held: Held) -> Block:
    return Block(
        BlockKind.CONDITION, binding.role, level, f"its condition does not hold: {held.why}"
    )


def _memberships(principal: str, one: Belonging) -> Iterator[Hop]:
    start = principal
    for inside in one.way:
        yield Hop(HopKind.MEMBER, start, inside)
        start = inside


def _role(
    principal: str,
    one: Belonging,
    binding: Binding,
    member: str,
    level: str,
    permission: str,
    resource: str,
) -> Hop:
    start = one.way[-1] if one.way else principal
    return Hop(
        HopKind.ROLE,
        start,
        resource,
        role=binding.role,
        on=level,
        member=member,
        condition=binding.condition,
        permission=permission,
    )


def _grant(
    hops: tuple[Hop, ...], one: Belonging, held: Held, untold: str, binding: Binding
) -> Grant:
    """A grant, at most as sure as the membership, the role and the condition."""
    reasons = list(one.doubts)
    if untold:
        reasons.append(untold)
    if held.verdict is Verdict.UNKNOWN and held.why:
        reasons.append(f"the condition of {binding.role}: {held.why}")
    if reasons:
        return Grant(hops, Verdict.UNKNOWN, reasons=tuple(reasons))
    condition = binding.condition if held.verdict is Verdict.WHILE else ""
    return Grant(hops, held.verdict, condition)
