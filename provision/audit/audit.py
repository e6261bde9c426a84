"""Every question about who can invoke what, put to one snapshot. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import TypeVar

from provision.audit.again import Again
from provision.audit.answers import Answer, Path, Reach, Summary, Verdict
from provision.audit.forms import Sort, normal
from provision.audit.gates import Gates, reach_of
from provision.audit.holding import NONE, Holders, Sets, without
from provision.audit.indirect import Indirect
from provision.audit.judge import Judge
from provision.errors import UsageError
from provision.snapshot import Snapshot
from provision.snapshot.records import Target

_T = TypeVar("_T")
_FIRST = 32
"""Targets that are looked at one by one: more than a report tells of first."""
_COUNTLESS = (
    Sort.DOMAIN,
    Sort.CUSTOMER,
    Sort.POOL,
    Sort.ACCOUNTS,
    Sort.TRUST,
    Sort.BASIC,
    Sort.OTHER,
    Sort.ANYBODY,
    Sort.AUTHENTICATED,
)


class Audit:
    """Who can invoke what, by a snapshot.

    Args:
        snapshot: what was read.
        at: when conditions and memberships are judged; None: when it was taken.
    """

    def __init__(self, snapshot: Snapshot, at: datetime | None = None) -> None:
        self.snapshot = snapshot
        self.at = at or snapshot.taken
        self.judge = Judge(snapshot, self.at)
        self.gates = Gates(self.judge)

    @cached_property
    def indirect(self) -> Indirect:
        """Who gets in as somebody else."""
        return Indirect(self.judge, self.gates)

    @property
    def targets(self) -> dict[str, Target]:
        """What can be invoked, by full name."""
        return self.judge.index.targets

    def find_target(self, name: str) -> Target | None:
        """The target of a full name; None when there is none."""
        return self.targets.get(name)

    def get_target(self, name: str) -> Target:
        """The target of a full name.

        Raises:
            UsageError: the snapshot has none of that name.
        """
        found = self.find_target(name)
        if found is None:
            raise UsageError(
                f"Looking for {name}: what was read of {self.snapshot.header.scope} does not "
                "have it.",
                hint="`provision audit report` lists what can be invoked.",
            )
        return found

    def who(self, target: str) -> tuple[Answer, ...]:
        """Everybody who gets in or may, the strongest first.

        Of a public target: `allUsers`, and whoever gets in by something else as well. Why others
        may get in too, of whom nothing more is known, is told by `rest`.

        Args:
            target: full name.
        """
        found = self.get_target(target)
        other = self.indirect.impersonating(found).any | self.indirect.granting(found).any
        in_anyway = self._direct(found, apart=False).can
        bits = self._direct(found, apart=True).any | other & ~in_anyway
        answers = [self._answer(name, found) for name in self.judge.universe.members(bits)]
        told = [one for one in answers if one.verdict is not Verdict.CANNOT or one.paths]
        return tuple(sorted(told, key=_strongest))

    def what(self, principal: str) -> tuple[Answer, ...]:
        """Every target that a principal gets into or may, or could give itself access to.

        Of a target that it surely gets into as itself, other ways are not looked for; `why` does.
        """
        name = normal(principal)
        position = self.judge.universe.bit(name)
        indirect = self.indirect.of(name)
        again = Again(self.judge, self.gates)
        found = []
        for target in self.targets.values():
            answer: Answer | None
            if position is None:
                answer = self._answer(name, target, indirect(target))
            else:
                answer = self._answer_by_bits(name, position, target, indirect, again)
            if answer is not None and (answer.verdict is not Verdict.CANNOT or answer.paths):
                found.append(answer)
        return tuple(found)

    def _answer_by_bits(
        self,
        name: str,
        position: int,
        target: Target,
        indirect: Callable[[Target], tuple[Path, ...]],
        again: Again,
    ) -> Answer | None:
        """An answer, or None for CANNOT; other ways are looked for only where there are some."""
        own = self._direct(target, apart=False).verdict(position)
        if own is Verdict.CAN:
            return self._answer(name, target, ())
        other, change = self.indirect.impersonating(target), self.indirect.granting(target)
        via = other.named.verdict(position)
        granting = change.named.verdict(position)
        if via is not Verdict.CANNOT:
            paths = tuple(islice(again.ways(target, via), 1))
        else:
            paths = tuple(islice(again.grants(target, granting), 1))
        if not paths and (via, granting) != (Verdict.CANNOT, Verdict.CANNOT):
            paths = indirect(target)
            again.learn(target, paths)
        if not paths and own is Verdict.CANNOT and not other.rest_mask >> position & 1:
            return None
        answer = self._answer(name, target, paths)
        if answer.verdict is Verdict.CANNOT and other.rest_mask >> position & 1:
            return replace(answer, verdict=Verdict.UNKNOWN, reasons=other.rest)
        return answer

    def why(self, principal: str, target: str) -> Answer:
        """Whether a principal gets into a target, by all its paths, or what stops it.

        Args:
            principal: in any spelling; a set is judged as a member of it and of nothing else.
            target: full name.
        """
        found = self.get_target(target)
        name = normal(principal)
        answer = self._answer(name, found, self.indirect.paths(name, found, most=_ALL))
        if answer.verdict in {Verdict.CAN, Verdict.WHILE}:
            return answer
        return replace(answer, blocks=(*answer.blocks, *self.indirect.blocks(name, found)))

    def answer(self, principal: str, target: str) -> Answer:
        """One answer as `who` tells it: by the shortest ways, without what stops others."""
        return self._answer(normal(principal), self.get_target(target))

    def rest(self, target: str) -> tuple[str, ...]:
        """Why nobody else is known to be kept out; empty when everybody else is."""
        found = self.get_target(target)
        return self._direct(found, apart=True).joined(self.indirect.impersonating(found)).rest

    def public(self, target: str) -> Verdict:
        """Whether anybody gets in, or anybody with a Google account."""
        whole = self._direct(self.get_target(target), apart=False)
        return _of(whole, self.judge.universe.anybody)

    def standing(self) -> Iterator[tuple[Verdict, bool]]:
        """Of each target whether it is public, and whether it is open who else gets in.

        As `Summary.public` and `Summary.unknown`, without counting anybody: far quicker.
        """
        anybody = self.judge.universe.anybody

        def tell(target: Target) -> tuple[Verdict, bool]:
            whole = self._direct(target, apart=False)
            return _of(whole, anybody), bool(self._direct(target, apart=True).rest)

        return self._each(tell)

    def known_in(self, member: str) -> int:
        """How many that are named somewhere are surely in a set; sets in it are not counted."""
        universe = self.judge.universe
        return without(self.judge.members(member).sure, universe.sets).bit_count()

    def reach(self, target: str) -> Reach:
        """Who can send it a request at all, whatever IAM says."""
        found = self.get_target(target)
        return reach_of(self.gates.entered(found) or found)

    def sets(self, target: str) -> Sets:
        """Who gets in, as bits of `Judge.universe`."""
        found = self.get_target(target)
        apart = self._direct(found, apart=True)
        return self._sets(found, self._direct(found, apart=False), apart)

    def _sets(self, target: Target, whole: Holders, apart: Holders) -> Sets:
        other = self.indirect.named.impersonating(target)
        own = whole.can | apart.while_
        via = without(other.can | other.while_, own)
        unknown = without(apart.unknown | other.unknown, own | via)
        granting = without(self.indirect.named.granting(target).any, own | via | unknown)
        return Sets(apart.can, apart.while_, via, unknown, granting)

    def summary(self, target: str) -> Summary:
        """One target as a report tells of it."""
        return self._summary(self.get_target(target))

    def _summary(self, target: Target) -> Summary:
        universe = self.judge.universe
        whole, apart = (self._direct(target, apart=one) for one in (False, True))
        sets = self._sets(target, whole, apart)
        many = universe.sets
        counts = (
            (Verdict.CAN, without(sets.can, many).bit_count()),
            (Verdict.WHILE, without(sets.while_, many).bit_count()),
            (Verdict.UNKNOWN, without(sets.unknown, many).bit_count()),
        )
        return Summary(
            target,
            _of(whole, universe.anybody),
            reach_of(self.gates.entered(target) or target),
            tuple((verdict, count) for verdict, count in counts if count),
            without(sets.via, many).bit_count(),
            without(sets.granting, many).bit_count(),
            tuple(universe.members((sets.can | sets.while_) & self._countless)),
            apart.rest,
        )

    @cached_property
    def _countless(self) -> int:
        return self.judge.universe.sort(*_COUNTLESS)

    def summaries(self) -> Iterator[Summary]:
        """All targets, in the order in which they were read."""
        return self._each(self._summary)

    def _each(self, tell: Callable[[Target], _T]) -> Iterator[_T]:
        """Something of every target, in the order in which they were read.

        But for the first, all of a project are looked at together: what they share is at hand then,
        and need not be kept for all projects at once.
        """
        ahead: dict[str, _T] = {}
        for place, target in enumerate(self.targets.values()):
            if place < _FIRST:
                yield tell(target)
                continue
            if target.name not in ahead:
                beside = self._beside[self.judge.index.lineage(target.name).containers[0]]
                ahead.update((one.name, tell(one)) for one in beside)
            yield ahead.pop(target.name)

    @cached_property
    def _beside(self) -> dict[str, list[Target]]:
        """By container the targets in it, without those that come first of all."""
        found: dict[str, list[Target]] = {}
        for target in islice(self.targets.values(), _FIRST, None):
            container = self.judge.index.lineage(target.name).containers[0]
            found.setdefault(container, []).append(target)
        return found

    def _direct(self, target: Target, *, apart: bool) -> Holders:
        """Who gets in as themselves, by any way."""
        found = NONE
        for entrance in self.gates.entrances(target):
            found = found.joined(entrance.apart if apart else entrance.holders)
        return found

    def _answer(self, name: str, target: Target, indirect: Iterable[Path] | None = None) -> Answer:
        own = self.gates.paths(name, target)
        others = self.indirect.paths(name, target) if indirect is None else tuple(indirect)
        paths = tuple(sorted((*own, *others), key=_best))
        first = [path.verdict for path in paths if not path.second_order]
        verdict = min(first, key=lambda one: one.rank, default=Verdict.CANNOT)
        if verdict in {Verdict.CAN, Verdict.WHILE}:
            return Answer(name, target.name, verdict, paths)
        blocks, reasons = self.gates.against(name, target)
        told = [*(why for path in paths if not path.second_order for why in path.reasons), *reasons]
        if told:
            return Answer(
                name, target.name, Verdict.UNKNOWN, paths, blocks, tuple(dict.fromkeys(told))
            )
        return Answer(name, target.name, verdict, paths, blocks)


_ALL = 8
"""Paths of each sort that `why` asks for."""


def _of(holders: Holders, bits: int) -> Verdict:
    if holders.can & bits:
        return Verdict.CAN
    if holders.while_ & bits:
        return Verdict.WHILE
    return Verdict.UNKNOWN if (holders.unknown | holders.rest_mask) & bits else Verdict.CANNOT


def _best(path: Path) -> tuple[bool, int, bool, int]:
    return (path.second_order, path.verdict.rank, not path.direct, len(path.hops))


def _strongest(answer: Answer) -> tuple[int, bool, str]:
    direct = any(path.direct for path in answer.paths)
    return (answer.verdict.rank, not direct, answer.principal)
