"""Allow policies: the union of what the resource and everything above it grant. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from provision.audit.answers import Block, BlockKind, Hop, HopKind, Verdict
from provision.audit.conditioned import UNTAGGED, Conditions, Held, View
from provision.audit.forms import ANYBODY, AUTHENTICATED, normal
from provision.audit.holding import NONE, Holders
from provision.audit.index import Giving, Index
from provision.audit.judgement import Grant
from provision.audit.members import Belonging, Members
from provision.snapshot.records import Binding, Part

_ANYBODY = frozenset({ANYBODY, AUTHENTICATED})

_PROJECT = "projects/"
"""A project's policy takes no `allUsers` and no `allAuthenticatedUsers` (Resource Manager v3)."""

_DELETED = "deleted:"
_BITS = 1 << 29
"""How many bits of what containers give are kept at least."""


class Asked(NamedTuple):
    """For what a principal is judged.

    Args:
        permission: as allow policies name it.
        resource: a full resource name, or a container.
        view: what conditions may know of it.
    """

    permission: str
    resource: str
    view: View


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
    _inherited: dict[tuple[tuple[str, ...], tuple[Giving, ...], View], Holders] = field(
        default_factory=dict
    )
    _here: dict[tuple[str, Giving, View], Holders] = field(default_factory=dict)

    def holders(self, permission: str, resource: str, view: View) -> Holders:
        """Everybody to whom allow policies give a permission."""
        found = NONE
        for level in self.index.own_levels(resource):
            found = found.joined(self._level(level, permission, view))
        return found.joined(self.above(permission, resource, view))

    def above(self, permission: str, resource: str, view: View) -> Holders:
        """What the containers above a resource give, or a container and those above it."""
        lineage = self.index.lineage(resource)
        return self._above(lineage.containers, lineage.gap, permission, view)

    def plain(self, permission: str, resource: str, view: View) -> int | None:
        """Who surely has it by policies below the containers, where nothing else is there.

        None where a condition, a role or a set leaves anything open, or a policy was not read.
        """
        bits = 0
        for level in self.index.own_levels(resource):
            given = self.outright(permission, level, view)
            if given is None:
                return None
            for members in given:
                found = self._sure(members, apart=view.apart)
                if found is None:
                    return None
                bits |= found
        return bits

    def outright(self, permission: str, level: str, view: View) -> list[tuple[str, ...]] | None:
        """The members of bindings that surely give it; None where it is open of one, or unread."""
        bindings = self.index.policies.get(level)
        if bindings is None or (level, Part.POLICY) in self.index.unread:
            return None
        including = self.index.including(permission)
        found: list[tuple[str, ...]] = []
        for binding in bindings:
            includes = including.get(binding.role)
            if includes is None:
                continue
            held = self.conditions.held(binding.condition, view).verdict
            if held is Verdict.CAN and includes:
                found.append(binding.members)
            elif held is not Verdict.CANNOT:
                return None
        return found

    def _sure(self, members: tuple[str, ...], *, apart: bool) -> int | None:
        """All members of a binding; None where it is not known of somebody whether they are."""
        bits = 0
        ones: list[int] = []
        for member in members:
            found = self.members.spelled(member)
            if found is None:
                continue
            if isinstance(found, int):
                ones.append(found)
            elif found.maybe or found.rest:
                return None
            elif apart and member in _ANYBODY:
                bits |= self.members.universe.mask(member)
            else:
                bits |= found.sure
        return bits | self.members.universe.bits(ones)

    def _above(self, containers: tuple[str, ...], gap: str, permission: str, view: View) -> Holders:
        if not containers:
            return self._everybody(gap) if gap else NONE
        if self.index.tag_conditions.isdisjoint(containers):
            view = view._replace(tagged=UNTAGGED)
        # What the same roles give is the same, whatever the permission: most ask the same of them.
        key = (containers, tuple([self.index.giving(permission, one) for one in containers]), view)
        found = self._inherited.get(key)
        if found is None:
            above = self._above(containers[1:], gap, permission, view)
            last = containers[0].startswith(_PROJECT)  # nothing is below that asks for it again
            told = self._level if last else self._container
            here = told(containers[0], permission, view)
            if len(self._inherited) * len(self.members.universe) > _BITS:
                self._inherited.clear()
            found = self._inherited[key] = here.joined(above)
        return found

    def _container(self, level: str, permission: str, view: View) -> Holders:
        """What the policy of one container gives, remembered."""
        if level not in self.index.tag_conditions:
            view = view._replace(tagged=UNTAGGED)
        key = (level, self.index.giving(permission, level), view)
        found = self._here.get(key)
        if found is None:
            found = self._here[key] = self._level(level, permission, view)
        return found

    def _everybody(self, reason: str) -> Holders:
        return Holders(rest=(reason,), rest_mask=self.members.universe.all)

    def _level(self, level: str, permission: str, view: View) -> Holders:
        """What the policy of one resource gives."""
        return self.together((permission,), ((level, view),))

    def together(
        self,
        permissions: tuple[str, ...],
        levels: Iterable[tuple[str, View]],
        gaps: Iterable[str] = (),
    ) -> Holders:
        """What the policies of these resources give in all, each as its view has it.

        Args:
            permissions: as allow policies name them; any of them.
            levels: the resources.
            gaps: why others may give it as well.
        """
        sums: dict[tuple[Verdict, bool], _Sum] = {}
        untold: list[Holders] = []
        for level, view in levels:
            unread = self.index.unread_policy(level)
            if unread:
                untold.append(self._anybody(level, unread))
            for binding, held, _ in self._bindings(level, permissions, view):
                if held.verdict is not Verdict.CANNOT:
                    key = (held.verdict, view.apart)
                    found = sums.get(key)
                    if found is None:
                        found = sums[key] = _Sum(self.members, apart=view.apart)
                    found.add(binding.members)
        given = NONE
        for (verdict, _), found in sums.items():
            given = given.joined(found.holders().under(verdict))
        for one in (*untold, *map(self._everybody, gaps)):
            given = given.joined(one)
        return given

    def _anybody(self, level: str, unread: str) -> Holders:
        """What a policy may give that was not read."""
        everybody = self._everybody(unread)
        if level.startswith(_PROJECT):
            return everybody.without(self.members.universe.anybody)
        return everybody

    def _bindings(
        self, level: str, permissions: tuple[str, ...], view: View
    ) -> Iterator[tuple[Binding, Held, str]]:
        """Bindings whose role includes or may include any of them; with what is unknown of it."""
        including = self.index.including(*permissions)
        for binding in self.index.policies.get(level, ()):
            includes = including.get(binding.role)
            if includes is None:
                continue
            held = self.conditions.held(binding.condition, view)
            if not includes and held.verdict is not Verdict.CANNOT:
                yield binding, Held(Verdict.UNKNOWN, held.why), _unread_role(binding, permissions)
            else:
                yield binding, held, ""

    def one(self, principal: str, belonging: Mapping[str, Belonging], asked: Asked) -> Granted:
        """What allow policies give one principal, and what they would but for a condition.

        Args:
            principal: in its normal spelling.
            belonging: what it is in.
            asked: for what.
        """
        grants: list[Grant] = []
        blocks: list[Block] = []
        levels = tuple(self.index.holders_of_policies(asked.resource))
        for level in levels:
            for binding, held, untold in self._bindings(level, (asked.permission,), asked.view):
                for member in binding.members:
                    one = belonging.get(normal(member))
                    bound = _Bound(level, binding, member, held, untold)
                    if one is None:
                        if member.startswith(_DELETED) and _names(member, principal):
                            blocks.append(bound.gone())
                    elif one.expired:
                        blocks.append(bound.ended(one))
                    elif held.verdict is Verdict.CANNOT:
                        blocks.append(bound.unmet())
                    else:
                        grants.append(bound.grant(principal, one, asked))
        return Granted(
            tuple(grants), tuple(dict.fromkeys(blocks)), self._unread(principal, levels, asked)
        )

    def _unread(self, principal: str, levels: tuple[str, ...], asked: Asked) -> tuple[str, ...]:
        unread = [
            self.index.unread_policy(level)
            for level in levels
            if not (level.startswith(_PROJECT) and principal in _ANYBODY)
        ]
        return tuple(why for why in (*unread, self.index.lineage(asked.resource).gap) if why)


