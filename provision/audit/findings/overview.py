"""What a report tells of all targets together, and of the first of them. Pure."""

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from provision.audit.answers import Summary, Verdict

if TYPE_CHECKING:
    from provision.audit import Audit


@dataclass(frozen=True)
class Overview:
    """Targets, counted without a summary of each.

    Args:
        public: how many are public.
        unsure: of how many it is open who else gets in.
        first: the first summaries, in the order of the audit.
    """

    public: int
    unsure: int
    first: tuple[Summary, ...]


def overview(audit: "Audit", most: int) -> Overview:
    """The overview of an audit, with so many summaries at most."""
    standing = tuple(audit.standing())
    return Overview(
        sum(verdict is Verdict.CAN for verdict, _ in standing),
        sum(is_open for _, is_open in standing),
        tuple(islice(audit.summaries(), most)),
    )
