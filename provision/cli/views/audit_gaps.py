"""What nobody could read and everybody's answer depends on, told once and not on every line."""

from collections.abc import Iterable, Sequence

from provision.cli.views.audit_words import Names, say
from provision.snapshot.records import Unread

_NAMED = 3


def show_gaps(found: Sequence[Unread], names: Names) -> None:
    """Say of which places deny policies could not be read, and what to ask for.

    Args:
        found: deny policies that could not be read; nothing is said where there are none.
        names: short names.
    """
    if not found:
        return
    told = [names.short(one) for one in dict.fromkeys(each.of for each in found)]
    more = f" and {len(told) - _NAMED:,} more" if len(told) > _NAMED else ""
    there = "there" if len(told) == 1 else "on each"
    say(
        f"Deny policies of {', '.join(told[:_NAMED])}{more} could not be read: any role below them"
        f" may be taken away by one, so whoever holds it is unknown. Ask for"
        f" roles/iam.denyReviewer {there}.",
        style="bold yellow",
    )


def untold(reasons: Iterable[str], found: Sequence[Unread]) -> tuple[str, ...]:
    """Reasons but those that `show_gaps` tells."""
    told = [f"deny policies of {one.of} could not be read" for one in found]
    return tuple(one for one in reasons if not any(each in one for each in told))
