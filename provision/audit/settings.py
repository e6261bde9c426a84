"""What a team says of its audit: what is its own, what it accepts, which rules it wants. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from provision.audit.answers import Severity

if TYPE_CHECKING:
    from provision.spec import Spec

STALE_DAYS = 90
"""How old a key may grow: the age at which Google's own recommendation is to rotate keys."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Findings that somebody answers for until a day.

    Args:
        owner: who does.
        reason: why, in words.
        until: the last day, in UTC, on which it counts.
        id: of the one finding that is meant; empty where a pattern says which.
        rule: whose findings are meant; empty with `id`.
        resource: a pattern, `*` for any text; empty for any.
        principal: likewise.
        place: where it stands, as ``audit.yaml:12``.
    """

    owner: str
    reason: str
    until: date
    id: str = ""
    rule: str = ""
    resource: str = ""
    principal: str = ""
    place: str = ""

    def holds(self, at: datetime) -> bool:
        """Whether it still counts."""
        return at < datetime.combine(self.until + timedelta(days=1), time(), UTC)

    def __str__(self) -> str:
        """As findings show it."""
        return f"{self.owner} until {self.until.isoformat()}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What `audit.yaml` says; by default nothing.

    Args:
        domains: whose users and groups are one's own, lower case, without their subdomains.
        customers: Cloud Identity customer ids that are one's own.
        projects: ids of projects outside the scope whose service accounts are one's own.
        specs: what is declared, to be compared with what is.
        stale_days: from how many days on a key is stale.
        severities: of rules that are taken for worse or better than they are by default.
        ignored: rules that are not asked.
        acceptances: in the order of the file.
        file: where it was read from; empty for the defaults.
    """

    domains: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()
    projects: frozenset[str] = frozenset()
    specs: "tuple[Spec, ...]" = ()
    stale_days: int = STALE_DAYS
    severities: Mapping[str, Severity] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    acceptances: tuple[Acceptance, ...] = ()
    file: str = ""
