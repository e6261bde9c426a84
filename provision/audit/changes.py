"""What changed between two snapshots, as far as it may change who can invoke what. Pure."""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from provision.audit import Audit
from provision.audit.forms import normal
from provision.conditions import State, state
from provision.policy import Condition
from provision.roles import permissions
from provision.snapshot.records import Binding, Group, Policy


class ChangeKind(StrEnum):
    """Sorts of changes."""

    BINDING = "binding"
    MEMBERSHIP = "membership"
    DENY = "deny policy"
    BOUNDARY = "boundary"
    ROLE = "role"
    GATE = "gate"
    """What stands before a target beside IAM: its invoker check, IAP, ingress."""
    TARGET = "target"
    """One that is new, or gone."""
    ACCOUNT = "account"
    PLACE = "hierarchy"
    TAGS = "tags"
    READING = "reading"
    """What could be read of it."""
    TIME = "time"
    """A condition or membership that began or ended, nobody having changed it."""


class Changed(NamedTuple):
    """One change.

    Args:
        kind: its sort.
        words: what happened, as a clause without the resource.
        resource: on what: named as records name it; of a membership the group.
        principal: whom it names; empty for nobody in particular.
        opens: whether it can only let in; None where it can do either.
        named: whom it may concern, in their normal spelling; empty for anybody.
        role: of a binding.
    """

    kind: ChangeKind
    words: str
    resource: str
    principal: str = ""
    opens: bool | None = None
    named: tuple[str, ...] = ()
    role: str = ""


def changes(old: Audit, new: Audit) -> list[Changed]:
    """Everything that changed, kind by kind, in the order of names."""
    seen = _Both(old, new)
    parts: tuple[Callable[[], Iterable[Changed]], ...] = (
        seen.targets,
        seen.bindings,
        seen.memberships,
        seen.denials,
        seen.boundaries,
        seen.roles,
        seen.accounts,
        seen.places,
        seen.tags,
        seen.readings,
    )
    return [one for part in parts for one in sorted(part(), key=lambda one: (one[2], one[3], one))]


_FLAGS = {
    "invoker_check": ("the invoker check was turned {}", True),
    "iap": ("IAP was turned {}", None),
    "default_url": ("the default address was turned {}", None),
}
_VALUES = {"ingress": "ingress", "account": "the runtime account", "service": "its service"}


