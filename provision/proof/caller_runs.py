"""The proof about what calls by itself: a schedule is run; nothing else can be told to call."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from provision.clients.callers import Schedules
from provision.clients.clock import Clock
from provision.clients.policies import PolicyClient
from provision.errors import ProvisionError
from provision.invokers import Wanted, missing_roles
from provision.plan import Check, Claim, Evidence, Verdict
from provision.proof.patience import Patience
from provision.proof.revocations import DEFAULT_LIMIT
from provision.spec import Spec
from provision.spec.calls import CallerSpec, PushSpec, ScheduleSpec

CHECK = "caller-admitted"

_LONGEST = 180.0
"""Seconds to wait for one attempt: Cloud Scheduler gives an HTTP target as many by default."""
_PERMISSION_DENIED = 7
"""As google.rpc.Code has it; Cloud Scheduler tells a 403 so."""
_CODES = {
    3: "INVALID_ARGUMENT, as for HTTP 400",
    4: "DEADLINE_EXCEEDED, no answer in time",
    5: "NOT_FOUND, as for HTTP 404",
    7: "PERMISSION_DENIED, as for HTTP 403",
    8: "RESOURCE_EXHAUSTED, as for HTTP 429",
    13: "INTERNAL, as for HTTP 500",
    14: "UNAVAILABLE, as for HTTP 503",
    16: "UNAUTHENTICATED, as for HTTP 401",
}
"""What Cloud Scheduler tells of an attempt, and of which answers.

https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
"""


@dataclass(frozen=True)
class _Attempt:
    """One run of a schedule.

    Args:
        ended: whether it did in time.
        status: as Cloud Scheduler tells it; empty once the service took it.
        missing: roles that the policy does not give its account.
        late: whether it was refused, and IAM may need time.
    """

    ended: bool
    status: Mapping[str, Any]
    missing: frozenset[str]
    late: bool


@dataclass(frozen=True)
class CallerProof:
    """Has schedules run, as verification does.

    Args:
        spec: what is declared.
        schedules: Cloud Scheduler.
        policies: of the service, to tell what is missing from what is not in effect yet.
        progress: told of each wait.
        limit: seconds to wait for IAM to take effect.
    """

    spec: Spec
    schedules: Schedules
    policies: PolicyClient
    progress: Callable[[str], None]
    clock: Clock = field(default_factory=Clock)
    limit: float = DEFAULT_LIMIT

    def checks(self, caller: CallerSpec, name: str) -> Iterator[Check]:
        """That it gets in; not proven where it cannot be told to call, or is not to be."""
        if not isinstance(caller, ScheduleSpec):
            yield self._of_its_own_accord(caller)
        elif not caller.verify:
            yield self._not_tried(caller, "the spec says `verify: false`", _run_it(caller))
        else:
            try:
                yield self._run(caller, name)
            except ProvisionError as error:
                yield replace(self._not_tried(caller, str(error), error.hint))

    def _run(self, caller: ScheduleSpec, name: str) -> Check:
        """Run it, again while it is refused and IAM may need time."""

        def run() -> _Attempt:
            self.progress(f"running schedule {caller.name}")
            job = self.schedules.run(name, self.progress, _LONGEST)
            status = (job or {}).get("status", {})
            refused = status.get("code", 0) == _PERMISSION_DENIED
            missing = self._missing(caller) if refused else frozenset[str]()
            return _Attempt(job is not None, status, missing, late=refused and not missing)

        attempt = Patience(self.progress, self.clock, self.limit).until(
            lambda attempt: not attempt.late,
            run,
            f"schedule {caller.name} was refused",
            leaves_traces=True,
        )
        return self._judged(caller, attempt)

    def _missing(self, caller: CallerSpec) -> frozenset[str]:
        policy = self.policies.get(self.spec.resource_name.name)
        return missing_roles(policy, Wanted.by(self.spec, exclusive=False), caller.account.member)

    def _judged(self, caller: ScheduleSpec, attempt: "_Attempt") -> Check:
        code = attempt.status.get("code", 0)
        told = attempt.status.get("message") or _CODES.get(code, f"google.rpc code {code}")
        if not attempt.ended:
            verdict, answered = Verdict.NOT_PROVEN, f"no attempt ended within {_LONGEST:.0f} s"
        elif not code:
            verdict, answered = Verdict.PASSED, "the service took it"
        else:
            verdict = Verdict.NOT_PROVEN if attempt.late else Verdict.FAILED
            answered = f"failed: {told}"
        return Check(
            CHECK,
            Claim.ADMISSION,
            verdict,
            f"schedule {caller.name}: {answered}",
            (Evidence(f"RunJob {caller.name} as {caller.account.email}", answered, self._at),),
            pending=verdict is Verdict.NOT_PROVEN,
            hint=self._hint(caller, attempt.missing) if verdict is not Verdict.PASSED else "",
        )

    def _hint(self, caller: CallerSpec, missing: frozenset[str]) -> str:
        if missing:
            roles = ", ".join(sorted(missing))
            return f"{caller.account.email} does not hold {roles} on {self.spec}: `provision bind`."
        return (
            f"`gcloud scheduler jobs describe {caller.name} --location={self.spec.region.value}`"
            " shows its last attempt."
        )

    def _of_its_own_accord(self, caller: CallerSpec) -> Check:
        """A message would go to every subscriber, and a task would be one that nobody meant."""
        kind = "message" if isinstance(caller, PushSpec) else "task"
        why = f"it takes a {kind} of yours to make it call"
        return self._not_tried(caller, why, _send_it(caller, self.spec))

    def _not_tried(self, caller: CallerSpec, why: str, hint: str) -> Check:
        named = f"{caller.kind} {caller.name}"
        return Check(
            CHECK,
            Claim.ADMISSION,
            Verdict.NOT_PROVEN,
            f"{named} was not tried: {why}",
            (Evidence(f"{named} as {caller.account.email}", why, self._at),),
            hint=hint,
        )

    @property
    def _at(self) -> str:
        return self.clock.stamp()


def _run_it(caller: CallerSpec) -> str:
    return f"`gcloud scheduler jobs run {caller.name}` runs it."


def _send_it(caller: CallerSpec, spec: Spec) -> str:
    if isinstance(caller, PushSpec):
        return f"`gcloud pubsub topics publish {caller.topic} --message=…` has it call."
    return (
        f"`gcloud tasks create-http-task --queue={caller.name}"
        f" --location={spec.region.value} --url=https://any.invalid/` has it call."
    )
