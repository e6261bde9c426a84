"""The forms in which allow policies, deny policies and boundaries name principals. Pure.

Sources: iam/docs/principal-identifiers (allow: v1, deny: v2) and
iam/docs/principal-access-boundary-policies (principal sets).
"""

import re
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from provision.audit.index import project_of
from provision.principals import canonical

ANYBODY = "allUsers"
AUTHENTICATED = "allAuthenticatedUsers"
CUSTOMER = "cloudIdentityCustomerId:"

_DELETED = "deleted:"
_ACCOUNTS = "principalSet://cloudresourcemanager.googleapis.com/"
_V2 = (
    (re.compile(r"principalSet://goog/public:all"), ANYBODY),
    (re.compile(r"principal://goog/subject/(.+)"), r"user:\1"),
    (re.compile(r"principalSet://goog/group/(.+)"), r"group:\1"),
    (re.compile(r"principalSet://goog/cloudIdentityCustomerId/(.+)"), rf"{CUSTOMER}\1"),
    (
        re.compile(r"principal://iam\.googleapis\.com/projects/-/serviceAccounts/(.+)"),
        r"serviceAccount:\1",
    ),
    (re.compile(r"//iam\.googleapis\.com/locations/global/workspace/(.+)"), rf"{CUSTOMER}\1"),
    (
        re.compile(r"(//iam\.googleapis\.com/.*/(?:workforce|workloadIdentity)Pools/[^/]+)/?\*?"),
        r"principalSet:\1/*",
    ),
    (
        re.compile(
            r"//cloudresourcemanager\.googleapis\.com/((?:projects|folders|organizations)/[^/]+)"
        ),
        rf"{_ACCOUNTS}\1",
    ),
)
"""How deny policies and boundaries write what allow policies write otherwise."""

_POOL = re.compile(
    r"//iam\.googleapis\.com/(?:locations/global/workforcePools/[^/]+"
    r"|projects/(?P<project>[^/]+)/locations/global/workloadIdentityPools/[^/]+)"
)
_SET = re.compile(
    r"((?:projects|folders|organizations)/[^/]+)(?:/type/(ServiceAccount|ServiceAgent))?"
)
_NUMBERED = re.compile(r"(?:service-)?([0-9]+)@(.+)")
_DEFAULT = re.compile(r"([0-9]+)-compute@developer\.gserviceaccount\.com")
_KUBERNETES = re.compile(r"(?P<project>.+)\.svc\.id\.goog\[(?P<space>[^/]+)/(?P<name>[^\]]+)\]")
_TRUST = re.compile(r"//([^/]+\.[^/]+)/.+")


class Sort(StrEnum):
    """What a name in a policy stands for."""

    USER = "user"
    ACCOUNT = "service account"
    AGENT = "service agent"
    KUBERNETES = "Kubernetes account"
    SUBJECT = "federated identity"
    GROUP = "group"
    DOMAIN = "domain"
    CUSTOMER = "customer"
    POOL = "identity pool"
    ACCOUNTS = "set of accounts"
    BASIC = "holders of a basic role"
    TRUSTED = "agent identity"
    TRUST = "agent identities"
    ANYBODY = "anybody"
    AUTHENTICATED = "anybody signed in"
    DELETED = "deleted principal"
    OTHER = "not known"


SETS = frozenset(
    {
        Sort.GROUP,
        Sort.DOMAIN,
        Sort.CUSTOMER,
        Sort.POOL,
        Sort.ACCOUNTS,
        Sort.BASIC,
        Sort.TRUST,
        Sort.ANYBODY,
        Sort.AUTHENTICATED,
        Sort.OTHER,
    }
)
"""What stands for more than one."""


class Form(NamedTuple):
    """A name in a policy, taken apart.

    Args:
        sort: what it stands for.
        value: an e-mail, a domain, a customer, a subject; of a set of accounts its type.
        home: where it belongs: a domain, ``projects/ID`` or ``projects/NUMBER``, a pool, a
            container.
    """

    sort: Sort
    value: str = ""
    home: str = ""


@lru_cache(maxsize=1 << 20)
def normal(member: str) -> str:
    """The spelling of allow policies, which equal principals share."""
    if member.startswith(_DELETED):
        return canonical(member)
    if "//" in member:
        for pattern, replacement in _V2:
            found = pattern.fullmatch(member)
            if found:
                return canonical(found.expand(replacement))
        return member
    return canonical(member)


@lru_cache(maxsize=1 << 16)
def form(member: str) -> Form:
    """What a name, in its normal spelling, stands for."""
    prefix, _, value = member.partition(":")
    read = _FORMS.get(prefix)
    return Form(Sort.OTHER, member) if read is None else read(value)


def _basic(role: str) -> Callable[[str], Form]:
    return lambda project: Form(Sort.BASIC, role, project)


def _account(email: str) -> Form:
    kubernetes = _KUBERNETES.fullmatch(email)
    if kubernetes:
        value = f"ns/{kubernetes['space']}/sa/{kubernetes['name']}"
        return Form(Sort.KUBERNETES, value, f"projects/{kubernetes['project']}")
    default = _DEFAULT.fullmatch(email)
    if default:
        return Form(Sort.ACCOUNT, email, f"projects/{default[1]}")
    numbered = _NUMBERED.fullmatch(email)
    if numbered and (email.startswith("service-") or numbered[2].startswith("cloudservices.")):
        return Form(Sort.AGENT, email, f"projects/{numbered[1]}")
    project = project_of(email)
    return Form(Sort.ACCOUNT, email, f"projects/{project}" if project else "")


def _single(path: str) -> Form:
    pool = _POOL.match(path)
    if pool and path[pool.end() :].startswith("/subject/"):
        return Form(Sort.SUBJECT, path[pool.end() + len("/subject/") :], pool[0])
    trust = _TRUST.fullmatch(path)
    if trust and not pool and "google" not in trust[1]:
        return Form(Sort.TRUSTED, path, trust[1])
    return Form(Sort.OTHER, f"principal:{path}")


def _set(path: str) -> Form:
    pool = _POOL.match(path)
    if pool:
        return Form(Sort.POOL, path[pool.end() :].strip("/") or "*", pool[0])
    full = f"principalSet:{path}"
    if full.startswith(_ACCOUNTS):
        found = _SET.fullmatch(full[len(_ACCOUNTS) :])
        return Form(Sort.ACCOUNTS, found[2] or "", found[1]) if found else Form(Sort.OTHER, full)
    trust = _TRUST.fullmatch(path)
    if trust and "google" not in trust[1]:
        return Form(Sort.TRUST, path.split("/", 3)[3], trust[1])
    return Form(Sort.OTHER, full)


_FORMS: dict[str, Callable[[str], Form]] = {
    ANYBODY: lambda _: Form(Sort.ANYBODY),
    AUTHENTICATED: lambda _: Form(Sort.AUTHENTICATED),
    "user": lambda email: Form(Sort.USER, email, email.rpartition("@")[2]),
    "serviceAccount": _account,
    "group": lambda email: Form(Sort.GROUP, email),
    "domain": lambda domain: Form(Sort.DOMAIN, domain, domain),
    "cloudIdentityCustomerId": lambda customer: Form(Sort.CUSTOMER, customer, customer),
    "deleted": lambda name: Form(Sort.DELETED, name),
    "projectOwner": _basic("roles/owner"),
    "projectEditor": _basic("roles/editor"),
    "projectViewer": _basic("roles/viewer"),
    "principal": _single,
    "principalSet": _set,
}
