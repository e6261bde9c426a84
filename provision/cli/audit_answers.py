"""What the commands show: answers about one target or one principal, and what they rest on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from provision.audit.answers import Answer, HopKind, Path, Reach, Verdict
from provision.principals import is_public
from provision.snapshot.records import Header, Target


class How(StrEnum):
    """How somebody gets in; one answer counts once, by its best way."""

    PUBLIC = "Anybody"
    ITSELF = "As themselves"
    INDIRECT = "As somebody else, or by something that calls on its own"
    UNKNOWN = "Not known"
    GRANT = "Not in, but could grant themselves access"


@dataclass(frozen=True)
class Basis:
    """What answers rest on.

    Args:
        header: of the snapshot.
        at: the time that is judged.
        now: the present.
        file: the snapshot's file; empty for a live reading.
        unread: how many things could not be read.
        reader: whom we acted as, live.
    """

    header: Header
    at: datetime
    now: datetime
    file: str = ""
    unread: int = 0

    @property
    def taken(self) -> datetime:
        """When reading ended."""
        return self.header.ended or self.header.begun


def how(answer: Answer) -> How | None:
    """How the principal gets in; None where it does not."""
    if answer.verdict is Verdict.CANNOT:
        return How.GRANT if answer.could_grant else None
    if answer.verdict is Verdict.UNKNOWN:
        return How.UNKNOWN
    if is_public(answer.principal):
        return How.PUBLIC
    return How.ITSELF if any(_as_itself(path, answer) for path in answer.paths) else How.INDIRECT


def best(answer: Answer) -> Path | None:
    """The path to tell first: the one that the verdict rests on, as itself where there is one."""
    own = [path for path in answer.paths if _as_itself(path, answer)]
    first_order = [path for path in answer.paths if not path.second_order]
    return next(iter((*own, *first_order, *answer.paths)), None)


def _as_itself(path: Path, answer: Answer) -> bool:
    return path.direct and path.verdict is answer.verdict


def worth_telling(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """Those of a target that let somebody in, may or could; of everybody, everybody alone.

    Whoever gets into a public target just as anybody does is left out.
    """
    return tuple(one for one in answers if how(one) is not None and not _as_anybody(one))


def _as_anybody(answer: Answer) -> bool:
    first_order = [path for path in answer.paths if not path.second_order]
    return bool(first_order) and all(
        any(hop.kind is HopKind.MEMBER and is_public(hop.end) for hop in path.hops)
        for path in first_order
    )


@dataclass(frozen=True)
class TargetAnswers:
    """Who can invoke one target, or whether one principal can.

    Args:
        target: which.
        public: whether anybody gets in.
        reach: who can send it a request.
        answers: one for each principal that gets in, may, or could; or the one that was asked.
        sets: of all who get in, those whose members cannot be counted.
        unknown: why others may get in of whom nothing is known.
    """

    target: Target
    public: Verdict
    reach: Reach
    answers: tuple[Answer, ...]
    sets: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
