"""The proof: who may invoke by every policy, and then what the service answers to whom."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from provision.clients.clock import Clock
from provision.clients.cloud_run import CloudRun
from provision.clients.id_tokens import IdTokens
from provision.clients.policies import PolicyClient
from provision.errors import ProvisionError
from provision.invoke.policies_say import PoliciesSay
from provision.invoke.service_answers import ServiceAnswers
from provision.invokers import Wanted, bound
from provision.plan import Check, Claim, Evidence, Verdict
from provision.policy import Policy
from provision.spec import Spec

DEFAULT_LIMIT = 420.0
"""Seconds to wait for IAM: "typically 2 minutes, potentially 7 minutes or longer".

https://cloud.google.com/iam/docs/access-change-propagation
"""


@dataclass(frozen=True)
class Proof:
    """Looks at a service from outside and from scratch.

    Args:
        run: Cloud Run.
        policies: the policies of Cloud Run services.
        say: judges policies.
        tokens: mints ID tokens.
        progress: told of each wait, counting down.
        limit: seconds to wait for IAM to take effect.
    """

    run: CloudRun
    policies: PolicyClient
    say: PoliciesSay
    tokens: IdTokens
    progress: Callable[[str], None]
    clock: Clock = field(default_factory=Clock)
    limit: float = DEFAULT_LIMIT

    def checks(self, spec: Spec, wanted: Wanted) -> Iterator[Check]:
        """Every claim about who can invoke, control side first."""
        try:
            policy = self.policies.get(spec.service_name.name)
            here = tuple(self.say.at_service(spec, wanted, policy))
        except ProvisionError as error:
            policy = Policy()
            here = (self.say.unread("no-public-member", "on the service", error),)
        said = (*here, *self.say.above(spec.project.value))
        yield from said
        live = self.run.find_service(spec.service_name) or {}
        known_open = any(
            check.claim is Claim.PRIVACY and check.verdict is Verdict.FAILED for check in said
        )
        answers = ServiceAnswers(
            spec=spec,
            wanted=wanted,
            live=live,
            closed=not known_open and not live.get("invokerIamDisabled", False),
            bound=bound(policy, wanted),
            tokens=self.tokens,
            progress=self.progress,
            clock=self.clock,
            limit=self.limit,
        )
        yield from answers.checks()
        yield from self._revocations(spec)

    def _revocations(self, spec: Spec) -> Iterator[Check]:
        """That whom we took out cannot get in any more.

        A request without a token shows that for allUsers. For anybody else there is nobody to ask
        as, so only time can tell: what IAM's documentation allows has to pass.
        """
        taken = self.policies.revoked.get(spec.service_name.name)
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
            (Evidence(f"SetIamPolicy {spec.service_name}", told, self.clock.stamp()),),
            pending=not over,
            hint="Nobody can be asked as them: wait, or allow more time with --wait.",
        )
