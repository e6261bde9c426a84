"""What an audit's answers rest on: when it was read, and how long changes take to count."""

from datetime import datetime

from provision.cli.audit_answers import Basis
from provision.cli.console import results
from provision.cli.views.audit_words import count, say


def show_basis(basis: Basis, *, apart: bool = True) -> None:
    """When that was so, and how long changes take."""
    if apart:
        results.print()
    when = f"Read {moment(basis.taken)}, {_ago(basis.taken, basis.now)}"
    judged = f", judged as of {moment(basis.at)}" if basis.at != basis.taken else ""
    source = f", from {basis.file}" if basis.file else ""
    say(
        f"{when}{source}{judged}. IAM changes need about 2 minutes, up to 7 or more, to count;"
        " changes of groups up to hours.",
        style="dim",
    )


def moment(time: datetime) -> str:
    """A time for people, UTC."""
    return time.strftime("%Y-%m-%d %H:%M UTC")


def _ago(then: datetime, now: datetime) -> str:
    seconds = (now - then).total_seconds()
    if seconds < 0:
        return "by a clock that is ahead of this one"
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            return f"{count(int(seconds // size), unit)} ago"
    return "just now"