class _Both:
    """Two audits side by side."""

    def __init__(self, old: Audit, new: Audit) -> None:
        self.old = old
        self.new = new
        self._known: dict[str, bool] = {}

    def targets(self) -> Iterator[Changed]:
        for before, after, name in _paired(self.old, self.new, "targets", "name"):
            if before is None or after is None:
                words = "it is gone" if after is None else "it is new"
                yield Changed(ChangeKind.TARGET, words, name, opens=before is None)
            else:
                yield from self._gates(before, after, name)

    def _gates(self, before: Any, after: Any, name: str) -> Iterator[Changed]:  # noqa: ANN401 - Targets
        for flag, (words, closes) in _FLAGS.items():
            is_on = getattr(after, flag)
            if getattr(before, flag) != is_on:
                opens = None if closes is None else not is_on
                told = words.format("on" if is_on else "off")
                yield Changed(ChangeKind.GATE, told, name, opens=opens)
        for field, word in _VALUES.items():
            was, is_ = getattr(before, field), getattr(after, field)
            if was != is_:
                words = f"{word} changed from {was or 'none'} to {is_ or 'none'}"
                yield Changed(ChangeKind.GATE, words, name)

    def bindings(self) -> Iterator[Changed]:
        moved = self.old.at != self.new.at
        for before, after, name in _paired(self.old, self.new, "policies", "resource"):
            was, is_ = self._held(before), self._held(after)
            if was != is_:
                yield from (_bound(*one, name, given=True) for one in is_ - was)
                yield from (_bound(*one, name, given=False) for one in was - is_)
            if moved:
                yield from self._in_time(was & is_, name)

    def _held(self, policy: Policy | None) -> set[tuple[str, str, str]]:
        bindings: tuple[Binding, ...] = policy.bindings if policy else ()
        return {
            (binding.role, normal(member), binding.condition)
            for binding in bindings
            if self._matters(binding.role)
            for member in binding.members
        }

    def _matters(self, role: str) -> bool:
        """Whether a role has any permission on the ways to an invocation, or may have."""
        if role not in self._known:
            indexes = self.old.judge.index, self.new.judge.index
            self._known[role] = any(
                index.includes(role, one) is not False for index in indexes for one in permissions()
            )
        return self._known[role]

    def _in_time(self, kept: set[tuple[str, str, str]], name: str) -> Iterator[Changed]:
        for role, member, expression in kept:
            if expression:
                was, is_ = (
                    state(Condition(expression), audit.at).state for audit in (self.old, self.new)
                )
                if was is not is_:
                    yield Changed(
                        ChangeKind.TIME,
                        f"the condition of {role} for {member} is {is_}, was {was}",
                        name,
                        member,
                        opens=_opening(was, is_),
                        named=(member,),
                        role=role,
                    )

    def memberships(self) -> Iterator[Changed]:
        for before, after, name in _paired(self.old, self.new, "groups", "member"):
            if before is None or after is None:
                continue  # it is bound, or read, only since: a binding or a reading tells
            was, is_ = _inside(before, self.old), _inside(after, self.new)
            for member in is_ - was:
                words = f"{member} came into {name}"
                kind = ChangeKind.TIME if _listed(before, member) else ChangeKind.MEMBERSHIP
                yield Changed(kind, words, name, member, opens=True, named=(member,))
            for member in was - is_:
                ended = _listed(after, member)
                words = f"{member} is out of {name}" + (": its time is over" if ended else "")
                kind = ChangeKind.TIME if ended else ChangeKind.MEMBERSHIP
                yield Changed(kind, words, name, member, opens=False, named=(member,))

    def denials(self) -> Iterator[Changed]:
        def key(policy: Any) -> str:  # noqa: ANN401 - a DenyPolicy
            return f"{policy.resource}\x1f{policy.name}"

        for before, after, name in _paired(self.old, self.new, "deny_policies", key):
            if before == after:
                continue
            was, is_ = (set(one.rules) if one else set() for one in (before, after))
            differing = was ^ is_
            verb = "is new" if before is None else "is gone" if after is None else "changed"
            resource, _, id_ = name.partition("\x1f")
            yield Changed(
                ChangeKind.DENY,
                f"deny policy {id_} {verb}",
                self.new.judge.index.short(resource),
                opens=True if after is None else False if before is None else None,
                named=tuple(sorted({normal(who) for rule in differing for who in rule.principals})),
            )

    def boundaries(self) -> Iterator[Changed]:
        for kind, word in (
            ("boundaries", "boundary"),
            ("boundary_bindings", "binding of boundary"),
        ):
            for before, after, name in _paired(self.old, self.new, kind, "name"):
                if before != after:
                    verb = "is new" if before is None else "is gone" if after is None else "changed"
                    own = name.rpartition("/")[2]
                    yield Changed(ChangeKind.BOUNDARY, f"{word} {own} {verb}", name)

    def roles(self) -> Iterator[Changed]:
        for before, after, name in _paired(self.old, self.new, "roles", "name"):
            if before is None or after is None or before == after:
                continue
            was, is_ = (set() if one.deleted else set(one.permissions) for one in (before, after))
            asked = set(permissions())
            for verb, differing in (("gained", is_ - was), ("lost", was - is_)):
                some = sorted(differing & asked)
                if some:
                    words = f"the role {verb} {', '.join(some)}"
                    yield Changed(ChangeKind.ROLE, words, name, opens=verb == "gained", role=name)

    def accounts(self) -> Iterator[Changed]:
        for before, after, name in _paired(self.old, self.new, "accounts", "name"):
            if before is not None and after is not None and before.disabled != after.disabled:
                word = "disabled" if after.disabled else "enabled"
                who = normal(f"serviceAccount:{after.email}")
                yield Changed(
                    ChangeKind.ACCOUNT,
                    f"{after.email} was {word}",
                    name,
                    who,
                    opens=not after.disabled,
                )

    def places(self) -> Iterator[Changed]:
        for before, after, name in _paired(self.old, self.new, "containers", "name"):
            if before is not None and after is not None and before.parent != after.parent:
                was, is_ = (one.parent or "nothing known" for one in (before, after))
                yield Changed(ChangeKind.PLACE, f"it moved from {was} to {is_}", name)

    def tags(self) -> Iterator[Changed]:
        for before, after, name in _paired(self.old, self.new, "tags", "resource"):
            was, is_ = (set(one.tags) if one else set() for one in (before, after))
            for verb, differing in (("bound", is_ - was), ("taken off", was - is_)):
                for tag in differing:
                    words = f"tag {tag.key}={tag.value} was {verb}"
                    yield Changed(ChangeKind.TAGS, words, name)

    def readings(self) -> Iterator[Changed]:
        was, is_ = (
            {(one.of, one.part, one.detail): one.why for one in audit.snapshot.unread}
            for audit in (self.old, self.new)
        )
        for (of, part, detail), why in is_.items() - was.items():
            if (of, part, detail) not in was:
                words = f"{part}{f' ({detail})' if detail else ''} could not be read: {why}"
                yield Changed(ChangeKind.READING, words, of)
        for of, part, detail in was.keys() - is_.keys():
            words = f"{part}{f' ({detail})' if detail else ''} could be read again"
            yield Changed(ChangeKind.READING, words, of)


def _paired(
    old: Audit, new: Audit, records: str, key: str | Callable[[Any], str]
) -> Iterator[tuple[Any, Any, str]]:
    """Records of both by name, where they differ, or conditions may have with time."""
    name = key if callable(key) else lambda record: str(getattr(record, key))
    was, is_ = (
        {name(record): record for record in getattr(audit.snapshot, records)}
        for audit in (old, new)
    )
    timed = old.at != new.at and records in {"policies", "groups"}
    for each in sorted(was.keys() | is_.keys()):
        before, after = was.get(each), is_.get(each)
        if timed or before != after:
            yield before, after, each


def _bound(role: str, member: str, condition: str, resource: str, *, given: bool) -> Changed:
    under = f" while {condition}" if condition else ""
    words = f"{member} {'was given' if given else 'lost'} {role}{under}"
    return Changed(
        ChangeKind.BINDING, words, resource, member, opens=given, named=(member,), role=role
    )


def _inside(group: Group, audit: Audit) -> set[str]:
    """Members at the audit's time."""
    return {
        normal(one.member) for one in group.members if one.expires is None or one.expires > audit.at
    }


def _listed(group: Group, member: str) -> bool:
    return any(normal(one.member) == member for one in group.members)


_LIVE = frozenset({State.ACTIVE, State.CONDITIONAL, State.UNKNOWN})


def _opening(was: State, is_: State) -> bool | None:
    if (was in _LIVE) == (is_ in _LIVE):
        return None
    return is_ in _LIVE
