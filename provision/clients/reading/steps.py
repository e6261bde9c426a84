"""What reading is made of: steps of one call each, and what each brings. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct

from provision.clients.google import GoogleClients
from provision.snapshot.records import AnyRecord, Part


class Step(Struct, frozen=True, array_like=True):
    """One call to make; two equal steps are the same call and made once.

    Args:
        kind: a name of `provision.clients.reading.kinds.KINDS`.
        of: whose: a container, a resource, a group, a role, named as in a snapshot.
        rest: what else the call takes: a region, the token of a page.
    """

    kind: str
    of: str
    rest: tuple[str, ...] = ()


class Outcome(Struct, frozen=True):
    """What a step brought.

    Args:
        records: what was read.
        then: steps that only this answer tells of, such as the next page.
    """

    records: tuple[AnyRecord, ...] = ()
    then: tuple[Step, ...] = ()


Known = Callable[[str], str]
"""What was read of something before, by its name or number; empty when nothing was."""


@dataclass(frozen=True)
class Desk:
    """What a step has at hand.

    Args:
        google: the clients to call with.
        number: the number of a project that was read before.
        project: ``projects/ID`` of a project that was read before, by its number or id; else empty.
        account: the full name of an account that was read before, by its unique number; else empty.
    """

    google: GoogleClients
    number: Known
    project: Known
    account: Known


@dataclass(frozen=True)
class Kind:
    """One kind of step.

    Args:
        run: makes the call; raises what Google's clients raise.
        quota: the name of a limit of `provision.clients.reading.quotas`.
        part: what is not known when it cannot be made.
        words: what is read, for progress; ``{of}`` and ``{0}`` are filled in.
        needs: the permission that it takes, for services that refuse without naming it.
        detail: of the `Unread`; ``{0}`` is filled in.
    """

    run: Callable[[Desk, Step], Outcome]
    quota: str
    part: Part
    words: str
    needs: str = ""
    detail: str = ""
