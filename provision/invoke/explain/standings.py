"""Which bindings let somebody in, for one request. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from provision.conditions import Request, evaluate
from provision.invoke.explain.facts import Holds, Standing
from provision.policy import Binding, Policy
from provision.principals import Kind, is_public, same

Carries = Callable[[str], bool | None]
"""Whether a role holds the permission; None when the role cannot be read."""

_ETAG_FORM, _ETAG_LENGTH = 7, 8
_YEARS = range(2015, 2100)
"""Cloud Run's policies are younger; an etag that decodes to another year is of another form."""


@dataclass(frozen=True)
class Place:
    """A policy and where it stands.

    Args:
        where: as ``service orders`` or ``project acme-prod``.
        policy: what stands there.
        carries: which roles count.
        request: what conditions are judged for.
    """

    where: str
    policy: Policy
    carries: Carries
    request: Request

    def standings(self, member: str) -> Iterator[Standing]:
        """The bindings that name `member`, or somebody that it may be.

        Where one that names it lets it in, the others do not matter: those come first.
        """
        for binding in self.policy.bindings:
            carried = self.carries(binding.role)
            if carried is False:
                continue
            for named in binding.members:
                how = _names(named, member)
                if how is not None:
                    yield self._standing(binding, named, how, unread=carried is None)

    def _standing(self, binding: Binding, named: str, how: str, *, unread: bool) -> Standing:
        holds, because = self._judged(binding)
        if holds is Holds.YES and unread:
            holds, because = Holds.UNKNOWN, "what the role holds cannot be read"
        if holds is Holds.YES and how:
            holds, because = Holds.UNKNOWN, how
        return Standing(
            where=self.where,
            role=binding.role,
            member=named,
            holds=holds,
            because=because,
            conditional=binding.condition is not None,
            changed_at=changed_at(self.policy.etag),
        )

    def _judged(self, binding: Binding) -> tuple[Holds, str]:
        """Whether the condition of a binding holds for this request, and which part does not."""
        condition = binding.condition
        if condition is None:
            return Holds.YES, ""
        truth = evaluate(condition.expression, self.request)
        title = f" ({condition.title})" if condition.title else ""
        if truth.value:
            return Holds.YES, f"if {condition.expression}{title}"
        if truth.value is None:
            return Holds.UNKNOWN, f"if {condition.expression}{title}: {truth.why}"
        return Holds.NO, f"if {condition.expression}{title}: {truth.why}"


def changed_at(etag: bytes) -> datetime | None:
    """When a policy was last changed, by its etag; None when that cannot be told.

    Seen in recorded traffic: a byte of 7, then the microseconds since 1970 in seven bytes. Nothing
    promises the form, so what follows from it is only likely.
    """
    if len(etag) != _ETAG_LENGTH or etag[0] != _ETAG_FORM:
        return None
    try:
        moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int.from_bytes(etag[1:]))
    except OverflowError:
        return None
    return moment if moment.year in _YEARS else None


_CLOSED = frozenset({Kind.USER, Kind.SERVICE_ACCOUNT, Kind.PRINCIPAL, "deleted"})
"""Kinds of which each is one single principal, or nobody any more."""
_BASIC = frozenset({Kind.PROJECT_OWNER, Kind.PROJECT_EDITOR, Kind.PROJECT_VIEWER})
_PERHAPS: Mapping[str, str] = {
    Kind.GROUP: "membership of the group was not looked at",
    Kind.DOMAIN: "it counts if the account belongs to that domain",
    **dict.fromkeys(_BASIC, "it counts for those who hold that basic role on the project"),
}


def _names(named: str, member: str) -> str | None:
    """How a policy's member means `member`: None for not, empty for certainly, else in words."""
    if same(named, member) or is_public(named):
        return ""
    kind, _, value = named.partition(":")
    is_account = member.startswith("serviceAccount:")
    foreign = is_account or not member.lower().endswith(f"@{value.lower()}")
    of_accounts = kind == Kind.PRINCIPAL_SET and "/type/Service" in value
    if kind in _CLOSED or (kind == Kind.DOMAIN and foreign) or (of_accounts and not is_account):
        return None
    return _PERHAPS.get(kind, "whether the caller belongs to it was not looked at")
