"""Principals as deny policies write them (v2 forms): which there are, and whom they stand for.

Forms: the comments of ``google.iam.v2.DenyRule`` and the principal identifiers page.
"""

import re
from collections.abc import Callable

from provision.emulator.iam.members import ACCOUNT_SET, EMAIL, Membership

EVERYONE = "principalSet://goog/public:all"
_UID = r"\?uid=\d+"
_POOLS = (
    r"iam\.googleapis\.com/(?:locations/global/workforcePools|"
    r"projects/\d+/locations/global/workloadIdentityPools)/[^\s/]+"
)
_USER = re.compile(rf"principal://goog/subject/({EMAIL})")
_ACCOUNT = re.compile(rf"principal://iam\.googleapis\.com/projects/-/serviceAccounts/({EMAIL})")
_GROUP = re.compile(rf"principalSet://goog/group/({EMAIL})")
_CUSTOMER = re.compile(r"principalSet://goog/cloudIdentityCustomerId/(C[A-Za-z0-9]+)")
_FORMS = (
    re.compile(re.escape(EVERYONE)),
    _USER,
    _ACCOUNT,
    _GROUP,
    _CUSTOMER,
    ACCOUNT_SET,
    re.compile(rf"principal://{_POOLS}/subject/\S+"),
    re.compile(rf"principalSet://{_POOLS}/(?:group/\S+|attribute\.[^\s/]+/\S+|\*)"),
    re.compile(rf"deleted:{_USER.pattern}{_UID}"),
    re.compile(rf"deleted:{_GROUP.pattern}{_UID}"),
    re.compile(rf"deleted:{_ACCOUNT.pattern}{_UID}"),
    re.compile(rf"deleted:principal://{_POOLS}/subject/\S+"),
)


def is_principal(text: str) -> bool:
    """Whether a text has one of the forms; addresses have to be in lower case (reported)."""
    if not any(form.fullmatch(text) for form in _FORMS):
        return False
    address = email_in(text)
    return address == address.lower()


def email_in(text: str) -> str:
    """The address in the principal of a user, service account or group; empty for others."""
    for form in (_USER, _ACCOUNT, _GROUP):
        found = form.fullmatch(text)
        if found:
            return found.group(1)
    return ""


def service_account_in(text: str) -> str:
    """The address in the principal of a service account; empty for others."""
    found = _ACCOUNT.fullmatch(text)
    return found.group(1) if found else ""


class Principals:
    """Whom principals stand for.

    Args:
        membership: who is in which group, and which accounts are beneath which resource.
        domains: the domains of a Cloud Identity customer, by its id.
    """

    def __init__(self, membership: Membership, domains: Callable[[str], tuple[str, ...]]) -> None:
        self._membership = membership
        self._domains = domains

    def include(self, listed: str, member: str) -> bool:
        """Whether `listed` is, or includes, the member that calls (``allUsers`` for nobody)."""
        if listed == EVERYONE:
            return True
        if member == "allUsers":
            return False
        customer = _CUSTOMER.fullmatch(listed)
        if customer:
            return any(
                self._membership.includes(f"domain:{domain}", member)
                for domain in self._domains(customer.group(1))
            )
        as_member = _as_member(listed)
        return bool(as_member) and self._membership.includes(as_member, member)


def _as_member(listed: str) -> str:
    """The form that allow policies have for the same; empty where there is none."""
    for form, kind in ((_USER, "user"), (_ACCOUNT, "serviceAccount"), (_GROUP, "group")):
        found = form.fullmatch(listed)
        if found:
            return f"{kind}:{found.group(1)}"
    return listed if ACCOUNT_SET.fullmatch(listed) else ""
