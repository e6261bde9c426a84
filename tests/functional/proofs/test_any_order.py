"""Grants, revocations and foreign edits in any order: as the model has it, and nothing else."""

from typing import TYPE_CHECKING

from google.iam.v1 import policy_pb2
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from provision.clients.policies import PolicyClient
from provision.policy import Policy
from tests.functional.proofs.policy_machine import Edit, PolicyMachine

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator
    from tests.functional.proofs.conftest import Orders


class PurePolicy:
    """A policy that is a value."""

    def begin(self) -> None:
        """Start with an empty policy."""
        self._policy = Policy()

    def policy(self) -> Policy:
        """The policy as it is."""
        return self._policy

    def edit(self, edit: Edit, meanwhile: Policy | None) -> bool:
        """Edit it; again, where others wrote between the read and the write."""
        if meanwhile is not None:
            changes = edit(self._policy) != self._policy
            self.foreign(meanwhile)
            if not changes:
                return False
        before, self._policy = self._policy, edit(self._policy)
        return self._policy != before

    def foreign(self, policy: Policy) -> None:
        """Write it."""
        self._policy = policy


class PolicyOnTheWire:
    """The policy of a service on the emulator.

    Args:
        orders: the service.
        emulator: tells what was sent.
    """

    def __init__(self, orders: "Orders", emulator: "RunningEmulator") -> None:
        self._orders, self._emulator = orders, emulator
        self._client = PolicyClient(orders.services, "user:developer@example.com")

    def begin(self) -> None:
        """Start with an empty policy."""
        self.foreign(Policy())

    def policy(self) -> Policy:
        """The policy as it is."""
        return self._client.get(self._orders.name)

    def edit(self, edit: Edit, meanwhile: Policy | None) -> bool:
        """Edit it; others write between our first read and our first write."""
        waiting = [meanwhile] if meanwhile is not None else []
        self._emulator.admin("DELETE", "/requests")

        def edited(policy: Policy) -> Policy:
            if waiting:
                self.foreign(waiting.pop())
            return edit(policy)

        self._client.edit(self._orders.name, edited)
        return self._writes() > int(meanwhile is not None)

    def foreign(self, policy: Policy) -> None:
        """Write it whole, by Google's own client."""
        message = policy_pb2.Policy(version=3, etag=self._orders.policy().etag)
        for binding in policy.bindings:
            one = message.bindings.add(role=binding.role, members=binding.members)
            if binding.condition is not None:
                one.condition.expression = binding.condition.expression
                one.condition.title = binding.condition.title
                one.condition.description = binding.condition.description
        self._orders.set(message)

    def _writes(self) -> int:
        """Policies that were written; those that came too late were not."""
        asked = (one for one in self._emulator.requests() if one["status"] == "OK")
        return sum(one["method"].endswith("/SetIamPolicy") for one in asked)


def test_the_edits_are_as_the_model_has_it() -> None:
    """The edits alone, as pure functions of a policy, in many orders."""

    class Pure(PolicyMachine):
        def __init__(self) -> None:
            super().__init__(PurePolicy())

    run_state_machine_as_test(
        Pure, settings=settings(max_examples=150, stateful_step_count=25, deadline=None)
    )


def test_policies_on_the_wire_are_as_the_model_has_it(
    orders: "Orders", emulator: "RunningEmulator"
) -> None:
    """Read, edited and written over gRPC, others writing in between; no write without a change."""

    class OnTheWire(PolicyMachine):
        def __init__(self) -> None:
            super().__init__(PolicyOnTheWire(orders, emulator))

    run_state_machine_as_test(
        OnTheWire,
        settings=settings(
            max_examples=20,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
