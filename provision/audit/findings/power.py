"""Rules about who could change who can invoke, and about what calls on its own. Pure."""

from collections.abc import Iterator

from provision.audit.answers import Hop, HopKind, Severity, Verdict
from provision.audit.findings.gathering import Gathered, gathered
from provision.audit.findings.holds import SETTING, SETTING_ABOVE, Hold
from provision.audit.findings.members import Shape, account_member
from provision.audit.findings.mending import command, place
from provision.audit.findings.places import gate
from provision.audit.findings.rule import Found, Rule, rule
from provision.audit.findings.scene import Scene
from provision.audit.findings.words import called, roles, what
from provision.audit.forms import normal
from provision.audit.gates import iap_resource
from provision.snapshot.records import Caller, Target

_THROUGH_IAP = "roles/iap.httpsResourceAccessor"
_ANYBODY = frozenset({Shape.PUBLIC, Shape.DOMAIN, Shape.POOL, Shape.ACCOUNTS})


@rule(
    "can-grant",
    Severity.INFO,
    title="Somebody could let anybody in, themselves included",
    why="Who may set a policy may write any into it. That is somebody's task; the list should be "
    "short and known.",
    mend="Take out roles such as owner, `roles/run.admin` and `roles/iam.securityAdmin` where they "
    "are not needed; deploying takes `roles/run.developer`.",
    varies="high for everybody and for sets that nobody has counted, low for service accounts",
)
def can_grant(scene: Scene) -> Iterator[Found]:
    """Members who may set the policy of targets, or of what stands above them."""
    for one in gathered(scene.setting, lambda hold: _settable(scene, hold)):
        if one.targets:
            into = what(one.holds[0], one.targets)
            yield Found(
                f"{one.member.text} could let anybody into {into}, as {roles(one.holds)}",
                one.resource,
                one.targets,
                one.member.text,
                severity=_SEVERITIES.get(one.member.shape),
                hops=_granting(one),
            )


@rule(
    "caller-refused",
    Severity.LOW,
    title="Something that calls a target on its own is refused",
    why="Its calls end in 403, mostly unseen: pushes are tried again and dropped, runs fail.",
    mend="`provision grant serviceAccount:EMAIL --on TARGET`, or IAP's role where IAP asks; give "
    "it an account if it has none.",
)
def caller_refused(scene: Scene) -> Iterator[Found]:
    """Subscriptions, triggers, jobs and queues whose account cannot invoke what they call."""
    if scene.audit is None:
        return
    universe = scene.audit.judge.universe
    called_ = {_host(caller.calls) for caller in scene.snapshot.callers}
    addresses = {
        host: target
        for target in scene.snapshot.targets
        for host in map(_host, target.urls)
        if host in called_
    }
    for caller in scene.snapshot.callers:
        target = scene.index.targets.get(caller.calls) or addresses.get(_host(caller.calls))
        if target is None or caller.paused or not (target.invoker_check or target.iap):
            continue
        who = account_member(caller.account) if caller.account else "allUsers"
        position = universe.bit(normal(who))
        asked = iap_resource(target) if target.iap else target.name
        holders = scene.audit.judge.holders(gate(target), asked)
        if position is not None and holders.verdict(position) is Verdict.CANNOT:
            yield _refused(caller, target, who)


def _settable(scene: Scene, hold: Hold) -> tuple[str, ...]:
    """Targets whose access its members could change by one binding, sorted."""
    kinds = {SETTING[one] for one in hold.allows if one in SETTING}
    above = any(hold.resource.startswith(SETTING_ABOVE.get(one, "//")) for one in hold.allows)
    if above and scene.places.is_container(hold.resource):
        return scene.places.all_below(hold.resource)
    return scene.places.of_kinds(hold.resource, frozenset(kinds))


def _granting(one: Gathered) -> tuple[Hop, ...]:
    hold = one.holds[0]
    return (
        Hop(
            HopKind.GRANT,
            one.member.text,
            one.resource,
            role=hold.role,
            on=one.resource,
            member=one.member.text,
            condition=hold.condition,
        ),
    )


def _refused(caller: Caller, target: Target, who: str) -> Found:
    name = caller.name.rpartition("/")[2]
    told = f"as {caller.account}" if caller.account else "without a token"
    claim = f"{caller.kind} {name} calls {called(target.name)} {told}, and is refused"
    mend = _let_in(target, who) if caller.account else ()
    return Found(
        claim,
        caller.name,
        (target.name,),
        who if caller.account else "",
        mend=mend,
        hops=(Hop(HopKind.CALLS_AS, caller.name, who),) if caller.account else (),
    )


def _let_in(target: Target, who: str) -> tuple[str, ...]:
    if not target.iap:
        return (command("provision", "grant", who, "--on", target.name),)
    at = place(target.name)
    words = ("gcloud", "beta", "iap", "web", "add-iam-policy-binding", "--resource-type=cloud-run")
    where = (f"--service={at.name}", f"--region={at.region}", f"--project={at.project}")
    return (command(*words, *where, f"--member={who}", f"--role={_THROUGH_IAP}"),)


def _host(url: str) -> str:
    """The host of an address; the text itself where it is none."""
    return url.split("/", 3)[2].lower() if url.startswith("https://") else url


_SEVERITIES = {**dict.fromkeys(_ANYBODY, Severity.HIGH), Shape.ACCOUNT: Severity.LOW}

RULES: tuple[Rule, ...] = (can_grant, caller_refused)
