"""What an explanation is made from, and what it is. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import Any
from urllib.parse import urlsplit

from provision.proof.judge import Gate

SPREADS = timedelta(minutes=7)
"""How long a change of a policy may need: "typically 2 minutes, potentially 7 minutes or longer".

https://cloud.google.com/iam/docs/access-change-propagation
"""


class Credential(StrEnum):
    """What a request brought to show who calls."""

    NOTHING = "nothing"
    ID = "an ID token"
    ACCESS = "an access token"
    SEVERAL = "more than one Authorization"
    OTHER = "something that is no ID token"


@dataclass(frozen=True)
class Asked:
    """A request as it went out.

    Args:
        method: its method.
        url: where to.
        credential: what it brought.
        member: whom the token names; empty for nobody, or when it cannot be told.
        header: the header that carried the token; empty for none.
        claims: what the token says of itself, never the token.
    """

    method: str
    url: str
    credential: Credential = Credential.NOTHING
    member: str = ""
    header: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path, without its query."""
        return urlsplit(self.url).path or "/"

    @property
    def who(self) -> str:
        """The caller, for a sentence."""
        return self.member or "the caller"

    def __str__(self) -> str:
        """As evidence shows it; a query may hold secrets and is left out."""
        bare = self.url.partition("?")[0]
        if self.credential is Credential.NOTHING:
            return f"{self.method} {bare} without a token"
        brought = f"{self.credential} in {self.header}" if self.header else self.credential
        return f"{self.method} {bare} with {brought}" + (f", {self.member}" * bool(self.member))


class Holds(Enum):
    """Whether a binding lets the caller in."""

    YES = auto()
    NO = auto()
    UNKNOWN = auto()


@dataclass(frozen=True)
class Standing:
    """A binding with the permission that names the caller, or somebody the caller may be.

    Args:
        where: whose policy it stands in, as ``service orders`` or ``project acme-prod``.
        role: the role.
        member: the member as the policy writes it.
        holds: whether it lets this request in, its condition judged for this request.
        because: why it does not, or why that cannot be told; empty when it does.
        conditional: whether it has a condition.
        changed_at: when that policy was last changed; None when that cannot be told.
    """

    where: str
    role: str
    member: str
    holds: Holds
    because: str = ""
    conditional: bool = False
    changed_at: datetime | None = None

    def __str__(self) -> str:
        """As evidence shows it."""
        told = f"{self.where}: {self.role} for {self.member}"
        return f"{told}; {self.because}" if self.because else told


@dataclass(frozen=True)
class Known:
    """What the control side says, as far as it could be read.

    Args:
        name: the target, as ``service orders``.
        argument: the target as a command line names it, as ``service/orders``.
        gate: the way in; None when it was not looked at.
        audiences: what ``aud`` may be.
        permission: what is asked of a caller.
        role: what an invoker is given.
        unchecked: the invoker check is off.
        standings: every binding that may let the caller in; None when policies were not read.
        changed_at: when the target's own policy was last changed.
        unread: policies and roles that could not be read, and why.
        limits: what bounds requests: ``timeout``, ``instances``, ``ready``; in words.
    """

    name: str
    argument: str
    gate: Gate | None = None
    audiences: tuple[str, ...] = ()
    permission: str = "run.routes.invoke"
    role: str = "roles/run.invoker"
    unchecked: bool = False
    standings: tuple[Standing, ...] | None = None
    changed_at: datetime | None = None
    unread: tuple[str, ...] = ()
    limits: Mapping[str, str] = field(default_factory=dict)


class Finding(StrEnum):
    """Why it was answered so; the values are stable and stand in JSON."""

    APPLICATION = "application"
    ANONYMOUS = "anonymous"
    WRONG_KIND = "access-token"
    MALFORMED = "malformed-credential"
    WRONG_AUDIENCE = "wrong-audience"
    EXPIRED = "expired-token"
    NOT_YET_VALID = "token-not-yet-valid"
    NO_EMAIL = "no-email-in-token"
    FOREIGN_ISSUER = "foreign-issuer"
    UNVERIFIED = "token-refused"
    NO_ROLE = "no-role"
    PERHAPS_NO_ROLE = "perhaps-no-role"
    CONDITION = "condition-does-not-hold"
    PERHAPS_CONDITION = "perhaps-condition"
    PERHAPS_MEMBER = "perhaps-not-a-member"
    NOT_SPREAD = "not-spread-yet"
    DENIED = "denied-elsewhere"
    PERIMETER = "perimeter"
    RESERVED_PATH = "reserved-path"
    INGRESS = "ingress"
    ADDRESS_OFF = "default-address-off"
    NO_ADDRESS = "nothing-at-this-address"
    IAP = "identity-aware-proxy"
    NO_INSTANCE = "no-instance"
    BROKEN = "container-broke-off"
    TIMED_OUT = "timed-out"


@dataclass(frozen=True)
class Explanation:
    """Why a request was answered so.

    Args:
        finding: which of the known reasons.
        answer: the reason in a sentence.
        evidence: what was looked at and what it said.
        next: what to do; empty when there is nothing to do.
        certain: whether the evidence proves it, or it is the likely one.
    """

    finding: Finding
    answer: str
    evidence: tuple[tuple[str, str], ...] = ()
    next: str = ""
    certain: bool = True