class _Sum:
    """The members of bindings that are alike, added up."""

    def __init__(self, members: Members, *, apart: bool) -> None:
        self._members = members
        self._apart = apart
        self._names: dict[str, None] = {}

    def add(self, members: Iterable[str]) -> None:
        """Those of one binding."""
        self._names.update(dict.fromkeys(members))

    def holders(self) -> Holders:
        """As those who hold something surely, or perhaps; each is looked at once."""
        universe = self._members.universe
        ones: list[int] = []
        sure = maybe = vague = 0
        rest: dict[str, None] = {}
        for member in self._names:
            found = self._members.spelled(member)
            if isinstance(found, int):
                ones.append(found)
            elif self._apart and member in _ANYBODY:
                sure |= universe.mask(member)
            elif found is not None:
                sure |= found.sure
                maybe |= found.maybe
                if found.rest:
                    vague |= found.vague
                    rest.update(dict.fromkeys(found.rest))
        held = Holders(sure | universe.bits(ones))
        if maybe or rest:
            held = held.joined(Holders(0, 0, maybe, tuple(rest), vague))
        return held


class _Bound(NamedTuple):
    """A member of a binding, as it concerns one principal.

    Args:
        level: whose policy it is in.
        binding: as read.
        member: as spelled there.
        held: what its condition comes to.
        untold: what is not known of its role; empty for nothing.
    """

    level: str
    binding: Binding
    member: str
    held: Held
    untold: str

    def gone(self) -> Block:
        """That somebody else of the same name is meant, who is deleted."""
        role = self.binding.role
        reason = f"{role} is bound to {self.member}, which is deleted and was somebody else"
        return Block(BlockKind.DELETED, role, self.level, reason)

    def ended(self, one: Belonging) -> Block:
        """That the membership has ended."""
        reason = f"the membership in {one.expired} has ended, which would give {self.binding.role}"
        return Block(BlockKind.EXPIRED, one.expired, self.level, reason)

    def unmet(self) -> Block:
        """That the condition does not hold."""
        reason = f"its condition does not hold: {self.held.why}"
        return Block(BlockKind.CONDITION, self.binding.role, self.level, reason)

    def grant(self, principal: str, one: Belonging, asked: Asked) -> Grant:
        """A grant, at most as sure as the membership, the role and the condition."""
        starts = (principal, *one.way)
        within = [Hop(HopKind.MEMBER, *pair) for pair in pairwise(starts)]
        role = Hop(
            HopKind.ROLE,
            starts[-1],
            asked.resource,
            role=self.binding.role,
            on=self.level,
            member=self.member,
            condition=self.binding.condition,
            permission=asked.permission,
        )
        hops = (*within, role)
        reasons = list(one.doubts)
        if self.untold:
            reasons.append(self.untold)
        if self.held.verdict is Verdict.UNKNOWN and self.held.why:
            reasons.append(f"the condition of {self.binding.role}: {self.held.why}")
        if reasons:
            return Grant(hops, Verdict.UNKNOWN, reasons=tuple(reasons))
        condition = self.binding.condition if self.held.verdict is Verdict.WHILE else ""
        return Grant(hops, self.held.verdict, condition)


def _unread_role(binding: Binding, permissions: tuple[str, ...]) -> str:
    return f"whether {binding.role} includes {' or '.join(permissions)} was not read"


def _names(deleted: str, principal: str) -> bool:
    """Whether a deleted principal had the name that a living one has."""
    return normal(deleted.removeprefix(_DELETED).partition("?uid=")[0]) == principal
