"""Reads a scope, or all that decides about some targets, into a snapshot or a file."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace as with_fields

from provision import __version__
from provision.clients.clock import Clock
from provision.clients.google import GoogleClients
from provision.clients.reading.assembly import Assembly
from provision.clients.reading.follow import Wanted
from provision.clients.reading.journal import Journal, beside
from provision.clients.reading.steps import Outcome, Step
from provision.clients.reading.walk import Progress, Walk
from provision.snapshot import Snapshot, open_writer
from provision.snapshot.records import VERSION, AnyRecord, Header, Unread

Say = Callable[[str], None]


@dataclass(frozen=True)
class Written:
    """A snapshot that was written to a file.

    Args:
        header: its first line.
        counts: how many records there are, by kind in lower case.
        unread: what could not be read.
        calls: how many calls were made.
        resumed: how many calls of an earlier run were not made again.
    """

    header: Header
    counts: Counter[str]
    unread: tuple[Unread, ...]
    calls: int
    resumed: int = 0


def read(  # noqa: PLR0913 - options of one kind, by name
    google: GoogleClients,
    scope: str,
    *,
    groups: bool = True,
    keys: bool = True,
    callers: bool = True,
    inventory: bool = False,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> Snapshot:
    """Read everything that decides who can invoke what in a scope.

    Args:
        google: the clients to call with.
        scope: ``projects/ID``, ``folders/NUMBER`` or ``organizations/NUMBER``.
        groups: whether to read who is in groups.
        keys: whether to read keys of service accounts.
        callers: whether to read what calls on its own.
        inventory: whether to ask Cloud Asset Inventory for what it has, minutes old at times.
        progress: is told how far it got.
        clock: tells the time, and waits.

    Raises:
        ProvisionError: the scope itself cannot be seen, or the credentials are refused; all else
            that cannot be read is in the snapshot as `Unread`.
    """
    wanted = Wanted(scope, groups=groups, keys=keys, callers=callers, inventory=inventory)
    return _in_memory(google, wanted, progress, clock or Clock())


def read_for(  # noqa: PLR0913 - options of one kind, by name
    google: GoogleClients,
    targets: Sequence[str],
    *,
    groups: bool = True,
    callers: bool = True,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> Snapshot:
    """Read what decides about some targets, and no other target; one that is gone is left out.

    Args:
        google: the clients to call with.
        targets: full resource names, at least one.
        groups: whether to read who is in groups.
        callers: whether to read what calls on its own.
        progress: is told how far it got.
        clock: tells the time, and waits.

    Raises:
        ProvisionError: a project cannot be seen, or the credentials are refused.
    """
    scope = "/".join(targets[0].split("/")[3:5])
    wanted = Wanted(scope, groups=groups, keys=False, callers=callers, only=tuple(targets))
    return _in_memory(google, wanted, progress, clock or Clock())


def write(  # noqa: PLR0913 - options of one kind, by name
    google: GoogleClients,
    scope: str,
    path: Path,
    *,
    groups: bool = True,
    keys: bool = True,
    callers: bool = True,
    inventory: bool = False,
    progress: Progress | None = None,
    say: Say = lambda _: None,
    clock: Clock | None = None,
) -> Written:
    """Read a scope into a file; where an earlier run was interrupted, go on with it.

    Args:
        google: the clients to call with.
        scope: ``projects/ID``, ``folders/NUMBER`` or ``organizations/NUMBER``.
        path: of the snapshot, ``….jsonl`` or ``….jsonl.zst``.
        groups: whether to read who is in groups.
        keys: whether to read keys of service accounts.
        callers: whether to read what calls on its own.
        inventory: whether to ask Cloud Asset Inventory for what it has, minutes old at times.
        progress: is told how far it got.
        say: is told, in a sentence, that an earlier run is gone on with, or why not.
        clock: tells the time, and waits.

    Raises:
        UsageError: another run is writing the same file.
        ProvisionError: as `read`.
    """
    clock = clock or Clock()
    wanted = Wanted(scope, groups=groups, keys=keys, callers=callers, inventory=inventory)
    journal = Journal.open(beside(path), _key(google, wanted), clock.now())
    try:
        written = _written(google, wanted, path, journal, progress, say, clock)
        journal.remove()
    finally:
        journal.close()
    return written


def _written(  # noqa: PLR0913, PLR0917 - what `write` has at hand
    google: GoogleClients,
    wanted: Wanted,
    path: Path,
    journal: Journal,
    progress: Progress | None,
    say: Say,
    clock: Clock,
) -> Written:
    if journal.said:
        say(journal.said)
    header = _header(google, wanted, journal.about.begun)
    before = _Replayed(journal, say)
    calls = Walk(google, wanted, journal.keep, progress, clock).go(before)
    journal.settle()
    header = with_fields(header, ended=clock.now())
    assembly = Assembly()
    with open_writer(path) as put:
        put(header)
        for _, outcome in journal.lines():
            for record in outcome.records:
                for ready in assembly.take(record):
                    put(ready)
        for record in assembly.rest():
            put(record)
    return Written(header, assembly.counts, tuple(assembly.unread), calls, before.count)


@dataclass
class _Replayed:
    """What an earlier run brought, once: counted, and told of before any call is made."""

    journal: Journal
    say: Say
    count: int = 0

    def __iter__(self) -> Iterator[tuple[Step, Outcome]]:
        """Each step of it."""
        for line in self.journal.lines():
            self.count += 1
            yield line
        if self.count:
            self.say(
                f"Going on where an earlier run stopped: {self.count:,} calls of"
                f" {self.journal.about.begun:%H:%M} UTC are not made again."
            )


def _in_memory(
    google: GoogleClients, wanted: Wanted, progress: Progress | None, clock: Clock
) -> Snapshot:
    header = _header(google, wanted, clock.now())
    assembly = Assembly()
    records: list[AnyRecord] = []

    def keep(_: Step, outcome: Outcome) -> None:
        for record in outcome.records:
            records.extend(assembly.take(record))

    Walk(google, wanted, keep, progress, clock).go()
    records.extend(assembly.rest())
    return Snapshot.of(records, with_fields(header, ended=clock.now()))


def _header(google: GoogleClients, wanted: Wanted, begun: datetime) -> Header:
    return Header(
        VERSION,
        wanted.scope,
        begun,
        source="inventory" if wanted.inventory else "apis",
        reader=google.caller.member,
        tool=__version__,
    )


def _key(google: GoogleClients, wanted: Wanted) -> str:
    """What two runs must have in common for one to go on with the other."""
    place = google.local.http if google.local else "Google Cloud"
    return f"{wanted} as {google.caller.member} at {place} by {__version__}"
