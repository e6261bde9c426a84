"""Whether somebody has a permission on a resource: boundaries, then deny, then allow. Pure.

Source: iam/docs/policy-types, "Policy evaluation".
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from provision.audit.answers import Block, BlockKind, Verdict
from provision.audit.bounded import Boundaries
from provision.audit.conditioned import UNTAGGED, Conditions, Tagged, View
from provision.audit.denied import Deny, Taken
from provision.audit.forms import Sort, form, normal
from provision.audit.granted import Allow, Asked
from provision.audit.holding import Holders, without
from provision.audit.index import Index
from provision.audit.judgement import Grant, Judgement, noted
from provision.audit.members import Extent, Members
from provision.audit.universe import Universe
from provision.snapshot import Snapshot

_BITS = 1 << 29
"""Of what comes from containers, how many bits are kept at least."""


class _Alike(NamedTuple):
    """Resources from which the same is taken away.

    Args:
        taken: from whom surely, and from whom perhaps.
        levels: whose policies count for any of them, each with what conditions may know.
        gaps: why it is not known what stands above.
    """

    taken: tuple[int, int]
    levels: dict[tuple[str, View], None]
    gaps: dict[str, None]


class Judge:
    """Judges a snapshot at one time; cheap to make, and remembers what it found.

    Args:
        snapshot: what was read.
        at: when, with a time zone: conditions and memberships are judged by it.
    """

    def __init__(self, snapshot: Snapshot, at: datetime) -> None:
        self.at = at
        self.index = Index(snapshot)
        self._members = Members(self.index, at)
        self.conditions = Conditions(self.index, at)
        self._allow = Allow(self.index, self._members, self.conditions)
        self._deny = Deny(self.index, self._members, self.conditions)
        self._boundaries = Boundaries(self.index, self._members)
        self._inherited: dict[tuple[str, str, View], Holders] = {}
        self._lefts: dict[tuple[int, int], tuple[Holders, Holders]] = {}
        self._joined: dict[tuple[int, int], tuple[int, int]] = {}
        self._pairs: dict[tuple[int, int], tuple[int, int]] = {}
        self._takens: dict[tuple[str, str, Tagged], tuple[int, int]] = {}

    @property
    def universe(self) -> Universe:
        """Everybody whom the snapshot names."""
        return self._members.universe

    @cached_property
    def inert(self) -> int:
        """Who can do nothing: disabled accounts, deleted principals."""
        disabled = (
            f"serviceAccount:{one.email}" for one in self.index.accounts.values() if one.disabled
        )
        return self.universe.mask(*disabled) | self.universe.sort(Sort.DELETED)

    def members(self, member: str) -> Extent:
        """Who is in a member of a policy, in any spelling, itself with them."""
        return self._members.extent(normal(member))

    def spelled(self, member: str) -> Extent | int | None:
        """The same; of one who is not many its place, and None of one whom nothing is given."""
        return self._members.spelled(member)

    def sets_of(self, principal: str) -> tuple[str, ...]:
        """The sets that a principal is in, or may be, whether or not the snapshot names it."""
        return tuple(self._members.belonging(normal(principal)))

    def account_of(self, email: str) -> str:
        """The full name of a service account; its project by its e-mail if it was not read."""
        return self.index.account_name(email)

    def alike(self, resource: str) -> Hashable:
        """Resources with equal keys have equal `holders` for every permission."""
        if self._has_policy(resource):
            return resource
        view = self.conditions.view("", resource)
        return (self.index.lineage(resource).containers[0], view.kind, view.tagged)

    def holders(self, permission: str, resource: str, *, apart: bool = False) -> Holders:
        """Everybody who has a permission on a resource, as themselves.

        Args:
            permission: as allow policies name it.
            resource: a full resource name, or a container.
            apart: leave `allUsers` and `allAuthenticatedUsers` one name each, so that others are
                told only where they have it by something else.
        """
        view = self.conditions.view(permission, resource)
        if apart:
            view = view._replace(apart=True)
        if not self.index.grants_below(permission, resource):
            return self._above(permission, resource, view)
        own = self._allow.plain(permission, resource, view)
        if own is None:
            return self._holders(permission, resource, view)
        gone, doubtful = self.taken(permission, resource, view.tagged)
        if own & doubtful:
            return self._holders(permission, resource, view)
        return self._above(permission, resource, view).with_sure(without(own, gone))

    def anywhere(self, permissions: tuple[str, ...], resources: Iterable[str]) -> Iterator[Holders]:
        """Everybody who has any of these permissions on any of these resources, at least once each.

        Resources from which the same is taken away are added up first, and nothing is remembered of
        one of them alone: what stands above many counts once.

        Args:
            permissions: whose names the same rules take away from the same principals.
            resources: full resource names, or containers.
        """
        permission = permissions[0]
        alike: dict[int, _Alike] = {}
        for resource in resources:
            view = self.conditions.view(permission, resource)
            taken = self.taken(permission, resource, view.tagged)
            one = alike.setdefault(id(taken), _Alike(taken, {}, {}))  # equal ones are one object
            untagged = view._replace(tagged=UNTAGGED)
            for level in self.index.holders_of_policies(resource):
                tagged = level in self.index.tag_conditions
                one.levels[level, view if tagged else untagged] = None
            one.gaps[self.index.lineage(resource).gap] = None
        for taken, levels, gaps in alike.values():
            given = self._allow.together(permissions, levels, filter(None, gaps))
            yield given.without(taken[0]).weakened(taken[1])

    def _above(self, permission: str, resource: str, view: View) -> Holders:
        """What comes from containers: the same for all that is in one, and remembered."""
        key = (permission, self.index.lineage(resource).containers[0], view)
        found = self._inherited.get(key)
        if found is None:
            allowed = self._allow.above(permission, resource, view)
            taken = self.taken(permission, resource, view.tagged)
            same = (id(allowed), id(taken))
            if same not in self._lefts:
                left = allowed.without(taken[0]).weakened(taken[1])
                self._lefts[same] = (allowed, left)  # with `allowed`, so that its id stays its own
            found = self._inherited[key] = self._lefts[same][1]
            if len(self._lefts) * len(self.universe) > _BITS:
                self._lefts.clear()
                self._inherited.clear()
        return found

    def _holders(self, permission: str, resource: str, view: View) -> Holders:
        allowed = self._allow.holders(permission, resource, view)
        return self._left(allowed, permission, resource, view)

    def _left(self, allowed: Holders, permission: str, resource: str, view: View) -> Holders:
        """What deny policies and boundaries leave of it."""
        gone, doubtful = self.taken(permission, resource, view.tagged)
        return allowed.without(gone).weakened(doubtful)

    def given(self, permission: str, level: str, view: View) -> Holders:
        """Whom the allow policy of one resource or container gives a permission."""
        return self._allow.together((permission,), ((level, view),))

    def outright(self, permission: str, level: str, view: View) -> list[tuple[str, ...]] | None:
        """The members of its bindings that surely give a permission; None where more may."""
        return self._allow.outright(permission, level, view)

    def taken(self, permission: str, resource: str, tagged: Tagged) -> tuple[int, int]:
        """From whom a permission is surely taken away, and from whom perhaps.

        Args:
            permission: as allow policies name it.
            resource: a full resource name, or a container.
            tagged: its tags. Equal answers are one object.
        """
        key = (permission, self.index.lineage(resource).containers[0], tagged)
        found = self._takens.get(key)
        if found is None:
            denied = self._deny.taken(permission, resource)
            bound = self._boundaries.taken(permission, resource)
            found = self._takens[key] = self._pair(denied, bound)
        return found

    def _pair(self, denied: Taken, bound: Taken) -> tuple[int, int]:
        """What both take away: each is remembered where it is from, so that one look will do."""
        same = (id(denied), id(bound))
        found = self._joined.get(same)
        if found is None:
            taken = denied.joined(bound)
            doubtful = self.universe.all if taken.doubts else taken.maybe
            pair = (taken.sure | self.inert, doubtful)
            found = self._joined[same] = self._pairs.setdefault(pair, pair)
        return found

    def _has_policy(self, resource: str) -> bool:
        """Whether something below the containers has bindings, or a policy that was not read."""
        return any(
            self.index.policies.get(level) or self.index.unread_policy(level)
            for level in self.index.own_levels(resource)
        )

    def denied(self, permission: str, resource: str) -> Taken:
        """From whom deny policies alone take a permission on a resource."""
        return self._deny.taken(permission, resource)

    def judge(self, principal: str, permission: str, resource: str) -> Judgement:
        """Whether one principal has a permission on a resource, as itself, by what or why not.

        Args:
            principal: in any spelling; a set is judged as a member of it and of nothing else.
            permission: as allow policies name it.
            resource: a full resource name, or a container.
        """
        name = normal(principal)
        belonging = self._members.belonging(name)
        view = self.conditions.view(permission, resource)
        granted = self._allow.one(name, belonging, Asked(permission, resource, view))
        grants = tuple(sorted(granted.grants, key=_best))
        denied = self._deny.one(belonging, permission, resource)
        bound = self._boundaries.one(name, belonging, permission, resource)
        blocks = (*self.state(name), *bound.blocks, *denied.blocks)
        if blocks:
            return Judgement(Verdict.CANNOT, (), (*blocks, *granted.blocks), (), grants)
        doubts = (*bound.doubts, *denied.doubts)
        grants = noted(grants, bound.beside)
        if grants and doubts:
            grants = tuple(
                replace(
                    one,
                    verdict=Verdict.UNKNOWN,
                    condition="",
                    reasons=tuple(dict.fromkeys((*one.reasons, *doubts))),
                )
                for one in grants
            )
        if grants and grants[0].verdict is not Verdict.UNKNOWN:
            return Judgement(grants[0].verdict, grants, granted.blocks)
        reasons = [why for one in grants for why in one.reasons]
        told = tuple(dict.fromkeys((*reasons, *granted.reasons)))
        if told:
            return Judgement(Verdict.UNKNOWN, grants, granted.blocks, told)
        blocks = granted.blocks
        if all(one.kind is BlockKind.DELETED for one in blocks):
            blocks = (_nothing(permission, resource), *blocks)
        return Judgement(Verdict.CANNOT, (), blocks)

    def state(self, name: str) -> tuple[Block, ...]:
        """What of a principal itself, in its normal spelling, keeps it from everything."""
        told = form(name)
        if told.sort is Sort.DELETED:
            reason = "it is deleted; one of the same name that was made again does not count as it"
            return (Block(BlockKind.DELETED, name, "", reason),)
        account = self.index.accounts.get(told.value) if told.sort is Sort.ACCOUNT else None
        if account is not None and account.disabled:
            reason = "the account is disabled, and no token is minted for it"
            return (Block(BlockKind.DISABLED, name, account.name, reason),)
        return ()


def _best(grant: Grant) -> tuple[int, int, str]:
    return (grant.verdict.rank, len(grant.hops), grant.hops[-1].on)


def _nothing(permission: str, resource: str) -> Block:
    reason = f"no binding on it or above gives a role with {permission}"
    return Block(BlockKind.NO_GRANT, permission, resource, reason)
