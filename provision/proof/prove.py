"""The proof: who may invoke by every policy, and then what the service answers to whom."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from provision.clients.clock import Clock
from provision.clients.cloud_run import CloudRun
from provision.clients.id_tokens import IdTokens
from provision.invokers import Wanted, bound
from provision.plan import Check, Claim, Verdict
from provision.proof.policies_say import PoliciesSay
from provision.proof.revocations import DEFAULT_LIMIT, Revocations
from provision.proof.service_answers import ServiceAnswers
from provision.spec import ServiceSpec


@dataclass(frozen=True)
class Proof:
    """Looks at a service from outside and from scratch.

    Args:
        spec: what is declared.
        run: Cloud Run.
        say: judges policies, given what is wanted.
        revocations: tells whether what was taken away is gone.
        tokens: mints ID tokens.
        progress: told of each wait, counting down.
        limit: seconds to wait for IAM to take effect.
    """

    spec: ServiceSpec
    run: CloudRun
    say: Callable[[Wanted], PoliciesSay]
    revocations: Revocations
    tokens: IdTokens
    progress: Callable[[str], None]
    clock: Clock = field(default_factory=Clock)
    limit: float = DEFAULT_LIMIT

    def checks(self, wanted: Wanted) -> Iterator[Check]:
        """Every claim about who can invoke, control side first."""
        policy, said = self.say(wanted).checks()
        yield from said
        live = self.run.find_service(self.spec.service_name) or {}
        known_open = any(
            check.claim is Claim.PRIVACY and check.verdict is Verdict.FAILED for check in said
        )
        answers = ServiceAnswers(
            spec=self.spec,
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
        yield from self.revocations.checks(self.spec.service_name.name)
