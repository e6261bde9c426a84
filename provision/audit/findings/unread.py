"""Rules about what could not be read: whatever depends on it is not known. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache, partial

from provision.audit.answers import Severity
from provision.audit.callers import SETTING_OFF
from provision.audit.findings.holds import GATES, MINTING, MINTING_ACCESS
from provision.audit.findings.places import joined
from provision.audit.findings.rule import Found, Rule, rule, stable_id
from provision.audit.findings.scene import Scene
from provision.audit.findings.words import called, number
from provision.audit.forms import normal
from provision.audit.gates import CALL_FUNCTION
from provision.audit.impersonation import ACT_AS, LINK
from provision.snapshot.records import Part, Unread

_TOLD_ELSEWHERE = frozenset(
    {Part.MEMBERS, Part.ROLE, Part.POLICY, Part.PARENT, Part.TARGETS, Part.CHILDREN}
)
_DECIDING = (
    *GATES,
    CALL_FUNCTION,
    *MINTING,
    MINTING_ACCESS,
    LINK,
    ACT_AS,
    *sorted(set(SETTING_OFF.values())),
)
"""Permissions that are a step of a way to an invocation."""
_WORDS = {Part.PARENT: "the parent", Part.POLICY: "the policy"}
_DETAILS = 3


@rule(
    "group-not-read",
    Severity.MEDIUM,
    title="The members of a group that can invoke are not known",
    why="Everybody in it gets in, and who that is could not be read: an unread group is not an "
    "empty one.",
    mend="Let the reader see the group (Groups Reader in Workspace, or membership of it), and read "
    "again.",
    varies="low where the group may lead to access by another way alone, info where it cannot",
)
def group_not_read(scene: Scene) -> Iterator[Found]:
    """Groups whose members could not be read, all or some."""
    unread = {
        name: (several, {name, *scene.kin.groups(name)})
        for name, several in _by_name(scene, Part.MEMBERS).items()
    }
    deciding = _deciding(scene, frozenset().union(*(names for _, names in unread.values())))
    for name, (several, names) in unread.items():
        targets = scene.joined(scene.opened_by(names))
        opens, severity = "", None
        if targets:
            opens = f", which can invoke {number(len(targets), 'target')},"
        elif not names.isdisjoint(deciding):
            opens, severity = ", which may decide who can,", Severity.LOW
        else:
            severity = Severity.INFO
        claim = f"who is in {name}{opens} is not known: {several[0].why}"
        yield Found(claim, name, targets, name, severity=severity)


def _deciding(scene: Scene, groups: frozenset[str]) -> frozenset[str]:
    """Those groups that hold something on a way to an invocation, or that deny policies name."""
    if not groups:
        return groups
    decides = cache(partial(_decides, scene))
    found = {
        normal(member)
        for policy in scene.snapshot.policies
        for binding in policy.bindings
        if decides(binding.role)
        for member in binding.members
        if member.startswith("group:")
    }
    for policy in scene.snapshot.deny_policies:
        for rule_ in policy.rules:
            found |= {normal(one) for one in (*rule_.principals, *rule_.except_principals)}
    return groups & found


def _decides(scene: Scene, role: str) -> bool:
    return any(scene.index.includes(role, one) is not False for one in _DECIDING)


@rule(
    "role-not-read",
    Severity.MEDIUM,
    title="What a bound role includes is not known",
    why="It may let its holders in; whoever holds it is counted as unknown.",
    mend="Give the reader `iam.roles.get` where the role is (`roles/iam.roleViewer`), and read "
    "again.",
)
def role_not_read(scene: Scene) -> Iterator[Found]:
    """Bound roles that are in no table and could not be read."""
    bound = defaultdict[str, list[str]](list)
    for policy in scene.snapshot.policies:
        for binding in policy.bindings:
            if not scene.allows(binding.role)[1]:
                bound[binding.role].append(scene.named(policy.resource))
    why = {one.of: one.why for one in scene.snapshot.unread if one.part is Part.ROLE}
    for role, resources in sorted(bound.items()):
        names = joined(_below(scene, each) for each in dict.fromkeys(resources))
        told = why.get(role, "it is in no table and was not read")
        yield Found(f"what {role} includes is not known: {told}", role, names)


@rule(
    "policy-not-read",
    Severity.MEDIUM,
    title="A policy that decides who can invoke is not known",
    why="It may let anybody in. What stands above counts for all that is below, and an unread "
    "policy is not an empty one.",
    mend="Give the reader `roles/iam.securityReviewer` there, and read again.",
    varies="low for what is no target and stands above none",
)
def policy_not_read(scene: Scene) -> Iterator[Found]:
    """Policies that could not be read: a finding for each container, or one for what is in it."""
    for part in (Part.POLICY, Part.PARENT):
        for place, several in _by_place(scene, part).items():
            targets = joined(_below(scene, one.of) for one in several)
            container = all(scene.places.is_container(one.of) for one in several)
            severity = None if targets or container else Severity.LOW
            yield Found(_claim(several, place), place, targets, also=(part,), severity=severity)


@rule(
    "targets-not-read",
    Severity.MEDIUM,
    title="What can be invoked is not known in full",
    why="Targets that were not read are not audited: nothing is said of who can invoke them.",
    mend="Give the reader `roles/run.viewer`, `roles/cloudfunctions.viewer` and `roles/browser` "
    "there, and read again.",
)
def targets_not_read(scene: Scene) -> Iterator[Found]:
    """Lists of targets, projects and folders that could not be read."""
    for part in (Part.TARGETS, Part.CHILDREN):
        for place, several in _by_name(scene, part).items():
            details = sorted({one.detail for one in several if one.detail})
            some = ", ".join(details[:_DETAILS]) + (", …" if len(details) > _DETAILS else "")
            what = f"{part} ({some})" if some else str(part)
            claim = f"{what} in {called(place)} could not be read: {several[0].why}"
            yield Found(claim, place, also=(part,))


@rule(
    "not-read",
    Severity.LOW,
    title="Something that may change the answer could not be read",
    why="Deny policies and boundaries may take access away, accounts and callers may lead to more "
    "of it: what depends on them is counted as unknown.",
    mend="Give the reader the permission that the reason names, and read again.",
)
def not_read(scene: Scene) -> Iterator[Found]:
    """All else that could not be read, one finding for a part and a project."""
    parts = [part for part in Part if part not in _TOLD_ELSEWHERE]
    for part in parts:
        for place, several in _by_place(scene, part).items():
            yield Found(_claim(several, place), place, also=(part,))


def told_by(scene: Scene, one: Unread) -> str:
    """The id of the finding that tells of something that could not be read."""
    name, place = one.of, scene.places.project(one.of)
    if one.part is Part.MEMBERS:
        return stable_id(group_not_read.name, name, name)
    if one.part is Part.ROLE:
        return stable_id(role_not_read.name, name, "")
    if one.part in {Part.TARGETS, Part.CHILDREN}:
        return stable_id(targets_not_read.name, name, "", one.part)
    if one.part in {Part.POLICY, Part.PARENT}:
        return stable_id(policy_not_read.name, place, "", one.part)
    return stable_id(not_read.name, place, "", one.part)


def _by_name(scene: Scene, part: Part) -> dict[str, list[Unread]]:
    return _gathered(scene, part, lambda name: name)


def _by_place(scene: Scene, part: Part) -> dict[str, list[Unread]]:
    return _gathered(scene, part, scene.places.project)


def _gathered(scene: Scene, part: Part, by: Callable[[str], str]) -> dict[str, list[Unread]]:
    found = defaultdict[str, list[Unread]](list)
    for one in scene.unread:
        if one.part is part:
            found[by(one.of)].append(one)
    return found


def _claim(several: list[Unread], place: str) -> str:
    part, why = _WORDS.get(several[0].part, str(several[0].part)), several[0].why
    names = {one.of for one in several}
    if names == {place}:
        return f"{part} of {called(place)} could not be read: {why}"
    some = called(next(iter(names))) if len(names) == 1 else f"{len(names):,} resources"
    return f"{part} of {some} in {called(place)} could not be read: {why}"


def _below(scene: Scene, resource: str) -> tuple[str, ...]:
    return tuple(target.name for target in scene.places.below(resource))


RULES: tuple[Rule, ...] = (
    policy_not_read,
    targets_not_read,
    group_not_read,
    role_not_read,
    not_read,
)
