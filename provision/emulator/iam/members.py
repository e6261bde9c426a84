"""Members of bindings: which forms there are, and whom they name.

Forms: the principal identifiers page of IAM's documentation.
"""

import re
from collections.abc import Callable

PUBLIC = ("allUsers", "allAuthenticatedUsers")
# ASCII that can be seen: of other letters some become others' when they are put in lower case.
EMAIL = r"(?:(?![@:/?])[!-~])+@(?:(?![@:/?.])[!-~])+(?:\.(?:(?![@:/?.])[!-~])+)+"
_UID = r"\?uid=\d+"
_WORKFORCE = r"iam\.googleapis\.com/locations/global/workforcePools/[^\s/]+"
_WORKLOAD = r"iam\.googleapis\.com/projects/\d+/locations/global/workloadIdentityPools/[^\s/]+"
_POOL = rf"(?:{_WORKFORCE}|{_WORKLOAD})"
ACCOUNT_SET = re.compile(
    r"principalSet://cloudresourcemanager\.googleapis\.com/"
    r"((?:projects|folders|organizations)/\d+)/type/(ServiceAccount|ServiceAgent)"
)
_FORMS = tuple(
    re.compile(pattern)
    for pattern in (
        "allUsers|allAuthenticatedUsers",
        rf"(user|serviceAccount|group):{EMAIL}",
        r"serviceAccount:[a-z][a-z0-9.:-]*\.svc\.id\.goog\[[^\s/\]]+/[^\s/\]]+\]",
        r"domain:[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+",
        rf"deleted:(user|serviceAccount|group):{EMAIL}{_UID}",
        rf"(deleted:)?principal://{_POOL}/subject/\S+",
        rf"principalSet://{_POOL}/(group/\S+|attribute\.[^\s/]+/\S+|\*)",
        ACCOUNT_SET.pattern,
    )
)
_LEGACY = re.compile(r"project(Owner|Editor|Viewer):(\S+)")
_AGENT = re.compile(
    r"service-(\d+)@[a-z0-9.-]+\.gserviceaccount\.com|(\d+)@cloudservices\.gserviceaccount\.com"
)
_ACCOUNT_DOMAIN = "gserviceaccount.com"


def is_well_formed(member: str) -> bool:
    """Whether a member has one of the forms that IAM knows."""
    return any(form.fullmatch(member) for form in _FORMS)


def is_legacy(member: str) -> bool:
    """Whether a member is a ``projectOwner:`` and the like, which Cloud Storage alone knows."""
    return _LEGACY.fullmatch(member) is not None


def project_of(member: str) -> str:
    """The project of a ``projectOwner:`` and the like, by id or number; else empty."""
    found = _LEGACY.fullmatch(member)
    return "" if found is None else found.group(2)


def kind_of_address(email: str) -> str:
    """``serviceAccount`` for an address of Google's service accounts, else ``user``."""
    domain = email.rpartition("@")[2].lower()
    ours = domain == _ACCOUNT_DOMAIN or domain.endswith(f".{_ACCOUNT_DOMAIN}")
    return "serviceAccount" if ours else "user"


def agent_project(email: str) -> str:
    """The number of the project whose service agent has this address; empty for no agent's."""
    found = _AGENT.fullmatch(email.lower())
    return "" if found is None else found.group(1) or found.group(2)


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
        project_below: whether a project (by number) is, or is beneath, such a resource.
        holders: whom a basic role (``roles/owner``) is granted to on a project, by the project's
            own policy.
    """

    def __init__(
        self,
        groups: Callable[[str], tuple[str, ...]],
        accounts_below: Callable[[str, str], bool],
        project_below: Callable[[str, str], bool],
        holders: Callable[[str, str], tuple[str, ...]],
    ) -> None:
        self._groups = groups
        self._accounts_below = accounts_below
        self._project_below = project_below
        self._holders = holders

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
        legacy = _LEGACY.fullmatch(listed)
        if legacy is not None:
            inner = self._holders(legacy.group(2), f"roles/{legacy.group(1).lower()}")
            return any(self._names(one, member, seen) for one in inner)
        found = ACCOUNT_SET.fullmatch(listed)
        return bool(found and self._is_in_set(member, found.group(1), found.group(2)))

    def _is_in_set(self, member: str, above: str, kind: str) -> bool:
        """Whether a member is a service account, or service agent, beneath a resource."""
        if not member.startswith("serviceAccount:"):
            return False
        if kind == "ServiceAccount":
            return self._accounts_below(email_of(member), above)
        number = agent_project(email_of(member))
        return bool(number) and self._project_below(number, above)
