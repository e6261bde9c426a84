"""Principal access boundaries: whom they keep from which resources, for which permissions. Pure.

Sources: iam/docs/principal-access-boundary-policies, iam/docs/pab-blocked-permissions.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from provision.audit.answers import Block, BlockKind
from provision.audit.blockable import NEWEST, blocks
from provision.audit.denied import NOTHING, Taken, TakenFrom
from provision.audit.forms import Sort, form, normal
from provision.audit.index import Index
from provision.audit.members import Belonging, Extent, Members
from provision.conditions import ConditionSyntaxError
from provision.conditions.attributes import ATTRIBUTES
from provision.conditions.evaluation import Evaluation
from provision.conditions.request import Context
from provision.conditions.syntax import parse
from provision.conditions.truth import BREAKS, HOLDS
from provision.conditions.values import Failed, Type, Unknown, Value
from provision.snapshot.records import Boundary, BoundaryBinding, Part

_TYPES = {
    Sort.USER: "WorkspaceIdentity",
    Sort.ACCOUNT: "ServiceAccount",
    Sort.AGENT: "ServiceAccount",
    Sort.KUBERNETES: "WorkloadPoolIdentity",
    Sort.DOMAIN: "WorkspaceIdentity",
    Sort.CUSTOMER: "WorkspaceIdentity",
    Sort.ACCOUNTS: "ServiceAccount",
}
_PREFIX = "iam.googleapis.com/"
_UNREADABLE = Failed("the condition of a boundary asks for the principal alone")


class _Including(NamedTuple):
    """The boundaries that take in a resource.

    Args:
        sure: those that do, by name.
        gap: whether those may that name something which stands above projects.
    """

    sure: frozenset[str]
    gap: bool

    def told(self, policy: Boundary) -> bool | None:
        """Whether a boundary does; None when that is not known."""
        if policy.name in self.sure:
            return True
        return None if self.gap and any(map(_above_projects, policy.resources)) else False


@dataclass
class Boundaries:
    """Boundaries.

    Args:
        index: of the snapshot.
        members: who is in what.
    """

    index: Index
    members: Members
    _taken: dict[tuple[object, ...], Taken] = field(default_factory=dict)
    _included: dict[str, "_Including"] = field(default_factory=dict)
    _relevances: dict[str, tuple[bool | None, ...]] = field(default_factory=dict)

    @cached_property
    def _policies(self) -> dict[str, Boundary]:
        return {policy.name: policy for policy in self.index.snapshot.boundaries}

    @cached_property
    def _unread(self) -> tuple[str, ...]:
        return tuple(
            f"the boundaries of {one.of} could not be read: {one.why}"
            for one in self.index.snapshot.unread
            if one.part is Part.BOUNDARIES
        )

    @cached_property
    def _bound(self) -> tuple[tuple[BoundaryBinding, Boundary, Extent], ...]:
        """Bindings with their policy and whom they bind; one whose policy is gone binds nobody."""
        return tuple(
            (binding, self._policies[binding.boundary], self._extent(binding))
            for binding in self.index.snapshot.boundary_bindings
            if binding.boundary in self._policies
        )

    def _extent(self, binding: BoundaryBinding) -> Extent:
        whole = self.members.extent(normal(binding.principals))
        maybe = (whole.maybe | whole.vague) & ~whole.sure
        if not binding.condition:
            return Extent(whole.sure, maybe)
        universe = self.members.universe
        sure = perhaps = 0
        for name in universe.members(whole.sure | maybe):
            enforced = _enforced(binding.condition, name)
            if enforced is False:
                continue
            bit = universe.mask(name)
            if enforced and whole.sure & bit:
                sure |= bit
            else:
                perhaps |= bit
        return Extent(sure, perhaps)

    def taken(self, permission: str, resource: str) -> Taken:
        """From whom boundaries keep a permission on a resource."""
        if not self._unread and not self._bound:
            return NOTHING
        relevance = self._relevance(permission)
        if not any(one is not False for one in relevance) and not self._doubts(permission):
            return NOTHING
        doubts = self._doubts(permission)
        including = self._including(resource)
        key = (relevance, doubts, including)
        if key not in self._taken:
            self._taken[key] = self._reckon(relevance, including, doubts)
        return self._taken[key]

    def _relevance(self, permission: str) -> tuple[bool | None, ...]:
        """Of each binding, whether its boundary blocks a permission."""
        if permission not in self._relevances:
            self._relevances[permission] = tuple(
                blocks(permission, _version(policy)) for _, policy, _ in self._bound
            )
        return self._relevances[permission]

    def _doubts(self, permission: str) -> tuple[str, ...]:
        """Why anybody may be kept from a permission by boundaries that were not read."""
        return self._unread if blocks(permission, NEWEST) is not False else ()

    def _reckon(
        self,
        relevance: tuple[bool | None, ...],
        including: "_Including",
        doubts: tuple[str, ...],
    ) -> Taken:
        out = out_maybe = within = within_maybe = 0
        for relevant, (_, policy, extent) in zip(relevance, self._bound, strict=True):
            includes = including.told(policy)
            either = extent.sure | extent.maybe
            if includes is not False:
                if relevant and includes:
                    within |= extent.sure
                within_maybe |= either
            if relevant is not False and includes is not True:
                if relevant and includes is False:
                    out |= extent.sure
                out_maybe |= either
        if doubts:  # what was not read may keep from it, or take it in
            return Taken(0, self.members.universe.all & ~within)
        maybe = (out | out_maybe) & ~within
        sure = out & ~within & ~within_maybe
        return Taken(sure, maybe & ~sure)

    def _including(self, resource: str) -> "_Including":
        """Which boundaries take in a resource; equal for most, as most name little."""
        lineage = self.index.lineage(resource)
        start = lineage.containers[0]
        found = self._included.get(start)
        if found is None:
            names = (name for one in lineage.containers for name in self._naming.get(one, ()))
            found = self._included[start] = _Including(frozenset(names), bool(lineage.gap))
        return found

    @cached_property
    def _naming(self) -> dict[str, list[str]]:
        """The boundaries that name each container."""
        found: dict[str, list[str]] = {}
        for policy in self.index.snapshot.boundaries:
            for container in {self.index.short(one) for one in policy.resources}:
                found.setdefault(container, []).append(policy.name)
        return found

    def one(
        self,
        principal: str,
        belonging: Mapping[str, Belonging],
        permission: str,
        resource: str,
    ) -> TakenFrom:
        """What keeps a permission from one principal."""
        doubts = list(self._doubts(permission))
        including = self._including(resource)
        stopping: list[tuple[Boundary, bool]] = []
        beside: list[Boundary] = []
        eligible: bool | None = False
        for policy, sure in self._binding(principal, belonging):
            relevant = blocks(permission, _version(policy))
            includes = including.told(policy)
            if sure and relevant and includes:
                return TakenFrom()
            if includes is not False:
                eligible = None
            elif sure and relevant is False:
                beside.append(policy)
            if relevant is not False and includes is not True:
                stopping.append((policy, bool(sure and relevant and includes is False)))
        found = tuple(
            Block(
                BlockKind.BOUNDARY,
                policy.name,
                resource,
                f"boundary {_own(policy)} keeps it from {permission}: it does not take in the"
                " resource",
            )
            for policy, sure in stopping
            if sure and eligible is False and not doubts
        )
        if stopping and not found:
            names = sorted({_own(policy) for policy, _ in stopping})
            doubts.append(f"whether boundary {', '.join(names)} stops it is not known")
        told = beside if eligible is False else []
        return TakenFrom(found, tuple(doubts), tuple(_beside(one, permission) for one in told))

    def _binding(
        self, principal: str, belonging: Mapping[str, Belonging]
    ) -> Iterator[tuple[Boundary, bool]]:
        """The boundaries that bind or may bind a principal."""
        for binding, policy, _ in self._bound:
            known = belonging.get(normal(binding.principals))
            if known is None or known.expired:
                continue
            enforced = _enforced(binding.condition, principal) if binding.condition else True
            if enforced is not False:
                yield policy, bool(enforced and known.sure)


def _own(policy: Boundary) -> str:
    return policy.name.rpartition("/")[2]


def _beside(policy: Boundary, permission: str) -> str:
    """That a boundary leaves something out and stops nobody there all the same."""
    never = blocks(permission, NEWEST) is False
    why = "no boundary does" if never else f"its enforcement version {policy.version} does not"
    return f"boundary {_own(policy)} leaves it out and does not stop {permission}: {why}"


def _version(policy: Boundary) -> int:
    """A version by its number; the newest that is documented for ``latest``."""
    if policy.version in {"", "latest"}:
        return NEWEST
    return int(policy.version) if policy.version.isdigit() else NEWEST + 1


def _above_projects(container: str) -> bool:
    return "/projects/" not in f"/{container}"


def _enforced(condition: str, principal: str) -> bool | None:
    """Whether the condition of a binding lets it bind somebody; None when that is not known.

    It binds when the condition holds, and when it cannot be evaluated.
    """
    try:
        tree = parse(condition)
    except ConditionSyntaxError:
        return None
    known: dict[str, Value] = dict.fromkeys(ATTRIBUTES, _UNREADABLE)
    told = form(principal)
    kind = _TYPES.get(told.sort)
    if told.sort in {Sort.SUBJECT, Sort.POOL}:
        kind = "WorkforcePoolIdentity" if "workforcePools" in told.home else "WorkloadPoolIdentity"
    prefix = _PREFIX if _PREFIX in condition else ""
    known["principal.type"] = f"{prefix}{kind}" if kind else _untold("principal.type")
    single = told.sort in {Sort.USER, Sort.ACCOUNT, Sort.AGENT}
    known["principal.subject"] = told.value if single else _untold("principal.subject")
    truth = Evaluation(Context(known, frozenset(), ())).truth(tree)
    if not truth.possible & (HOLDS | BREAKS):
        return False
    return True if not truth.possible & ~(HOLDS | BREAKS) else None


def _untold(name: str) -> Unknown:
    return Unknown(Type.STRING, f"{name} is not known", frozenset({name}))
