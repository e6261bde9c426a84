"""Who can invoke a target, the first of them with their paths: what a terminal shows. Counts all.

Those who get in as themselves are most: they are counted by the sets of who gets in, which are
there without a look at anybody.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from provision.audit.answers import Answer, Verdict
from provision.cli.audit_answers import How, how, worth_telling

if TYPE_CHECKING:
    from provision.audit import Audit

Groups = Mapping[How, Sequence[Answer]]


def first(audit: "Audit", target: str, most: int) -> Groups | None:
    """All who get in, may or could, by how; of many who do as themselves only the first with paths.

    Args:
        audit: judges.
        target: full name.
        most: how many of those have paths.

    Returns:
        The same as of all answers, in the same order; None for a target that is public, or may be:
        there it takes each one's paths to tell who gets in by something else than everybody.
    """
    if audit.public(target) is not Verdict.CANNOT:
        return None
    sets, other = audit.sets(target), audit.indirect.impersonating(audit.get_target(target))
    waiting = sets.while_ & ~other.can  # of the others somebody else's way is the stronger one
    rows = [*_named(audit, target, sets.can, Verdict.CAN)]
    rows += _named(audit, target, waiting, Verdict.WHILE)
    rows[:most] = [audit.answer(one.principal, target) for one in rows[:most]]
    groups: dict[How, list[Answer]] = {How.ITSELF: rows} if rows else {}
    rest = sets.while_ & other.can | sets.via | sets.unknown | sets.granting
    told = worth_telling(audit.answer(name, target) for name in audit.judge.universe.members(rest))
    for one in sorted(told, key=_order):
        kind = how(one)
        if kind is not None:
            groups.setdefault(kind, []).append(one)
    return groups


def _named(audit: "Audit", target: str, bits: int, verdict: Verdict) -> Iterator[Answer]:
    """Answers without paths."""
    return (Answer(name, target, verdict) for name in sorted(audit.judge.universe.members(bits)))


def _order(one: Answer) -> tuple[int, bool, str]:
    return (one.verdict.rank, not any(path.direct for path in one.paths), one.principal)
