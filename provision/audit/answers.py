"""What an audit answers: a verdict, and the paths that lead to it or what stops them. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from provision.snapshot.records import Target


class Verdict(StrEnum):
    """Four answers; only the first two let somebody in, and only the last one is a "no".

    Strongest first: of several paths the strongest verdict is the answer's.
    """

    CAN = "can"
    WHILE = "can, while"
    """While something of the request holds that only the request tells: its path, its host."""
    UNKNOWN = "unknown"
    """Because something could not be read, or is not documented."""
    CANNOT = "cannot"

    @property
    def rank(self) -> int:
        """0 for the strongest."""
        return _RANKS[self]


_RANKS = {verdict: rank for rank, verdict in enumerate(Verdict)}
"""Asked for every path and pair, so told once."""


class Token(StrEnum):
    """What has to be shown."""

    NONE = "no token"
    ID = "ID token"
    ACCESS = "access token"


class Way(StrEnum):
    """How a target is entered."""

    REQUEST = "request"
    """To its address, with an ID token."""
    IAP = "request through IAP"
    EXECUTION = "execution"
    """Of a job, by the API, with an access token."""
    TEST_CALL = "test call"
    """Of a first-generation function, by the API (``functions.call``), with an access token."""


class HopKind(StrEnum):
    """What takes a path one step on; the words stand between its two ends."""

    MEMBER = "is in"
    """A group, domain, pool or other set."""
    ROLE = "holds"
    """A role with the permission that is asked, on the target or above it."""
    OPEN = "is not asked by"
    """The invoker check is off: IAM is not asked at all."""
    IAP = "passes IAP to"
    AGENT = "is let through by"
    """IAP's own service agent, which is what holds the invoker role then."""
    MINT_ID = "mints ID tokens of"
    MINT_ACCESS = "mints access tokens of"
    SIGN = "signs as"
    """A signed assertion is exchanged for either token."""
    KEY = "makes keys of"
    ACT_AS = "runs code as"
    """``actAs``, and a permission to create what runs as the account."""
    DELEGATE = "delegates through"
    SET_OFF = "sets off"
    """Publishes to a topic, runs a Scheduler job, adds a task, starts a workflow."""
    CALLS_AS = "calls as"
    """From a subscription, trigger, job, queue or workflow to its service account."""
    GRANT = "can grant itself access on"
    """Second order: may set the policy, the role or the check that would let it in."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a path.

    Args:
        kind: what it is.
        start: who takes it: a member, or the full name of what calls on its own.
        end: where it leads: a set, an account (``serviceAccount:…``), a resource.
        role: the role that makes it possible; empty where none does.
        on: the resource whose policy binds the role, which may stand above `end`.
        member: as that policy spells it, which may be a set that `start` is in.
        condition: of the binding; empty for none.
        permission: what is asked, as ``run.routes.invoke``.
        note: in words, what else a reader should know; empty for nothing.
    """

    kind: HopKind
    start: str
    end: str
    role: str = ""
    on: str = ""
    member: str = ""
    condition: str = ""
    permission: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """One way from a principal into a target.

    Args:
        hops: from the principal to the target, at least one.
        verdict: of the whole path, the weakest of its hops; never CANNOT.
        way: how the target is entered.
        token: what is shown there.
        condition: what has to hold, for WHILE.
        reasons: for UNKNOWN, what is not known, in words.
    """

    hops: tuple[Hop, ...]
    verdict: Verdict
    way: Way
    token: Token
    condition: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def second_order(self) -> bool:
        """Whether it takes a change first: somebody can give itself access, and has none yet."""
        return any(hop.kind is HopKind.GRANT for hop in self.hops)

    @property
    def direct(self) -> bool:
        """Whether the principal gets in as itself."""
        return all(hop.kind in _AS_ITSELF for hop in self.hops)


_AS_ITSELF = frozenset({HopKind.MEMBER, HopKind.ROLE, HopKind.OPEN, HopKind.IAP, HopKind.AGENT})


class BlockKind(StrEnum):
    """What keeps somebody out who might be thought to get in."""

    NO_GRANT = "no role"
    DENY = "deny policy"
    BOUNDARY = "principal access boundary"
    CONDITION = "condition"
    IAP = "IAP"
    DISABLED = "disabled account"
    DELETED = "deleted principal"
    EXPIRED = "expired membership"
    WRONG_KIND = "kind of token"
    """What can be had is the wrong one: an access token opens no service."""


@dataclass(frozen=True, slots=True)
class Block:
    """Something that stops a path.

    Args:
        kind: what it is.
        by: its name: a policy, a binding's role, a boundary.
        on: the resource that it stands on.
        reason: in words, a sentence without a full stop.
    """

    kind: BlockKind
    by: str
    on: str
    reason: str


class Reach(StrEnum):
    """Who can send a request at all, whatever IAM says."""

    INTERNET = "the internet"
    BALANCER = "the internet through a load balancer"
    INTERNAL = "the project's networks and Google's own callers"
    BALANCER_ALONE = "a load balancer alone"
    """The default address is off."""
    NOWHERE = "nobody"
    API = "the API"
    """Jobs, which have no address."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether one principal can invoke one target.

    Args:
        principal: canonical; ``allUsers`` for anybody, without a token.
        target: full name of what is invoked.
        verdict: the strongest of its first-order paths; CANNOT where there is none.
        paths: the best first: strongest, then shortest; second-order ones last.
        blocks: what stops it elsewhere; worth a look when the verdict is CANNOT or UNKNOWN.
        reasons: for UNKNOWN, what is not known.
    """

    principal: str
    target: str
    verdict: Verdict
    paths: tuple[Path, ...] = ()
    blocks: tuple[Block, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def could_grant(self) -> bool:
        """Whether the principal could give itself access."""
        return any(path.second_order for path in self.paths)


@dataclass(frozen=True, slots=True)
class Summary:
    """One target in a report.

    Args:
        target: what it is.
        public: whether anybody at all gets in, and by what.
        reach: who can send it a request.
        verdicts: how many principals that are named somewhere, by verdict: as themselves.
        impersonating: how many more get in as somebody else.
        granting: how many could give themselves access.
        sets: sets that get in whose members cannot be counted: domains, pools, everybody.
        unknown: why not all is known; empty when all is.
    """

    target: Target
    public: Verdict
    reach: Reach
    verdicts: tuple[tuple[Verdict, int], ...]
    impersonating: int = 0
    granting: int = 0
    sets: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class Severity(StrEnum):
    """How bad a finding is, the worst first."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"
    """A hint, never a reason to fail a build."""

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return tuple(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at.

    Args:
        id: stable over runs and machines: a rule's name and a hash of what it is about.
        rule: name of the rule, as ``public-by-binding``.
        severity: how bad.
        claim: what is so, one line.
        reason: why it matters, one or two sentences.
        resource: what would have to be changed: a target, container, account, group.
        targets: full names of targets that it is about, sorted; may be many.
        principal: whom it is about; empty for nobody in particular.
        mend: commands that mend it, to paste; none where it takes a decision.
        hops: the path, where there is one.
        accepted: who accepted it, why and until when; empty when nobody did.
    """

    id: str
    rule: str
    severity: Severity
    claim: str
    reason: str
    resource: str
    targets: tuple[str, ...] = ()
    principal: str = ""
    mend: tuple[str, ...] = ()
    hops: tuple[Hop, ...] = ()
    accepted: str = ""
