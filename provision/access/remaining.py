"""What still lets a principal in after it was revoked: nothing is passed over in silence."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from provision.access.above import Layer
from provision.access.standing import Carries, Grant, grants
from provision.clients.targets import Resolved
from provision.conditions import State
from provision.policy import Policy
from provision.principals import canonical, is_public

IsIn = Callable[[str, str], bool | None]
"""Whether an address is a member of the group of another; None when that cannot be read."""

_BY_ADDRESS = ("user", "serviceAccount", "group")


class How(StrEnum):
    """How sure it is that somebody still gets in."""

    STILL = "still gets in"
    MAY = "may still get in"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class Remaining:
    """One thing that still lets a principal in, or may.

    Args:
        member: the principal.
        how: how sure that is.
        by: the member of a policy that it gets in by; empty when it is no policy.
        role: that it holds; empty likewise.
        resource: whose policy it is, or what the opening is on.
        why: in a few words.
    """

    member: str
    how: How
    by: str
    role: str
    resource: str
    why: str


def check_is_off(resolved: Resolved) -> bool:
    """Whether the target asks nobody for a permission."""
    return bool(resolved.live.get("invokerIamDisabled", False))


def openings(resolved: Resolved) -> tuple[str, ...]:
    """What decides over callers beside the policies, in sentences."""
    told = []
    if check_is_off(resolved):
        told.append(
            "The invoker check is switched off: whoever reaches it may call it, whatever the"
            " policies say."
        )
    if resolved.live.get("iapEnabled", False):
        told.append(
            "Identity-Aware Proxy is on and asks before the invoker check: who may come through"
            " it (roles/iap.httpsResourceAccessor) is not told here."
        )
    return tuple(told)


def condition_kind(resolved: Resolved) -> str:
    """What a target is to conditions: a second-generation function is a service there."""
    return "service" if resolved.takes_conditions else resolved.target.kind.value


@dataclass(frozen=True)
class Remains:
    """Looks for what still lets principals in.

    Args:
        resolved: the target.
        policy: its policy after the revocation.
        above: the policies that stand above it.
        carries: which roles let somebody in.
        is_in: whether somebody is in a group.
        now: the time.
    """

    resolved: Resolved
    policy: Policy
    above: tuple[Layer, ...]
    carries: Carries
    is_in: IsIn
    now: datetime

    def of(self, members: Iterable[str]) -> tuple[Remaining, ...]:
        """What remains for each of `members`; the surest first."""
        standing = tuple(self._grants())
        found = [one for member in members for one in self._of(member, standing)]
        return tuple(sorted(found, key=lambda one: list(How).index(one.how)))

    def _grants(self) -> Iterator[Grant]:
        kind = condition_kind(self.resolved)
        yield from grants(self.policy, self.resolved.resource, self.carries, self.now, kind)
        for layer in self.above:
            if layer.policy is not None:
                yield from grants(layer.policy, layer.resource, self.carries, self.now, kind)

    def _of(self, member: str, standing: tuple[Grant, ...]) -> Iterator[Remaining]:
        if check_is_off(self.resolved):
            yield Remaining(
                member,
                How.STILL,
                "",
                "",
                self.resolved.resource,
                "its invoker check is off (invokerIamDisabled): anybody gets in",
            )
        for grant in standing:
            if grant.lets_in:
                yield from self._by(member, grant)
        for layer in self.above:
            if layer.policy is None:
                why = f"its policy cannot be read ({layer.unread})"
                yield Remaining(member, How.UNKNOWN, "", "", layer.resource, why)

    def _by(self, member: str, grant: Grant) -> Iterator[Remaining]:
        covered, why = self._covers(grant.member, member)
        if covered is False:
            return
        sure = covered is True and grant.state is State.ACTIVE and grant.certain
        doubts = [why] if why else []
        if not grant.certain:
            doubts.append("the role cannot be read")
        if grant.condition is not None:
            doubts.append(f"if {grant.condition.title or grant.condition.expression}")
        yield Remaining(
            member,
            How.STILL if sure else How.MAY,
            grant.member,
            grant.role,
            grant.resource,
            ", ".join(doubts),
        )

    def _covers(self, holder: str, member: str) -> tuple[bool | None, str]:
        """Whether `holder` of a role means `member` too; None: perhaps, and why."""
        kind, _, address = canonical(member).partition(":")
        if canonical(holder) == canonical(member) or holder == "allUsers":
            return True, ""
        if is_public(holder):
            return (True, "") if kind in _BY_ADDRESS else (False, "")
        if holder.startswith("group:") and kind in _BY_ADDRESS:
            return self._in_group(holder, address)
        if holder.startswith("domain:") and kind in {"user", "group"}:
            same = address.endswith("@" + canonical(holder).partition(":")[2])
            return (None, "if the account is of that organisation") if same else (False, "")
        return _in_set(holder, kind, address)

    def _in_group(self, holder: str, address: str) -> tuple[bool | None, str]:
        found = self.is_in(holder.partition(":")[2], address)
        if found is None:
            return None, "whether it is in that group cannot be read"
        return found, "it is in that group" if found else ""


def _in_set(holder: str, kind: str, address: str) -> tuple[bool | None, str]:
    """Whether a set of principals may mean somebody."""
    if not holder.startswith("principalSet:"):
        return False, ""
    if "/type/Service" in holder:
        return (None, "if it is one of those accounts") if kind == "serviceAccount" else (False, "")
    pool = holder.partition("/workloadIdentityPools/")[2].partition("/")[0]
    pool = pool or holder.partition("/workforcePools/")[2].partition("/")[0]
    same = kind == "principal" and bool(pool) and f"Pools/{pool}/" in address
    return (None, "if it is in that set") if same else (False, "")
