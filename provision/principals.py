"""Who may be named in an allow policy, and when two spellings are the same to Google (no I/O).

The forms are those of https://cloud.google.com/iam/docs/principal-identifiers. `canonical`, `same`
and `is_public` take any text, since a policy that we read may hold forms newer than this list;
`Principal.parse` is for what a user writes, and is strict.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from provision.resources import PROJECT_ID, InvalidNameError


class Kind(StrEnum):
    """The sort of a principal; the value is the text before the first colon, if it has one."""

    USER = "user"
    SERVICE_ACCOUNT = "serviceAccount"
    GROUP = "group"
    DOMAIN = "domain"
    ALL_USERS = "allUsers"
    ALL_AUTHENTICATED_USERS = "allAuthenticatedUsers"
    PRINCIPAL = "principal"
    PRINCIPAL_SET = "principalSet"
    PROJECT_OWNER = "projectOwner"
    PROJECT_EDITOR = "projectEditor"
    PROJECT_VIEWER = "projectViewer"


FORMS = (
    "user:EMAIL, serviceAccount:EMAIL, group:EMAIL, domain:DOMAIN, principal://…, principalSet://…"
)
"""The forms a user normally means, for messages."""

_PUBLIC = frozenset({Kind.ALL_USERS.value, Kind.ALL_AUTHENTICATED_USERS.value})
_BY_EMAIL = frozenset({Kind.USER, Kind.SERVICE_ACCOUNT, Kind.GROUP})
_LOWERED = _BY_EMAIL | {Kind.DOMAIN}
_BASIC = frozenset({Kind.PROJECT_OWNER, Kind.PROJECT_EDITOR, Kind.PROJECT_VIEWER})
_DELETED = "deleted:"
_ACCOUNT_SUFFIX = "gserviceaccount.com"

_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.IGNORECASE)
_LOCAL_PART = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_KUBERNETES = re.compile(
    r"[a-z0-9.:-]+\.svc\.id\.goog\[[a-z0-9]([a-z0-9-]*[a-z0-9])?/[a-z0-9]([a-z0-9.-]*[a-z0-9])?\]"
)
_UID = re.compile(r"(?P<live>.+)\?uid=(?P<uid>[0-9]+)")
_SUBJECT = r"subject/\S+"
_MANY = r"(?:\*|group/\S+|attribute\.[a-z0-9_.-]+/\S+|namespace/\S+|kubernetes\.\S+)"
_WORKFORCE = r"//iam\.googleapis\.com/locations/global/workforcePools/[a-z][a-z0-9-]*/"
_WORKLOAD = (
    r"//iam\.googleapis\.com/projects/[0-9]+/locations/global/workloadIdentityPools/[a-z0-9.:-]+/"
)
_AGENT = r"//agents\.global\.[a-z0-9.-]+/\S+"
_ACCOUNTS = (
    r"//cloudresourcemanager\.googleapis\.com/(?:projects|folders|organizations)/[0-9]+"
    r"/type/Service(?:Account|Agent)"
)
_ONE = re.compile(rf"(?:{_WORKFORCE}|{_WORKLOAD}){_SUBJECT}|{_AGENT}")
_SET = re.compile(rf"(?:{_WORKFORCE}|{_WORKLOAD}){_MANY}|{_AGENT}|{_ACCOUNTS}")


class InvalidPrincipalError(InvalidNameError):
    """A member of impossible form; the message says which forms there are."""


@dataclass(frozen=True)
class Principal:
    """One member of a policy, taken apart.

    Args:
        kind: the sort.
        value: what follows the kind: an e-mail, a domain, a path; empty for public members.
        uid: of a deleted principal, the number that Google appended; empty for a live one.
    """

    kind: Kind
    value: str = ""
    uid: str = ""

    @classmethod
    def parse(cls, text: str) -> "Principal":
        """Read a member as policies write it.

        Raises:
            InvalidPrincipalError: no form of an allow policy; the message says what is.
        """
        if text in _PUBLIC:
            return cls(Kind(text))
        if text.startswith(_DELETED):
            return _parse_deleted(text)
        prefix, colon, value = text.partition(":")
        if not colon or prefix not in _CHECKS:
            raise InvalidPrincipalError(f"{text!r} is not a principal: {_prefix_problem(text)}")
        kind = Kind(prefix)
        problem = _CHECKS[kind](value)
        if problem:
            raise InvalidPrincipalError(f"{text!r} is not a principal: {problem}")
        return cls(kind, value)

    @property
    def is_deleted(self) -> bool:
        """Whether Google marked it deleted."""
        return bool(self.uid)

    @property
    def is_public(self) -> bool:
        """Whether anybody at all, or anybody with a Google account, is meant."""
        return self.kind.value in _PUBLIC

    def canonical(self) -> str:
        """The one spelling that equal principals share."""
        return canonical(str(self))

    def __str__(self) -> str:
        """As a policy writes it."""
        text = f"{self.kind}:{self.value}" if self.value else self.kind.value
        return f"{_DELETED}{text}?uid={self.uid}" if self.uid else text


def canonical(member: str) -> str:
    """The spelling by which Google compares: e-mails and domains lower-case, the rest untouched.

    A deleted principal keeps its mark and number, so it never equals the live one. Text of no
    known form is its own canonical form.
    """
    marker = _DELETED if member.startswith(_DELETED) else ""
    prefix, colon, value = member[len(marker) :].partition(":")
    if colon and prefix in _LOWERED and "[" not in value:
        return f"{marker}{prefix}:{value.lower()}"
    return member


def same(one: str, other: str) -> bool:
    """Whether two members are the same principal to Google."""
    return canonical(one) == canonical(other)


def is_public(member: str) -> bool:
    """Whether a member means everybody, or everybody with a Google account."""
    return member in _PUBLIC


def _parse_deleted(text: str) -> Principal:
    found = _UID.fullmatch(text.removeprefix(_DELETED))
    live = Principal.parse(found["live"]) if found else None
    kinds = {*_BY_EMAIL, Kind.PRINCIPAL}
    if found is None or live is None or live.is_deleted or live.kind not in kinds:
        raise InvalidPrincipalError(
            f"{text!r} is not a principal: deleted ones read deleted:user:EMAIL?uid=NUMBER, and "
            "likewise for serviceAccount, group and principal"
        )
    return Principal(live.kind, live.value, found["uid"])


def _prefix_problem(text: str) -> str:
    prefix, colon, _ = text.partition(":")
    if not colon and "@" in text:
        wanted = "serviceAccount" if text.lower().endswith(_ACCOUNT_SUFFIX) else "user"
        other = "" if wanted == "serviceAccount" else f" (or group:{text})"
        return f"a bare e-mail; write {wanted}:{text}{other}"
    known = [*_PUBLIC, *_CHECKS] if not colon else list(_CHECKS)
    spelled = {name.lower(): name for name in known}
    close = get_close_matches(prefix.lower(), spelled, n=1)
    hint = f"did you mean {spelled[close[0]]}{colon}{'…' if colon else ''}? " if close else ""
    return f"{hint}Allowed: {FORMS}"


def _email_problem(value: str) -> str:
    local, at, domain = value.partition("@")
    if not at or not _LOCAL_PART.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        return f"{value!r} is not an e-mail address"
    return ""


def _person_problem(value: str) -> str:
    if value.lower().endswith(_ACCOUNT_SUFFIX):
        return f"that is a service account; write serviceAccount:{value}"
    return _email_problem(value)


def _account_problem(value: str) -> str:
    if "[" in value or "]" in value:
        form = "PROJECT.svc.id.goog[NAMESPACE/ACCOUNT]"
        return "" if _KUBERNETES.fullmatch(value) else f"of Kubernetes accounts the form is {form}"
    problem = _email_problem(value)
    if not problem and not value.lower().endswith(_ACCOUNT_SUFFIX):
        return f"service accounts end in {_ACCOUNT_SUFFIX}; for a person write user:{value}"
    return problem


def _domain_problem(value: str) -> str:
    return "" if _DOMAIN.fullmatch(value) else f"{value!r} is not a domain such as example.com"


def _project_problem(value: str) -> str:
    return "" if PROJECT_ID.fullmatch(value) else f"{value!r} is not a project id"


def _one_problem(value: str) -> str:
    if _ONE.fullmatch(value):
        return ""
    return (
        "allowed: principal://iam.googleapis.com/locations/global/workforcePools/POOL/subject/ID, "
        "principal://iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/"
        "POOL/subject/ID"
    )


def _set_problem(value: str) -> str:
    if _SET.fullmatch(value):
        return ""
    return (
        "allowed: principalSet://iam.googleapis.com/…/workforcePools/POOL or "
        "…/projects/NUMBER/locations/global/workloadIdentityPools/POOL, followed by /group/ID, "
        "/attribute.NAME/VALUE or /*; principalSet://cloudresourcemanager.googleapis.com/"
        "{projects,folders,organizations}/NUMBER/type/ServiceAccount"
    )


_CHECKS: dict[str, Callable[[str], str]] = {
    Kind.USER: _person_problem,
    Kind.SERVICE_ACCOUNT: _account_problem,
    Kind.GROUP: _person_problem,
    Kind.DOMAIN: _domain_problem,
    Kind.PRINCIPAL: _one_problem,
    Kind.PRINCIPAL_SET: _set_problem,
    **dict.fromkeys(sorted(_BASIC), _project_problem),
}
