"""Rules about what stands before a service beside IAM: IAP, ingress, the default address. Pure."""

from collections.abc import Iterator

from provision.audit.answers import Reach, Severity, Verdict
from provision.audit.findings.members import Shape, parsed
from provision.audit.findings.mending import command, update
from provision.audit.findings.rule import Found, Rule, rule
from provision.audit.findings.scene import Scene
from provision.audit.findings.words import called, number
from provision.audit.gates import reach_of
from provision.principals import is_public
from provision.snapshot.records import Target

_AGENT = "serviceAccount:service-{}@gcp-sa-iap.iam.gserviceaccount.com"
_WIDTH = {
    Reach.NOWHERE: 0,
    Reach.INTERNAL: 1,
    Reach.BALANCER_ALONE: 2,
    Reach.BALANCER: 2,
    Reach.INTERNET: 3,
}
_INGRESS = {
    "none": Reach.NOWHERE,
    "internal": Reach.INTERNAL,
    "internal-and-cloud-load-balancing": Reach.BALANCER,
    "all": Reach.INTERNET,
}


@rule(
    "reachable-beyond-spec",
    Severity.MEDIUM,
    title="Internal only in the spec, and reachable from outside",
    why="The spec promises that nothing comes in from the internet. Whoever relies on that relies "
    "on IAM alone without knowing it.",
    mend="`provision up`.",
    varies="high where anybody can invoke it",
)
def reachable_beyond_spec(scene: Scene) -> Iterator[Found]:
    """Services whose spec says a narrower ingress than they have."""
    for spec in scene.settings.specs:
        name = f"//run.googleapis.com/{spec.resource_name.name}"
        target = scene.index.targets.get(name)
        wanted = getattr(spec, "ingress", None)
        if target is None or wanted is None:
            continue
        said, found = _INGRESS[str(wanted)], reach_of(target)
        if _WIDTH[found] > _WIDTH[said]:
            open_ = not target.invoker_check or any(map(is_public, _bound(scene, name)))
            yield Found(
                f"{called(name)} is {wanted} in its spec, and {found} reaches it",
                name,
                (name,),
                severity=Severity.HIGH if open_ and not target.iap else None,
                mend=(command("provision", "up"), *update(target, f"--ingress={wanted}")),
            )


@rule(
    "iap-agent-missing",
    Severity.MEDIUM,
    title="IAP lets nobody through: its agent may not invoke the service",
    why="IAP asks for the caller first and then calls as its own service agent, which needs "
    "`roles/run.invoker`. Without it everybody is refused.",
    mend="`provision grant serviceAccount:service-NUMBER@gcp-sa-iap.iam.gserviceaccount.com --on "
    "TARGET`.",
)
def iap_agent_missing(scene: Scene) -> Iterator[Found]:
    """Services behind IAP whose agent holds no role that opens them."""
    for target in scene.snapshot.targets:
        if not (target.iap and target.invoker_check):
            continue
        agent = _agent(scene, target)
        if agent and not _opens(scene, agent, target):
            claim = f"IAP's agent may not invoke {called(target.name)}, so nobody gets in"
            mend = command("provision", "grant", agent, "--on", target.name)
            yield Found(claim, target.name, (target.name,), agent, mend=(mend,))


@rule(
    "invoker-behind-iap",
    Severity.INFO,
    title="Bound on a service, and cut off by IAP",
    why="IAP asks first, and asks for its own role. A binding on the service opens it to nobody "
    "but IAP's agent, and would the day IAP is turned off.",
    mend="Grant `roles/iap.httpsResourceAccessor`, and revoke the binding.",
)
def invoker_behind_iap(scene: Scene) -> Iterator[Found]:
    """Members of the policies of services behind IAP, its agent aside."""
    for target in scene.snapshot.targets:
        if not target.iap:
            continue
        agent = _agent(scene, target)
        sorts = {Shape.PUBLIC, Shape.DELETED}  # which other rules tell of
        bound = set(map(parsed, _bound(scene, target.name)))
        members = [one for one in bound if one.shape not in sorts and one.text != agent]
        if members:
            some = number(len(members), "member")
            claim = f"{some} bound on {called(target.name)}, which asks IAP"
            yield Found(claim, target.name, (target.name,))


@rule(
    "nothing-reaches-it",
    Severity.INFO,
    title="No request reaches it",
    why="Its ingress lets nothing in, so whoever can invoke it by IAM cannot.",
    mend="`gcloud run services update NAME --ingress=…`, or delete what nobody calls.",
)
def nothing_reaches_it(scene: Scene) -> Iterator[Found]:
    """Services with an ingress of none."""
    for target in scene.snapshot.targets:
        if reach_of(target) is Reach.NOWHERE:
            claim = f"{called(target.name)} takes no request: its ingress is none"
            yield Found(claim, target.name, (target.name,))


def _agent(scene: Scene, target: Target) -> str:
    """IAP's agent of the target's project; empty where the project's number was not read."""
    container = scene.index.containers.get(scene.places.project(target.name))
    return _AGENT.format(container.number) if container and container.number else ""


def _bound(scene: Scene, name: str) -> Iterator[str]:
    """The members of a target's own live bindings."""
    for hold in scene.holds_on(name):
        if hold.live:
            yield from hold.binding.members


def _opens(scene: Scene, agent: str, target: Target) -> bool:
    """Whether the agent may invoke the service, or that is not known."""
    own = (parsed(one).text for one in _bound(scene, target.name))
    if scene.audit is None or agent in own:
        return True
    return scene.audit.gates.agent(target).verdict is not Verdict.CANNOT


RULES: tuple[Rule, ...] = (
    reachable_beyond_spec,
    iap_agent_missing,
    invoker_behind_iap,
    nothing_reaches_it,
)
