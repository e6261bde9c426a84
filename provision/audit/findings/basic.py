"""Rules about invokers by basic roles and by roles that are more than is needed. Pure."""

from collections import defaultdict
from collections.abc import Iterator

from provision.audit.answers import Severity
from provision.audit.findings.gathering import Gathered, finding, gathered
from provision.audit.findings.holds import Hold, collected
from provision.audit.findings.members import PUBLIC, Member, Shape, parsed
from provision.audit.findings.mending import can_revoke, command, revoke
from provision.audit.findings.rule import Found, Rule, rule
from provision.audit.findings.scene import Scene
from provision.audit.findings.words import called, number, what
from provision.snapshot.records import Kind

BASIC = frozenset(
    {"roles/owner", "roles/editor", "roles/admin", "roles/writer", "roles/reader", "roles/viewer"}
)
_INVOKER = "roles/run.invoker"
_SERVICES_INVOKER = "roles/run.servicesInvoker"
_PASTED = 10
"""Nobody pastes more pairs of commands than that; the rule says how one goes."""
_PEOPLE = (Shape.USER, Shape.GROUP, Shape.ACCOUNT, Shape.ONE, Shape.PART)


@rule(
    "invoker-by-basic-role",
    Severity.LOW,
    title="Somebody can invoke all of it by a basic role",
    why="Owners and editors hold thousands of permissions. To invoke every target below is among "
    "them, those that are yet to come included.",
    mend="Bind predefined roles for what they do, and take the basic role out.",
    varies="medium for service accounts, and above projects",
)
def invoker_by_basic_role(scene: Scene) -> Iterator[Found]:
    """``roles/owner`` and ``roles/editor`` where targets inherit them."""
    basic = collected(hold for hold in scene.holds if hold.gates and hold.binding.role in BASIC)
    held = (one for one in basic if one.member.shape in _PEOPLE)
    for one in gathered(held, scene.entered):
        role = " and ".join(sorted({hold.role.removeprefix("roles/") for hold in one.holds}))
        claim = f"{one.member.text} can invoke {_what(one)}, as {role}"
        wide = one.member.shape is Shape.ACCOUNT or not one.resource.startswith("projects/")
        severity = Severity.MEDIUM if wide else None
        yield finding(one, claim, severity)


@rule(
    "narrower-role",
    Severity.INFO,
    title="`roles/run.servicesInvoker` would do",
    why="`roles/run.invoker` lets its holder execute jobs and call instances as well. On a service "
    "only requests count, and the narrower role has just those.",
    mend="`provision grant MEMBER --on TARGET --role roles/run.servicesInvoker`, then `provision "
    "revoke … --role roles/run.invoker`.",
)
def narrower_role(scene: Scene) -> Iterator[Found]:
    """``roles/run.invoker`` on services, one finding a project."""
    found = defaultdict[str, list[Hold]](list)
    for hold in scene.holds:
        if hold.binding.role != _INVOKER or PUBLIC.issuperset(hold.binding.members):
            continue
        target = scene.index.targets.get(hold.resource)
        if target is not None and target.kind is Kind.SERVICE:
            found[hold.project].append(hold)
    for project, holds in found.items():
        targets = tuple(sorted({hold.resource for hold in holds}))
        services = number(len(targets), "service")
        claim = f"{_INVOKER} on {services} of {called(project)} could be {_SERVICES_INVOKER}"
        yield Found(claim, project, targets, mend=_narrowed(holds))


@rule(
    "function-role-on-second-generation",
    Severity.MEDIUM,
    title="A role on a second-generation function lets nobody in",
    why="Its Cloud Run service decides who gets in. Whoever bound the function's own role meant to "
    "let somebody in, or thinks they took the access away.",
    mend="`provision grant MEMBER --on function/NAME`, which binds on the service.",
)
def function_role(scene: Scene) -> Iterator[Found]:
    """Bindings on functions of the second generation that would open first-generation ones."""
    for hold in scene.holds:
        if "cloudfunctions.functions.invoke" not in hold.gates:
            continue
        target = scene.index.targets.get(hold.resource)
        if target is not None and target.kind is Kind.FUNCTION and target.generation != 1:
            who = number(len(hold.binding.members), "member")
            claim = f"{hold.role} of {who} on {called(target.name)} opens nothing"
            members = [member for member in hold.binding.members if can_revoke(target.name, member)]
            mend = command("provision", "grant", *members, "--on", target.name)
            yield Found(
                claim,
                target.name,
                (target.name,),
                also=(hold.role,),
                mend=(mend,) if members else (),
            )


def _narrowed(holds: list[Hold]) -> tuple[str, ...]:
    """Two commands for those members that hold the role on the same services."""
    where = defaultdict[tuple[str, ...], list[str]](list)
    for hold in holds:
        members = map(parsed, () if hold.condition else hold.binding.members)
        usable = tuple(sorted({one.text for one in members if _movable(hold, one)}))
        if usable:
            where[usable].append(hold.resource)
            if len(where) > _PASTED:
                return ()
    return tuple(
        line for members, on in sorted(where.items()) for line in _moved(members, sorted(on))
    )


def _moved(members: tuple[str, ...], resources: list[str]) -> tuple[str, str]:
    on = [word for resource in resources for word in ("--on", resource)]
    granted = command("provision", "grant", *members, *on, "--role", _SERVICES_INVOKER)
    return granted, revoke(members, resources, _INVOKER)


def _movable(hold: Hold, member: Member) -> bool:
    """Whether a member can be moved; whoever is public should go, and not get another role."""
    gone = member.shape in {Shape.DELETED, Shape.PUBLIC}
    return not gone and can_revoke(hold.resource, member.text)


def _what(one: Gathered) -> str:
    return what(one.holds[0], one.targets)


RULES: tuple[Rule, ...] = (invoker_by_basic_role, narrower_role, function_role)
