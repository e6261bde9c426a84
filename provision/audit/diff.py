"""The difference of two audits: who gained, who lost, on what, and by which change. Pure."""

from collections import Counter
from dataclasses import dataclass

from provision.audit import Audit
from provision.audit.answers import Verdict
from provision.audit.causes import Causes
from provision.audit.changes import Changed, ChangeKind, changes
from provision.audit.standing import EVERYBODY_ELSE, Moves, Standings

__all__ = ["EVERYBODY_ELSE", "Change", "ChangeKind", "Diff", "Moved", "TargetDiff", "compare"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was.

    Args:
        kind: its sort.
        words: what happened, a clause.
        resource: on what; of a membership the group.
        principal: whom it names; empty for nobody in particular.
        gained: how many times it let somebody into a target; a set and those in it are one each.
        lost: how many times it kept somebody out.
    """

    kind: ChangeKind
    words: str
    resource: str
    principal: str = ""
    gained: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody whose verdict on a target is another.

    Args:
        principal: who; `EVERYBODY_ELSE` for all that the snapshots do not tell apart.
        before: the old verdict.
        after: the new one.
        causes: the changes that account for it; none where they cannot be told apart.
        members: of a set, how many in it moved with it, who are not told one by one.
    """

    principal: str
    before: Verdict
    after: Verdict
    causes: tuple[Change, ...] = ()
    members: int = 0

    @property
    def by(self) -> tuple[str, ...]:
        """The causes in words, each once: a function goes with its service, and both are gone."""
        return tuple(dict.fromkeys(cause.words for cause in self.causes))


@dataclass(frozen=True, slots=True)
class TargetDiff:
    """Who gained and who lost on one target.

    Args:
        target: its full name.
        gained: whose verdict is stronger now, by name.
        lost: whose verdict is weaker.
    """

    target: str
    gained: tuple[Moved, ...] = ()
    lost: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class Diff:
    """What lies between two audits.

    Args:
        changes: everything that changed on the ways to an invocation, in effect or not.
        targets: those on which somebody gained or lost, by name.
    """

    changes: tuple[Change, ...] = ()
    targets: tuple[TargetDiff, ...] = ()

    def __bool__(self) -> bool:
        """Whether anybody gained or lost anything, or something changed that may lead to it."""
        return bool(self.changes or self.targets)


def compare(old: Audit, new: Audit) -> Diff:
    """Who gained and who lost from one audit to another.

    Args:
        old: the earlier.
        new: the later; each is judged at its own time.
    """
    found = changes(old, new)
    if not found:
        return Diff()
    standings = Standings(old, new)
    causes = Causes(standings, found)
    moves = {
        name: moved for name in causes.affected() if (moved := standings.moves(name)) is not None
    }
    told = {name: causes.of(name, moved) for name, moved in moves.items()}
    counts = _counted(told)
    final = tuple(_change(one, counts, place) for place, one in enumerate(found))
    memo: dict[int, tuple[tuple[Moved, ...], tuple[Moved, ...]]] = {}
    targets = []
    for name, told_moves in told.items():
        body = memo.get(id(told_moves))
        if body is None:
            body = memo[id(told_moves)] = _body(told_moves, final)
        targets.append(TargetDiff(name, *body))
    return Diff(final, tuple(sorted(targets, key=lambda one: one.target)))


def _counted(told: dict[str, Moves]) -> Counter[tuple[int, bool]]:
    counts = Counter[tuple[int, bool]]()
    times = Counter(map(id, told.values()))
    for one in {id(moves): moves for moves in told.values()}.values():
        for moved in one:
            for cause in moved.causes:
                counts[cause, moved.gained] += times[id(one)] * (1 + moved.members)
    return counts


def _change(one: Changed, counts: Counter[tuple[int, bool]], place: int) -> Change:
    return Change(
        one.kind,
        one.words,
        one.resource,
        one.principal,
        counts[place, True],
        counts[place, False],
    )


def _body(moves: Moves, final: tuple[Change, ...]) -> tuple[tuple[Moved, ...], tuple[Moved, ...]]:
    gained, lost = list[Moved](), list[Moved]()
    for one in moves:
        causes = tuple(final[place] for place in one.causes)
        (gained if one.gained else lost).append(
            Moved(one.principal, one.before, one.after, causes, one.members)
        )
    return tuple(gained), tuple(lost)
