"""What an audit judges: a snapshot from a file, or a reading made for the question."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provision.cli.audit_answers import Basis
from provision.cli.audit_place import Place
from provision.cli.audit_scope import narrowed, parse_scope
from provision.cli.progress import Progress
from provision.clients.clock import Clock
from provision.conditions import at as parse_at
from provision.errors import UsageError
from provision.snapshot import Snapshot, load

if TYPE_CHECKING:
    from provision.audit import Audit

SnapshotFile = Annotated[
    Path | None,
    typer.Option(
        "--snapshot",
        metavar="FILE",
        help="Judge what was read earlier: no network, no project, no login.",
        show_default=False,
    ),
]
At = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Judge conditions at this time: 2026-12-24T18:00Z, now, -2d or +8h; by default when"
        " it was read.",
        show_default=False,
    ),
]
Scope = Annotated[
    str | None,
    typer.Option(
        help="project, project/ID, folder/NUMBER or organization/NUMBER; the project that is set,"
        " or all of the snapshot.",
        show_default=False,
    ),
]
Inventory = Annotated[
    bool,
    typer.Option(
        "--inventory",
        help="Ask Cloud Asset Inventory for what it has: far fewer calls, at times minutes old.",
    ),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Every row, and every hop of every path.")
]


@dataclass(frozen=True)
class Source:
    """The options that say what is judged, and as of when.

    Args:
        snapshot: ``--snapshot``.
        at: ``--at``.
        scope: ``--scope``.
        place: where targets are looked for, and whom we act as.
        inventory: ``--inventory``.
    """

    snapshot: Path | None
    at: str | None
    scope: str | None
    place: Place
    inventory: bool = False
    now: datetime = field(default_factory=lambda: Clock().now())

    @cached_property
    def moment(self) -> datetime | None:
        """The time to judge at; None for the time of the reading.

        Raises:
            UsageError: ``--at`` is no time.
        """
        return None if self.at is None else parse_at(self.at, self.now)

    @cached_property
    def named_scope(self) -> str:
        """What is to be read; empty for all of a snapshot.

        Raises:
            UsageError: ``--scope`` is none, or no project is set.
        """
        if self.scope is None and self.snapshot is not None:
            return ""
        return parse_scope(self.scope or "project", self.place.project_that_is_set)

    def check(self) -> None:
        """Refuse what the options say wrong, before anything is read.

        Raises:
            UsageError: one of them is wrong, or two contradict each other.
        """
        if self.inventory and self.snapshot is not None:
            raise UsageError("--snapshot was read already; --inventory is a way of reading.")
        _ = self.moment
        _ = self.named_scope

    def whole(self, progress: Progress) -> Snapshot:
        """All of the scope.

        Raises:
            ProvisionError: the file is no snapshot, or the scope cannot be seen at all.
        """
        if self.snapshot is not None:
            progress.brief(f"reading {self.snapshot}")
            found = load(self.snapshot)
            return narrowed(found, self.named_scope) if self.named_scope else found
        from provision.clients.reading import read

        google = self.google(progress)
        return read(google, self.named_scope, inventory=self.inventory, progress=counting(progress))

    def around(self, names: Sequence[str], progress: Progress) -> Snapshot:
        """What decides about those targets alone, live; all of the scope otherwise.

        Args:
            names: full names; none where a text tells none before the scope is read.
            progress: told what is being read.
        """
        if self.snapshot is not None or self.scope is not None or not names:
            return self.whole(progress)
        from provision.clients.reading import read_for

        return read_for(self.google(progress), names, progress=counting(progress))

    def google(self, progress: Progress) -> "GoogleClients":
        """Google's clients, once it is known whom they act as."""
        context = self.place.open()
        progress.brief("looking at who we act as")
        _ = context.caller
        return context.google

    def judge(self, snapshot: Snapshot, progress: Progress) -> "Audit":
        """The audit of a snapshot at the time that was asked for."""
        from provision.audit import Audit

        progress.brief(f"judging {len(snapshot.targets):,} targets")
        return Audit(snapshot, self.moment)

    def basis(self, audit: "Audit") -> Basis:
        """What answers of that audit rest on."""
        found = audit.snapshot
        return Basis(
            found.header,
            audit.at.astimezone(UTC),
            Clock().now(),  # reading took a while
            str(self.snapshot or ""),
            len(found.unread),
        )


_SOON = 3.0
"""Seconds of reading before what is left can be told."""


def counting(progress: Progress) -> "Counting":
    """Progress over calls: how many are done and known, and about how long the rest takes."""
    begun = time.monotonic()

    def tell(done: int, known: int, what: str, held: "Held | None") -> None:
        if held is not None:
            progress(_waiting(held))
            return
        passed = time.monotonic() - begun
        left = f", about {_length(passed / done * (known - done))} left"
        soon = not done or passed < _SOON or done >= known
        counts = f"{done:,} of {known:,} calls{'' if soon else left}"
        progress(f"reading: {counts}")  # the same words, which a log gets every few seconds
        progress.brief(f"reading {what}: {counts}")

    return tell


def _waiting(held: "Held") -> str:
    """That a quota holds the reading up; a log gets the same words every few seconds."""
    quota = f"waiting for the quota of {held.words}, {held.limit:,} a minute"
    return f"{quota}: about {_length(held.seconds)} left"


def _length(seconds: float) -> str:
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60):,} min"


if TYPE_CHECKING:
    from provision.clients.google import GoogleClients
    from provision.clients.reading import Progress as Counting
    from provision.clients.reading.quotas import Held
