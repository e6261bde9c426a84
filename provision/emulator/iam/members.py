"""Members of bindings: which forms there are, and whom they name.

Forms: the principal identifiers page of IAM's documentation.
"""

import re
from collections.abc import Callable

PUBLIC = ("allUsers", "allAuthenticatedUsers")
_EMAIL = r"[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+"
_UID = r"\?uid=\d+"
_FORMS = tuple(
    re.compile(pattern)
    for pattern in (
        "allUsers|allAuthenticatedUsers",
        rf"(user|serviceAccount|group):{_EMAIL}",
        r"serviceAccount:[a-z][a-z0-9.:-]*\.svc\.id\.goog\[[^\s/\]]+/[^\s/\]]+\]",
        r"domain:[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+",
        rf"deleted:(user|serviceAccount|group):{_EMAIL}{_UID}",
        r"(deleted:)?principal://[A-Za-z0-9.-]+/\S+",
        r"principalSet://[A-Za-z0-9.-]+/\S+",
        r"project(Owner|Editor|Viewer):[a-z][a-z0-9-]*",
    )
)
_ACCOUNT_SET = re.compile(
    r"principalSet://cloudresourcemanager\.googleapis\.com/"
    r"((?:projects|folders|organizations)/\d+)/type/ServiceAccount"
)


def is_well_formed(member: str) -> bool:
    """Whether a member has one of the forms that IAM knows."""
    return any(form.fullmatch(member) for form in _FORMS)


def email_of(member: str) -> str:
    """The address of ``user:``, ``serviceAccount:`` and ``group:`` members; else empty."""
    kind, _, rest = member.partition(":")
    return rest if kind in ("user", "serviceAccount", "group") else ""


def domain_of(member: str) -> str:
    """The domain of an addressed member or a ``domain:`` member, lower case; else empty."""
    if member.startswith("domain:"):
        return member.partition(":")[2].lower()
    return email_of(member).rpartition("@")[2].lower()


class Membership:
    """Whom a binding's member includes.

    Args:
        groups: members of a group by its ``group:…`` form in lower case.
        accounts_below: whether a service account (by e-mail) lives beneath a resource that is
            named by number, as in ``folders/200000000001``.
    """

    def __init__(
        self,
        groups: Callable[[str], tuple[str, ...]],
        accounts_below: Callable[[str, str], bool],
    ) -> None:
        self._groups = groups
        self._accounts_below = accounts_below

    def includes(self, listed: str, member: str) -> bool:
        """Whether the `listed` member of a binding is, or includes, `member`."""
        if listed == "allUsers":
            return True
        if member == "allUsers":
            return False
        return listed == "allAuthenticatedUsers" or self._names(listed, member, frozenset())

    def _names(self, listed: str, member: str, seen: frozenset[str]) -> bool:
        lowered = listed.lower()
        if lowered == member.lower():
            return True
        if listed.startswith("group:") and lowered not in seen:
            inner = self._groups(lowered)
            return any(self._names(one, member, seen | {lowered}) for one in inner)
        if listed.startswith("domain:"):
            return member.startswith("user:") and domain_of(member) == domain_of(listed)
        found = _ACCOUNT_SET.fullmatch(listed)
        return bool(
            found
            and member.startswith("serviceAccount:")
            and self._accounts_below(email_of(member), found.group(1))
        )
