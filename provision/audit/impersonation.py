"""Who can come by a token of a service account, by which means, and by which kind of token. Pure.

Sources: iam/docs/service-account-permissions; the reference of the IAM Credentials API. Of two
accounts whose policies, tags and surroundings are the same, one is looked at.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from provision.audit.answers import HopKind, Token
from provision.audit.asking import Asking
from provision.audit.degrees import NOBODY, Degrees, union
from provision.audit.forms import Sort, form
from provision.audit.holding import Holders

if TYPE_CHECKING:
    from provision.audit.creators import Creators
    from provision.audit.judge import Judge

LINK = "iam.serviceAccounts.implicitDelegation"
ACT_AS = "iam.serviceAccounts.actAs"


_BOTH = frozenset({Token.ID, Token.ACCESS})


@dataclass(frozen=True, slots=True)
class Means:
    """One way to come by tokens of an account.

    Args:
        kind: of the hop.
        permission: on the account.
        tokens: which are had.
        linked: whether the API takes a chain of delegates for it.
    """

    kind: HopKind
    permission: str
    tokens: frozenset[Token] = _BOTH
    linked: bool = True


_ID = Means(HopKind.MINT_ID, "iam.serviceAccounts.getOpenIdToken", frozenset({Token.ID}))
_ACCESS = Means(
    HopKind.MINT_ACCESS, "iam.serviceAccounts.getAccessToken", frozenset({Token.ACCESS})
)
_SIGN_JWT = Means(HopKind.SIGN, "iam.serviceAccounts.signJwt")
_SIGN_BLOB = Means(HopKind.SIGN, "iam.serviceAccounts.signBlob")
_KEY = Means(HopKind.KEY, "iam.serviceAccountKeys.create", linked=False)
_CODE = Means(HopKind.ACT_AS, ACT_AS, linked=False)
_CALLS = Means(HopKind.ACT_AS, ACT_AS, frozenset({Token.ID}), linked=False)
BY_PERMISSION = (_ID, _ACCESS, _SIGN_JWT, _SIGN_BLOB, _KEY)
"""The plainest first: of two ways that are as short, that one is told."""

ASKED = (LINK, ACT_AS, *(means.permission for means in BY_PERMISSION))
"""Permissions on an account that lead onto it."""


class Step(NamedTuple):
    """One means on one account, and who has it."""

    means: Means
    who: Degrees


@dataclass(frozen=True, slots=True)
class Onto:
    """Everything that leads onto one account at once.

    Args:
        steps: who comes by a token of it, by which means.
        link: who may name it as a delegate.
        reasons: why it is not known who else does.
    """

    steps: tuple[Step, ...] = ()
    link: Degrees = NOBODY
    reasons: tuple[str, ...] = ()

    def having(self, token: Token, *, linked: bool = False) -> Degrees:
        """Who comes by such a token; `linked`: as the last of a chain of delegates."""
        return union(
            who
            for means, who in self.steps
            if token in means.tokens and (means.linked or not linked)
        )


_NOTHING = Onto()


@dataclass
class Impersonation:
    """What leads onto accounts, each looked at when asked.

    Args:
        asking: of the snapshot.
        creators: who can make something that runs as an account.
    """

    asking: Asking
    creators: "Creators"
    judge: "Judge" = field(init=False)
    _alike: dict[Hashable, Onto] = field(default_factory=dict)
    _onto: dict[int, Onto] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """The judge is at hand."""
        self.judge = self.asking.judge

    def onto(self, account: int) -> Onto:
        """What leads onto the account with that bit."""
        found = self._onto.get(account)
        if found is None:
            found = self._onto[account] = self._looked_at(account)
        return found

    def resource(self, account: int) -> str:
        """Its full name."""
        email = self.judge.universe.member(account).partition(":")[2]
        return self.judge.index.account_name(email)

    def shut(self, account: int) -> bool:
        """Whether nobody comes by a token of it, whatever policies say.

        It is disabled; or one of Google's own agents or of Kubernetes, which have no policy.
        """
        member = self.judge.universe.member(account)
        if form(member).sort is not Sort.ACCOUNT:
            return True
        known = self.judge.index.accounts.get(member.partition(":")[2])
        return known is not None and known.disabled

    def _looked_at(self, account: int) -> Onto:
        if self.shut(account):
            return _NOTHING
        resource = self.resource(account)
        key = self.judge.alike(resource)
        found = self._alike.get(key)
        if found is None:
            found = self._alike[key] = self._read(resource)
        return found

    def _read(self, resource: str) -> Onto:
        return self.told(lambda permission: self.judge.holders(permission, resource))

    def told(self, holders: Callable[[str], Holders]) -> Onto:
        """What leads onto an account, by who has each of the permissions `ASKED` on it."""
        link, acting = holders(LINK), holders(ACT_AS)
        reasons = dict.fromkeys((*link.rest, *acting.rest))
        steps: list[Step] = []
        for means in BY_PERMISSION:
            held = holders(means.permission)
            reasons.update(dict.fromkeys(held.rest))
            steps.append(Step(means, self.asking.named(held)))
        who = self.asking.named(acting)
        if who is not NOBODY:
            steps += [Step(_CODE, self.creators.code.among(who))]
            steps += [Step(_CALLS, self.creators.calls.among(who))]
        held_steps = tuple(step for step in steps if step.who.rest)
        return Onto(held_steps, self.asking.named(link), tuple(reasons))

    @cached_property
    def accounts(self) -> int:
        """How many positions accounts take, which come first."""
        return self.judge.universe.accounts.bit_length()
