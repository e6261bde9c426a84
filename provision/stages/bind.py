"""Bind: exactly the named principals may invoke the service or job; then prove it from outside."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from provision.clients.clock import Clock
from provision.clients.policies import PolicyClient
from provision.errors import NotFoundError
from provision.invokers import (
    Carries,
    Holding,
    Wanted,
    bound,
    granted,
    others,
    public,
    with_exactly,
)
from provision.plan import Change, Check, Known
from provision.policy import Policy
from provision.resources import ServiceAccountName
from provision.spec import Spec
from provision.stages import Progress
from provision.stages.accounts import Accounts

Prove = Callable[[Wanted], Iterable[Check]]
"""Looks from outside at who may invoke, and at what invokers and others are answered."""


@dataclass(frozen=True)
class Invokers:
    """Who may invoke, by the service's or job's own policy.

    Args:
        role: the role that carries the permission.
        members: those of the spec's invokers that hold it, in canonical spelling; with the role
            where they hold another one too.
        public: public members beside those the spec names, with their roles; should be none.
        unnamed: members that the spec does not name, where these are to be removed.
        warnings: members that the spec does not name and that are left alone.
    """

    role: str
    members: frozenset[str]
    public: frozenset[str] = frozenset()
    unnamed: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = field(compare=False, default=())


@dataclass(frozen=True)
class Bind:
    """The stage.

    Args:
        spec: what is declared.
        policies: the policies of Cloud Run services, or of its jobs.
        carries: tells which roles carry the permission.
        prove: looks at it from outside.
        accounts: waits for those that were made a moment ago.
        prune: take out members that the spec does not name, this once.
    """

    spec: Spec
    policies: PolicyClient
    carries: Carries
    prove: Prove
    progress: Progress
    accounts: Accounts
    prune: bool = False
    clock: Clock = field(default_factory=Clock)
    name: str = "bind"

    @property
    def subject(self) -> str:
        """The invokers, in words."""
        return f"invokers of {self.spec.name}"

    @property
    def wanted(self) -> Wanted:
        """What the spec says about invokers."""
        return Wanted.by(self.spec, exclusive=self.spec.exclusive or self.prune)

    def desired(self, known: Known) -> Invokers:  # noqa: ARG002 - nothing of it depends on others
        """All of the spec's invokers, and nobody public."""
        return Invokers(self.wanted.role, self.wanted.all)

    def observe(self) -> Invokers | None:
        """The policy as it is; None when there is none yet."""
        try:
            policy = self.policies.get(self.spec.resource_name.name)
        except NotFoundError:
            return None
        rest = self._others(policy)
        going = self._certain(rest) if self.wanted.exclusive else ()
        staying = [holding for holding in rest if holding not in going]
        staying += granted(policy, self.wanted, self.clock.now())
        return Invokers(
            role=self.wanted.role,
            members=bound(policy, self.wanted),
            public=frozenset(str(holding) for holding in self._public(policy)),
            unnamed=frozenset(str(holding) for holding in going),
            warnings=tuple(str(holding) for holding in staying),
        )

    def apply(self, change: Change[Invokers]) -> Invokers:
        """Add who is missing and take out who must not be there, in one write."""
        callers = [caller.account for caller in self.spec.all_callers]
        self._check_there(callers)
        self.progress(f"changing the policy of {self.spec.name}")
        self._edit(callers)
        state = self.observe()
        return state if state is not None else replace(change.desired, members=frozenset())

    def learn(self, known: Known, state: Invokers) -> Known:  # noqa: ARG002 - nothing later needs it
        """Nothing: it is the last stage."""
        return known

    def verify(self, state: Invokers) -> Iterable[Check]:  # noqa: ARG002 - looks anew
        """Who may invoke by every policy above, and what is answered to whom."""
        return self.prove(self.wanted)

    def _check_there(self, accounts: Sequence[ServiceAccountName]) -> None:
        for account in dict.fromkeys(accounts):
            if self.accounts.find(account) is None:
                raise NotFoundError(
                    f"Binding {self.subject}: there is no service account {account.email} yet.",
                    hint="`provision workflow deploy` and `provision callers` make the accounts of"
                    " what calls; `provision up` does all in their order.",
                )

    def _edit(self, spreading: Sequence[ServiceAccountName]) -> None:
        """Write the policy; accounts that this very run may have made are waited for."""
        if spreading:
            first, *rest = spreading
            self.accounts.patiently(first, lambda: self._edit(rest))
        else:
            self.policies.edit(self.spec.resource_name.name, self._edited)

    def _edited(self, policy: Policy) -> Policy:
        unwanted = [*self._public(policy)]
        if self.wanted.exclusive:
            unwanted += self._certain(self._others(policy))
        return with_exactly(policy, self.wanted, unwanted)

    def _public(self, policy: Policy) -> tuple[Holding, ...]:
        return public(policy, self.wanted, self.carries)

    def _certain(self, holdings: tuple[Holding, ...]) -> tuple[Holding, ...]:
        """Those whose role surely carries the permission: no other is taken away on a guess."""
        return tuple(one for one in holdings if self.carries(one.binding.role))

    def _others(self, policy: Policy) -> tuple[Holding, ...]:
        return others(policy, self.wanted, self.carries, self.clock.now())
