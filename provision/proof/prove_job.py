"""The proof about a job: who may execute it by every policy, and what IAM answers an invoker.

A job has no address, so there is no request that nobody's token could be left out of. What can be
looked at is what IAM answers: whether it grants ``run.jobs.run`` to an invoker that we can ask as.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from provision.clients.clock import Clock
from provision.clients.job_access import JobAccess
from provision.errors import ProvisionError
from provision.invokers import Wanted, bound
from provision.plan import Check, Claim, Evidence, Verdict
from provision.principals import canonical
from provision.proof.patience import Patience
from provision.proof.policies_say import PoliciesSay
from provision.proof.revocations import DEFAULT_LIMIT, Revocations
from provision.roles import RUN_JOB
from provision.spec import JobSpec

_NAME_ONE = (
    "Name with `probe_as` an invoker's service account that you may impersonate"
    " (roles/iam.serviceAccountTokenCreator on it)."
)


@dataclass(frozen=True)
class JobProof:
    """Looks at a job from outside and from scratch.

    Args:
        spec: what is declared.
        say: judges policies, given what is wanted.
        revocations: tells whether what was taken away is gone.
        access: asks IAM what somebody may do with the job.
        progress: told of each wait, counting down.
        limit: seconds to wait for IAM to take effect.
    """

    spec: JobSpec
    say: Callable[[Wanted], PoliciesSay]
    revocations: Revocations
    access: JobAccess
    progress: Callable[[str], None]
    clock: Clock = field(default_factory=Clock)
    limit: float = DEFAULT_LIMIT

    def checks(self, wanted: Wanted) -> Iterator[Check]:
        """Every claim about who can execute it."""
        policy, said = self.say(wanted).checks()
        yield from said
        yield self._admitted(wanted, bound(policy, wanted))
        yield from self.revocations.checks(self.spec.job_name.name)

    def _admitted(self, wanted: Wanted, held: frozenset[str]) -> Check:
        """An invoker may execute it, asked as `probe_as` or as the caller, else not proven."""
        account = self.spec.probe_as
        caller = self.access.caller
        member = f"serviceAccount:{account}" if account else caller
        if not member or not wanted.names(member):
            return self._not_tried("there is no invoker that IAM could be asked as")
        look = partial(self.access.held, self.spec.job_name, (RUN_JOB,), account)
        named = canonical(member) in held
        try:
            granted = self._patience.until(
                lambda found: RUN_JOB in found or not named, look, f"the admission of {member}"
            )
        except ProvisionError as error:
            return self._not_tried(str(error), error.hint)
        return self._judged(member, granted=RUN_JOB in granted, named=named)

    @property
    def _patience(self) -> Patience:
        return Patience(self.progress, self.clock, self.limit)

    def _judged(self, member: str, *, granted: bool, named: bool) -> Check:
        late = named and not granted
        verdict = Verdict.PASSED if granted else Verdict.NOT_PROVEN if late else Verdict.FAILED
        told = "granted" if granted else "not granted"
        refused = "though the policy names it" if named else "and the policy does not name it"
        asked = f"TestIamPermissions {self.spec.job_name} as {member}: {RUN_JOB}"
        return Check(
            "invoker-admitted",
            Claim.ADMISSION,
            verdict,
            f"{member} may execute the job"
            if granted
            else f"{member} may not execute the job, {refused}",
            (Evidence(asked, told, self.clock.stamp()),),
            pending=late,
            hint=self._patience.hint if late else "",
        )

    def _not_tried(self, why: str, hint: str = "") -> Check:
        return Check(
            "invoker-admitted",
            Claim.ADMISSION,
            Verdict.NOT_PROVEN,
            f"admission was not tried: {why}",
            (Evidence(f"TestIamPermissions {self.spec.job_name}", why, self.clock.stamp()),),
            hint=hint or _NAME_ONE,
        )
