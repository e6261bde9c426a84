"""Deny policies: what they take away, from whom, whatever allow policies give. Pure.

Source: iam/docs/deny-overview. A rule applies when it names the permission and the principal,
excepts neither, and its condition holds or cannot be evaluated.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from provision.audit.answers import Block, BlockKind
from provision.audit.conditioned import UNTAGGED, Conditions, Tagged
from provision.audit.forms import normal
from provision.audit.index import Index
from provision.audit.members import Belonging, Members
from provision.snapshot.records import DenyPolicy, DenyRule, Part

_SERVICES = {"resourcemanager": "cloudresourcemanager.googleapis.com"}
"""Where the name of the service is not that of the permission with ``.googleapis.com``."""


_UNREADABLE = "its condition cannot be read here"


class Taken(NamedTuple):
    """From whom something is taken away.

    Args:
        sure: surely.
        maybe: perhaps.
        doubts: why it may be taken from anybody.
    """

    sure: int = 0
    maybe: int = 0
    doubts: tuple[str, ...] = ()

    def joined(self, other: "Taken") -> "Taken":
        """Taken by one or the other."""
        if other is NOTHING:
            return self
        if self is NOTHING:
            return other
        sure = self.sure | other.sure
        return Taken(sure, (self.maybe | other.maybe) & ~sure, self.doubts + other.doubts)


NOTHING = Taken()


class TakenFrom(NamedTuple):
    """What takes something away from one principal: surely, and perhaps, and why that is.

    And what looks as if it did and does not, in words.
    """

    blocks: tuple[Block, ...] = ()
    doubts: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


@dataclass
class Deny:
    """Deny policies.

    Args:
        index: of the snapshot.
        members: who is in what.
        conditions: what conditions come to.
    """

    index: Index
    members: Members
    conditions: Conditions
    _taken: dict[tuple[str, str, Tagged], Taken] = field(default_factory=dict)
    _rules: dict[tuple[str, str], tuple[tuple[DenyPolicy, DenyRule], ...]] = field(
        default_factory=dict
    )

    def taken(self, permission: str, resource: str) -> Taken:
        """From whom deny policies take a permission."""
        lineage = self.index.lineage(resource)
        return self._from(lineage.containers, lineage.gap, permission, resource)

    def _from(self, containers: tuple[str, ...], gap: str, permission: str, resource: str) -> Taken:
        """What the deny policies of containers take, each one below the next."""
        if not containers:
            return Taken(doubts=(f"deny policies above are not known: {gap}",)) if gap else NOTHING
        conditional = not self.index.conditional_deny.isdisjoint(containers)
        tagged = self.conditions.tags(resource) if conditional else UNTAGGED
        key = (containers[0], permission, tagged)
        found = self._taken.get(key)
        if found is None:
            found = self._from(containers[1:], gap, permission, resource)
            found = self._taken[key] = self._here(containers[0], permission, tagged).joined(found)
        return found

    def _here(self, container: str, permission: str, tagged: Tagged) -> Taken:
        why = self.index.unread.get((container, Part.DENY))
        found = Taken(doubts=(_unread(container, why),)) if why is not None else NOTHING
        for _, rule in self._named(container, permission):
            found = found.joined(self._applied(rule, tagged))
        return found

    def _unread(self, resource: str) -> Iterator[str]:
        lineage = self.index.lineage(resource)
        for container in lineage.containers:
            why = self.index.unread.get((container, Part.DENY))
            if why is not None:
                yield _unread(container, why)
        if lineage.gap:
            yield f"deny policies above are not known: {lineage.gap}"

    def _named(self, container: str, permission: str) -> tuple[tuple[DenyPolicy, DenyRule], ...]:
        """The rules of a container that name a permission."""
        key = (container, permission)
        if key not in self._rules:
            wanted = permission_name(permission)
            self._rules[key] = tuple(
                (policy, rule)
                for policy in self.index.deny.get(container, ())
                for rule in policy.rules
                if names(rule.permissions, wanted) and not names(rule.except_permissions, wanted)
            )
        return self._rules[key]

    def _applied(self, rule: DenyRule, tagged: Tagged) -> Taken:
        applies = self.conditions.denies(rule.condition, tagged)
        if applies is False:
            return Taken()
        denied, denied_maybe = self._both(rule.principals)
        spared, spared_maybe = self._both(rule.except_principals)
        sure = denied & ~spared & ~spared_maybe
        maybe = (denied | denied_maybe) & ~spared & ~sure
        return Taken(sure, maybe) if applies else Taken(0, sure | maybe)

    def _both(self, principals: Iterable[str]) -> tuple[int, int]:
        sure = maybe = 0
        for one in principals:
            extent = self.members.extent(normal(one))
            sure |= extent.sure
            maybe |= extent.maybe | extent.vague
        return sure, maybe & ~sure

    def one(self, belonging: Mapping[str, Belonging], permission: str, resource: str) -> TakenFrom:
        """What takes a permission from one principal."""
        blocks: list[Block] = []
        doubts = list(self._unread(resource))
        tagged = self.conditions.tags(resource)
        for container in self.index.lineage(resource).containers:
            for policy, rule in self._named(container, permission):
                applies = self.conditions.denies(rule.condition, tagged)
                denied = _certainty(belonging, rule.principals)
                spared = _certainty(belonging, rule.except_principals)
                if applies is False or denied is False or spared is True:
                    continue
                title = f" ({rule.title})" if rule.title else ""
                if applies and denied and spared is False:
                    reason = f"deny policy {policy.name}{title} denies {permission}"
                    blocks.append(Block(BlockKind.DENY, policy.name, container, reason))
                else:
                    why = _why(belonging, rule, "" if applies else tagged.more or _UNREADABLE)
                    doubts.append(f"deny policy {policy.name}{title} may apply: {why}")
        return TakenFrom(tuple(dict.fromkeys(blocks)), tuple(dict.fromkeys(doubts)))


def _unread(container: str, why: str) -> str:
    return f"the deny policies of {container} could not be read: {why}"


@cache
def permission_name(permission: str) -> str:
    """A permission as deny policies name it, as ``run.googleapis.com/routes.invoke``."""
    service, _, rest = permission.partition(".")
    return f"{_SERVICES.get(service, f'{service}.googleapis.com')}/{rest}"


def names(listed: Iterable[str], wanted: str) -> bool:
    """Whether a list names a permission, by itself or by a group of permissions."""
    service, _, rest = wanted.partition("/")
    resource, _, verb = rest.rpartition(".")
    groups = {wanted, f"{service}/*.*", f"{service}/{resource}.*", f"{service}/*.{verb}"}
    return not groups.isdisjoint(listed)


def _certainty(belonging: Mapping[str, Belonging], principals: Iterable[str]) -> bool | None:
    """Whether somebody is among principals; None when that is not known."""
    found: bool | None = False
    for one in principals:
        known = belonging.get(normal(one))
        if known is None or known.expired:
            continue
        if known.sure:
            return True
        found = None
    return found


def _why(belonging: Mapping[str, Belonging], rule: DenyRule, untold: str) -> str:
    found = [untold] if untold else []
    for one in (*rule.principals, *rule.except_principals):
        known = belonging.get(normal(one))
        if known is not None and known.doubts:
            found.extend(known.doubts)
    return " and ".join(dict.fromkeys(found))
