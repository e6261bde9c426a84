"""What the commands show: answers about one target or one principal, and what they rest on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from provision.audit.answers import Answer, HopKind, Path, Reach, Verdict
from provision.principals import is_public
from provision.snapshot.records import Header, Part, Target, Unread


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
    own.sort(key=_by_everybody)  # which tells nothing of whoever has a way of their own
    first_order = [path for path in answer.paths if not path.second_order]
    # How it could grant itself access is no path to what is merely not known.
    changed = answer.paths if answer.verdict is Verdict.CANNOT else ()
    return next(iter((*own, *first_order, *changed)), None)


def surely_grants(answer: Answer) -> bool:
    """Whether it is known that the principal could grant itself access."""
    return any(path.second_order and path.verdict in _SURE for path in answer.paths)


_SURE = frozenset({Verdict.CAN, Verdict.WHILE})


def _as_itself(path: Path, answer: Answer) -> bool:
    return path.direct and path.verdict is answer.verdict


def worth_telling(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """Those of a target that let somebody in, may or could; of everybody, everybody alone.

    Whoever gets into a public target just as anybody does is left out.
    """
    return tuple(one for one in answers if how(one) is not None and not _as_anybody(one))


def _as_anybody(answer: Answer) -> bool:
    first_order = [path for path in answer.paths if not path.second_order]
    return bool(first_order) and all(map(_by_everybody, first_order))


def _by_everybody(path: Path) -> bool:
    return any(hop.kind is HopKind.MEMBER and is_public(hop.end) for hop in path.hops)


@dataclass(frozen=True)
class TargetAnswers:
    """Who can invoke one target, or whether one principal can.

    Args:
        target: which.
        public: whether anybody gets in.
        reach: who can send it a request.
        answers: one for each principal that gets in, may, or could; or the one that was asked.
        sets: of all who get in, those whose members cannot be counted; of each, how many are known.
        unknown: why others may get in of whom nothing is known.
        gaps: deny policies above it that could not be read, which may stop anybody.
        groups: the answers by how, where they are told apart without `answers`; else None.
    """

    target: Target
    public: Verdict
    reach: Reach
    answers: tuple[Answer, ...]
    sets: Mapping[str, int] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    gaps: tuple[Unread, ...] = ()
    groups: Mapping[How, Sequence[Answer]] | None = None


def gaps(unread: Iterable[Unread], containers: Iterable[str] | None = None) -> tuple[Unread, ...]:
    """Deny policies that could not be read: any of them may stop whoever has a role.

    Args:
        unread: all that could not be read.
        containers: those that count, by name; None for all.
    """
    named = None if containers is None else frozenset(containers)
    return tuple(
        one for one in unread if one.part is Part.DENY and (named is None or one.of in named)
    )
