"""Rules about who holds access: the deleted, the disabled, outsiders, Google's agents. Pure."""

from collections.abc import Iterator

from provision.audit.answers import Severity
from provision.audit.findings.gathering import Gathered, gathered
from provision.audit.findings.members import Member, Shape, account_member, parsed
from provision.audit.findings.mending import command
from provision.audit.findings.rule import Found, Rule, rule
from provision.audit.findings.scene import Scene
from provision.audit.findings.words import called, number, roles, what

_CUSTOMER = "cloudIdentityCustomerId:"
_IAP_AGENT = "@gcp-sa-iap.iam.gserviceaccount.com"


@rule(
    "deleted-principal",
    Severity.LOW,
    title="A deleted principal holds a role",
    why="It opens nothing now. Whoever restores the principal restores its access too, and the "
    "binding counts against the policy's limits.",
    mend="`provision revoke 'deleted:…' --on TARGET`.",
)
def deleted_principal(scene: Scene) -> Iterator[Found]:
    """``deleted:`` members of bindings that open something."""
    for one in gathered(scene.held(Shape.DELETED), lambda _: ()):
        name = one.member.text.removeprefix("deleted:").partition("?uid=")[0]
        claim = f"{name} is deleted and holds {roles(one.holds)} on {called(one.resource)}"
        yield Found(claim, one.resource, principal=one.member.text, mend=one.mend)


@rule(
    "disabled-account",
    Severity.INFO,
    title="A disabled service account holds a role",
    why="No token is minted for it, so it opens nothing until somebody enables it again.",
    mend="`provision revoke serviceAccount:EMAIL --on TARGET` where it stays disabled.",
)
def disabled_account(scene: Scene) -> Iterator[Found]:
    """Bindings of accounts that are disabled."""
    accounts = scene.index.accounts
    disabled = {account_member(one.email) for one in accounts.values() if one.disabled}
    held = (one for one in scene.held(Shape.ACCOUNT) if one.member.text in disabled)
    for one in gathered(held, scene.entered):
        claim = f"{one.member.email} is disabled and holds {roles(one.holds)}"
        yield Found(claim, one.resource, one.targets, one.member.text, mend=one.mend)


@rule(
    "external-member",
    Severity.MEDIUM,
    title="Somebody from outside can invoke it",
    why="When they leave the other organization, or their account is taken over, nobody here hears "
    "of it.",
    mend="`provision revoke MEMBER --on TARGET`; or name the domain, customer or project under "
    "`internal` in `audit.yaml`; or accept it there with an end.",
)
def external_member(scene: Scene) -> Iterator[Found]:
    """Users, groups, domains and accounts that are not the organisation's own."""
    sorts = (Shape.USER, Shape.GROUP, Shape.DOMAIN, Shape.ACCOUNT)
    held = (one for one in scene.held(*sorts) if is_external(scene, one.member))
    for one in gathered(held, scene.entered):
        claim = f"{one.member.text} is from outside and can invoke {_what(one)}"
        yield Found(claim, one.resource, one.targets, one.member.text, mend=one.mend, hops=one.hops)


@rule(
    "external-in-group",
    Severity.MEDIUM,
    title="Somebody from outside is in a group that can invoke it",
    why="The policy names the group alone; whoever may add members to it decides who gets in.",
    mend="`gcloud identity groups memberships delete --group-email=GROUP --member-email=MEMBER`, "
    "or say in `audit.yaml` whose they are.",
)
def external_in_group(scene: Scene) -> Iterator[Found]:
    """Members of groups, direct ones, that are from outside."""
    for name, groups in scene.kin.within(lambda one: _outsider(scene, one)).items():
        for group in sorted(scene.kin.direct(name)):
            holds = scene.opened_by([group, *scene.kin.groups(group) & groups])
            targets = scene.joined(holds)
            if targets or any(scene.places.is_container(hold.resource) for hold in holds):
                opens = f"which can invoke {number(len(targets), 'target')}"
                yield Found(
                    f"{_plain(name)} is from outside and is in {group}, {opens}",
                    group,
                    targets,
                    name,
                    mend=_leave(group, name),
                )


@rule(
    "service-agent-above",
    Severity.INFO,
    title="A service agent of Google's can invoke all of a project",
    why="The role came with an API that was turned on, as in every project that uses it, so this "
    "is a hint. Whoever may set that service's work can make its agent call any target here.",
    mend="Turn the API off where it is not used; without its agent's role the service fails.",
    varies="low above projects, where no API binds its agent by itself",
)
def service_agent_above(scene: Scene) -> Iterator[Found]:
    """Google's own accounts in a container's policy."""
    for one in gathered(scene.held(Shape.AGENT), scene.entered):
        if scene.places.is_container(one.resource) and not one.member.text.endswith(_IAP_AGENT):
            claim = f"{one.member.email} can invoke {_what(one)}, as {roles(one.holds)}"
            above = not one.resource.startswith("projects/")
            yield Found(
                claim,
                one.resource,
                one.targets,
                one.member.text,
                severity=Severity.LOW if above else None,
                hops=one.hops,
            )


@rule(
    "deleted-role",
    Severity.LOW,
    title="A deleted role is still bound",
    why="It grants nothing now. Restored within seven days, it grants what it did before.",
    mend="Take the binding out.",
)
def deleted_role(scene: Scene) -> Iterator[Found]:
    """Bindings of custom roles that are deleted."""
    dead = {role.name for role in scene.snapshot.roles if role.deleted}
    if not dead:
        return
    for policy in scene.snapshot.policies:
        for name in sorted({each.role for each in policy.bindings} & dead):
            resource = scene.named(policy.resource)
            claim = f"{name} is deleted and still bound on {called(resource)}"
            yield Found(claim, resource, also=(name,))


def is_external(scene: Scene, member: Member) -> bool:
    """Whether a member is surely not the organisation's own, as far as is told what is."""
    if member.shape is Shape.ACCOUNT:
        return bool(member.project) and not scene.own.project(member.project)
    return not scene.own.domain(member.domain)


def _outsider(scene: Scene, name: str) -> bool:
    if name.startswith(_CUSTOMER):
        return not scene.own.customer(name.removeprefix(_CUSTOMER))
    member = parsed(name)
    sorts = (Shape.USER, Shape.GROUP, Shape.ACCOUNT)
    return member.shape in sorts and is_external(scene, member)


def _plain(name: str) -> str:
    if name.startswith(_CUSTOMER):
        return f"Workspace account {name.removeprefix(_CUSTOMER)}"
    return name


def _leave(group: str, member: str) -> tuple[str, ...]:
    if member.startswith(_CUSTOMER):
        return ()
    where = f"--group-email={group.removeprefix('group:')}"
    who = f"--member-email={member.partition(':')[2]}"
    return (command("gcloud", "identity", "groups", "memberships", "delete", where, who),)


def _what(one: Gathered) -> str:
    return what(one.holds[0], one.targets)


RULES: tuple[Rule, ...] = (
    external_member,
    external_in_group,
    service_agent_above,
    deleted_principal,
    deleted_role,
    disabled_account,
)
