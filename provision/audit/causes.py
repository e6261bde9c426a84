"""Which change accounts for it that somebody gained or lost. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from provision.audit.changes import Changed, ChangeKind
from provision.audit.findings.holds import GATES, MINTING, MINTING_ACCESS
from provision.audit.findings.places import Places
from provision.audit.gates import iap_resource
from provision.audit.index import own_levels
from provision.audit.standing import Move, Moves, Standings
from provision.roles import permissions
from provision.snapshot.records import Kind

_GLOBAL = frozenset(
    {ChangeKind.MEMBERSHIP, ChangeKind.ROLE, ChangeKind.ACCOUNT, ChangeKind.BOUNDARY}
)
_ON_THE_WAY = MINTING | {MINTING_ACCESS, "iam.serviceAccounts.implicitDelegation"}


class Causes:
    """The changes, by where they have an effect.

    Args:
        standings: who stood where.
        found: all changes, in their order.
    """

    def __init__(self, standings: Standings, found: list[Changed]) -> None:
        self._standings = standings
        self._found = found
        self._places = Places(standings.old.judge.index), Places(standings.new.judge.index)
        self._gates: dict[str, bool] = {}
        self._way: dict[str, bool] = {}
        self._local: dict[str, bool] = {}
        self._extents: dict[int, int] = {}
        self._told: dict[tuple[int, tuple[int, ...], bool], Moves] = {}
        self._kept: list[Moves] = []

    def affected(self) -> list[str]:
        """Targets on which somebody may have moved: all, unless every change is a local one."""
        old, new = self._standings.old, self._standings.new
        if old.at != new.at or not all(map(self._is_local, self._found)):
            return sorted({*old.targets, *new.targets})
        return sorted(
            {
                target.name
                for change in self._found
                for places in self._places
                for target in places.concerned(change.resource)
            }
        )

    def of(self, target: str, moves: Moves) -> Moves:
        """The moves on a target with their causes."""
        nearby = tuple(self._nearby(target))
        key = (id(moves), nearby, self._has_policy(target))
        if key not in self._told:
            self._kept.append(moves)  # so that its id stays its own
            self._told[key] = tuple(
                move._replace(causes=tuple(self._causes(move, target, nearby))) for move in moves
            )
        return self._told[key]

    def _has_policy(self, target: str) -> bool:
        return bool(self._standings.new.judge.index.policies.get(target))

    def _causes(self, move: Move, target: str, nearby: tuple[int, ...]) -> Iterator[int]:
        yield from (place for place in nearby if self._concerns(self._found[place], place, move))
        for place in self._everywhere:
            change = self._found[place]
            if self._concerns(change, place, move) and self._leads(change, target, move):
                yield place

    def _concerns(self, change: Changed, place: int, move: Move) -> bool:
        """Whether a change moves that way, and is about that principal."""
        if change.opens is not None and change.opens is not move.gained:
            return False
        if not change.named or move.position < 0:
            return True
        return bool(self._extent(place, change) >> move.position & 1)

    def _extent(self, place: int, change: Changed) -> int:
        if place not in self._extents:
            found = 0
            for name in change.named:
                found |= self._standings.extent(name, later=change.opens is not False)
                if change.opens is None or change.kind is ChangeKind.DENY:
                    found |= self._standings.extent(name, later=False)
            self._extents[place] = found
        return self._extents[place]

    def _leads(self, change: Changed, target: str, move: Move) -> bool:
        """Whether a change that is made elsewhere has to do with a target."""
        stand = self._standings.stand(target, later=move.gained)
        universe = self._standings.universe
        match change.kind:
            case ChangeKind.MEMBERSHIP | ChangeKind.TIME | ChangeKind.READING:
                return bool(stand.any & universe.mask(change.resource)) or self._via(move, target)
            case ChangeKind.ACCOUNT:
                return move.principal == change.principal or self._via(move, target)
            case ChangeKind.ROLE:
                return change.role in self._roles_above(target) or self._via(move, target)
            case ChangeKind.BINDING:
                return self._via(move, target)
        return True

    def _via(self, move: Move, target: str) -> bool:
        """Whether somebody moved who gets in as somebody else."""
        stand = self._standings.stand(target, later=move.gained)
        return move.position >= 0 and bool(stand.via >> move.position & 1)

    def _roles_above(self, target: str) -> set[str]:
        return {
            binding.role
            for audit in (self._standings.old, self._standings.new)
            for level in self._levels(target)
            for binding in audit.judge.index.policies.get(level, ())
        }

    def _nearby(self, target: str) -> Iterator[int]:
        for level in self._levels(target):
            yield from self._by_place.get(level, ())

    def _levels(self, target: str) -> list[str]:
        """Whatever stands at or above a target, then or now, with what else decides on it."""
        found = dict.fromkeys([target])
        for audit in (self._standings.old, self._standings.new):
            known = audit.find_target(target)
            if known is None:
                continue
            if known.kind is Kind.FUNCTION and known.service:
                found[known.service] = None
            if known.iap:
                found.update(dict.fromkeys(own_levels(iap_resource(known))))
            found.update(dict.fromkeys(audit.judge.index.lineage(target).containers))
        return list(found)

    @cached_property
    def _by_place(self) -> dict[str, list[int]]:
        found = defaultdict[str, list[int]](list)
        for place, change in enumerate(self._found):
            if change.kind not in _GLOBAL and self._opens_targets(change):
                found[change.resource].append(place)
        return found

    @cached_property
    def _everywhere(self) -> list[int]:
        return [
            place
            for place, change in enumerate(self._found)
            if change.kind in _GLOBAL
            or change.resource.startswith("group:")
            or (change.role and self._mints(change.role))
        ]

    def _opens_targets(self, change: Changed) -> bool:
        return not change.role or self._includes(self._gates, change.role, frozenset(GATES))

    def _mints(self, role: str) -> bool:
        return self._includes(self._way, role, _ON_THE_WAY)

    def _includes(self, memo: dict[str, bool], role: str, wanted: frozenset[str]) -> bool:
        if role not in memo:
            indexes = (self._standings.old.judge.index, self._standings.new.judge.index)
            memo[role] = any(
                index.includes(role, one) is not False for index in indexes for one in wanted
            )
        return memo[role]

    def _is_local(self, change: Changed) -> bool:
        """Whether it has an effect on targets at or below its place alone."""
        if change.kind is ChangeKind.GATE:
            return "account" not in change.words
        if change.kind is not ChangeKind.BINDING:
            return change.kind is ChangeKind.TARGET
        others = frozenset(permissions()) - frozenset(GATES)
        return not self._includes(self._local, change.role, others)
