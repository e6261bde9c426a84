"""Rules about conditions: over, never true, always true, or not to be told. Pure."""

from collections.abc import Iterator

from provision.audit.answers import Severity
from provision.audit.findings.holds import Hold
from provision.audit.findings.members import PUBLIC, parsed
from provision.audit.findings.mending import can_revoke, command, revoke, unbind
from provision.audit.findings.rule import Found, Rule, rule
from provision.audit.findings.scene import Scene
from provision.audit.findings.words import called, number
from provision.conditions import State

_BASIC = frozenset({"roles/owner", "roles/editor", "roles/viewer"})


@rule(
    "condition-expired",
    Severity.LOW,
    title="A binding's condition is over",
    why="It lets nobody in any more, and counts against the policy's limits.",
    mend="`provision prune-expired TARGET --all`.",
)
def condition_expired(scene: Scene) -> Iterator[Found]:
    """Conditions whose last time is past."""
    for hold, standings in scene.conditional:
        if {each.state for each in standings.values()} == {State.EXPIRED}:
            on, who = called(hold.resource), _who(hold)
            claim = f"{hold.role} of {who} on {on} is over"
            yield _found(hold, claim, _pruned(scene, hold))


@rule(
    "condition-never",
    Severity.MEDIUM,
    title="A binding's condition can never hold",
    why="Whoever wrote it meant to let somebody in, and nobody gets in by it. Cloud Run's services "
    "tell conditions the time, tags, the path and the host of a request; no `resource.name`.",
    mend="Grant without that part: `provision grant MEMBER --on TARGET --path …` or `--until …`.",
)
def condition_never(scene: Scene) -> Iterator[Found]:
    """Conditions that hold at no time, on no request."""
    for hold, standings in scene.conditional:
        if {each.state for each in standings.values()} <= {State.NEVER}:
            why = next(iter(standings.values())).why
            claim = f"{hold.role} of {_who(hold)} on {called(hold.resource)} never holds: {why}"
            yield _found(hold, claim, _unbound(scene, hold))


@rule(
    "condition-always",
    Severity.MEDIUM,
    title="A binding's condition always holds",
    why="It looks like a restriction and restricts nothing.",
    mend="Write the condition that is meant, or bind without one.",
)
def condition_always(scene: Scene) -> Iterator[Found]:
    """Conditions that hold at any time from now on, on any request."""
    for hold, _ in scene.conditional:
        if all(scene.always(hold.condition, kind) for kind in scene.kinds(hold)):
            claim = f"{hold.role} of {_who(hold)} on {called(hold.resource)} has a condition"
            yield _found(hold, f"{claim} that always holds", ())


@rule(
    "condition-eligible",
    Severity.INFO,
    title="Somebody may ask for the role, and does not have it",
    why="JIT Access marks eligibility by a condition that never holds. Nobody gets in by it until "
    "a request for it is approved, which writes another binding.",
    mend="Nothing to mend; revoke it where nobody should be able to ask.",
)
def condition_eligible(scene: Scene) -> Iterator[Found]:
    """``has({}.jitAccessConstraint)`` and its like."""
    for hold, standings in scene.conditional:
        if any(each.state is State.ELIGIBLE for each in standings.values()):
            claim = f"{_who(hold)} may ask for {hold.role} on {called(hold.resource)}"
            yield _found(hold, claim, ())


@rule(
    "condition-unreadable",
    Severity.MEDIUM,
    title="Whether a binding's condition holds is not known",
    why="It asks for what is not documented or cannot be read here, so who gets in is not known.",
    mend="Rewrite it with the documented attributes: time, tags, `request.path`, `request.host`.",
)
def condition_unreadable(scene: Scene) -> Iterator[Found]:
    """Conditions that cannot be judged."""
    for hold, standings in scene.conditional:
        unknown = [each.why for each in standings.values() if each.state is State.UNKNOWN]
        if unknown:
            on = called(hold.resource)
            claim = f"whether {hold.role} of {_who(hold)} on {on} holds is not known: {unknown[0]}"
            yield _found(hold, claim, ())


@rule(
    "condition-refused",
    Severity.LOW,
    title="A condition stands where IAM takes none",
    why="Basic roles and public members take no conditions, nor do the policies of jobs: whether "
    "it counts is not documented.",
    mend="Bind a role that takes conditions, or take the binding out.",
)
def condition_refused(scene: Scene) -> Iterator[Found]:
    """Conditions on basic roles, on public members and in policies of jobs."""
    for hold, _ in scene.conditional:
        place = _refusing(hold)
        if place:
            claim = f"{hold.role} of {_who(hold)} on {called(hold.resource)} has a condition"
            yield _found(hold, f"{claim}, which {place} take none of", _unbound(scene, hold))


def _found(hold: Hold, claim: str, mend: tuple[str, ...]) -> Found:
    members = hold.binding.members
    return Found(
        claim,
        hold.resource,
        hold.opened,
        parsed(members[0]).text if len(members) == 1 else "",
        also=(hold.role, hold.condition),
        mend=mend,
    )


def _who(hold: Hold) -> str:
    members = hold.binding.members
    return members[0] if len(members) == 1 else number(len(members), "member")


def _refusing(hold: Hold) -> str:
    if hold.role in _BASIC:
        return "basic roles"
    if not PUBLIC.isdisjoint(hold.binding.members):
        return "public members"
    return "policies of jobs" if "/jobs/" in hold.resource else ""


def _pruned(scene: Scene, hold: Hold) -> tuple[str, ...]:
    if can_revoke(hold.resource, "allUsers"):
        return (command("provision", "prune-expired", hold.resource, "--all"),)
    return _unbound(scene, hold)


def _unbound(scene: Scene, hold: Hold) -> tuple[str, ...]:
    """Take its members out, where they hold the role there by no other binding."""
    members = {parsed(one).text for one in hold.binding.members}
    beside = {
        parsed(one).text
        for other in scene.holds_on(hold.resource)
        if other.role == hold.role and other is not hold
        for one in other.binding.members
    }
    if members & beside:
        return ()
    if all(can_revoke(hold.resource, one) for one in members):
        return (revoke(sorted(members), [hold.resource], hold.role),)
    return tuple(line for one in sorted(members) for line in unbind(hold, one))


RULES: tuple[Rule, ...] = (
    condition_never,
    condition_always,
    condition_unreadable,
    condition_expired,
    condition_refused,
    condition_eligible,
)
