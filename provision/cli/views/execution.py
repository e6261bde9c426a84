"""How an execution of a job is shown: text for people, JSON for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from provision.cli.console import results, safe
from provision.errors import ExitCode, ProvisionError
from provision.resources import JobName
from provision.run.execution import Counts, State, TaskFailure, message_of, state_of

Json = Mapping[str, Any]

_WORDS = {
    State.SUCCEEDED: "[green]Succeeded[/]",
    State.FAILED: "[bold red]Failed[/]",
    State.CANCELLED: "[yellow]Cancelled[/]",
    State.RUNNING: "[green]Started[/]",
}


@dataclass
class Report:
    """What came of `provision execute`.

    Args:
        job: the job.
        identity: whom we acted as.
        execution: as Cloud Run told it last; empty while there is none.
        failures: why tasks failed, of the first that did.
        error: what ended it early.
        waited: whether it was to be waited for.
    """

    job: JobName
    identity: str
    execution: Json
    failures: Sequence[TaskFailure] = ()
    error: ProvisionError | None = None
    waited: bool = True

    @property
    def name(self) -> str:
        """The execution's full name."""
        return str(self.execution.get("name", ""))

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that it calls for."""
        if self.error is not None:
            return self.error.exit_code
        over = state_of(self.execution) in {State.FAILED, State.CANCELLED}
        return ExitCode.FAILED if over else ExitCode.DONE


def document(report: Report) -> dict[str, Any]:
    """The result of the command."""
    execution, error = report.execution, report.error
    return {
        "job": report.job.job,
        "project": report.job.project,
        "region": report.job.region,
        "identity": report.identity,
        "execution": report.name or None,
        "state": str(state_of(execution)) if execution else None,
        "message": message_of(execution) or None,
        "tasks": asdict(Counts.of(execution)) if execution else None,
        "failures": [asdict(failure) for failure in report.failures],
        "created": execution.get("createTime"),
        "completed": execution.get("completionTime"),
        "log": execution.get("logUri"),
        "error": {"kind": type(error).__name__, "message": str(error), "hint": error.hint}
        if error
        else None,
        "exit_code": int(report.exit_code),
    }


def show(report: Report) -> None:
    """The answer first, then why tasks failed, then where to look."""
    execution = report.execution
    state, short = state_of(execution), report.name.rpartition("/")[2]
    if state is State.RUNNING:
        results.print(f"{_WORDS[state]}: execution {safe(short)}")
    else:
        results.print(f"{_WORDS[state]}: execution {safe(short)}, {Counts.of(execution)}")
    for failure in report.failures:
        results.print(f"  {safe(str(failure))}")
        if failure.log:
            results.print(f"    log: {safe(failure.log)}")
    unread = Counts.of(execution).failed - len(report.failures)
    if report.failures and unread > 0:
        results.print(f"  and {unread} more")
    if not report.failures and state in {State.FAILED, State.CANCELLED} and message_of(execution):
        results.print(f"  {safe(message_of(execution))}")
    if state is State.RUNNING:
        results.print(f"  look:   {commands(report)['describe']}")
        results.print(f"  cancel: {commands(report)['cancel']}")


def commands(report: Report) -> dict[str, str]:
    """What to type to look at the execution, and to cancel it."""
    job, short = report.job, report.name.rpartition("/")[2]
    where = f"--region {job.region} --project {job.project}"
    return {
        verb: f"gcloud run jobs executions {verb} {short} {where}"
        for verb in ("describe", "cancel")
    }
