"""Rules about what anybody at all can invoke. Pure."""

from collections.abc import Iterator

from provision.audit.answers import Reach, Severity
from provision.audit.findings.gathering import Gathered, finding, gathered
from provision.audit.findings.holds import ACCESS_VIA_IAP
from provision.audit.findings.members import Shape
from provision.audit.findings.mending import taken_out, update
from provision.audit.findings.rule import Found, Rule, rule
from provision.audit.findings.scene import Scene
from provision.audit.findings.words import called, number
from provision.audit.gates import reach_of
from provision.snapshot.records import Target

EVERYBODY = "allUsers"
_INSIDE = frozenset({Reach.INTERNAL, Reach.NOWHERE, Reach.API})
"""Where nothing comes in from the internet."""
_WHO = {EVERYBODY: "anybody", "allAuthenticatedUsers": "anybody with a Google Account"}


@rule(
    "public-by-binding",
    Severity.HIGH,
    title="Anybody can invoke it, by a binding",
    why="Whoever finds the address gets in, without a token. A service that is meant to be public "
    "should say so in `audit.yaml`, with an owner.",
    mend="`provision revoke allUsers --on TARGET`, or `provision up` where a spec declares it.",
    varies="medium where only networks inside reach it",
)
def public_by_binding(scene: Scene) -> Iterator[Found]:
    """``allUsers`` in a target's own policy."""
    yield from _own(scene, EVERYBODY)


@rule(
    "any-google-account",
    Severity.HIGH,
    title="Anybody with a Google Account can invoke it",
    why="An account takes a minute to make, and service accounts of any stranger's project count "
    "as well: this is public with one step more.",
    mend="`provision revoke allAuthenticatedUsers --on TARGET`, and grant those who are meant.",
    varies="medium where only networks inside reach it",
)
def any_google_account(scene: Scene) -> Iterator[Found]:
    """``allAuthenticatedUsers`` in a target's own policy."""
    yield from _own(scene, "allAuthenticatedUsers")


@rule(
    "public-above",
    Severity.HIGH,
    title="Anybody can invoke all that is in a folder or organization",
    why="Every target below is public, those that are yet to come included, and nothing in their "
    "own policies tells.",
    mend="Take the binding out where it stands; bind on the one target that is meant.",
)
def public_above(scene: Scene) -> Iterator[Found]:
    """Public members of a container's policy."""
    for one in gathered(scene.held(Shape.PUBLIC), scene.entered):
        if scene.places.is_container(one.resource) and not _denied(scene, one):
            some = number(len(one.targets), "target")
            yield finding(one, f"{_who(one)} can invoke {some} in {called(one.resource)}")


@rule(
    "invoker-check-off",
    Severity.HIGH,
    title="Anybody can invoke it: the invoker check is off",
    why="IAM is not asked, whatever the policy says: a look at its bindings shows nothing of it.",
    mend="`gcloud run services update NAME --invoker-iam-check`, or `provision up`.",
    varies="medium where only networks inside reach it, low where IAP asks instead",
)
def invoker_check_off(scene: Scene) -> Iterator[Found]:
    """Services that do not ask IAM."""
    for target in scene.snapshot.targets:
        if target.invoker_check or not scene.places.below(target.name):
            continue
        severity = Severity.LOW if target.iap else _by_reach(target)
        after = ", and IAP alone stands before it" if target.iap else _reached(target)
        yield Found(
            f"{called(target.name)} asks nobody for a token{after}",
            target.name,
            (target.name,),
            "" if target.iap else EVERYBODY,
            severity=severity,
            mend=update(target, "--invoker-iam-check"),
        )


@rule(
    "public-behind-iap",
    Severity.LOW,
    title="Bound to everybody, with IAP alone before it",
    why="IAP asks first, so the binding opens nothing now. The day IAP is turned off the service "
    "is public.",
    mend="`provision revoke allUsers --on TARGET`; IAP's own agent needs the role, nobody else.",
)
def public_behind_iap(scene: Scene) -> Iterator[Found]:
    """Public members of the policy of a service that IAP stands before."""
    for target in scene.snapshot.targets:
        if target.iap:
            for member in _WHO:
                own = scene.holds_on(target.name)
                holds = [hold for hold in own if hold.live and member in hold.binding.members]
                if holds:
                    yield Found(
                        f"{member} holds {holds[0].role} on {called(target.name)} behind IAP",
                        target.name,
                        (target.name,),
                        member,
                        mend=taken_out(member, holds),
                    )


def _own(scene: Scene, member: str) -> Iterator[Found]:
    held = (one for one in scene.held(Shape.PUBLIC) if one.member.text == member)
    for one in gathered(held, scene.entered):
        if scene.places.is_container(one.resource) or _denied(scene, one):
            continue
        reached = [scene.index.targets[name] for name in one.targets]
        severity = min((_by_reach(target) for target in reached), key=lambda found: found.rank)
        behind = any(hold.allows & {ACCESS_VIA_IAP} for hold in one.holds)
        through = " through IAP" if behind and reached[0].iap else ""
        after = _reached(reached[0]) if len(reached) == 1 else ""
        claim = f"{_who(one)} can invoke {called(one.resource)}{through}{after}"
        yield finding(one, claim, severity)


def _who(one: Gathered) -> str:
    return _WHO[one.member.text]


def _denied(scene: Scene, one: Gathered) -> bool:
    return all(scene.denied(one.member.text, hold) for hold in one.holds)


def _by_reach(target: Target) -> Severity:
    return Severity.MEDIUM if reach_of(target) in _INSIDE else Severity.HIGH


def _reached(target: Target) -> str:
    told = reach_of(target)
    return "" if told is Reach.INTERNET else f", from {told}"


RULES: tuple[Rule, ...] = (
    public_by_binding,
    any_google_account,
    public_above,
    invoker_check_off,
    public_behind_iap,
)
