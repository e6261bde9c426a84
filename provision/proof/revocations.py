"""That whom a run took out of a policy cannot get in any more."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from provision.clients.clock import Clock
from provision.clients.policies import PolicyClient
from provision.plan import Check, Claim, Evidence, Verdict

DEFAULT_LIMIT = 420.0
"""Seconds to wait for IAM: "typically 2 minutes, potentially 7 minutes or longer".

https://cloud.google.com/iam/docs/access-change-propagation
"""


@dataclass(frozen=True)
class Revocations:
    """Waits for what was taken away.

    Args:
        policies: tells what it took out.
        progress: told of each wait, counting down.
        limit: seconds to wait for IAM to take effect.
    """

    policies: PolicyClient
    progress: Callable[[str], None]
    clock: Clock = field(default_factory=Clock)
    limit: float = DEFAULT_LIMIT

    def checks(self, resource: str) -> Iterator[Check]:
        """The claim about one resource; none where nobody lost anything.

        A request without a token shows that for allUsers. For anybody else there is nobody to ask
        as, so only time can tell: what IAM's documentation allows has to pass.
        """
        taken = self.policies.revoked.get(resource)
        members = sorted(taken.members - {"allUsers"}) if taken else []
        if taken is None or not members:
            return
        end = min(taken.at + DEFAULT_LIMIT, self.clock.monotonic() + self.limit)
        names = ", ".join(members)
        self.clock.count_down(
            end,
            lambda left: self.progress(
                f"waiting until IAM has caught up with {names} taken out: {left:.0f} s left"
            ),
        )
        age = self.clock.monotonic() - taken.at
        over = age >= DEFAULT_LIMIT
        told = f"taken out {age:.0f} s ago; IAM may need {DEFAULT_LIMIT:.0f} s and longer"
        yield Check(
            "revocations-in-effect",
            Claim.PRIVACY,
            Verdict.PASSED if over else Verdict.NOT_PROVEN,
            f"{names} {'had time to lose access' if over else 'may still get in'}",
            (Evidence(f"SetIamPolicy {resource}", told, self.clock.stamp()),),
            pending=not over,
            hint="Nobody can be asked as them: wait, or allow more time with --wait.",
        )
