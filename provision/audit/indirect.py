"""Who gets in as somebody else, or could let themselves in: in bulk and one by one. Pure.

A service opens to an ID token, a job and the API to an access token; what is had decides which.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING

from provision.audit.answers import Block, HopKind, Path, Verdict
from provision.audit.asking import Asking
from provision.audit.backward import AllDegrees, Edge, Ground
from provision.audit.callers import Call, Callers
from provision.audit.closure import positions
from provision.audit.creators import Creators
from provision.audit.degrees import NOBODY, Degrees, nested, union
from provision.audit.forms import AUTHENTICATED, normal
from provision.audit.forward import Walks
from provision.audit.holding import Holders
from provision.audit.impersonation import Impersonation
from provision.audit.leads import Leads
from provision.audit.obstacles import Obstacles
from provision.audit.reaching import Reaching
from provision.audit.second_order import SecondOrder
from provision.audit.sums import Sums
from provision.audit.ways import Ways
from provision.snapshot.records import Target

if TYPE_CHECKING:
    from provision.audit.gates import Entrance, Gates
    from provision.audit.judge import Judge

_KEPT = 64
"""Targets whose walks are kept."""
_BITS = 1 << 28
"""Of who sets off what, how many bits are kept at least."""


@dataclass
class Indirect:
    """Ways in that are not one's own; cheap to make, everything is found when asked.

    Args:
        judge: of the snapshot.
        gates: who gets in as themselves.
    """

    judge: "Judge"
    gates: "Gates"
    _walks: dict[tuple[str, bool], tuple[AllDegrees, ...]] = field(default_factory=dict)
    _grants: dict[Hashable, Degrees] = field(default_factory=dict)

    def impersonating(self, target: Target) -> Holders:
        """Who gets in as somebody else, as things are; may get in as themselves as well."""
        found = union(
            self._getting_in(self._first, target, entrance)
            for entrance in self.gates.entrances(target)
        )
        return self._apart(found, self._first)

    def granting(self, target: Target) -> Holders:
        """Who could give themselves access by a change; may have it already."""
        changing = self._on_target(target)
        near = self._near(target)
        found = self._second.widened(changing, near)
        for entrance in self.gates.entrances(target):
            held = self._held(entrance.apart)
            found = found.either(self._second.onto(held, entrance.token, near))
            found = found.either(self._by_callers(target, held, changed=True))
        return self._apart(found, self._second)

    @cached_property
    def named(self) -> "Indirect":
        """The same, much quicker, but for why it is not known of others (`Holders.rest`)."""
        found = Indirect(self.judge, self.gates)
        vars(found).update(  # properties that would be worked out once more
            _ground=self._ground,
            _impersonation=self._impersonation,
            _changes=self._changes,
            _first=self._first.named,
            _second=self._second.named,
        )
        return found

    def paths(self, principal: str, target: Target, most: int = 1) -> tuple[Path, ...]:
        """Ways of one principal: as things are, the surest and shortest first, then by a change.

        Args:
            principal: in any spelling.
            target: what is invoked.
            most: how many of either sort at most.
        """
        name = normal(principal)
        positions = self._standing_for(name)
        found: list[Path] = []
        for granted in (False, True):
            ways = [
                way
                for walks in self._walked(target, whole=self._kept_out(name, target))
                for way in self._ways(walks, name, positions, granted=granted, most=most)
            ]
            found += sorted(dict.fromkeys(ways), key=_best)[:most]
        return tuple(found)

    def of(self, principal: str) -> Callable[[Target], tuple[Path, ...]]:
        """The ways of one principal, asked target by target; quick where there are none."""
        name = normal(principal)
        standing = self._standing_for(name)
        mask = sum(1 << position for position in standing)
        walks = Walks(self._ground, self._all_ways, name, mask)

        def ways(target: Target) -> tuple[Path, ...]:
            found: list[Path] = []
            for granted in (False, True):
                told = self.granting(target) if granted else self.impersonating(target)
                wanted = min(map(told.verdict, standing), key=_rank, default=Verdict.CANNOT)
                if wanted is Verdict.CANNOT:
                    continue
                entrances = self.gates.entrances(target)
                path = walks.find(target, entrances, wanted, granted=granted)
                if path is not None:
                    found.append(path)
                elif not found:  # who has access already counts among those who could
                    return self.paths(principal, target)
            return tuple(found)

        return ways

    def callers(self, target: Target) -> tuple[Path, ...]:
        """What calls a target on its own: subscriptions, triggers, jobs, queues, workflows."""
        return tuple(self._all_ways.calling(target))

    def blocks(self, principal: str, target: Target) -> tuple[Block, ...]:
        """What stops a principal that would get in as somebody else otherwise."""
        return tuple(dict.fromkeys(self._obstacles.before(normal(principal), target)))

    def edges(self) -> Iterator[tuple[str, str, HopKind, Verdict]]:
        """Each member that can act as an account, the account, the plainest means, and how sure."""
        universe = self.judge.universe
        for account in range(self._impersonation.accounts):
            told: dict[int, tuple[HopKind, Verdict]] = {}
            steps = self._impersonation.onto(account).steps
            for means, who in steps:
                for place in positions(who.while_):
                    verdict = Verdict.CAN if who.can >> place & 1 else Verdict.WHILE
                    told.setdefault(place, (means.kind, verdict))
            for means, who in steps:
                for place in positions(who.unknown & ~who.while_):
                    told.setdefault(place, (means.kind, Verdict.UNKNOWN))
            for place, found in told.items():
                yield universe.member(place), universe.member(account), *found

    @cached_property
    def _asking(self) -> Asking:
        return Asking(self.judge)

    @cached_property
    def _impersonation(self) -> Impersonation:
        return Impersonation(self._asking, Creators(self._asking))

    @cached_property
    def _leads(self) -> Leads:
        return Leads(self._impersonation)

    @cached_property
    def _changes(self) -> SecondOrder:
        return SecondOrder(self._asking)

    @cached_property
    def _ground(self) -> Ground:
        callers = Callers(self.judge.index)
        return Ground(self.judge, self._impersonation, callers, self._changes)

    @cached_property
    def _all_ways(self) -> Ways:
        return Ways(self._ground, self.gates)

    @cached_property
    def _obstacles(self) -> Obstacles:
        return Obstacles(self.judge, self.gates, self._impersonation)

    @cached_property
    def _first(self) -> Reaching:
        return Reaching(self._leads)

    @cached_property
    def _second(self) -> Reaching:
        return Reaching(self._leads, self._changes)

    def _getting_in(self, reaching: Reaching, target: Target, entrance: "Entrance") -> Degrees:
        held = self._held(entrance.apart)
        found = reaching.onto(held, entrance.token, self._near(target))
        found = found.either(self._by_callers(target, held, changed=False))
        if entrance.holders is not entrance.apart:
            found = found.either(self._of_those_kept_out(reaching, entrance))
        return found

    def _held(self, holders: Holders) -> Degrees:
        held = nested(holders)
        return held.named if self._first.whole else held

    def _near(self, target: Target) -> str:
        return next(iter(self.judge.index.lineage(target.service or target.name).containers), "")

    def _by_callers(self, target: Target, held: Degrees, *, changed: bool) -> Degrees:
        """Who has a target called by what calls it as an account that gets in.

        Args:
            target: what is called.
            held: who gets in.
            changed: whether by a change, or as things are.
        """
        setting_off = self._switched if changed else self._set_off
        calls = self._ground.known_calls(target, held.rest)
        found = union(_limited(setting_off(call), held, account) for account, call in calls)
        if not held.rest & self._ground.roaming:
            return found
        sums = self._roaming_changed if changed else self._roaming
        return found.either(sums.of(held.within(self._ground.roaming), self._near(target)))

    @cached_property
    def _roaming(self) -> Sums:
        """Who sets off what may call anything, as things are."""
        return self._sums(self._set_off)

    @cached_property
    def _roaming_changed(self) -> Sums:
        """The same by a change."""
        return self._sums(self._switched)

    def _sums(self, setting_off: Callable[[Call], Degrees]) -> Sums:
        def all_of(accounts: int) -> Degrees:
            return union(setting_off(call) for _, call in self._ground.roaming_calls(accounts))

        return Sums(
            lambda account: all_of(1 << account),
            lambda accounts, _: all_of(accounts),
            len(self.judge.universe),
        )

    def _of_those_kept_out(self, reaching: Reaching, entrance: "Entrance") -> Degrees:
        """Everybody gets in, but for some, who may do so as somebody else."""
        kept_out = self.judge.universe.all & ~(entrance.holders.can | self.judge.inert)
        if not kept_out:
            return NOBODY
        everybody = reaching.onto(self._held(entrance.holders), entrance.token)
        return Degrees(*(bits & kept_out for bits in everybody))

    def _set_off(self, call: Call) -> Degrees:
        key = (call.caller.name, False)
        if key not in self._grants:
            who = self._ground.setting_off(call)
            self._keep(key, self._first.widened(who, self._place(call)))
        return self._grants[key]

    def _keep(self, key: Hashable, who: Degrees) -> None:
        if len(self._grants) * len(self.judge.universe) > _BITS:
            self._grants.clear()
        self._grants[key] = who

    def _place(self, call: Call) -> str:
        """The container of what sets it off: whoever may do so, mostly may as to its neighbours."""
        return next(iter(self.judge.index.lineage(call.switch).containers), "")

    def _switched(self, call: Call) -> Degrees:
        """Who could set something off by a change."""
        key = (call.caller.name, True)
        if key not in self._grants:
            changing = union(grant.who for grant in self._changes.on_switch(call.switch))
            both = changing.either(self._ground.setting_off(call))
            self._keep(key, self._second.widened(both, self._place(call)))
        return self._grants[key]

    def _on_target(self, target: Target) -> Degrees:
        entered = target.service or target.name
        alike = entered if target.iap else self.judge.alike(entered)
        if alike == entered:
            return self._changes.all_on_target(target)
        key = (alike, target.kind, bool(target.service))
        if key not in self._grants:
            self._keep(key, self._changes.all_on_target(target))
        return self._grants[key]

    def _apart(self, found: Degrees, reaching: Reaching) -> Holders:
        can, while_, unknown, rest = found.named if reaching.whole else found
        others = rest ^ unknown
        reasons = reaching.reasons(others)
        if reasons:
            others &= self.judge.universe.all
        return Holders(can, while_ ^ can, unknown ^ while_, reasons, others)

    def _kept_out(self, name: str, target: Target) -> bool:
        """Whether a principal does not surely get into something that is open to everybody."""
        entrances = self.gates.entrances(target)
        if all(entrance.holders is entrance.apart for entrance in entrances):
            return False
        return all(path.verdict is not Verdict.CAN for path in self.gates.paths(name, target))

    def _walked(self, target: Target, *, whole: bool) -> tuple[AllDegrees, ...]:
        """Walks from a target.

        Args:
            target: where they lead.
            whole: whether accounts count that get in as everybody does.
        """
        key = (target.name, whole)
        found = self._walks.get(key)
        if found is None:
            if len(self._walks) >= _KEPT:
                self._walks.clear()
            entrances = self.gates.entrances(target)
            found = self._walks[key] = tuple(
                AllDegrees(self._ground, target, _widely(entrance) if whole else entrance)
                for entrance in entrances
            )
        return found

    def _standing_for(self, name: str) -> tuple[int, ...]:
        """Its position; of somebody whom nothing names, those of the sets that it is in.

        What is not known of everybody is not known of them either, as of `allAuthenticatedUsers`.
        """
        names: tuple[str, ...] = (name,)
        if name not in self.judge.universe:
            names = (*self.judge.sets_of(name), AUTHENTICATED)
        found = (self.judge.universe.bit(one) for one in names)
        return tuple(position for position in found if position is not None)

    def _ways(
        self, walks: AllDegrees, name: str, standing: tuple[int, ...], *, granted: bool, most: int
    ) -> Iterator[Path]:
        """The best way first; then, if more are wanted, those that begin otherwise."""
        for walked, edge in walks.surest(standing, granted=granted):
            others = (
                step for position in standing for step in walked.steps(position, granted=granted)
            )
            paths = (self._all_ways.path(walked, name, step) for step in _distinct(edge, others))
            good = (path for path in paths if path is not None and not _turns_back(path, name))
            found = tuple(islice(good, most))
            yield from found
            if found:
                return


def _widely(entrance: "Entrance") -> "Entrance":
    return replace(entrance, apart=entrance.holders)


def _limited(who: Degrees, held: Degrees, account: int) -> Degrees:
    """As sure as it is that the account gets in."""
    if held.can >> account & 1:
        return who
    return Degrees(
        *(bits if in_ >> account & 1 else 0 for bits, in_ in zip(who, held, strict=True))
    )


def _distinct(best: Edge, others: Iterable[Edge]) -> Iterator[Edge]:
    """One for each thing that a step leads to, the first of them."""
    ends: set[tuple[str, str]] = set()
    for edge in chain((best,), others):
        key = (edge.end, edge.call.caller.name if edge.call else "")
        if key not in ends:
            ends.add(key)
            yield edge


def _turns_back(path: Path, name: str) -> bool:
    """Whether it comes back to where it began."""
    return any(hop.end == name for hop in path.hops)


def _rank(verdict: Verdict) -> int:
    return verdict.rank


def _best(path: Path) -> tuple[int, int]:
    verdict: Verdict = path.verdict
    return verdict.rank, len(path.hops)
