"""The ways into each kind of target, and who gets in by them as themselves. Pure.

Sources: run/docs/reference/iam/permissions, functions/docs/reference/iam/permissions,
run/docs/securing/identity-aware-proxy-cloud-run, run/docs/authenticating/public.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from provision.audit.answers import (
    Block,
    BlockKind,
    Hop,
    HopKind,
    Path,
    Reach,
    Token,
    Verdict,
    Way,
)
from provision.audit.forms import ANYBODY, Sort, normal
from provision.audit.holding import Holders
from provision.audit.judge import Judge
from provision.audit.judgement import Grant, Judgement
from provision.roles import INVOKE, INVOKE_FUNCTION, RUN_JOB
from provision.snapshot.records import Kind, Target

INVOKE_INSTANCE = "run.instances.invoke"
CALL_FUNCTION = "cloudfunctions.functions.call"
THROUGH_IAP = "iap.webServiceVersions.accessViaIAP"

_SERVICE_AT = 8
"""In ``//run.googleapis.com/projects/ID/locations/REGION/services/NAME``, cut at its slashes."""

_FIRST, _SECOND = 1, 2
"""Generations of functions."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """One way into a target.

    Args:
        way: how.
        token: what is shown.
        permission: what is asked.
        resource: where it is asked.
        holders: who gets in as themselves.
        apart: the same, with `allUsers` and `allAuthenticatedUsers` one name each.
    """

    way: Way
    token: Token
    permission: str
    resource: str
    holders: Holders
    apart: Holders


class Gates:
    """What stands before targets.

    Args:
        judge: of the snapshot.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._agents: dict[str, Judgement] = {}
        self._last: tuple[str | None, tuple[Entrance, ...]] = (None, ())

    def entrances(self, target: Target) -> tuple[Entrance, ...]:
        """All ways into a target; none where nobody can get in."""
        if self._last[0] != target.name:
            self._last = (target.name, tuple(self._entrances(target)))
        return self._last[1]

    def _entrances(self, target: Target) -> Iterator[Entrance]:
        match target.kind:
            case Kind.SERVICE:
                yield self._service(target)
            case Kind.JOB:
                yield self._by_api(Way.EXECUTION, RUN_JOB, target)
            case Kind.INSTANCE:
                yield self._asked(Way.REQUEST, Token.ID, INVOKE_INSTANCE, target.name)
            case Kind.FUNCTION if target.generation == _FIRST:
                yield self._asked(Way.REQUEST, Token.ID, INVOKE_FUNCTION, target.name)
                yield self._by_api(Way.TEST_CALL, CALL_FUNCTION, target)
            case Kind.FUNCTION:
                service = self.entered(target)
                if service is None:
                    yield self._not_known(target)
                else:
                    yield from self._entrances(service)

    def entered(self, target: Target) -> Target | None:
        """What is entered: of a second-generation function its service, else the target itself.

        None when that service was not read.
        """
        if target.kind is not Kind.FUNCTION or target.generation == _FIRST:
            return target
        service = self._judge.index.targets.get(target.service)
        return service if service is not None and service.kind is Kind.SERVICE else None

    def _not_known(self, target: Target) -> Entrance:
        rest = Holders(rest=(_unread_service(target),), rest_mask=self._judge.universe.all)
        return Entrance(Way.REQUEST, Token.ID, INVOKE, target.service, rest, rest)

    def _asked(self, way: Way, token: Token, permission: str, resource: str) -> Entrance:
        holders = self._judge.holders(permission, resource)
        apart = holders
        if holders.any & self._judge.universe.anybody:
            apart = self._judge.holders(permission, resource, apart=True)
        return Entrance(way, token, permission, resource, holders, apart)

    def _by_api(self, way: Way, permission: str, target: Target) -> Entrance:
        """An API takes nobody without an access token: of anybody, it takes whoever signs in."""
        found = self._asked(way, Token.ACCESS, permission, target.name)
        universe = self._judge.universe
        nameless = universe.sort(Sort.ANYBODY)
        signed_in = found.holders.within(universe.sort(Sort.AUTHENTICATED))
        apart = found.apart.joined(signed_in) if found.apart.any & nameless else found.apart
        return replace(
            found, holders=found.holders.without(nameless), apart=apart.without(nameless)
        )

    def _service(self, target: Target) -> Entrance:
        if target.iap:
            return self._proxied(target)
        if target.invoker_check:
            return self._asked(Way.REQUEST, Token.ID, INVOKE, target.name)
        universe = self._judge.universe
        everybody = Holders(can=universe.all & ~self._judge.inert)
        nameless = Holders(can=universe.sort(Sort.ANYBODY))
        return Entrance(Way.REQUEST, Token.NONE, "", target.name, everybody, nameless)

    def _proxied(self, target: Target) -> Entrance:
        """IAP asks first; then its own agent has to hold the invoker's permission."""
        agent = self.agent(target)
        found = self._asked(Way.IAP, Token.ID, THROUGH_IAP, iap_resource(target))
        holders, apart = (one.under(agent.verdict) for one in (found.holders, found.apart))
        if agent.verdict is Verdict.UNKNOWN:
            holders, apart = (
                replace(one, rest=tuple(dict.fromkeys((*one.rest, *agent.reasons))))
                for one in (holders, apart)
            )
        return replace(found, holders=holders, apart=apart)

    def agent(self, target: Target) -> Judgement:
        """Whether IAP's own agent is let through to a service; asked once."""
        found = self._agents.get(target.name)
        if found is None:
            found = self._agents[target.name] = self._judged(target)
        return found

    def _judged(self, target: Target) -> Judgement:
        if not target.invoker_check:
            return Judgement(Verdict.CAN)
        member = self.agent_of(target)
        if not member:
            why = "the project's number was not read, by which IAP's service agent goes"
            return Judgement(Verdict.UNKNOWN, reasons=(why,))
        return self._judge.judge(member, INVOKE, target.name)

    def agent_of(self, target: Target) -> str:
        """IAP's service agent in a target's project; empty when the number is not known."""
        project = self._judge.index.lineage(target.name).containers[0]
        container = self._judge.index.containers.get(project)
        if container is None or not container.number:
            return ""
        return f"serviceAccount:service-{container.number}@gcp-sa-iap.iam.gserviceaccount.com"

    def paths(self, principal: str, target: Target) -> tuple[Path, ...]:
        """The ways of one principal into a target as itself, the best first."""
        found = [
            path for one in self.entrances(target) for path in self._through(one, principal, target)
        ]
        return tuple(sorted(found, key=_best))

    def _through(self, entrance: Entrance, principal: str, target: Target) -> Iterator[Path]:
        target = self.entered(target) or target
        name = normal(principal)
        if entrance.token is Token.NONE:
            if (
                name not in self._judge.universe
                or self._judge.universe.mask(name) & entrance.holders.can
            ):
                hop = Hop(HopKind.OPEN, name, target.name, note="the invoker check is off")
                yield Path((hop,), Verdict.CAN, entrance.way, Token.NONE)
            return
        if not entrance.permission or (entrance.token is Token.ACCESS and name == ANYBODY):
            return
        judged = self._judge.judge(name, entrance.permission, entrance.resource)
        if entrance.way is Way.IAP:
            yield from self._past_iap(judged, target)
            return
        for grant in judged.grants:
            yield _path(grant, entrance, grant.hops)

    def _past_iap(self, judged: Judgement, target: Target) -> Iterator[Path]:
        agent = self.agent(target)
        if agent.verdict is Verdict.CANNOT:
            return
        for grant in judged.grants:
            last = replace(grant.hops[-1], kind=HopKind.IAP, end=target.name)
            hops = (*grant.hops[:-1], last, *_agent_hops(agent, self.agent_of(target), target))
            verdicts = (grant.verdict, agent.verdict)
            verdict = max(verdicts, key=lambda one: one.rank)
            conditions = [one for one in (grant.condition, agent.condition) if one]
            condition = (
                " && ".join(f"({one})" for one in conditions)
                if len(conditions) > 1
                else "".join(conditions)
            )
            reasons = (*grant.reasons, *agent.reasons) if verdict is Verdict.UNKNOWN else ()
            yield Path(
                hops,
                verdict,
                Way.IAP,
                Token.NONE if _nameless(grant) else Token.ID,
                condition if verdict is Verdict.WHILE else "",
                reasons,
            )

    def against(self, principal: str, target: Target) -> tuple[tuple[Block, ...], tuple[str, ...]]:
        """What keeps a principal out as itself, and what is not known of that."""
        entered = self.entered(target)
        if entered is None:
            return (), (_unread_service(target),)
        blocks: list[Block] = []
        reasons: list[str] = []
        for entrance in self.entrances(target):
            if entrance.token is Token.NONE:
                blocks.extend(self._judge.state(normal(principal)))
                continue
            if entrance.token is Token.ACCESS and normal(principal) == ANYBODY:
                why = "the API takes nobody without an access token"
                blocks.append(Block(BlockKind.WRONG_KIND, entrance.permission, entered.name, why))
                continue
            judged = self._judge.judge(principal, entrance.permission, entrance.resource)
            blocks.extend(judged.blocks)
            reasons.extend(judged.reasons)
            if entrance.way is Way.IAP:
                blocks.extend(self._cut_off(principal, entered))
                agent = self.agent(entered)
                if agent.verdict is Verdict.CANNOT:
                    reasons.clear()
                elif judged.verdict is not Verdict.CANNOT:
                    reasons.extend(agent.reasons)
        return tuple(dict.fromkeys(blocks)), tuple(dict.fromkeys(reasons))

    def _cut_off(self, principal: str, target: Target) -> Iterator[Block]:
        """What IAP's standing before a service means for whoever would get in without it."""
        if self.agent(target).verdict is Verdict.CANNOT:
            why = "IAP's service agent may not invoke the service, so nobody gets through"
            yield Block(BlockKind.IAP, self.agent_of(target), target.name, why)
        direct = self._judge.judge(principal, INVOKE, target.name)
        if direct.grants:
            why = f"IAP asks first, so {INVOKE} on the service alone lets nobody in"
            yield Block(BlockKind.IAP, direct.grants[0].hops[-1].role, target.name, why)


