"""One thing that goes or stays."""

from collections.abc import Callable
from dataclasses import dataclass

NOT_OURS = "it was not made by provision"


@dataclass(frozen=True)
class Removal:
    """One thing, and whether it goes.

    Args:
        subject: in words.
        resource: the full resource name.
        remove: takes it away; None when it stays.
        details: what goes with it.
        reason: why it stays.
    """

    subject: str
    resource: str
    remove: Callable[[], None] | None = None
    details: tuple[str, ...] = ()
    reason: str = ""
