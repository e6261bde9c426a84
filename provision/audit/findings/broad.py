"""Rules about sets of principals that nobody has counted. Pure."""

from collections.abc import Iterator

from provision.audit.answers import Severity
from provision.audit.findings.gathering import Gathered, finding, gathered
from provision.audit.findings.members import Shape, is_workload_pool
from provision.audit.findings.rule import Found, Rule, rule
from provision.audit.findings.scene import Scene
from provision.audit.findings.words import called, what

_CUSTOMER = "cloudIdentityCustomerId:"


@rule(
    "whole-domain",
    Severity.MEDIUM,
    title="A whole domain can invoke it",
    why="Everybody in the Workspace account gets in, those who join tomorrow and those of its "
    "other domains included.",
    mend="Bind a group of those who need it, and revoke the domain.",
)
def whole_domain(scene: Scene) -> Iterator[Found]:
    """``domain:`` in a binding that opens something."""
    for one in gathered(scene.held(Shape.DOMAIN), scene.entered):
        known = _known(scene, one)
        yield finding(one, f"everybody in {one.member.domain}{known} can invoke {_what(one)}")


@rule(
    "whole-pool",
    Severity.MEDIUM,
    title="All identities of a pool can invoke it",
    why="Whoever the pool's provider vouches for gets in. Of a public provider, as of a code "
    "host's pipelines, that is everybody there, unless the provider's own condition is narrower.",
    mend="Bind one subject, group or attribute of the pool, and take the set out.",
    varies="high for a pool of workloads",
)
def whole_pool(scene: Scene) -> Iterator[Found]:
    """``principalSet://…/*`` in a binding that opens something."""
    for one in gathered(scene.held(Shape.POOL), scene.entered):
        pool = one.member.text.rpartition("/*")[0].rpartition("/")[2]
        severity = Severity.HIGH if is_workload_pool(one.member.text) else None
        claim = f"every identity of pool {pool}{_known(scene, one)} can invoke {_what(one)}"
        yield finding(one, claim, severity)


@rule(
    "whole-account-set",
    Severity.MEDIUM,
    title="All service accounts of a project, folder or organization can invoke it",
    why="Whoever can make a service account there, or run code as any, gets in.",
    mend="Bind the accounts that call, and take the set out.",
    varies="low for those of one project",
)
def whole_account_set(scene: Scene) -> Iterator[Found]:
    """``principalSet://cloudresourcemanager…/type/ServiceAccount`` in such a binding."""
    for one in gathered(scene.held(Shape.ACCOUNTS), scene.entered):
        where, _, kind = one.member.text.rpartition("/type/")
        agents = kind == "ServiceAgent"
        place = called("/".join(where.rsplit("/", 2)[-2:]))
        severity = Severity.LOW if agents or "/projects/" in where else None
        sort = "service agent" if agents else "service account"
        claim = f"every {sort} of {place}{_known(scene, one)} can invoke {_what(one)}"
        yield finding(one, claim, severity)


@rule(
    "whole-customer-in-group",
    Severity.MEDIUM,
    title="A group that can invoke it has a whole Workspace account in it",
    why="The group's name suggests a few people; everybody in the organization is a member.",
    mend="Take the organization out of the group, or bind another group.",
)
def whole_customer_in_group(scene: Scene) -> Iterator[Found]:
    """Groups with ``cloudIdentityCustomerId:`` in them, nested ones included."""
    for name, groups in scene.kin.within(lambda member: member.startswith(_CUSTOMER)).items():
        holds = scene.opened_by(groups)
        if holds:
            customer = name.removeprefix(_CUSTOMER)
            for group in sorted(scene.kin.direct(name)):
                targets = scene.joined(holds)
                claim = f"all of Workspace account {customer} is in {group}"
                yield Found(claim, group, targets, name)


def _known(scene: Scene, one: Gathered) -> str:
    """How many of a set what was read names: at least so many get in."""
    if scene.audit is None:
        return ""
    inside = scene.audit.known_in(one.member.text)
    return f" ({inside:,} of them known)" if inside else ""


def _what(one: Gathered) -> str:
    return what(one.holds[0], one.targets)


RULES: tuple[Rule, ...] = (whole_domain, whole_pool, whole_account_set, whole_customer_in_group)
