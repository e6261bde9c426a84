"""Callers: schedules, subscriptions and queues that call the service, as accounts of their own."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from provision.clients.clock import Clock
from provision.clients.iam import Iam
from provision.plan import Change, Check, Known, Unknown
from provision.spec import Spec
from provision.spec.calls import CallerSpec
from provision.stages import Progress
from provision.stages.accounts import Accounts
from provision.stages.called_by import CalledBy

Json = Mapping[str, Any]

Prove = Callable[[CallerSpec, str], Iterable[Check]]
"""Has a caller call, given its full name, and looks at what comes of it."""


@dataclass(frozen=True)
class Calls:
    """What calls a service, as far as the spec speaks of it.

    Args:
        fields: by ``KIND/NAME``; of each what it asks, when, and as whom (once that exists).
    """

    fields: Mapping[str, Json]


@dataclass(frozen=True)
class Callers:
    """The stage.

    Args:
        spec: what is declared.
        called_by: each schedule, subscription and queue.
        iam: service accounts.
        prove: has one call.
        progress: told what is being done.
    """

    spec: Spec
    called_by: Sequence[CalledBy]
    iam: Iam
    prove: Prove
    progress: Progress
    clock: Clock = field(default_factory=Clock)
    name: str = "callers"

    @property
    def subject(self) -> str:
        """The callers, in words."""
        named = (f"{one.caller.kind} {one.caller.name}" for one in self.called_by)
        return f"{', '.join(named)} to {self.spec.name}"

    def desired(self, known: Known) -> Calls:
        """Each with the address that the service has got."""
        root = known.urls if isinstance(known.urls, Unknown) else known.urls[0]
        return Calls({_key(one): one.wanted(root) for one in self.called_by})

    def observe(self) -> Calls | None:
        """Those that are there; None when there is none."""
        found = {_key(one): self._seen(one) for one in self.called_by}
        there = {key: seen for key, seen in found.items() if seen is not None}
        return Calls(there) if there else None

    def apply(self, change: Change[Calls]) -> Calls:
        """Create and update those that differ, each with its account."""
        before = change.observed.fields if change.observed else {}
        for one in self.called_by:
            wanted, seen = change.desired.fields[_key(one)], before.get(_key(one))
            if seen != wanted:
                self.progress(f"{one.caller.kind} {one.caller.name}")
                purpose = f"calls {self.spec} by {one.caller.kind} {one.caller.name}"
                self._accounts.bring(one.caller.account, purpose)
                write = partial(one.write, seen, wanted)
                self._accounts.patiently(one.caller.account, write)
        return self.observe() or Calls({})

    def learn(self, known: Known, state: Calls) -> Known:  # noqa: ARG002 - nothing later needs it
        """Nothing: who calls stands in the spec."""
        return known

    def verify(self, state: Calls) -> Iterable[Check]:
        """Each of them calls, where it can be told to and the spec lets it."""
        for one in self.called_by:
            if _key(one) in state.fields:
                yield from self.prove(one.caller, one.name)

    @property
    def _accounts(self) -> Accounts:
        return Accounts(self.spec, self.iam, self.progress, self.clock)

    def _seen(self, one: CalledBy) -> Json | None:
        seen = one.seen()
        account = one.caller.account
        if seen and seen["serviceAccount"] == account.email and not self._accounts.find(account):
            seen["serviceAccount"] = None
        return seen


def _key(one: CalledBy) -> str:
    return f"{one.caller.kind}/{one.caller.name}"