def iap_resource(target: Target) -> str:
    """What stands for a service in IAP's policies."""
    parts = target.name.split("/")
    if len(parts) <= _SERVICE_AT:
        return target.name  # no name of a service: nothing is known of it either
    project, region, service = parts[4], parts[6], parts[_SERVICE_AT]
    return f"//iap.googleapis.com/projects/{project}/iap_web/cloud_run-{region}/services/{service}"


def reach_of(target: Target) -> Reach:
    """Who can send a target a request at all; `target` is what is entered."""
    if target.kind is Kind.JOB:
        return Reach.API
    match target.ingress:
        case "none":
            return Reach.NOWHERE
        case "internal":
            return Reach.INTERNAL
        case "internal-and-cloud-load-balancing":
            return Reach.BALANCER if target.default_url else Reach.BALANCER_ALONE
    return Reach.INTERNET if target.default_url else Reach.BALANCER_ALONE


def _agent_hops(agent: Judgement, member: str, target: Target) -> tuple[Hop, ...]:
    if not agent.grants:
        return ()
    grant = agent.grants[0]
    return (replace(grant.hops[-1], kind=HopKind.AGENT, start=member, end=target.name),)


def _path(grant: Grant, entrance: Entrance, hops: tuple[Hop, ...]) -> Path:
    token = Token.NONE if entrance.token is Token.ID and _nameless(grant) else entrance.token
    return Path(hops, grant.verdict, entrance.way, token, grant.condition, grant.reasons)


def _nameless(grant: Grant) -> bool:
    """Whether it is given to anybody at all, so that no token has to be shown."""
    return grant.hops[-1].member == ANYBODY


def _best(path: Path) -> tuple[int, int]:
    return (path.verdict.rank, len(path.hops))


def _unread_service(target: Target) -> str:
    if target.generation != _SECOND:
        return "the generation of the function was not read, so what lets callers in is not known"
    return f"the function's Cloud Run service {target.service or ''} was not read".replace(
        "  ", " "
    )
