"""The reading of a scope: steps, what follows from them, and what a refusal leaves unknown."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from provision.clients.calls import calling
from provision.clients.clock import Clock
from provision.clients.google import GoogleClients
from provision.clients.reading import (
    boundaries,
    callers,
    containers,
    identities,
    inventory,
    policies,
    refusals,
    targets,
)
from provision.clients.reading.follow import Follow, Wanted
from provision.clients.reading.quotas import Held
from provision.clients.reading.scheduler import Patience, Scheduler
from provision.clients.reading.steps import Desk, Outcome, Step
from provision.snapshot.records import Part, Role, Unread

KINDS = {
    **containers.KINDS,
    **policies.KINDS,
    **targets.KINDS,
    **identities.KINDS,
    **boundaries.KINDS,
    **callers.KINDS,
    **inventory.KINDS,
}

Progress = Callable[[int, int, str, Held | None], None]
"""Calls that were made, calls that are known so far (more become known), what was read last, and
the quota that all which is left waits for, if there is one."""

Keep = Callable[[Step, Outcome], None]

_QUIET = 0.1
"""Seconds between two reports of progress."""


@dataclass
class Walk:
    """Reads a scope; what it brings goes to `keep`, a step at a time.

    Args:
        google: the clients to call with.
        wanted: what to read.
        keep: takes what each step brought.
        progress: is told how far it got.
        clock: measures.
        patience: with calls that fail in a way that passes.
    """

    google: GoogleClients
    wanted: Wanted
    keep: Keep
    progress: Progress | None = None
    clock: Clock = field(default_factory=Clock)
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        """Put the parts together."""
        self._follow = Follow(self.wanted)
        numbers = self._follow.numbers
        self._desk = Desk(
            self.google,
            lambda name: numbers.get(name, ""),
            self._follow.project,
            self._follow.account,
        )
        self._told = 0.0
        self._held: Held | None = None
        self._counts = (0, 0, "")

    def go(self, before: Iterable[tuple[Step, Outcome]] = ()) -> int:
        """Read all; the number of calls that were made.

        Args:
            before: what an earlier run brought, whose calls are not made again.

        Raises:
            ProvisionError: the scope cannot be seen, or the credentials are refused.
        """
        scheduler = Scheduler(
            self._run,
            self._quota,
            self._accept,
            self._refuse,
            self._report,
            self.clock,
            self.patience,
            self._hold,
        )
        scheduler.add(self._left(before))
        scheduler.drain()
        while rest := self._follow.at_rest():
            scheduler.add(rest)
            scheduler.drain()
        return scheduler.done

    def _left(self, before: Iterable[tuple[Step, Outcome]]) -> list[Step]:
        """The steps that an earlier run did not come to."""
        waiting = dict.fromkeys(self._follow.first())
        done: set[Step] = set()
        for step, outcome in before:
            done.add(step)
            waiting.update(dict.fromkeys(self._follow.after(step, outcome)))
        self._follow.mark(done)
        return [step for step in waiting if step not in done]

    def _run(self, step: Step) -> Outcome:
        return KINDS[step.kind].run(self._desk, step)

    def _quota(self, step: Step) -> str:
        quota = KINDS[step.kind].quota
        return f"{quota} {_region(step)}" if quota == "run" else quota

    def _accept(self, step: Step, outcome: Outcome) -> tuple[Step, ...]:
        self.keep(step, outcome)
        return self._follow.after(step, outcome)

    def _refuse(self, step: Step, error: Exception) -> tuple[Step, ...]:
        if not refusals.is_ours(error):
            raise error
        if again := self._from_the_start(step, error):
            return self._accept(step, Outcome((), (again,)))
        is_root = step.kind == "container" and step.of in self.wanted.roots
        if refusals.is_end(error) or is_root or step.kind in inventory.WHOLE:
            needs = f"{KINDS[step.kind].needs or _see(step)} on {step.of}"
            with calling(f"Reading {step.of}", member=self.google.caller.member, needs=needs):
                raise error
        return self._accept(step, self._without(step, error))

    def _without(self, step: Step, error: Exception) -> Outcome:
        """What stands in the place of an answer."""
        kind = KINDS[step.kind]
        if self._is_none_there(step, error):
            return Outcome()
        if step.kind == "role" and refusals.is_absent(error):
            return Outcome((Role(step.of, deleted=True),))
        reason = refusals.why(error, kind.needs)
        unread = Unread(step.of, kind.part, reason, _filled(kind.detail, step))
        return Outcome((unread,), tuple(self._instead(step)))

    def _from_the_start(self, step: Step, error: Exception) -> Step | None:
        """The first page once more, where it is the token of this one that may be refused."""
        again = containers.from_the_start(step)
        is_new = again is not None and not self._follow.is_asked(again)
        return again if is_new and refusals.is_bad_page(error) else None

    def _is_none_there(self, step: Step, error: Exception) -> bool:
        """Whether the refusal says that there is nothing to read."""
        if step.kind == "instances" and refusals.is_not_offered(error):
            return True
        if step.kind in {"schedules", "queues"} and refusals.is_nowhere(error):
            return True
        if step.kind in {"deny policy", "account", "target"}:
            return refusals.is_absent(error)
        if KINDS[step.kind].part not in (Part.TARGETS, Part.CALLERS):
            return False
        project = f"projects/{step.of.split('projects/', 1)[-1].split('/', 1)[0]}"
        number = self._follow.numbers.get(project, "")
        return refusals.is_disabled(error, (project, f"projects/{number}"))

    def _instead(self, step: Step) -> Iterator[Step]:
        """What can be read of a container or an account that itself cannot: all else."""
        if step.kind == "account":
            yield policies.policy_step(step.of, "iam")
        if step.kind != "container":
            return
        yield policies.policy_step(step.of)
        yield Step("deny policies", step.of)
        if project := self._follow.project_under(step.of):
            yield Step("ancestry", project)

    def _report(self, done: int, known: int, step: Step) -> None:
        if self.progress is None:
            return
        self._counts = (done, known, _filled(KINDS[step.kind].words, step))
        now = self.clock.monotonic()
        if now - self._told >= _QUIET or done == known:
            self._told = now
            self.progress(*self._counts, self._held)

    def _hold(self, held: Held | None) -> None:
        begins = held is not None and self._held is None
        self._held = held
        if begins and self.progress is not None:
            self.progress(*self._counts, held)


def _see(step: Step) -> str:
    """The permission to see a container."""
    return f"resourcemanager.{step.of.partition('/')[0]}.get"


def _region(step: Step) -> str:
    """Cloud Run counts each region for itself."""
    if step.rest and not containers.is_page(step.rest[0]):
        return step.rest[0]
    _, found, rest = step.of.partition("/locations/")
    return rest.partition("/")[0] if found else "everywhere"


def _filled(text: str, step: Step) -> str:
    return text.format(*step.rest, of=step.of) if "{" in text else text
