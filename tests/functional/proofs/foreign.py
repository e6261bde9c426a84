"""What others have in a policy, and somebody else who edits it at the same time."""

import threading
from types import TracebackType
from typing import Self

from google.api_core.exceptions import Aborted
from google.iam.v1 import policy_pb2

from tests.functional.proofs.conftest import INVOKER, Orders

THEIRS = "roles/run.viewer"


def foreign_policy() -> policy_pb2.Policy:
    """Conditions, deleted members, other roles; in an order that nobody would sort them into."""
    policy = policy_pb2.Policy(version=3)
    policy.bindings.add(role=THEIRS, members=["user:z@example.com", "user:a@example.com"])
    night = policy.bindings.add(
        role=INVOKER, members=["group:night@example.com", "user:Bob@Example.com"]
    ).condition
    night.title, night.description = "night", "only at night; agreed with ops"
    night.expression = 'request.time.getHours("Europe/Berlin") < 6'
    policy.bindings.add(
        role="roles/run.servicesInvoker",
        members=["deleted:user:gone@example.com?uid=123456789012345678901", "user:y@example.com"],
    )
    reports = policy.bindings.add(role=INVOKER, members=["domain:example.org"]).condition
    reports.title = "reports"
    reports.expression = 'request.path.startsWith("/reports/")'
    return policy


def foreign_bytes(policy: policy_pb2.Policy) -> list[bytes]:
    """Every binding but ours, as it is on the wire, in order."""
    return [
        one.SerializeToString()
        for one in policy.bindings
        if one.role != INVOKER or one.HasField("condition")
    ]


class ForeignEditor:
    """Somebody who adds a binding of their own and takes it out, over and over, by Google's client.

    Args:
        orders: what is edited.
    """

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self.rounds = 0

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End after a whole round, with nothing of it left."""
        self._over.set()
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()

    def _work(self) -> None:
        while not self._over.is_set():
            self._edit(adding=True)
            self._edit(adding=False)
            self.rounds += 1
            self._over.wait(0.1)

    def _edit(self, *, adding: bool) -> None:
        """One whole cycle, repeated on a conflict as Google asks for."""
        while True:
            policy = self._orders.policy()
            if adding:
                mine = policy.bindings.add(
                    role="roles/run.developer", members=["user:f@example.com"]
                )
                mine.condition.title = "theirs"
                mine.condition.expression = 'request.time < timestamp("2100-01-01T00:00:00Z")'
            else:
                kept = [one for one in policy.bindings if one.role != "roles/run.developer"]
                del policy.bindings[:]
                policy.bindings.extend(kept)
            try:
                self._orders.set(policy)
            except Aborted:
                continue
            return
