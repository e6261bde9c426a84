"""The proof about a workflow: it is executed, and what it returned or failed of is shown."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from provision.clients.clock import Clock
from provision.clients.policies import PolicyClient
from provision.clients.workflow_executions import WorkflowExecutions
from provision.errors import ProvisionError
from provision.invokers import Wanted, missing_roles
from provision.plan import Check, Claim, Evidence, Verdict
from provision.proof.judge import Status
from provision.proof.patience import Patience
from provision.proof.revocations import DEFAULT_LIMIT
from provision.spec import Spec
from provision.spec.calls import WorkflowSpec
from provision.tokens.authorization import REFUSED
from provision.workflows.execution import Execution, State

CHECK = "workflow-executed"

_LONGEST = 900.0
"""Seconds to follow one execution."""
_SHOWN = 300
"""Characters of a result or an error that a check shows."""
_WATCH = "run.executions.get"


@dataclass(frozen=True)
class WorkflowProof:
    """Executes the workflows of a service or job, as verification does.

    Args:
        spec: what is declared.
        executions: executions of workflows.
        policies: of the service or job, to tell what is missing from what is not in effect yet.
        progress: told where the execution is, and of each wait.
        limit: seconds to wait for IAM to take effect.
    """

    spec: Spec
    executions: WorkflowExecutions
    policies: PolicyClient
    progress: Callable[[str], None]
    clock: Clock = field(default_factory=Clock)
    limit: float = DEFAULT_LIMIT

    def checks(self, workflow: WorkflowSpec) -> Iterator[Check]:
        """That it comes to a good end; not proven where the spec says it is not to be executed."""
        if not workflow.verify:
            yield self._not_tried(workflow, "the spec says `verify: false`")
            return
        try:
            yield self._executed(workflow)
        except ProvisionError as error:
            yield replace(self._not_tried(workflow, str(error)), hint=error.hint)

    def _executed(self, workflow: WorkflowSpec) -> Check:
        """Execute it, again while IAM may need time and nothing was done but being refused."""
        execution, late = self._patience.until(
            lambda found: not found[1] or not _did_nothing(workflow, found[0]),
            lambda: self._run(workflow),
            f"workflow {workflow.name} was refused",
            leaves_traces=True,
        )
        return self._judged(workflow, execution, late=late)

    @property
    def _patience(self) -> Patience:
        return Patience(self.progress, self.clock, self.limit)

    def _run(self, workflow: WorkflowSpec) -> tuple[Execution, bool]:
        """An execution that has ended, and whether waiting may heal what it failed of."""
        self.progress(f"executing workflow {workflow.name}")

        def told(execution: Execution) -> None:
            where = ", ".join(map(str, execution.steps)) or "not begun"
            self.progress(f"workflow {workflow.name}: {where}")

        name = self.spec.workflow_name(workflow)
        begun = self.executions.start(name, workflow.argument)
        execution = self.executions.follow(begun.name, told, _LONGEST)
        return execution, _is_refused(execution) and not self._missing(workflow)

    def _missing(self, workflow: WorkflowSpec) -> frozenset[str]:
        """Which roles the policy does not give its account; with all of them it takes time."""
        policy = self.policies.get(self.spec.resource_name.name)
        wanted = Wanted.by(self.spec, exclusive=False)
        return missing_roles(policy, wanted, workflow.account.member)

    def _judged(self, workflow: WorkflowSpec, execution: Execution, *, late: bool) -> Check:
        verdict, told, hint = self._outcome(workflow, execution, late=late)
        asked = f"CreateExecution {self.spec.workflow_name(workflow)} as {workflow.account.email}"
        answered = f"execution {execution.own_id} {told}"
        return Check(
            CHECK,
            Claim.ADMISSION,
            verdict,
            f"workflow {workflow.name} {told}",
            (Evidence(asked, answered, self.clock.stamp()),),
            pending=verdict is Verdict.NOT_PROVEN,
            hint=hint,
        )

    def _outcome(
        self, workflow: WorkflowSpec, execution: Execution, *, late: bool
    ) -> tuple[Verdict, str, str]:
        """The verdict, what is to be told, and what to do next."""
        look = f"`gcloud workflows executions describe {execution.own_id}"
        look += f" --workflow={workflow.name} --location={self.spec.region.value}` shows it."
        if execution.state is State.SUCCEEDED:
            return Verdict.PASSED, f"returned {_short(execution.result or 'null')}", ""
        if not execution.is_over:
            return Verdict.NOT_PROVEN, f"is still running after {_LONGEST:.0f} s", look
        if execution.failure is None:
            return Verdict.FAILED, f"ended as {execution.state}", look
        told = f"failed: {_failure(execution)}"
        if late:
            return Verdict.NOT_PROVEN, told, self._patience.hint
        if _is_refused(execution):
            return Verdict.FAILED, told, self._refused_hint(workflow)
        return Verdict.FAILED, told, _without_argument(workflow, execution) + _explain(workflow)

    def _refused_hint(self, workflow: WorkflowSpec) -> str:
        missing = ", ".join(sorted(self._missing(workflow)))
        if not missing:
            return _explain(workflow)
        return (
            f"{workflow.account.email} does not hold {missing} on {self.spec}:"
            " `provision bind` gives it."
        )

    def _not_tried(self, workflow: WorkflowSpec, why: str) -> Check:
        asked = f"CreateExecution {self.spec.workflow_name(workflow)}"
        return Check(
            CHECK,
            Claim.ADMISSION,
            Verdict.NOT_PROVEN,
            f"workflow {workflow.name} was not executed: {why}",
            (Evidence(asked, why, self.clock.stamp()),),
            hint=f"`provision workflow run {workflow.name}` executes it.",
        )


def _is_refused(execution: Execution) -> bool:
    """Whether it failed of a refusal by IAM: in the front end's words, or by Cloud Run's API.

    A service may answer 403 too, of its own accord; waiting heals nothing there.
    """
    failure = execution.failure
    if failure is None or failure.code != Status.FORBIDDEN:
        return False
    body = failure.raised.get("body") if isinstance(failure.raised, dict) else None
    return not isinstance(body, str) or REFUSED in body


def _did_nothing(workflow: WorkflowSpec, execution: Execution) -> bool:
    """Whether all that it did was being refused, so that it may as well be executed again.

    A file of the user's own may have done other things first; and whoever may not look at an
    execution of a job has started it before.
    """
    failure = execution.failure
    return workflow.call is not None and failure is not None and _WATCH not in failure.payload


def _without_argument(workflow: WorkflowSpec, execution: Execution) -> str:
    """That it got nothing, where it looked for something in that."""
    failure = execution.failure
    of_null = failure is not None and failure.code is None and "null" in failure.message
    if not of_null or workflow.argument is not None:
        return ""
    return "It got no argument: `argument` in the spec is what verification executes it with. "


def _explain(workflow: WorkflowSpec) -> str:
    return f"`provision workflow run {workflow.name}` follows and explains it."


def _failure(execution: Execution) -> str:
    failure = execution.failure
    if failure is None:
        return ""
    frame = failure.trace[0] if failure.trace else None
    where = f" at {frame.routine}.{frame.step}" if frame and frame.step else ""
    return _short(failure.message) + where


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
