"""Rules about bindings that deny policies take the effect from. Pure."""

from collections.abc import Iterator

from provision.audit.answers import Severity
from provision.audit.findings.gathering import gathered
from provision.audit.findings.holds import Held, collected
from provision.audit.findings.members import Shape
from provision.audit.findings.rule import Found, Rule, rule
from provision.audit.findings.scene import Scene
from provision.audit.findings.words import roles, what

_SORTS = tuple(shape for shape in Shape if shape not in {Shape.DELETED, Shape.BASIC, Shape.OTHER})


@rule(
    "access-denied",
    Severity.LOW,
    title="A deny policy takes away what a binding grants",
    why="The binding has no effect. Read alone it says that somebody gets in, and the day the deny "
    "policy goes, they do.",
    mend="`provision revoke MEMBER --on TARGET`, or an exception in the deny policy.",
)
def access_denied(scene: Scene) -> Iterator[Found]:
    """Members of bindings all of which a deny policy above takes away."""
    denied = (
        Held(member, [hold for hold in holds if scene.denied(member.text, hold)])
        for member, holds in collected(scene.touched.values())
        if member.shape in _SORTS
    )
    for one in gathered(denied, scene.entered):
        where = what(one.holds[0], one.targets)
        claim = f"{one.member.text} holds {roles(one.holds)} on {where}, and is denied it"
        yield Found(claim, one.resource, one.targets, one.member.text, mend=one.mend)


RULES: tuple[Rule, ...] = (access_denied,)
