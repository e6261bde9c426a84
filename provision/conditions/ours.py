"""The conditions that `provision grant` writes, and what can be told of any other. Pure.

Titles of 100 and descriptions of 256 are what IAM is taken to allow: its reference names no limits
(google.type.Expr), so the careful ones are kept, in bytes.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from provision.conditions.deadline import LATEST
from provision.conditions.paths import parse_path, path_of, quoted
from provision.conditions.syntax import Call, Name, Node, parse, qualified
from provision.conditions.tokens import ConditionSyntaxError
from provision.conditions.window import window
from provision.errors import UsageError
from provision.policy import Condition

MAX_TITLE = 100
MAX_DESCRIPTION = 256
_MAX_WHO = 120

_TITLE = "provision grant"
_DESCRIPTION = r"(?s)Asked by (?P<who>\S+)(?: until \S+)?(?:: (?P<reason>.*))?"


class Terms(NamedTuple):
    """What a condition says, as far as it can be told.

    Args:
        since: the first moment at which it can hold; None: no bound, or it never can.
        until: the moment from which on it never holds again; None: no bound, or it never can.
        path: as `--path` takes it, where exactly one part asks for just that.
        who: who asked for it, where `provision grant` wrote so.
        reason: why, likewise.
        ours: whether `provision grant` wrote it.
        expires: whether one part of it is a time that it must be before.
        rest: parts that none of the above tells, as written.
    """

    since: datetime | None = None
    until: datetime | None = None
    path: str | None = None
    who: str = ""
    reason: str = ""
    ours: bool = False
    expires: bool = False
    rest: tuple[str, ...] = ()


def compose(*, until: datetime | None, path: str | None, who: str, reason: str) -> Condition:
    """The condition of a grant that ends, or that is for a path, or both.

    Args:
        until: with a time zone; written in whole seconds, never earlier.
        path: as `--path` takes it.
        who: who asks, as an e-mail address or a principal.
        reason: why, in the user's words; may be empty.

    Raises:
        UsageError: for a path that cannot be meant, a time that cannot be written, or a reason that
            is too long.
        ValueError: when there is neither an end nor a path: such a grant has no condition.
    """
    if until is None and path is None:
        raise ValueError("a grant without an end and without a path has no condition")
    end = _written(until) if until is not None else ""
    place = parse_path(path) if path is not None else None
    parts = [f"request.time < timestamp({quoted(end)})"] if end else []
    if place is not None:
        alone = not parts or "||" not in place.expression
        parts.append(place.expression if alone else f"({place.expression})")
    title = f"{_TITLE}{f' until {end}' if end else ''}{f' for {place}' if place else ''}"
    return Condition(" && ".join(parts), _cut(title, MAX_TITLE), _description(end, who, reason))


def read(condition: Condition) -> Terms:
    """What can be told of a condition, whoever wrote it."""
    written = f"{condition.title} ".startswith(f"{_TITLE} ")
    said = re.fullmatch(_DESCRIPTION, condition.description) if written else None
    who, reason = (said["who"], said["reason"] or "") if said else ("", "")
    try:
        tree = parse(condition.expression)
    except ConditionSyntaxError:
        return Terms(who=who, reason=reason, rest=(condition.expression,))
    parts = tuple(_conjuncts(tree))
    paths = [found for found in map(path_of, parts) if found is not None]
    path = paths[0] if len(paths) == 1 else None
    timed = [part for part in parts if _is_end(part)]
    when = window(condition.expression)
    return Terms(
        since=when.since if when else None,
        until=when.until if when else None,
        path=path,
        who=who,
        reason=reason,
        ours=written and len(parts) > 0 and (bool(timed) or path is not None),
        expires=bool(timed),
        rest=tuple(
            part.text
            for part in parts
            if not _is_bound(part) and (path is None or path_of(part) is None)
        ),
    )


def _written(until: datetime) -> str:
    """A moment as the expression has it, rounded up to a second."""
    moment = until.astimezone(UTC)
    if moment > LATEST:
        raise UsageError(
            f"{until.isoformat()} is later than a condition can name.",
            hint="Leave the end out for access without one.",
        )
    moment += timedelta(microseconds=-moment.microsecond % 1_000_000)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def _description(end: str, who: str, reason: str) -> str:
    asked = "-".join(_plain(who).split()) or "somebody"
    start = f"Asked by {_cut(asked, _MAX_WHO)}{f' until {end}' if end else ''}"
    why = _plain(reason)
    if not why:
        return start
    left = MAX_DESCRIPTION - len(f"{start}: ".encode())
    over = len(why.encode()) - left
    if over > 0:
        raise UsageError(
            f"the reason is {over} bytes too long for a condition's description.",
            hint=f"Say it in {left}, or give a ticket's number.",
        )
    return f"{start}: {why}"


def _plain(text: str) -> str:
    """One line, without what terminals act on."""
    spaced = " ".join(text.split())
    return "".join(character for character in spaced if character.isprintable())


def _cut(text: str, limit: int) -> str:
    """`text` in at most `limit` bytes."""
    if len(text.encode()) <= limit:
        return text
    end = "…"
    return text.encode()[: limit - len(end.encode())].decode(errors="ignore") + end


def _conjuncts(node: Node) -> Iterator[Node]:
    match node.form:
        case Call("&&", None, (left, right)):
            yield from _conjuncts(left)
            yield from _conjuncts(right)
        case _:
            yield node


def _is_end(node: Node) -> bool:
    """Whether it is a time that the request must be before."""
    return _is_bound(node, ("<", "<="), (">", ">="))


def _is_bound(
    node: Node,
    before: tuple[str, ...] = ("<", "<=", ">", ">="),
    after: tuple[str, ...] = ("<", "<=", ">", ">="),
) -> bool:
    """Whether it compares the time of the request with a time that is written."""
    match node.form:
        case Call(sign, None, (left, right)):
            return (sign in before and _is_time(left) and _is_written(right)) or (
                sign in after and _is_time(right) and _is_written(left)
            )
    return False


def _is_time(node: Node) -> bool:
    return qualified(node) == "request.time"


def _is_written(node: Node) -> bool:
    """Whether it is made of literals alone, as ``timestamp("…") + duration("…")`` is."""
    names = any(isinstance(part.form, Name) for part in node.walk())
    return isinstance(node.form, Call) and not names
